"""Messages as their recipients read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from arbedge.names import Channel
from notifications.codes import Code
from notifications.content import Content
from notifications.models import Message


class Addressed(Protocol):
    """What must be known of a delivery to write its text; outbox.Claimed is one."""

    id: int
    message_id: int
    facts_of_id: int
    recipient: str
    recipient_id: int
    topic: str
    opportunity_id: int | None
    items: Sequence[int] | None
    language: str
    zone: str
    notional_usd: int
    horizon_hours: int
    vip_levels: int
    leverage: float
    channel: int


def render(
    rows: Sequence[Addressed],
    messages: Mapping[int, Message],
    now: datetime,
    *,
    channel: Channel | None = None,
) -> dict[int, Content | Code]:
    """The content of every delivery by its id, or Code.BAD_MESSAGE where it cannot be written.

    `messages` are those the caller has at hand (the facts', and a digest's items); what is missing
    is read in one query. `channel` writes all of them for another channel than the rows' own.
    """
    raise NotImplementedError(rows, messages, now, channel)
