"""Web push: the browser's own push service gets a message only the browser can read (RFC 8291).

A subscription's endpoint comes from a browser, so it is guarded like every address of a user. We
show who we are by a token of our VAPID key (RFC 8292). The browser shows the JSON
`{"title", "body", "url", "tag"}`; a message with the tag of an earlier one takes its place.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from django.conf import settings
from django.utils import timezone

from arbedge.names import Channel
from notifications.channels import answers, http, push_keys, targets, vapid
from notifications.channels.base import Outgoing, Result
from notifications.channels.fitting import one_line, shortened
from notifications.channels.vapid import public_key
from notifications.codes import Code
from notifications.names import Outcome, Priority

__all__ = ["public_key", "sender"]

TAG: Final = re.compile(r"[\w-]{1,32}", re.ASCII)  # as a Topic may be
LONGEST_TITLE, LONGEST_BODY = 120, 800  # with the link well under the 4096 bytes of a push
SHORTEST_TTL_S, USUAL_TTL_S, LONGEST_TTL_S = 60, 24 * 3600, 28 * 24 * 3600
GONE: Final = (404, 410)
URGENCIES: Final[Mapping[int, str]] = {
    Priority.CRITICAL: "high", Priority.HIGH: "high", Priority.MEDIUM: "normal",
    Priority.LOW: "low", Priority.BACKGROUND: "very-low",
}  # fmt: skip


class WebPush(targets.ByUrl):
    """Pushes to browsers; the host is the push service's."""

    channel = Channel.WEB_PUSH
    field = "endpoint"
    batch = 50
    edits = True
    verified_by = ""

    def take(self, raw: Mapping[str, Any]) -> Mapping[str, Any]:
        """A browser's PushSubscription as JSON, its `keys` inside or beside the `endpoint`."""
        keys = raw.get("keys")
        given = {**raw, **keys} if isinstance(keys, Mapping) else raw
        return {"endpoint": targets.web(given, "endpoint"), **push_keys.take(given)}

    async def send(self, batch: Sequence[Outgoing]) -> list[Result]:
        """404 and 410 are a browser that no longer listens; 413 is too long; the rest as usual."""
        if not settings.VAPID_PRIVATE_KEY:
            return answers.not_configured(batch, "VAPID_PRIVATE_KEY is not set")
        return await answers.side_by_side(batch, _push)


async def _push(message: Outgoing) -> Result:
    now, endpoint = timezone.now(), str(message.address["endpoint"])
    tag = _tag(message)
    headers = {
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "TTL": str(_ttl_s(message.content.expires_at, now)),
        "Urgency": URGENCIES.get(message.content.priority, "normal"),
        "Topic": tag,
        "Authorization": vapid.authorization(endpoint, now),
    }
    answer = await http.exchange(endpoint, sealed(message, tag), headers)
    if answer.status in GONE:
        said = f"HTTP {answer.status}"
        return Result(message.delivery_id, Outcome.PERMANENT, Code.GONE, said, gone=True)
    return answers.judged(message, answer, provider_id=tag)


def sealed(message: Outgoing, tag: str) -> bytes:
    """The payload, encrypted for the browser's keys alone."""
    content = message.content
    url = next((action.url for action in content.actions if action.url), settings.SITE_URL)
    payload = {
        "title": one_line(content.title, LONGEST_TITLE),
        "body": shortened(content.body, LONGEST_BODY),
        "url": url,
        "tag": tag,
        "silent": message.silent,
    }
    return push_keys.sealed(message.address, msgspec.json.encode(payload))


def _tag(message: Outgoing) -> str:
    """That of the message this one follows, else its own."""
    earlier = message.replaces or message.answers
    if TAG.fullmatch(earlier):
        return earlier
    return vapid.encoded(hashlib.sha256(message.key.encode()).digest()[:24])


def _ttl_s(expires_at: datetime | None, now: datetime) -> int:
    if expires_at is None:
        return USUAL_TTL_S
    left_s = int((expires_at - now).total_seconds())
    return min(max(left_s, SHORTEST_TTL_S), LONGEST_TTL_S)


sender = WebPush()
