"""Sessions under several hands at once: one in Telegram, and none comes back to life."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from accounts import activity, audience, sessions, standing
from accounts.models import Outcome, Session, SessionState, User
from arbedge.names import Door
from tests.accounts.factories import NOON, SessionFactory, UserFactory
from tests.accounts.memories import forget
from tests.race.together import at_once

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 12
MINUTE = timedelta(minutes=1)
WEEK = timedelta(days=7)


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    forget()
    yield
    forget()


def start(person: User, at: datetime = NOON) -> Callable[[], sessions.Started]:
    return lambda: sessions.start(person.pk, Door.TELEGRAM, at)


def end(session: Session, at: datetime = NOON) -> Callable[[], bool]:
    return lambda: sessions.end(session.pk, Outcome.LOGOUT, at)


def say(session: Session, at: datetime) -> Callable[[], None]:
    return lambda: sessions.touch(session.user_id, session.pk, "help", at)


def flush(at: datetime) -> Callable[[], Any]:
    return lambda: activity.flush(at, everything=True)


def assert_over(session: Session) -> None:
    """Nobody believes in the session: neither the row, nor the cache, nor the audience."""
    row = Session.objects.get(pk=session.pk)
    assert row.state != SessionState.ACTIVE
    assert sessions.check(session.user_id, NOON) is None
    assert not audience.verify()
    assert audience.size() == 0


def test_two_starts_at_once_are_one_session() -> None:
    for _ in range(ROUNDS):
        person = UserFactory()
        answers = at_once(*[start(person)] * 4)
        assert len({answer.session.pk for answer in answers}) == 1
        assert sum(answer.is_new for answer in answers) == 1
        assert person.sessions.filter(state=SessionState.ACTIVE).count() == 1


def test_two_starts_after_a_session_lapsed_are_one_new_session() -> None:
    old = SessionFactory()
    answers = at_once(*[start(old.user, NOON + 2 * WEEK)] * 4)
    assert sum(answer.is_new for answer in answers) == 1
    assert old.user.sessions.filter(state=SessionState.ACTIVE).count() == 1
    assert old.user.sessions.filter(state=SessionState.EXPIRED).count() == 1


def test_a_start_while_the_session_ends_leaves_none_or_a_whole_one() -> None:
    for _ in range(ROUNDS):
        session = SessionFactory()
        started, ended = at_once(start(session.user), end(session))
        assert ended
        known = sessions.check(session.user_id, NOON)
        assert (known is not None) is started.is_new
        assert not audience.verify()


def test_a_session_ends_once_however_many_end_it() -> None:
    session = SessionFactory()
    ends = [end(session)] * 3
    everything = at_once(*ends, lambda: sessions.end_all(session.user_id, Outcome.BY_STAFF, NOON))
    assert sum(map(int, everything)) == 1
    assert_over(session)


def test_a_word_while_the_session_ends_does_not_bring_it_back() -> None:
    for _ in range(ROUNDS):
        session = SessionFactory()
        at_once(say(session, NOON + MINUTE), end(session), flush(NOON + MINUTE))
        activity.flush(NOON + 5 * MINUTE, everything=True)
        assert_over(session)


def test_a_flush_while_the_session_ends_does_not_bring_it_back() -> None:
    for _ in range(ROUNDS):
        session = SessionFactory()
        sessions.check(session.user_id, NOON)
        say(session, NOON + MINUTE)()
        at_once(flush(NOON + MINUTE), end(session))
        activity.flush(NOON + 5 * MINUTE, everything=True)
        assert_over(session)
        assert Session.objects.get(pk=session.pk).interactions == 1


def test_flushes_at_once_count_every_word_once() -> None:
    people = [SessionFactory() for _ in range(20)]
    for session in people:
        for _ in range(3):
            say(session, NOON)()
    at_once(*[flush(NOON)] * 4)
    assert all(session.interactions == 3 for session in Session.objects.all())


def test_words_said_while_flushes_run_are_all_counted() -> None:
    session = SessionFactory()

    def talk() -> None:
        for second in range(40):
            say(session, NOON + timedelta(seconds=second))()

    def write() -> None:
        for second in range(40):
            activity.flush(NOON + timedelta(seconds=second), everything=True)

    at_once(talk, talk, write, write)
    activity.flush(NOON + 10 * MINUTE, everything=True)
    assert Session.objects.get(pk=session.pk).commands == {"help": 80}


def test_a_word_in_time_survives_the_clean_up() -> None:
    for _ in range(ROUNDS):
        session = SessionFactory()
        word = NOON + WEEK - MINUTE
        cleaning = NOON + WEEK + 2 * MINUTE  # before the grace is over: the word is on its way
        at_once(say(session, word), partial(sessions.clean_up, cleaning))
        sessions.clean_up(NOON + WEEK + timedelta(days=1))
        row = Session.objects.get(pk=session.pk)
        assert (row.state, row.expires_at) == (SessionState.ACTIVE, word + WEEK)


def test_a_word_too_late_does_not_hold_up_the_clean_up() -> None:
    session = SessionFactory()
    late = NOON + WEEK + timedelta(hours=1)
    at_once(say(session, late), lambda: sessions.clean_up(late))
    sessions.clean_up(late + MINUTE)
    activity.flush(late + 2 * MINUTE, everything=True)
    row = Session.objects.get(pk=session.pk)
    assert (row.state, row.ended_at, row.expires_at) == ("expired", NOON + WEEK, NOON + WEEK)


def test_clean_ups_at_once_share_the_work() -> None:
    for _ in range(30):
        SessionFactory(expires_at=NOON - timedelta(hours=1), started_at=NOON - WEEK)
    settled = at_once(*[lambda: sessions.clean_up(NOON, batch=7)] * 3)
    rest = sessions.clean_up(NOON)
    assert sum(settled) + rest == 30


def test_a_check_never_sees_a_session_after_its_end_was_answered() -> None:
    for _ in range(ROUNDS):
        session = SessionFactory()
        seen_after: list[bool] = []

        def end_and_look(session: Session = session, seen: list[bool] = seen_after) -> None:
            end(session)()
            seen.extend(sessions.check(session.user_id, NOON) is not None for _ in range(5))

        def look(session: Session = session) -> None:
            for _ in range(20):
                standing.known(session.user_id)

        at_once(end_and_look, look, look)
        assert not any(seen_after)
        assert sessions.check(session.user_id, NOON) is None
