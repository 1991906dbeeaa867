"""Figures of how people use the product, on lives that can be counted by hand."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from accounts import engagement
from accounts.models import Outcome, Session, User
from arbedge.names import Door
from tests.accounts.factories import NOON, SessionFactory, UserFactory

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WEEK = timedelta(days=7)
MONDAY = datetime.fromisoformat("2026-11-16T00:00:00+00:00")  # of the week of NOON


def came(person: User, first: datetime, last: datetime | None = None) -> Session:
    """The person was there from the first to the last word."""
    last = last or first
    return SessionFactory(
        user=person, door=Door.WEB, started_at=first, seen_at=last, expires_at=last + WEEK
    )


def ended(outcome: str, at: datetime, lasted: timedelta, **did: Any) -> Session:
    state = "expired" if outcome == "expired" else "terminated"
    return SessionFactory(
        state=state, outcome=outcome, started_at=at - lasted, ended_at=at, seen_at=at, **did
    )


def test_active_people_are_counted_once_in_each_span() -> None:
    ada, bob, eve, old = (UserFactory() for _ in range(4))
    came(ada, NOON - MINUTE)
    came(ada, NOON - 2 * MINUTE)
    came(bob, NOON - HOUR)
    came(eve, NOON - 6 * DAY)
    came(old, NOON - 8 * DAY)
    assert engagement.active(NOON) == engagement.Active(now=1, day=2, week=3)


def test_an_ended_session_was_activity_too() -> None:
    ended("logout", NOON - MINUTE, HOUR)
    assert engagement.active(NOON).now == 1


def test_newcomers_and_begun_sessions_are_counted_in_the_span() -> None:
    came(UserFactory(date_joined=NOON - DAY), NOON - HOUR)
    came(UserFactory(date_joined=NOON), NOON)  # the end of the span is not in it
    UserFactory(date_joined=NOON - 2 * DAY)
    assert engagement.new(NOON - DAY, NOON) == engagement.New(people=1, sessions=1)


def test_ends_are_counted_by_outcome_with_what_was_done() -> None:
    ended("logout", NOON - HOUR, HOUR, interactions=3, opportunities_seen=5, opportunities_acted=1)
    ended("expired", NOON - HOUR, WEEK, interactions=1)
    ended("expired", NOON - 2 * HOUR, WEEK, interactions=2)
    ended("logout", NOON - 3 * DAY, HOUR)
    came(UserFactory(), NOON)
    assert engagement.ended(NOON - DAY, NOON) == [
        engagement.Ended(Outcome.EXPIRED, 2, 3, 0, 0),
        engagement.Ended(Outcome.LOGOUT, 1, 3, 5, 1),
    ]


def test_the_median_length_is_of_sessions_that_ended() -> None:
    for hours in (1, 2, 9):
        ended("logout", NOON - MINUTE, hours * HOUR)
    came(UserFactory(), NOON - 100 * DAY, NOON)
    assert engagement.median_duration(NOON - DAY, NOON) == 2 * HOUR


def test_without_ends_there_is_no_median() -> None:
    assert engagement.median_duration(NOON - DAY, NOON) is None


def test_a_cohort_is_those_who_joined_in_a_week_and_how_many_came_back() -> None:
    joined = MONDAY - 3 * WEEK
    stays, returns, leaves, never = (UserFactory(date_joined=joined + HOUR) for _ in range(4))
    came(stays, joined + HOUR, NOON)
    came(returns, joined + HOUR)
    came(returns, joined + 2 * WEEK + DAY)
    came(leaves, joined + 6 * DAY + 23 * HOUR)
    assert never.pk
    [cohort] = engagement.retention(NOON)
    assert (cohort.week, cohort.people) == (joined.date(), 4)
    assert cohort.kept == [0.75, 0.25, 0.5, None]


def test_a_week_begins_on_monday_at_midnight_utc() -> None:
    UserFactory(date_joined=MONDAY - MINUTE)
    UserFactory(date_joined=MONDAY)
    assert [cohort.week for cohort in engagement.retention(NOON)] == [
        (MONDAY - WEEK).date(),
        MONDAY.date(),
    ]


def test_a_week_that_is_not_over_has_no_share_yet() -> None:
    came(UserFactory(date_joined=MONDAY), NOON)
    assert engagement.retention(NOON)[0].kept == [None]


def test_only_as_many_weeks_as_asked_for() -> None:
    for week in range(5):
        UserFactory(date_joined=MONDAY - week * WEEK)
    assert len(engagement.retention(NOON, weeks=3)) == 3


def test_onboarding_tells_the_step_newcomers_stand_at() -> None:
    for step, done in (("language", False), ("language", False), ("risk", False), ("", False)):
        UserFactory(onboarding=step, onboarded_at=NOON if done else None)
    UserFactory(onboarding="done", onboarded_at=NOON)
    found = engagement.onboarding(NOON - DAY, NOON + DAY)
    assert (found.people, found.completed, found.share) == (5, 1, 0.2)
    assert found.steps[0] == engagement.Step("language", 2, 0)
    assert engagement.Step("done", 0, 1) in found.steps


def test_where_nobody_joined_there_is_no_share() -> None:
    assert engagement.onboarding(NOON, NOON + DAY) == engagement.Onboarding(0, 0, None, [])


@pytest.mark.parametrize(
    "ask",
    [
        lambda: engagement.active(NOON),
        lambda: engagement.new(NOON - DAY, NOON),
        lambda: engagement.ended(NOON - DAY, NOON),
        lambda: engagement.median_duration(NOON - DAY, NOON),
        lambda: engagement.retention(NOON),
        lambda: engagement.onboarding(NOON - DAY, NOON),
    ],
)
def test_every_question_is_one_query(ask: Any, django_assert_num_queries: Any) -> None:
    came(UserFactory(), NOON)
    with django_assert_num_queries(1):
        ask()
