"""The log-in of Telegram's widget: who somebody is, signed by Telegram with the bot's token.

How the signature is made: https://core.telegram.org/widgets/login#checking-authorization
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from django.conf import settings

from accounts.models import UsedLogin
from arbedge.errors import BadInput, Conflict, NotFound

OLDEST: Final = timedelta(hours=24)
FURTHEST_AHEAD: Final = timedelta(seconds=60)
REMEMBERED: Final = timedelta(hours=25)  # longer than a log-in could be repeated
MOST_FIELDS: Final = 16
LONGEST_VALUE: Final = 512
LONGEST_NAME: Final = 128
BATCH: Final = 5_000
NEEDED: Final = ("id", "auth_date", "hash")

_NUMBER: Final = re.compile(r"[1-9][0-9]{0,15}", re.ASCII)
_HASH: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True)
class Identity:
    """Who logged in at Telegram, and when; the name is cut to what we keep."""

    telegram_id: int
    name: str
    username: str
    at: datetime


def configured() -> bool:
    """Whether this installation has a bot people can log in with."""
    return bool(settings.BOT_TOKEN and settings.BOT_NAME)


def take(fields: Iterable[tuple[str, str]], now: datetime) -> Identity:
    """Tells who logged in, once: the same data are refused from then on.

    `fields` are the pairs of the address the widget leads to, in any order. Raises NotFound
    (telegram_not_configured), BadInput (login_incomplete, login_malformed, login_forged, login_old,
    login_ahead) or Conflict (login_replayed).
    """
    if not configured():
        raise NotFound("Log-in with Telegram is not set up here.", code="telegram_not_configured")
    told = _read(fields)
    signed = check_string(told)
    if not hmac.compare_digest(signature(signed, str(settings.BOT_TOKEN)), told["hash"]):
        raise BadInput(
            "Telegram did not sign this log-in. Log in again from our log-in page.",
            code="login_forged",
        )
    identity = _identity(told)
    _refuse_by_age(identity.at, now)
    _use_up(signed, now)
    return identity


def check_string(fields: Mapping[str, str]) -> str:
    """What Telegram signs: every field but the hash as `name=value`, sorted, a line each."""
    return "\n".join(f"{name}={value}" for name, value in sorted(fields.items()) if name != "hash")


def signature(signed: str, bot_token: str) -> str:
    """HMAC-SHA256 in hex, under the SHA-256 of the bot's token."""
    secret = hashlib.sha256(bot_token.encode()).digest()
    return hmac.new(secret, signed.encode(), hashlib.sha256).hexdigest()


def _read(fields: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The fields by name. A line break in one could pass for the start of another."""
    pairs = list(fields)
    told = dict(pairs)
    if len(told) != len(pairs) or len(pairs) > MOST_FIELDS:
        raise _malformed()
    for name, value in pairs:
        if len(name) > LONGEST_VALUE or len(value) > LONGEST_VALUE or _has_control(name + value):
            raise _malformed()
    if any(not told.get(name) for name in NEEDED):
        raise BadInput(
            "Telegram's answer is incomplete. Log in again from our log-in page.",
            code="login_incomplete",
        )
    told["hash"] = told["hash"].lower()
    if not (
        _NUMBER.fullmatch(told["id"])
        and _NUMBER.fullmatch(told["auth_date"])
        and _HASH.fullmatch(told["hash"])
    ):
        raise _malformed()
    return told


def _has_control(text: str) -> bool:
    return any(ord(one) < 32 or ord(one) == 127 for one in text)


def _malformed() -> BadInput:
    return BadInput(
        "This is not how Telegram answers. Log in again from our log-in page.",
        code="login_malformed",
    )


def _identity(told: Mapping[str, str]) -> Identity:
    name = " ".join(f"{told.get('first_name', '')} {told.get('last_name', '')}".split())
    try:
        at = datetime.fromtimestamp(int(told["auth_date"]), UTC)
    except (OverflowError, ValueError):
        raise _malformed() from None
    return Identity(int(told["id"]), name[:LONGEST_NAME], told.get("username", "")[:64], at)


def _refuse_by_age(at: datetime, now: datetime) -> None:
    if now - at > OLDEST:
        raise BadInput(
            "This log-in is older than 24 hours. Log in again from our log-in page.",
            code="login_old",
        )
    if at - now > FURTHEST_AHEAD:
        raise BadInput(
            "This log-in is dated in the future. Log in again from our log-in page.",
            code="login_ahead",
        )


def _use_up(signed: str, now: datetime) -> None:
    """The primary key decides between two who come with the same data at the same instant."""
    row = UsedLogin(digest=hashlib.sha256(signed.encode()).digest(), expires_at=now + REMEMBERED)
    _, made = UsedLogin.objects.get_or_create(
        digest=row.digest, defaults={"expires_at": row.expires_at}
    )
    if not made:
        raise Conflict(
            "This log-in was used already. Log in again from our log-in page.",
            code="login_replayed",
        )


def forget_old(now: datetime) -> int:
    """Deletes what can be repeated no more, in batches. Returns how many rows."""
    total = 0
    while True:
        due = UsedLogin.objects.filter(expires_at__lt=now).values("digest")[:BATCH]
        done = UsedLogin.objects.filter(digest__in=due).delete()[0]
        total += done
        if done < BATCH:
            return total
