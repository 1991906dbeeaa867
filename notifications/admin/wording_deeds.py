"""What operators do to a test of a wording: start, stop, discard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils import timezone

from accounts.admin.asking import Deed, Order, Sure
from arbedge.errors import Conflict
from notifications.models import Variant, VariantResult
from notifications.writing import wording

MAY: Final = "notifications.change_variant"
DRAFT, RUNNING, ENDED = "draft", "running", "ended"


def state(row: Variant) -> str:
    """Where a test stands."""
    if row.active:
        return RUNNING
    return ENDED if row.started_at else DRAFT


def _row(order: Order) -> Variant:
    return Variant.objects.get(pk=order.ids[0])


def _start(order: Order) -> str:
    row = _row(order)
    if state(row) != DRAFT:
        raise Conflict("It has run already: write a new test, so that results do not mix.")
    wording.start(row, timezone.now())
    return f"It runs: {row.share:.0%} of the readers get this text from now on."


def _stop(order: Order) -> str:
    wording.stop(_row(order), timezone.now())
    return "It has ended: everybody reads the house's text again. Its results stay."


def _discard(order: Order) -> str:
    row = _row(order)
    if state(row) == RUNNING:
        raise Conflict("It is running. Stop it first.")
    names = [row.name, wording.CONTROL + row.name]
    VariantResult.objects.filter(variant__in=names).delete()
    row.delete()
    return "The test and its results are gone."


_ONE: Final = ("test", "tests")
DEEDS: Final = (
    Deed(
        name="start", label="Start…", question="Start the test {whom}?",
        consequence="Its share of the readers gets this text from the next message on, the others"
        " the house's. Each reader stays with one of them.",
        button="Start", does=_start, form=Sure, permission=MAY, objects=_ONE, at_most=1,
    ),
    Deed(
        name="stop", label="Stop…", question="Stop the test {whom}?",
        consequence="Everybody reads the house's text again. A stopped test does not go on.",
        button="Stop", does=_stop, form=Sure, permission=MAY, objects=_ONE, at_most=1,
        dangerous=True,
    ),
    Deed(
        name="discard", label="Discard…", question="Discard the test {whom}?",
        consequence="Its text and all it counted are deleted.",
        button="Discard", does=_discard, form=Sure, permission=MAY, objects=_ONE, at_most=1,
        dangerous=True,
    ),
)  # fmt: skip
WHEN: Final[Mapping[str, frozenset[str]]] = {
    "start": frozenset({DRAFT}),
    "stop": frozenset({RUNNING}),
    "discard": frozenset({DRAFT, ENDED}),
}
