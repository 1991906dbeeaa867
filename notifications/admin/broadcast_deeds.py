"""What operators do to a broadcast: a test to themselves, start, stop, discard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils import timezone

from accounts.admin.asking import Deed, Order, Sure
from arbedge.errors import BadInput
from notifications.broadcasting import broadcasts, segments
from notifications.models import Broadcast
from notifications.names import BroadcastState

MAY_WRITE: Final = "notifications.add_broadcast"
MAY: Final = "notifications.change_broadcast"


def _row(order: Order) -> Broadcast:
    return Broadcast.objects.get(pk=order.ids[0])


def _test(order: Order) -> str:
    if not broadcasts.test(_row(order), order.by, timezone.now()):
        text = (
            "You have no session, so nothing can be sent to you. Log in on the site or send /start."
        )
        raise BadInput(text, code="no_session")
    return "It is on its way to you, as people in your language will read it."


def _start(order: Order) -> str:
    row = broadcasts.start(_row(order), order.by, timezone.now())
    return f"It is being told to {row.people:,} people."


def _stop(order: Order) -> str:
    cancelled = broadcasts.stop(_row(order), order.by, timezone.now())
    return f"Stopped: {cancelled:,} messages that waited will not be sent."


def _discard(order: Order) -> str:
    broadcasts.discard(_row(order), order.by)
    return "The draft is gone."


def _people(row: Broadcast) -> str:
    """How many would be told now."""
    number = segments.count(segments.segment(row.segment), timezone.now()).reachable
    return "1 person" if number == 1 else f"{number:,} people"


_ONE: Final = ("broadcast", "broadcasts")
DEEDS: Final = (
    Deed(
        name="test", label="Send me a test…", question="Send {whom} to yourself?",
        consequence="It goes to you alone, on your own channels, as people will read it.",
        button="Send it to me", does=_test, form=Sure, permission=MAY, objects=_ONE, at_most=1,
        named=lambda row: f"“{row.title}”",
    ),
    Deed(
        name="start", label="Tell people…", question="Tell {whom}?",
        consequence="Each of them gets one message, in the language they chose, after everything"
        " that is more urgent. You can stop it, but what was sent cannot be taken back.",
        button="Tell them", does=_start, form=Sure, permission=MAY, objects=_ONE, at_most=1,
        named=_people, dangerous=True,
    ),
    Deed(
        name="stop", label="Stop…", question="Stop telling people {whom}?",
        consequence="Messages that wait are cancelled at once. What was sent stays sent. A stopped"
        " broadcast does not go on again.",
        button="Stop", does=_stop, form=Sure, permission=MAY, objects=_ONE, at_most=1,
        named=lambda row: f"“{row.title}”", dangerous=True,
    ),
    Deed(
        name="discard", label="Discard…", question="Discard {whom}?",
        consequence="The draft is deleted. Nobody was told of it.",
        button="Discard", does=_discard, form=Sure, permission=MAY, objects=_ONE, at_most=1,
        named=lambda row: f"“{row.title}”", dangerous=True,
    ),
)  # fmt: skip
WHEN: Final[Mapping[str, frozenset[BroadcastState]]] = {
    "test": frozenset({BroadcastState.DRAFT}),
    "start": frozenset({BroadcastState.DRAFT}),
    "stop": frozenset({BroadcastState.RUNNING}),
    "discard": frozenset({BroadcastState.DRAFT}),
}
