"""Tests of wordings: who reads which, how it is counted, and what the counts are worth.

A test is an active models.Variant: its share of the recipients reads its body, the others the
house's own text, the control. Both are counted by day under their names.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import blake2s
from typing import Any, Final, Protocol

import structlog
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import Sum

from arbedge.errors import BadInput, Conflict
from arbedge.names import Channel
from notifications.models import Variant, VariantResult
from notifications.names import Topic
from notifications.parts import Numbered, ToSomebody
from notifications.writing.template_language import check

CONTROL: Final = "control:"
LONGEST_NAME: Final = 32  # with the control's mark before it, it stands in a delivery's 40
ENOUGH: Final = 100  # messages each wording must have been sent to before anything is said
FEWEST: Final = 5  # clicks, and messages without one, that the comparison needs in each
SURE: Final = 1.96  # 95 of 100
CERTAIN: Final = 2.58  # 99 of 100

_COUNT: Final = """
    INSERT INTO notifications_variantresult (variant, day, sent, clicked, acted)
    SELECT * FROM unnest(%(names)s::text[], %(days)s::date[], %(sent)s::int[], %(clicked)s::int[],
                         %(acted)s::int[])
    ON CONFLICT (variant, day) DO UPDATE SET
        sent = notifications_variantresult.sent + excluded.sent,
        clicked = notifications_variantresult.clicked + excluded.clicked,
        acted = notifications_variantresult.acted + excluded.acted
"""
_NOTE: Final = """
    UPDATE notifications_delivery d SET variant = one.name
    FROM unnest(%(ids)s::bigint[], %(names)s::text[]) AS one(id, name)
    WHERE d.id = one.id
"""

log = structlog.get_logger(__name__)


class Read(ToSomebody, Protocol):
    """Of a delivery, what decides which wording its recipient reads."""

    @property
    def topic(self) -> str: ...
    @property
    def language(self) -> str: ...


class Sent(Read, Numbered, Protocol):
    """A delivery that was sent."""


@dataclass(frozen=True, slots=True)
class Test:
    """A running test."""

    name: str
    topic: str
    channel: str
    language: str
    body: str
    share: float


Tests = Mapping[tuple[str, str, str], Test]


@dataclass(frozen=True, slots=True)
class Count:
    """What one wording came to."""

    sent: int = 0
    clicked: int = 0
    acted: int = 0

    @property
    def rate(self) -> float | None:
        """Clicked of sent; a message counts once however many of its links were followed."""
        return self.clicked / self.sent if self.sent else None


@dataclass(frozen=True, slots=True)
class Comparison:
    """A wording beside the control: counts of both, the z of their click rates, and the words."""

    variant: Count
    control: Count
    z: float | None
    verdict: str


def running() -> Tests:
    """The running tests by topic, channel and language; one query."""
    columns = ("name", "topic", "channel", "language", "body", "share")
    rows = Variant.objects.filter(active=True).values_list(*columns)
    return {(row[1], row[2], row[3]): Test(*row) for row in rows}


def chosen(tests: Tests, row: Read, channel: Channel) -> str:
    """The wording a recipient reads on this channel: a test's name, "control:<name>", or "".

    It follows from the test's name and the recipient alone, so it never changes while a test runs.
    """
    test = tests.get((row.topic, channel.value, row.language))
    if test is None:
        return ""
    return test.name if _place(test.name, row) < test.share else CONTROL + test.name


def body(tests: Tests, row: Read, channel: Channel) -> str | None:
    """The words of the test the recipient is in, None for the house's own."""
    name = chosen(tests, row, channel)
    if not name or name.startswith(CONTROL):
        return None
    return tests[row.topic, channel.value, row.language].body


def _place(test: str, row: Read) -> float:
    """Where the recipient stands between 0 and 1 in this test."""
    told = f"{test}:{row.recipient}:{row.recipient_id}".encode()
    return int.from_bytes(blake2s(told, digest_size=8).digest(), "big") / 2**64


def sent(counts: Mapping[str, int], day: date) -> None:
    """Counts messages that were sent, by wording; "" is none of a test and not counted."""
    _count({name: Count(sent=number) for name, number in counts.items() if name and number}, day)


def told(rows: Sequence[tuple[Sent, Channel]], at: datetime) -> None:
    """Notes which wording each of these deliveries was sent in, and counts them; two statements
    more where a test is running, one where none is.

    Counting is no reason to stop sending: a database that refuses is logged.
    """
    if not rows:
        return
    try:
        with transaction.atomic():
            tests = running()
            named = {row.id: chosen(tests, row, channel) for row, channel in rows}
            held = {number: name for number, name in named.items() if name}
            _note(held)
            sent(Counter(held.values()), at.date())
    except DatabaseError as error:
        log.warning("wordings.not_counted", rows=len(rows), cause=str(error))


