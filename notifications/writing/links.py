"""Links in messages: signed, counted once, and never a way to somebody else's site.

A link is `/go/<token>`; the token carries the delivery, the action's name, the target and the time,
signed by a keyed digest: some microseconds each, for a thousand messages a second have three.
Targets are pages of this site, or of the venues an opportunity trades at. Both ends check that:
who signs, and who follows, for the list may have changed since.
"""

from __future__ import annotations

import base64
import re
import time
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from django.conf import settings
from django.urls import reverse

from arbedge import sealing
from arbedge.errors import BadInput

PURPOSE: Final = "message_link"
SEAL_BYTES: Final = 16
LIFE: Final = timedelta(days=90)
LONGEST_TARGET: Final = 1000
LONGEST_ACTION: Final = 24  # as models.Click keeps it
VENUE_SITES: Final = frozenset({
    "www.binance.com", "www.bybit.com", "www.okx.com", "www.bitget.com", "www.gate.io",
    "www.mexc.com", "www.kucoin.com", "www.htx.com", "app.hyperliquid.xyz",
})  # fmt: skip
# What browsers read otherwise than it looks: backslashes, blanks, control and foreign letters.
_PLAIN: Final = re.compile(r"[!-\[\]-~]+")


@dataclass(frozen=True, slots=True)
class Link:
    """What a token says: `target` is where to go now, checked."""

    delivery_id: int
    action: str
    target: str


class Forged(BadInput):
    """The token is not ours, or was changed on its way."""

    code = "link_forged"


class Expired(BadInput):
    """The token is ours and too old."""

    code = "link_old"
    status = 410


def signed(delivery_id: int, action: str, target: str) -> str:
    """The absolute URL that leads to `target` and counts that it was followed.

    `target` is a path of this site or a whole URL. Raises BadInput (bad_target) for every other.
    """
    if not 0 < len(action) <= LONGEST_ACTION:
        raise BadInput("A link's action has 1 to 24 letters.", code="bad_action", field="action")
    said = _encoded(msgspec.json.encode([delivery_id, action, allowed(target), int(time.time())]))
    return f"{_site()}{_path()}{said}.{_seal(said)}"


def read(token: str) -> Link:
    """What the token says. Raises Forged, Expired, and BadInput where its target is not allowed
    any more."""
    said, _, seal = token.partition(".")
    if not said.isascii() or not sealing.same(seal, _seal(said)):
        raise Forged("This link is not one of ours, or was cut short on its way.")
    delivery_id, action, target, at_s = msgspec.json.decode(_decoded(said))
    if time.time() - at_s > LIFE.total_seconds():
        text = f"This link is older than {LIFE.days} days, and what it was about is long over."
        raise Expired(text)
    return Link(delivery_id, action, allowed(target))


def _seal(said: str) -> str:
    return _encoded(sealing.digest(PURPOSE, said)[:SEAL_BYTES])


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@cache
def _path() -> str:
    return reverse("notifications:go", args=["-"]).removesuffix("-")


def allowed(target: Any) -> str:
    """The target, where links may lead to it. Raises BadInput (bad_target)."""
    text = str(target)
    if not text or len(text) > LONGEST_TARGET or not _PLAIN.fullmatch(text):
        raise _bad(text)
    if text.startswith("/"):
        if text.startswith("//"):
            raise _bad(text)
        return text
    if text.startswith(f"{_site()}/"):
        return text
    parts = urlsplit(text)
    if parts.scheme != "https" or parts.netloc not in VENUE_SITES:
        raise _bad(text)
    return text


def _site() -> str:
    return str(settings.SITE_URL).rstrip("/")


def _bad(text: str) -> BadInput:
    return BadInput(
        f"Links do not lead to {text[:80]!r}.", code="bad_target", field="target",
    )  # fmt: skip
