"""Answers are sent in order until they worked or nobody waits for them any more."""

from __future__ import annotations

from datetime import timedelta

import pytest

from notifications.bot import lanes
from notifications.bot.answering import Sent
from notifications.models.bot import UpdateState
from tests.notifications.bot.handling import Bot, Killed, answer, ended, later, says, state
from tests.notifications.bot.updates import ANNA, BEN
from tests.notifications.factories import NOON

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bot")]

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


def test_an_update_whose_worker_was_lost_after_handling_is_only_answered(bot: Bot) -> None:
    bot.sends = [Killed()]
    [update] = says("/why 7")
    with pytest.raises(Killed):
        lanes.work(ANNA, NOON)
    update.refresh_from_db()
    assert (update.state, update.sealed) == (UpdateState.ANSWERING, "")
    assert lanes.work(ANNA, NOON) == 1
    assert (bot.handled, bot.sent) == (["/why 7"], ["re /why 7"])


def test_what_changed_nothing_is_handled_again_by_whoever_comes_after_a_lost_worker(
    bot: Bot,
) -> None:
    bot.reads, bot.sends = True, [Killed()]
    [update] = says("/status")
    with pytest.raises(Killed):
        lanes.work(ANNA, NOON)
    assert state(update)[0] == UpdateState.WAITING
    assert lanes.work(ANNA, NOON) == 1
    assert (bot.handled, bot.sent) == (["/status"] * 2, ["re /status"])
    update.refresh_from_db()
    assert (update.state, update.sealed, update.calls) == (UpdateState.DONE, "", [])


def test_what_changed_nothing_and_cannot_be_answered_now_is_kept_and_not_handled_again(
    bot: Bot,
) -> None:
    bot.reads, bot.sends = True, [later("/status", wait_s=30.0)]
    [update] = says("/status")
    lanes.work(ANNA, NOON)
    update.refresh_from_db()
    assert (update.state, update.sealed, update.settled_at) == (UpdateState.ANSWERING, "", NOON)
    assert lanes.work(ANNA, NOON + 30 * SECOND) == 1
    assert (bot.handled, bot.sent) == (["/status"], ["re /status"])


def test_what_was_said_is_forgotten_before_the_answer_is_sent(bot: Bot) -> None:
    bot.sends = [later("/why 7")]
    [update] = says("/why 7")
    lanes.work(ANNA, NOON)
    update.refresh_from_db()
    assert update.sealed == ""


def test_an_answer_telegram_does_not_take_now_is_sent_when_it_does(bot: Bot) -> None:
    bot.sends = [later("/why 7", wait_s=30.0)]
    [update] = says("/why 7")
    assert lanes.work(ANNA, NOON) == 0
    assert lanes.work(ANNA, NOON + 29 * SECOND) == 0
    assert lanes.work(ANNA, NOON + 30 * SECOND) == 1
    assert (bot.handled, bot.sent) == (["/why 7"], ["re /why 7"])
    assert state(update) == (UpdateState.DONE, "")


def test_only_what_is_left_is_sent_later(bot: Bot) -> None:
    bot.sends = [Sent([answer("the rest")], 1.0)]
    says("/why 7")
    lanes.work(ANNA, NOON)
    lanes.work(ANNA, NOON + SECOND)
    assert bot.sent == ["re the rest"]


def test_answers_keep_their_order_while_one_waits(bot: Bot) -> None:
    bot.sends = [later("1", wait_s=10.0)]
    says("1", "2")
    lanes.work(ANNA, NOON)
    lanes.work(ANNA, NOON + SECOND)
    assert bot.handled == ["1"]
    lanes.work(ANNA, NOON + 10 * SECOND)
    assert bot.sent == ["re 1", "re 2"]


def test_a_lane_that_waits_holds_up_no_other(bot: Bot) -> None:
    bot.sends = [later("slow", wait_s=60.0)]
    says("slow")
    says("quick", by=BEN)
    lanes.work(ANNA, NOON)
    assert lanes.work(BEN, NOON) == 1
    assert bot.sent == ["re quick"]


def test_waiting_is_no_failed_attempt(bot: Bot) -> None:
    rounds = lanes.ATTEMPTS + 3
    bot.sends = [later("/why 7", wait_s=1.0) for _ in range(rounds)]
    [update] = says("/why 7")
    for n in range(rounds + 1):
        lanes.work(ANNA, NOON + n * SECOND)
    assert state(update) == (UpdateState.DONE, "")


def test_answers_nobody_waits_for_any_more_are_dropped(bot: Bot) -> None:
    bot.sends = [later("1", wait_s=60.0) for _ in range(9)]
    old, _ = says("1", "2")
    before = ended("unanswered")
    for n in range(7):
        lanes.work(ANNA, NOON + n * MINUTE)
    assert state(old) == (UpdateState.FAILED, "unanswered")
    assert ended("unanswered") == before + 1
    assert bot.handled == ["1", "2"]


def test_old_updates_have_their_minutes_after_they_were_handled(bot: Bot) -> None:
    """The bot was away for an hour; what it says then may wait for its turn as ever."""
    bot.sends = [later("/why 7", wait_s=1.0)]
    [update] = says("/why 7")
    back = NOON + timedelta(hours=1)
    lanes.work(ANNA, back)
    assert state(update)[0] == UpdateState.ANSWERING
    lanes.work(ANNA, back + SECOND)
    assert state(update) == (UpdateState.DONE, "")


def test_a_sender_that_breaks_stops_its_own_update_only(bot: Bot) -> None:
    bot.sends = [ValueError("CANARY-91")] * lanes.ATTEMPTS
    bad, good = says("bad", "good")
    for n in range(lanes.ATTEMPTS + 1):
        lanes.work(ANNA, NOON + n * MINUTE)
    assert state(bad) == (UpdateState.FAILED, "poison")
    assert state(good) == (UpdateState.DONE, "")
    assert bot.handled == ["bad", "good"]
