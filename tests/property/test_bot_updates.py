"""Whatever comes as an update, the intake takes it or leaves it, and the next one is handled."""

from __future__ import annotations

import copy
import gzip
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from notifications.bot import answering, intake, lanes
from notifications.bot.answering import Sent
from notifications.models import BotUpdate
from notifications.models.bot import UpdateState
from tests.conftest import ROOT
from tests.notifications.bot.updates import ANNA, GROUP, person, raw, text
from tests.notifications.factories import NOON

pytestmark = pytest.mark.django_db

LATER_ID = 2_000_000_000
CHAT = {"id": ANNA, "type": "private"}
PRESS = {"id": "1", "from": person(ANNA), "chat_instance": "1", "data": "help",
         "message": {"message_id": 1, "date": 1, "chat": CHAT, "text": "x"}}  # fmt: skip
BOT = {"id": 7, "is_bot": True, "first_name": "Bot"}
JOINED = {"from": person(ANNA), "chat": {"id": GROUP, "type": "supergroup", "title": "Traders"},
          "date": 1, "old_chat_member": {"user": BOT, "status": "left"},
          "new_chat_member": {"user": BOT, "status": "member"}}  # fmt: skip
OURS: list[dict[str, Any]] = [
    text("/start"), text("/help mute"), text("hello"), text("/start@arbedge_bot x", chat=GROUP),
    {"callback_query": PRESS}, {"my_chat_member": JOINED},
]  # fmt: skip


def _recorded() -> list[dict[str, Any]]:
    folder = Path(os.environ.get("ARBEDGE_RECORDINGS") or ROOT / "../shared/recordings")
    files = sorted((folder / "telegram" / "updates").glob("*.json.gz"))
    return [json.loads(gzip.decompress(path.read_bytes())) for path in files]


scalars = (
    st.none() | st.booleans() | st.text(max_size=20)
    | st.integers(-(1 << 70), 1 << 70) | st.sampled_from([0, -1, 1 << 63, ANNA, GROUP])
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["", "\x00", "/start", "/" * 300, "\u202e", "x" * 5_000])
)  # fmt: skip
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner,
                                                               max_size=3),
    max_leaves=8,
)  # fmt: skip


def places(inside: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place of a value by its path."""
    found = [path] if path else []
    pairs: list[tuple[Any, Any]] = []
    if isinstance(inside, dict):
        pairs = list(inside.items())
    elif isinstance(inside, list):
        pairs = list(enumerate(inside))
    for name, value in pairs:
        found += places(value, (*path, name))
    return found


@st.composite
def spoiled(draw: st.DrawFn) -> dict[str, Any]:
    """An update as people send them, of which some places hold something else or nothing."""
    update: dict[str, Any] = copy.deepcopy(draw(st.sampled_from([*OURS, *_recorded()])))
    for _ in range(draw(st.integers(1, 3))):
        if left := places(update):
            _spoil(update, draw(st.sampled_from(left)), draw(st.none() | anything))
    update["update_id"] = 1
    return update


def _spoil(update: Any, path: Sequence[Any], value: Any) -> None:
    *above, last = path
    for name in above:
        update = update[name]
    if value is None and isinstance(update, dict):
        del update[last]
    else:
        update[last] = value


@contextmanager
def undone() -> Iterator[None]:
    """Nothing of the block is left."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture(scope="module", autouse=True)
def _sends_nothing() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(answering, "send", lambda _: Sent())
        yield


def handle_all() -> None:
    for lane in lanes.due(NOON, after=timedelta()):
        lanes.work(lane, NOON)


@given(st.binary(max_size=200) | anything.map(raw))
def test_any_body_is_taken_or_left(body: bytes) -> None:
    with undone():
        assert intake.store(body, NOON) == BotUpdate.objects.exists()


@given(st.dictionaries(st.sampled_from(sorted(intake.KINDS)), anything, max_size=2))
def test_any_kind_may_hold_anything(update: dict[str, Any]) -> None:
    with undone():
        stored = intake.store(raw({**update, "update_id": 1}), NOON)
        assert stored or "chat_member" in update  # most of those are left
        handle_all()
        assert [one.state for one in BotUpdate.objects.all()] == [UpdateState.DONE] * stored


@given(spoiled())
def test_the_update_after_a_spoiled_one_is_handled(update: dict[str, Any]) -> None:
    with undone():
        if not intake.store(raw(update), NOON):
            assert "chat_member" in update  # most of those are left
            return
        lane = BotUpdate.objects.get().lane
        intake.store(raw({**text("/help", by=ANNA), "update_id": LATER_ID}), NOON)
        BotUpdate.objects.update(lane=lane)
        handle_all()
        assert list(BotUpdate.objects.values_list("state", flat=True)) == [UpdateState.DONE] * 2
