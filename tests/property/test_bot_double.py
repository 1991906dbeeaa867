"""The receiver of Telegram messages bears whatever people type and tests forge."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from notifications.receivers.bot_entities import command, entities
from notifications.receivers.bot_text import units
from notifications.receivers.bot_updates import Updates
from notifications.receivers.bot_webhook import _lane
from notifications.receivers.bot_world import World

WORDS = st.sampled_from(
    ["/start", "/why@arbedge_bot", "@ana_b", "#wif", "$WIF", "https://x.y/z", "🟢", "a/b", "é"]
)
TYPED = st.lists(WORDS | st.text(max_size=8), max_size=8).map(" ".join)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
PARTS = st.sampled_from(["message", "callback_query", "from", "chat", "id"])
FORGED = st.recursive(JSON, lambda inner: st.dictionaries(PARTS, inner, max_size=3), max_leaves=8)


@given(TYPED)
def test_entities_stand_side_by_side_within_the_text(text: str) -> None:
    end = 0
    for one in entities(text):
        assert one["offset"] >= end
        assert one["length"] > 0
        end = one["offset"] + one["length"]
    assert end <= units(text)


@given(TYPED)
def test_an_entity_covers_what_it_is_called(text: str) -> None:
    raw = text.encode("utf-16-le")
    marks = {"bot_command": "/", "mention": "@", "hashtag": "#", "cashtag": "$", "url": "http"}
    for one in entities(text):
        start, stop = 2 * one["offset"], 2 * (one["offset"] + one["length"])
        assert raw[start:stop].decode("utf-16-le").startswith(marks[one["type"]])


@given(TYPED)
def test_a_command_is_at_the_beginning_or_nowhere(text: str) -> None:
    name, bot = command(text)
    assert text.startswith(f"{name}@{bot}" if bot else name)


@given(FORGED)
def test_every_update_has_a_lane(forged: Any) -> None:
    assert isinstance(_lane({"update_id": 1, "message": forged}), int)
    assert _lane({"update_id": 1, "callback_query": {"message": {"chat": {"id": 7}}}}) == 7


@given(st.lists(st.integers(1, 1 << 31) | st.none(), max_size=20))
def test_ids_of_updates_only_rise(wished: list[int | None]) -> None:
    updates = Updates()
    given_ids = [updates.add("message", {}, one) for one in wished]
    own = [one for one, wish in zip(given_ids, wished, strict=True) if wish is None]
    numbers = [one for one in own if one is not None]
    assert numbers == sorted(set(numbers))
    assert set(updates.waiting) == {one for one in given_ids if one is not None}


@given(st.integers(-(1 << 52), 1 << 52).filter(bool))
def test_every_chat_but_none_exists(chat: int) -> None:
    world = World()
    told = world.chat(world.reached({"chat_id": chat}))
    assert told["id"] == chat
    assert (told["type"] == "private") is (chat > 0)
    assert world.rooms == {}
