"""One person's updates: in order, handled once, answered until it worked or made no sense."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import InterfaceError, OperationalError, connection
from pytest_django import DjangoAssertNumQueries, Settings
from structlog.testing import capture_logs

from notifications.bot import lane_sql, lanes
from notifications.models import BotUpdate
from notifications.models.bot import UpdateState
from tests.notifications.bot.handling import Bot, Killed, ended, later, says, state
from tests.notifications.bot.updates import ANNA, BEN, stored, text, woken
from tests.notifications.factories import NOON

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bot")]

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


# In order, once


def test_an_update_is_handled_and_answered(bot: Bot) -> None:
    [update] = says("/why 7")
    before = ended("answered")
    assert lanes.work(ANNA, NOON) == 1
    assert (bot.handled, bot.sent) == (["/why 7"], ["re /why 7"])
    assert state(update) == (UpdateState.DONE, "")
    assert ended("answered") == before + 1


def test_nothing_of_it_is_left_at_its_end() -> None:
    [update] = says("/why 7")
    lanes.work(ANNA, NOON + SECOND)
    update.refresh_from_db()
    assert (update.sealed, update.calls) == ("", [])
    assert update.settled_at == NOON + SECOND


def test_updates_of_a_person_are_handled_in_order(bot: Bot) -> None:
    first, second, third = text("1"), text("2"), text("3")
    for update in (second, third, first):
        stored(update)
    assert lanes.work(ANNA, NOON) == 3
    assert bot.sent == ["re 1", "re 2", "re 3"]


def test_what_is_done_is_not_done_again(bot: Bot) -> None:
    says("/why 7")
    assert [lanes.work(ANNA, NOON), lanes.work(ANNA, NOON)] == [1, 0]
    assert bot.handled == ["/why 7"]


def test_other_lanes_are_left_to_themselves(bot: Bot) -> None:
    says("mine")
    [other] = says("his", by=BEN)
    lanes.work(ANNA, NOON)
    assert bot.handled == ["mine"]
    assert state(other)[0] == UpdateState.WAITING


def test_whoever_says_nothing_is_done_at_once(
    bot: Bot, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    bot.silent = True
    [update] = says("hm")
    with django_assert_max_num_queries(4):  # take, keep, look for the next, give back
        lanes.work(ANNA, NOON)
    assert state(update) == (UpdateState.DONE, "")
    assert bot.sent == []


@pytest.mark.parametrize(("reads", "statements"), [(False, 3), (True, 2)])
def test_one_update_costs_few_statements(
    bot: Bot, django_assert_num_queries: DjangoAssertNumQueries, reads: bool, statements: int
) -> None:
    """It is taken and ended, and between that kept, where it changed something."""
    bot.reads = reads
    says("/why 7")
    with django_assert_num_queries(statements):
        lanes.work(ANNA, NOON)


def test_after_some_updates_others_have_their_turn(bot: Bot) -> None:
    says(*(str(n) for n in range(lanes.AT_ONCE + 2)))
    assert lanes.work(ANNA, NOON) == lanes.AT_ONCE
    assert woken() == [ANNA]
    assert lanes.work(ANNA, NOON) == 2
    assert bot.handled == [str(n) for n in range(lanes.AT_ONCE + 2)]


def test_who_comes_in_while_a_lane_is_worked_on_is_not_forgotten(bot: Bot) -> None:
    says("1")

    def meanwhile(words: str) -> None:
        if words == "1":
            says("2")

    bot.does = meanwhile
    assert lanes.work(ANNA, NOON) == 2


def test_a_lane_that_another_worker_has_is_left_to_him() -> None:
    [update] = says("/why 7")
    with another_connection() as other:
        other.execute(f"SELECT pg_advisory_lock({lane_sql.LOCK}, hashint8({ANNA}))")
        assert lanes.work(ANNA, NOON) == 0
        other.execute("SELECT pg_advisory_unlock_all()")
    assert lanes.work(ANNA, NOON) == 1
    assert state(update)[0] == UpdateState.DONE


def test_a_lane_is_given_back() -> None:
    says("/why 7")
    lanes.work(ANNA, NOON)
    with another_connection() as other:
        taken = other.execute(f"SELECT pg_try_advisory_lock({lane_sql.LOCK}, hashint8({ANNA}))")
        assert taken.fetchone() == (True,)


def another_connection() -> psycopg.Connection[Any]:
    told = connection.get_connection_params()
    names = ("host", "port", "user", "password", "dbname")
    return psycopg.connect(
        **{name: told[name] for name in names if told.get(name)}, autocommit=True
    )


# What goes wrong


def test_a_worker_that_lost_the_update_keeps_nothing(bot: Bot) -> None:
    """Its connection broke and another worker has claimed the update: attempts tell."""
    [update] = says("/why 7")
    bot.does = lambda _: _overtake(update.pk)
    assert lanes.work(ANNA, NOON) == 0
    update.refresh_from_db()
    assert (update.state, update.calls) == (UpdateState.WAITING, [])
    assert bot.sent == []


def _overtake(update_id: int) -> None:
    BotUpdate.objects.filter(pk=update_id).update(attempts=2)


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_without_the_database_it_is_handled_again_a_little_later(
    bot: Bot, error: type[Exception]
) -> None:
    def gone(_: str) -> None:
        raise error

    bot.does = gone
    [update] = says("/why 7")
    assert lanes.work(ANNA, NOON) == 0
    bot.does = lambda _: None
    assert lanes.work(ANNA, NOON) == 0
    assert lanes.work(ANNA, NOON + SECOND) == 1
    assert state(update) == (UpdateState.DONE, "")


def test_an_update_that_fails_each_time_is_given_up_and_the_next_one_follows(bot: Bot) -> None:
    def fail(words: str) -> None:
        if words == "bad":
            raise OperationalError

    bot.does = fail
    bad, good = says("bad", "good")
    for n in range(lanes.ATTEMPTS):
        assert lanes.work(ANNA, NOON + n * MINUTE) == 0
        assert state(good)[0] == UpdateState.WAITING
    assert lanes.work(ANNA, NOON + MINUTE * lanes.ATTEMPTS) == 2
    assert state(bad) == (UpdateState.FAILED, "poison")
    assert (bad.sealed, bad.calls) == ("", [])
    assert state(good) == (UpdateState.DONE, "")
    assert bot.handled == ["bad"] * lanes.ATTEMPTS + ["good"]


def test_an_update_that_kills_its_workers_is_given_up(bot: Bot) -> None:
    """Nobody lives to tell, but each attempt was counted before it began."""

    def kill(_: str) -> None:
        raise Killed

    bot.does = kill
    [update] = says("bad")
    for _ in range(lanes.ATTEMPTS):
        with pytest.raises(Killed):
            lanes.work(ANNA, NOON)
    assert lanes.work(ANNA, NOON) == 1
    assert state(update) == (UpdateState.FAILED, "poison")


def test_waits_grow_between_attempts(bot: Bot) -> None:
    def gone(_: str) -> None:
        raise OperationalError

    bot.does = gone
    [update] = says("/why 7")
    waits, now = [], NOON
    for _ in range(4):
        lanes.work(ANNA, now)
        update.refresh_from_db()
        waits.append((update.due_at - now).total_seconds())
        now = update.due_at
    assert waits == [1, 2, 4, 8]


def test_an_update_no_key_opens_is_given_up_without_a_word_of_it(
    bot: Bot, settings: Settings
) -> None:
    [update] = says("/why 7")
    settings.ENCRYPTION_KEYS = ["MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA="]
    with capture_logs() as lines:
        assert lanes.work(ANNA, NOON) == 1
    assert state(update) == (UpdateState.FAILED, "unsealable")
    assert "why" not in str(lines)
    assert bot.handled == []


# Lanes nobody was woken for


def test_what_was_just_stored_is_left_to_its_wake() -> None:
    says("/why 7")
    assert lanes.due(NOON) == []
    assert lanes.due(NOON, after=timedelta()) == [ANNA]
    assert lanes.due(NOON + lanes.WOKEN_WITHIN) == [ANNA]


def test_what_was_put_off_is_found_when_it_is_due(bot: Bot) -> None:
    bot.sends = [later("/why 7", wait_s=5.0)]
    says("/why 7")
    lanes.work(ANNA, NOON)
    assert lanes.due(NOON + 4 * SECOND) == []
    assert lanes.due(NOON + 5 * SECOND) == [ANNA]


def test_a_lane_is_found_once_and_the_longest_waiting_first() -> None:
    stored(text("1"), NOON + SECOND)
    stored(text("2"), NOON + SECOND)
    stored(text("3", BEN), NOON)
    assert lanes.due(NOON + MINUTE) == [BEN, ANNA]


def test_what_is_done_is_not_found() -> None:
    says("/why 7")
    lanes.work(ANNA, NOON)
    assert lanes.due(NOON + MINUTE) == []
