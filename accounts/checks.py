"""System checks of how people come in: a link nobody can follow is told at start, not by mail."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register  # noqa: A004  Django's name

from arbedge.checks import problem

_BOT_TOKEN: Final = re.compile(r"[0-9]{4,}:[A-Za-z0-9_-]{20,}")
_BOT_NAME: Final = re.compile(r"[A-Za-z0-9_]{4,32}")


@register()
def ways_in(**_: Any) -> list[CheckMessage]:
    """SITE_URL, BOT_TOKEN, BOT_NAME and EMAIL_URL are such that people can log in."""
    return [*_site(), *_bot(), *_mail()]


@register()
def second_factor(**_: Any) -> list[CheckMessage]:
    """STAFF_TOTP is one of two words; production without a second factor is warned about."""
    told = str(settings.STAFF_TOTP)
    hint = "Set STAFF_TOTP to required, or leave it out in production."
    if told not in {"required", "optional"}:
        return [problem(6, f"STAFF_TOTP is {told!r}.", hint, "accounts")]
    if settings.PRODUCTION and told == "optional":
        text = "Staff enter the console of a production installation by password alone."
        return [Warning(text, hint=hint, id="accounts.W007")]
    return []


def _site() -> Iterator[CheckMessage]:
    parts = urlsplit(str(settings.SITE_URL))
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        hint = "Set SITE_URL to the address people open, such as https://arbedge.example.com."
        yield problem(1, f"SITE_URL is {settings.SITE_URL!r}.", hint, "accounts")
    elif settings.PRODUCTION and parts.scheme != "https":
        yield Warning(
            "SITE_URL is no https address: log-in links travel in the clear.",
            hint="Set SITE_URL to the address people open, such as https://arbedge.example.com.",
            id="accounts.W002",
        )


def _bot() -> Iterator[Error]:
    token, name = str(settings.BOT_TOKEN), str(settings.BOT_NAME)
    if token and not _BOT_TOKEN.fullmatch(token):
        hint = "Copy it whole from @BotFather: digits, a colon, 35 characters."
        yield problem(3, "BOT_TOKEN is no token of a Telegram bot.", hint, "accounts")
    if name and not _BOT_NAME.fullmatch(name):
        hint = "Set BOT_NAME to the bot's user name, without @."
        yield problem(4, f"BOT_NAME is {name!r}.", hint, "accounts")


def _mail() -> Iterator[CheckMessage]:
    if settings.PRODUCTION and str(settings.EMAIL_BACKEND).endswith("console.EmailBackend"):
        yield Warning(
            "No mail is sent: log-in links go to the log of the web process.",
            hint="Set EMAIL_URL, such as submission://user:password@mail.example.com:587.",
            id="accounts.W005",
        )
