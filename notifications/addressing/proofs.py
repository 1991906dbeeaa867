"""Sends a proof straight through its channel, and says in words why it could not."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from django.views.decorators.debug import sensitive_variables

from accounts.models import User
from arbedge import aio, sealing
from arbedge.errors import ArbEdgeError
from arbedge.http import RefusedAddress
from arbedge.names import Channel
from notifications.addressing import address_rows
from notifications.addressing.address_words import problem
from notifications.channels import webhook
from notifications.channels.answers import Answer, Unsent
from notifications.channels.base import Outgoing, sender
from notifications.codes import Code
from notifications.models import Address, Message
from notifications.names import CHANNEL_NUMBERS, Outcome, Priority, Topic
from notifications.writing import rendering
from notifications.writing.content import Content

WAITED_S: Final = 15.0
MINUTES: Final = 10


class Unproven(ArbEdgeError):
    """The channel did not take the proof; the message says what to do."""

    code = "unproven"
    status = 502


@dataclass(frozen=True)
class _Asked:
    """As much of a delivery as the writing of its text looks at."""

    recipient_id: int
    language: str
    zone: str
    channel: int
    id: int = 0
    facts_of_id: int = 0
    recipient: str = "user"
    topic: str = Topic.CODE.value
    opportunity_id: int | None = None
    items: tuple[int, ...] = ()
    notional_usd: int = 1000
    horizon_hours: int = 72
    vip_levels: int = 0
    leverage: float = 2.0
    variant: str = ""


@dataclass(frozen=True)
class Proof:
    """What is sent to an address; `id` is that of its Verification."""

    id: int
    code: str = field(repr=False)
    link: str = field(repr=False)


@sensitive_variables("facts", "content", "message")
def send(user: User, row: Address, proof: Proof, now: datetime) -> bool:
    """Sends the proof. Returns whether the address has proven itself by its answer.

    Raises Unproven where it was not taken.
    """
    channel = Channel(row.channel)
    facts: dict[str, Any] = {"minutes": MINUTES, "code": proof.code}
    if channel is Channel.EMAIL:
        facts["link"] = proof.link
    content = _written(user, channel, facts, now)
    message = Outgoing(0, f"proof-{proof.id}", address_rows.opened(row), content)
    if channel is Channel.WEBHOOK:
        return _echoed(message, proof.code)
    try:
        [result] = aio.run(sender(channel).send([message]), WAITED_S)
    except TimeoutError:
        raise Unproven(problem(Code.TIMEOUT.value), code=Code.TIMEOUT.value) from None
    if result.outcome is not Outcome.SENT:
        raise Unproven(problem(result.code), code=str(result.code))
    return False


@sensitive_variables("facts", "message")
def _written(user: User, channel: Channel, facts: dict[str, Any], now: datetime) -> Content:
    message = Message(id=0, topic=Topic.CODE.value, facts=facts, at=now, priority=Priority.CRITICAL)
    row = _Asked(user.pk, user.language, user.time_zone, CHANNEL_NUMBERS[channel])
    written = rendering.render([row], {0: message}, now)[0]
    if isinstance(written, Code):
        raise Unproven(problem(written.value), code=written.value)
    return written


@sensitive_variables("code", "message")
def _echoed(message: Outgoing, code: str) -> bool:
    """Whether a webhook said its challenge back. One that only takes it has the code to type."""
    challenge = secrets.token_urlsafe(24)
    asked = replace(message.content, data={"challenge": challenge, "code": code})
    try:
        answer = aio.run(webhook.post(replace(message, content=asked)), WAITED_S)
    except Unsent as error:
        raise Unproven(problem(error.code.value), code=error.code.value) from None
    except RefusedAddress as error:
        raise Unproven(error.message, code=Code.PRIVATE_ADDRESS.value) from None
    except TimeoutError:
        raise Unproven(problem(Code.TIMEOUT.value), code=Code.TIMEOUT.value) from None
    if not 200 <= answer.status < 300:
        text = f"Your server answered {answer.status} instead of 200. {_hint(answer)}"
        raise Unproven(text, code=Code.REFUSED.value, status=answer.status)
    said = str(answer.json().get("challenge") or answer.body.decode(errors="replace").strip())
    return sealing.same(said, challenge)


def _hint(answer: Answer) -> str:
    if 300 <= answer.status < 400:
        return "Redirects are not followed: give the address it leads to."
    if answer.status in {401, 403}:
        return "See whether the credentials and the check of the signature are right."
    return "See its log."
