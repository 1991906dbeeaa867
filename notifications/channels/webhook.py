"""Webhooks of users: a signed POST of versioned JSON to an address on the public internet.

    {"version": 1, "id": …, "topic": …, "sent_at": …, "data": {…}}

`id` and the header X-ArbEdge-Delivery are the same however often we try; X-ArbEdge-Signature is
explained in notifications/signing.py. 2xx within five seconds is taken as received.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from django.utils import timezone

from arbedge.errors import BadInput
from arbedge.names import Channel
from notifications import signing
from notifications.channels import answers, http, targets
from notifications.channels.base import Outgoing, Result

VERSION: Final = 1
LONGEST_CREDENTIAL: Final = 1000
SHORTEST_SECRET: Final = 24
CREDENTIALS: Final = ("bearer", "username", "password")


class Webhook(targets.ByUrl):
    """POSTs to users' own servers; a host's breaker and pace are its own."""

    channel = Channel.WEBHOOK
    batch = 50
    edits = False
    verified_by = "code"

    def take(self, raw: Mapping[str, Any]) -> Mapping[str, Any]:
        """`url`, with `bearer` or `username` and `password` where the server asks for them.

        The secret that signs is made here unless one is given. Raises BadInput, RefusedAddress.
        """
        address = {"url": targets.web(raw), "secret": _secret(raw), **_credentials(raw)}
        if "bearer" in address and "username" in address:
            raise BadInput("Give a bearer token or a user name, not both.", field="bearer")
        return address

    async def send(self, batch: Sequence[Outgoing]) -> list[Result]:
        """2xx is sent, 410 gone; 408, 425, 429 and 5xx are tried again; the rest is refused."""
        return await answers.side_by_side(batch, _post)


async def _post(message: Outgoing) -> Result:
    return answers.judged(message, await post(message))


async def post(message: Outgoing) -> answers.Answer:
    """Sends one message and returns the server's answer. Raises Unsent, RefusedAddress."""
    now = timezone.now()
    body = msgspec.json.encode(envelope(message, now.isoformat()))
    headers = {
        "Content-Type": "application/json",
        signing.HEADER: signing.sign(str(message.address["secret"]), body, now.timestamp()),
        signing.DELIVERY_HEADER: message.key,
        **_authorization(message.address),
    }
    return await http.exchange(str(message.address["url"]), body, headers)


def envelope(message: Outgoing, sent_at: str) -> dict[str, Any]:
    """The JSON a server gets; what has no figures of its own carries its title and text."""
    content = message.content
    said = {"title": content.title, "text": content.body, "language": content.language}
    return {
        "version": VERSION, "id": message.key, "topic": content.topic.value, "sent_at": sent_at,
        "data": dict(content.data) or said,
    }  # fmt: skip


def _secret(raw: Mapping[str, Any]) -> str:
    given = str(raw.get("secret") or "")
    if given and not SHORTEST_SECRET <= len(given) <= LONGEST_CREDENTIAL:
        raise BadInput("The secret is too short.", field="secret", limit=SHORTEST_SECRET)
    return given or signing.new_secret()


def _credentials(raw: Mapping[str, Any]) -> dict[str, str]:
    """Those that are given, each fit for a header: printable ASCII of a sane length."""
    given = {name: str(raw.get(name) or "") for name in CREDENTIALS}
    for name, text in given.items():
        if len(text) > LONGEST_CREDENTIAL:
            raise BadInput("This is too long.", field=name, limit=LONGEST_CREDENTIAL)
        if not (text.isascii() and (text.isprintable() or not text)):
            raise BadInput("Only plain letters, digits and signs are possible here.", field=name)
    if ":" in given["username"]:
        raise BadInput("A user name cannot hold a colon.", field="username")
    if given["password"] and not given["username"]:
        raise BadInput("A password needs a user name.", field="username")
    return {name: text for name, text in given.items() if text}


def _authorization(address: Mapping[str, Any]) -> dict[str, str]:
    if "bearer" in address:
        return {"Authorization": f"Bearer {address['bearer']}"}
    if "username" in address:
        pair = f"{address['username']}:{address.get('password', '')}"
        return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
    return {}


sender = Webhook()
