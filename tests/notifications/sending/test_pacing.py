"""How fast messages are let go, at moments a test chooses."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from unittest.mock import patch

import pytest
from pytest_django import Settings

from arbedge import aio, cache
from arbedge.names import Channel
from notifications.sending import pacing
from notifications.sending.pacing import Want
from tests.notifications.sending.paces import (
    HOST,
    START_MS,
    Queue,
    admit,
    most_within,
    new_cache,
    number_let_go,
    room,
    to,
)


@pytest.fixture(autouse=True)
def nothing_sent_yet() -> Iterator[None]:
    with new_cache():
        yield


def test_nothing_wanted_is_nothing_asked() -> None:
    assert admit([], 0) == []


def moments(number: int, at_ms: float = 0, *, priority: int = 2) -> dict[float, int]:
    """How many of so many new messages are told which moment, 0 being now."""
    answers = admit([to(priority=priority) for _ in range(number)], at_ms)
    return dict(Counter(go.at_ms and round(go.at_ms - START_MS) for go in answers))


def test_two_thirds_of_a_seconds_messages_go_at_once_and_the_rest_in_rounds() -> None:
    assert moments(65) == {0: 20, 600: 20, 1287: 20, 1973: 5}


def test_thirty_go_within_a_second_and_no_more_before_it_is_over() -> None:
    went = [number_let_go([to() for _ in range(40)], at_ms) for at_ms in (0, 300, 600, 999, 1000)]
    assert went == [20, 0, 10, 0, 10]


def test_there_is_room_for_all_that_would_go_but_one_for_an_answer() -> None:
    assert room(0) == (19, 0)
    assert number_let_go([to() for _ in range(15)], 0) == 15
    assert room(100) == (4, 0)
    assert number_let_go([to() for _ in range(4)], 100) == 4
    assert room(100) == (0, 600)
    assert number_let_go([to()], 100) == 1
    assert room(200) == (0, 600)
    assert room(600) == (9, 0)


def test_looking_for_room_takes_none() -> None:
    assert [room(0) for _ in range(30)] == [(19, 0)] * 30


def test_there_is_no_room_while_the_host_is_paused() -> None:
    with patch("arbedge.clock.now_ms", return_value=START_MS):
        aio.run(pacing.pause(Channel.TELEGRAM, HOST, 3))
    assert room(0) == (0, 3000)
    assert room(3000) == (19, 0)


def test_later_ones_wait_behind_those_who_were_told_before() -> None:
    moments(60)
    assert moments(10, 5) == {1973: 10}


def test_whoever_comes_back_and_finds_his_place_taken_is_the_first_in_line() -> None:
    waiting = [to() for _ in range(10)]
    admit([to() for _ in range(20)] + waiting + [to() for _ in range(300)], 0)
    assert number_let_go([to() for _ in range(10)], 600) == 10
    again = admit(waiting, 601)
    assert {go.at_ms - START_MS for go in again} == {1000}


def test_the_pace_is_a_setting(settings: Settings) -> None:
    settings.TELEGRAM_PER_SECOND = 1000
    assert number_let_go([to() for _ in range(1200)], 0) == 667


def test_a_chat_gets_one_a_second_and_stops_nobody_else() -> None:
    answers = admit([to(7), to(7), to(8), to(7)], 0)
    assert [go.at_ms == 0 for go in answers] == [True, False, True, False]
    assert answers[1].at_ms == START_MS + 1000
    assert START_MS + 2000 <= answers[3].at_ms < START_MS + 2100
    assert number_let_go([to(7)], 999) == 0
    assert number_let_go([to(7)], 1000) == 1


def test_a_group_gets_twenty_a_minute() -> None:
    went = [second for second in range(120) if number_let_go([to(-7)], 1000 * second)]
    assert went == [*range(20), *range(60, 80)]


def test_one_that_a_chats_pace_holds_back_takes_no_place_of_the_bots() -> None:
    assert number_let_go([to(7)] * 20 + [to() for _ in range(19)], 0) == 20


def test_the_first_ones_of_a_batch_go_first() -> None:
    answers = admit([to(priority=priority) for priority in (0, 1, 2) for _ in range(10)], 0)
    assert [go.at_ms == 0 for go in answers] == [True] * 20 + [False] * 10


def test_the_urgent_need_not_wait_behind_the_many() -> None:
    admit([to(priority=3) for _ in range(200)], 0)
    (urgent,) = admit([to(priority=0)], 10)
    assert urgent.at_ms == START_MS + 600


def test_no_moment_told_is_far_ahead() -> None:
    answers = admit([to(priority=3) for _ in range(3000)], 0)
    assert max(go.at_ms for go in answers) == START_MS + pacing.HORIZON_MS


@pytest.mark.parametrize(
    ("channel", "most"), [(Channel.WEBHOOK, 5), (Channel.SMS, 10), (Channel.EMAIL, 20)]
)
def test_other_channels_have_a_pace_per_host(channel: Channel, most: int) -> None:
    wants = [Want(str(number), channel, "one.example") for number in range(30)]
    assert number_let_go([*wants, Want("x", channel, "other.example")], 0) == most + 1


def test_one_slack_address_gets_one_a_second() -> None:
    wants = [Want("same", Channel.SLACK, "hooks.slack.com")] * 3
    assert number_let_go(wants, 0) == 1


# Pauses


def pause(seconds: float) -> None:
    aio.run(pacing.pause(Channel.TELEGRAM, HOST, seconds), 5)


def test_a_pause_holds_for_everybody_who_asks_and_only_for_that_host() -> None:
    pause(14)
    until_ms = aio.run(pacing.paused_until(Channel.TELEGRAM, HOST), 5)
    before = until_ms - START_MS - 1
    waiting, other = admit([to(), Want("x", Channel.EMAIL, "mail.example")], before)
    assert waiting.at_ms == pytest.approx(until_ms, abs=1)
    assert other.at_ms == 0
    assert number_let_go([to()], until_ms - START_MS) == 1


def test_a_shorter_pause_never_ends_a_longer_one() -> None:
    pause(14)
    long = aio.run(pacing.paused_until(Channel.TELEGRAM, HOST), 5)
    pause(1)
    assert aio.run(pacing.paused_until(Channel.TELEGRAM, HOST), 5) == long


def test_without_a_pause_there_is_none() -> None:
    assert aio.run(pacing.paused_until(Channel.TELEGRAM, HOST), 5) == 0


# Shape: a long queue


def worked_off(queue: Queue, *, late_ms: tuple[float, float], seed: int = 7) -> list[float]:
    """When the messages of a queue went; workers are woken a little after the next is due."""
    chance, at_ms = random.Random(seed), 0.0
    while (due_ms := queue.next_due()) is not None:
        at_ms = max(due_ms, at_ms) + chance.uniform(*late_ms)
        queue.work(at_ms)
    return sorted(queue.went.values())


@pytest.mark.parametrize("late_ms", [(0.0, 1.0), (5.0, 20.0), (10.0, 40.0)])
def test_a_long_queue_uses_the_pace_and_never_passes_it(late_ms: tuple[float, float]) -> None:
    queue = Queue([to() for _ in range(900)])
    times = worked_off(queue, late_ms=late_ms)
    assert most_within(times, 1000) <= 30
    assert len(times) / ((times[-1] + 1030) / 1000) >= 0.95 * 30
    assert queue.asked <= 3 * len(queue.wants)


def test_late_workers_pass_it_no_more_than_others() -> None:
    times = worked_off(Queue([to() for _ in range(300)]), late_ms=(0.0, 700.0))
    assert most_within(times, 1000) <= 30


def test_in_a_long_queue_the_urgent_are_sent_first() -> None:
    queue = Queue([to(priority=place % 3) for place in range(300)])
    worked_off(queue, late_ms=(5.0, 20.0))
    last = [max(at for place, at in queue.went.items() if place % 3 == priority)
            for priority in range(3)]  # fmt: skip
    assert last[0] < 4000
    assert last[0] < last[1] < last[2]


# A cache that has lost everything


def test_after_the_cache_was_lost_one_window_is_waited_for() -> None:
    admit([to() for _ in range(30)], 0)
    for name in cache.client().scan_iter(cache.key("pace", "*")):
        cache.client().delete(name)
    assert number_let_go([to()], 10) == 0
    assert number_let_go([to()], 999) == 0
    assert number_let_go([to() for _ in range(40)], 1010) == 20


def test_after_the_cache_was_lost_groups_are_written_to_slowly() -> None:
    admit([to(-7)], 0)
    for name in cache.client().scan_iter(cache.key("pace", "*")):
        cache.client().delete(name)
    went = sum(number_let_go([to(-7)], 10 + 1000 * second) for second in range(1, 61))
    assert 10 <= went <= 20


def test_a_clock_that_is_behind_lets_nobody_pass_the_pace() -> None:
    assert number_let_go([to() for _ in range(30)], 5000) == 20
    assert number_let_go([to()], 0) == 0
    assert number_let_go([to() for _ in range(40)], 5600) == 10
