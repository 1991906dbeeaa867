"""System checks of the channels: what would be sent nowhere, or inside, is told at start."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from arbedge.checks import problem
from arbedge.errors import NoData
from notifications.channels import apprise_services, vapid

FLOOR: Final = "notifications"
WEBHOOK_PORTS: Final = (443, 80, 88, 8443)  # core.telegram.org/bots/api#setwebhook
MOST_THREADS: Final = 64
MOST_PER_SECOND: Final = 1_000
CONTACT: Final = re.compile(r"mailto:[^@\s]+@[^@\s]+|https://\S+")


@register()
def channels(**_: Any) -> list[CheckMessage]:
    """Settings of channels are whole, well-formed, and lead nowhere inside in production."""
    return [*_receivers(), *_web_push(), *_sms(), *_custom()]


def _receivers() -> Iterator[CheckMessage]:
    if settings.PRODUCTION and settings.TRUSTED_RECEIVER_HOSTS:
        text = "TRUSTED_RECEIVER_HOSTS lets addresses of users lead inside."
        yield problem(1, text, "Leave TRUSTED_RECEIVER_HOSTS out in production.", FLOOR)


def _web_push() -> Iterator[CheckMessage]:
    try:
        vapid.public_key()
    except NoData:
        return  # no web push here, which is said where people would switch it on
    except ValueError:
        hint = "Set it to 32 bytes in base64url, as web push tools make them, or leave it out."
        yield problem(2, "VAPID_PRIVATE_KEY is no such key.", hint, FLOOR)
    if not CONTACT.fullmatch(settings.VAPID_CONTACT):
        hint = "Set VAPID_CONTACT to mailto:… or https://…, where push services can reach you."
        yield problem(3, "VAPID_CONTACT is no address push services take.", hint, FLOOR)


def _sms() -> Iterator[CheckMessage]:
    names = ("TWILIO_ACCOUNT", "TWILIO_TOKEN", "TWILIO_FROM")
    missing = [name for name in names if not getattr(settings, name)]
    if missing and len(missing) < len(names):
        hint = f"Set {' and '.join(missing)} too, or none of the three."
        yield problem(4, "Text messages are set up in part.", hint, FLOOR)
    if settings.PRODUCTION and not settings.TWILIO_API_URL.startswith("https://"):
        yield problem(5, "TWILIO_API_URL is not https.", "Set it to https://…", FLOOR)


def _custom() -> Iterator[CheckMessage]:
    wrong = apprise_services.free_hosts(settings.APPRISE_SCHEMES)
    if wrong:
        text = f"APPRISE_SCHEMES names {', '.join(wrong)}, unknown or with hosts users choose."
        hint = "Leave them out: only services with a host of their own are safe here."
        yield problem(6, text, hint, FLOOR)


@register()
def bot(**_: Any) -> list[CheckMessage]:
    """Telegram can reach the bot where it is told to, and the bot's numbers are such."""
    return [*_webhook(), *_bot_numbers()]


def _webhook() -> Iterator[Error]:
    if settings.BOT_TOKEN and settings.TELEGRAM_WEBHOOK:
        site = urlsplit(str(settings.SITE_URL))
        hint = "Set SITE_URL to https://…, or TELEGRAM_WEBHOOK=false to ask Telegram for updates."
        if site.scheme != "https":
            yield problem(7, "TELEGRAM_WEBHOOK needs a SITE_URL with https.", hint, FLOOR)
        elif (site.port or 443) not in WEBHOOK_PORTS:
            ports = ", ".join(map(str, WEBHOOK_PORTS))
            yield problem(7, f"Telegram reaches SITE_URL on the ports {ports} only.", hint, FLOOR)
    if settings.PRODUCTION and not settings.TELEGRAM_API_URL.startswith("https://"):
        yield problem(8, "TELEGRAM_API_URL is not https.", "Set it to https://…", FLOOR)


def _bot_numbers() -> Iterator[Error]:
    for name, most in (("BOT_THREADS", MOST_THREADS), ("TELEGRAM_PER_SECOND", MOST_PER_SECOND)):
        value = getattr(settings, name)
        if not 1 <= value <= most:
            hint = f"Set {name} to a number from 1 to {most:,}."
            yield problem(9, f"{name} is {value}.", hint, FLOOR)
