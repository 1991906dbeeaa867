"""What a batch of texts needs beside its rows, read once for all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

from accounts.models import Preferences
from arbedge.choices import NumberFormat
from notifications.models import Message
from notifications.names import OPENINGS, Recipient, Topic
from notifications.parts import Numbered

AFTER_ONE: Final = (Topic.IMPROVED, Topic.FADING, Topic.CLOSED)


class Addressed(Numbered, Protocol):
    """What must be known of a delivery to write its text; rows.Claimed is one."""

    @property
    def facts_of_id(self) -> int: ...
    @property
    def topic(self) -> str: ...
    @property
    def items(self) -> Sequence[int] | None: ...
    @property
    def language(self) -> str: ...
    @property
    def zone(self) -> str: ...
    @property
    def notional_usd(self) -> int: ...
    @property
    def horizon_hours(self) -> int: ...
    @property
    def vip_levels(self) -> int: ...
    @property
    def leverage(self) -> float: ...
    @property
    def channel(self) -> int: ...
    @property
    def variant(self) -> str: ...


def with_missing(
    rows: Sequence[Addressed], messages: Mapping[int, Message]
) -> Mapping[int, Message]:
    """The messages at hand, and those the rows need beside them, read in one query."""
    wanted = {row.facts_of_id for row in rows} | {one for row in rows for one in row.items or ()}
    missing = wanted - messages.keys()
    return {**messages, **Message.objects.in_bulk(missing)} if missing else messages


def announced(
    rows: Sequence[Addressed], messages: Mapping[int, Message]
) -> dict[int, Mapping[str, Any]]:
    """For each follow-up's message, the facts of what was announced last before it."""
    after = {
        row.facts_of_id: messages[row.facts_of_id]
        for row in rows
        if row.topic in AFTER_ONE and row.facts_of_id in messages
    }
    if not after:
        return {}
    about = {one.opportunity_id for one in after.values()} - {None}
    told = Message.objects.filter(opportunity_id__in=about, topic__in=OPENINGS).order_by("id")
    found: dict[int, Mapping[str, Any]] = {}
    for opportunity_id, pk, facts in told.values_list("opportunity_id", "id", "facts"):
        for later in after.values():
            if later.opportunity_id == opportunity_id and pk < later.pk:
                found[later.pk] = facts
    return found


def numbers(rows: Sequence[Addressed]) -> dict[int, str]:
    """How the people among the recipients write numbers, where it is not the usual way."""
    people = {row.recipient_id for row in rows if row.recipient == Recipient.USER}
    if not people:
        return {}
    chosen = Preferences.objects.filter(user_id__in=people)
    unusual = chosen.exclude(number_format=NumberFormat.POINT.value)
    return dict(unusual.values_list("user_id", "number_format"))