def _note(held: Mapping[int, str]) -> None:
    if not held:
        return
    with connection.cursor() as cursor:
        cursor.execute(_NOTE, {"ids": list(held), "names": list(held.values())})


def clicked(wording: str, at: datetime) -> None:
    """Counts a message in this wording of which a link was followed for the first time."""
    if wording:
        _count({wording: Count(clicked=1)}, at.date())


def acted(wording: str, at: datetime) -> None:
    """Counts a message in this wording whose reader took the trade."""
    if wording:
        _count({wording: Count(acted=1)}, at.date())


def _count(counts: Mapping[str, Count], day: date) -> None:
    if not counts:
        return
    names = sorted(counts)  # one order for all who count: no deadlock
    told: dict[str, Any] = {
        "names": names,
        "days": [day] * len(names),
        "sent": [counts[name].sent for name in names],
        "clicked": [counts[name].clicked for name in names],
        "acted": [counts[name].acted for name in names],
    }
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, told)


def results(names: Sequence[str]) -> dict[str, Comparison]:
    """What tests came to so far, by their names; one query."""
    both = [*names, *(CONTROL + name for name in names)]
    sums = {
        row["variant"]: Count(row["sent_all"], row["clicked_all"], row["acted_all"])
        for row in VariantResult.objects.filter(variant__in=both)
        .values("variant")
        .annotate(sent_all=Sum("sent"), clicked_all=Sum("clicked"), acted_all=Sum("acted"))
    }
    none = Count()
    return {name: compared(sums.get(name, none), sums.get(CONTROL + name, none)) for name in names}


def compared(variant: Count, control: Count) -> Comparison:
    """Both click rates side by side, by the two-proportion z-test with a pooled share."""
    z = _z(variant, control)
    return Comparison(variant, control, z, _verdict(z))


def _z(one: Count, other: Count) -> float | None:
    counts = (one, other)
    if min(count.sent for count in counts) < ENOUGH:
        return None
    pooled = (one.clicked + other.clicked) / (one.sent + other.sent)
    if min(min(pooled, 1 - pooled) * count.sent for count in counts) < FEWEST:
        return None
    spread = math.sqrt(pooled * (1 - pooled) * (1 / one.sent + 1 / other.sent))
    return (one.clicked / one.sent - other.clicked / other.sent) / spread


def _verdict(z: float | None) -> str:
    if z is None:
        return "too early to say"
    if abs(z) < SURE:
        return "no difference seen so far"
    word = "more" if z > 0 else "fewer"
    sure = "surely" if abs(z) >= CERTAIN else "probably"
    return f"{sure} {word} clicks than the house's text"


def draft(columns: Mapping[str, Any], *, of: Variant | None = None) -> Variant:
    """Keeps a test that nobody reads yet, a new one or `of` with other columns.

    Raises Conflict where that has begun meanwhile: what was counted means one text.
    """
    with transaction.atomic():
        rows = Variant.objects.select_for_update().filter(active=False, started_at=None)
        row = Variant() if of is None else rows.filter(pk=of.pk).first()
        if row is None:
            text = "It has run: its text stays. Write a new test."
            raise Conflict(text, code="test_has_run")
        for name, value in columns.items():
            setattr(row, name, value)
        row.save()
    return row


def start(variant: Variant, now: datetime) -> None:
    """Lets the test run. Raises BadInput where its text cannot be sent, Conflict where another
    test of the same topic, channel and language is running.
    """
    check(variant.body, Topic(variant.topic))
    if len(variant.name) > LONGEST_NAME:
        raise BadInput("The name is too long.", field="name", limit=LONGEST_NAME)
    variant.active, variant.started_at, variant.ended_at = True, variant.started_at or now, None
    try:
        with transaction.atomic():
            variant.save(update_fields=["active", "started_at", "ended_at"])
    except IntegrityError as error:
        variant.active = False
        text = "Another test of this topic, channel and language is running. Stop it first."
        raise Conflict(text, code="test_running") from error


def stop(variant: Variant, now: datetime) -> None:
    """Ends the test: everybody reads the house's text again; what was counted stays."""
    variant.active, variant.ended_at = False, now
    variant.save(update_fields=["active", "ended_at"])
