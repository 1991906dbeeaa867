"""How fast the receiver lets a bot write, at moments a test chooses."""

from __future__ import annotations

from itertools import count

import httpx
import pytest

from notifications.receivers.bot_limits import Limits, Rates
from tests.notifications.receiving import running

AT_ONCE = 1e12  # any moment


def taken(limits: Limits, chats: list[int], at_ms: float) -> int:
    return sum(limits.wait_s(chat, at_ms) is None for chat in chats)


@pytest.fixture
def limits() -> Limits:
    return Limits(Rates(spread=0))


def test_thirty_a_second_are_taken_from_the_whole_bot(limits: Limits) -> None:
    people = count(1)
    for second in range(3):
        asked = [next(people) for _ in range(50)]
        assert taken(limits, asked, AT_ONCE + 1000 * second) == 30


def test_a_chat_takes_a_short_burst_then_one_a_second(limits: Limits) -> None:
    assert taken(limits, [7] * 5, AT_ONCE) == 2
    assert taken(limits, [8], AT_ONCE) == 1
    assert taken(limits, [7] * 5, AT_ONCE + 1000) == 1


def test_a_group_takes_twenty_a_minute(limits: Limits) -> None:
    over_an_hour = sum(taken(limits, [-7], AT_ONCE + 1000 * second) for second in range(3600))
    assert 20 * 60 <= over_an_hour <= 20 * 61


def test_the_wait_that_is_told_is_long_enough(limits: Limits) -> None:
    for _ in range(2):
        limits.wait_s(7, AT_ONCE)
    wait_s = limits.wait_s(7, AT_ONCE)
    assert wait_s == 1
    assert limits.wait_s(7, AT_ONCE + 1000 * wait_s) is None


def test_a_refused_message_makes_nobody_wait_longer(limits: Limits) -> None:
    for _ in range(100):
        limits.wait_s(7, AT_ONCE)
    assert limits.wait_s(7, AT_ONCE + 1000) is None


def test_limits_are_switched_by_http() -> None:
    with running() as bot:
        bot.limit(chat_burst=1)
        assert [bot.send(7, "x").status_code for _ in range(2)] == [200, 429]
        assert httpx.put(f"{bot.url}/_limits", json={"on": False}).json()["on"] is False
        assert [bot.send(7, "x").status_code for _ in range(5)] == [200] * 5
        assert httpx.put(f"{bot.url}/_limits", json={"hats": 3}).status_code == 400
