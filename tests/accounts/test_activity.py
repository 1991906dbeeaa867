"""Words are counted in the cache and reach the database at most once a minute."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
import redis
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import activity, activity_rows, audience
from accounts.models import Audience, Session, User
from arbedge import cache
from tests.accounts.factories import NOON, SessionFactory
from tests.accounts.memories import cache_gone, forget, pause_is_over

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
WEEK = timedelta(days=7)


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    forget()
    yield
    forget()


@pytest.fixture
def session() -> Session:
    return SessionFactory()


def say(session: Session, at: datetime, what: str = "help") -> None:
    activity.word(session.user_id, session.pk, what, at)


def row(session: Session) -> Session:
    return Session.objects.get(pk=session.pk)


def test_words_are_counted_by_name(session: Session) -> None:
    say(session, NOON, "help")
    say(session, NOON, "help")
    say(session, NOON, "profile")
    assert activity.flush(NOON).written == 1
    assert row(session).commands == {"help": 2, "profile": 1}
    assert row(session).interactions == 3


def test_counts_grow_from_flush_to_flush(session: Session) -> None:
    for minute in range(3):
        at = NOON + minute * MINUTE
        say(session, at, "help")
        say(session, at, f"page{minute}")
        activity.flush(at)
    assert row(session).commands == {"help": 3, "page0": 1, "page1": 1, "page2": 1}
    assert row(session).interactions == 6


def test_names_that_are_too_long_are_cut(session: Session) -> None:
    say(session, NOON, "x" * 500)
    activity.flush(NOON)
    assert row(session).commands == {"x" * 32: 1}


def test_a_flush_slides_the_session_the_person_and_the_audience(session: Session) -> None:
    say(session, NOON + MINUTE)
    activity.flush(NOON + MINUTE)
    assert row(session).seen_at == NOON + MINUTE
    assert row(session).expires_at == NOON + MINUTE + WEEK
    assert User.objects.get(pk=session.user_id).seen_at == NOON + MINUTE
    assert Audience.objects.get().session_until == NOON + MINUTE + WEEK
    assert not audience.verify()


def test_what_is_written_is_written_once(session: Session) -> None:
    say(session, NOON)
    assert activity.flush(NOON).written == 1
    assert activity.flush(NOON + MINUTE).written == 0
    assert row(session).interactions == 1


def test_a_session_is_written_at_most_once_a_minute(session: Session) -> None:
    say(session, NOON)
    written = activity.flush(NOON).written
    for second in range(1, 180):  # somebody who never stops, flushed every fifteen seconds
        at = NOON + second * SECOND
        say(session, at)
        if second % 15 == 0:
            written += activity.flush(at).written
    assert written == 3  # at 0 s, 60 s and 120 s


def test_at_most_a_minute_of_words_waits_to_be_written(session: Session) -> None:
    say(session, NOON)
    activity.flush(NOON)
    for second in range(1, 600):
        at = NOON + second * SECOND
        say(session, at)
        if second % 15 == 0:
            activity.flush(at)
        assert at - row(session).seen_at <= MINUTE


def test_a_lost_cache_takes_along_what_was_not_written_and_no_more(session: Session) -> None:
    say(session, NOON + MINUTE)
    activity.flush(NOON + MINUTE)
    say(session, NOON + MINUTE + 30 * SECOND)
    forget()
    activity.flush(NOON + 2 * MINUTE)
    assert row(session).seen_at == NOON + MINUTE
    say(session, NOON + 3 * MINUTE)
    activity.flush(NOON + 3 * MINUTE)
    assert row(session).expires_at == NOON + 3 * MINUTE + WEEK


def test_words_out_of_order_never_shorten_a_session(session: Session) -> None:
    say(session, NOON + MINUTE)
    say(session, NOON + 30 * SECOND)
    activity.flush(NOON + MINUTE)
    say(session, NOON + 40 * SECOND)
    activity.flush(NOON + 3 * MINUTE)
    assert row(session).seen_at == NOON + MINUTE


def test_an_unbroken_chain_of_words_keeps_a_session_alive_unwritten(session: Session) -> None:
    say(session, NOON + WEEK - SECOND)
    say(session, NOON + 2 * WEEK - 2 * SECOND)
    activity.flush(NOON + 2 * WEEK)
    assert row(session).expires_at == NOON + 3 * WEEK - 2 * SECOND


def test_an_ended_session_gets_its_counts_and_stays_ended(session: Session) -> None:
    say(session, NOON + MINUTE)
    ended = NOON + 2 * MINUTE
    Session.objects.update(state="terminated", outcome="logout", ended_at=ended)
    activity.flush(NOON + 3 * MINUTE)
    kept = row(session)
    assert (kept.state, kept.seen_at, kept.expires_at) == ("terminated", NOON, NOON + WEEK)
    assert kept.interactions == 1


def test_words_said_while_a_flush_writes_are_not_lost(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = activity_rows.write

    def write_slowly(*told: object) -> object:
        answer = write(*told)  # type: ignore[arg-type]
        say(session, NOON + SECOND, "late")
        return answer

    say(session, NOON, "early")
    monkeypatch.setattr(activity, "write", write_slowly)
    activity.flush(NOON)
    monkeypatch.undo()
    assert row(session).commands == {"early": 1}
    activity.flush(NOON + MINUTE)
    assert row(session).commands == {"early": 1, "late": 1}
    assert row(session).seen_at == NOON + SECOND


def test_a_flush_that_dies_leaves_its_work_to_a_later_one(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise KeyboardInterrupt

    say(session, NOON)
    monkeypatch.setattr(activity, "write", die)
    with pytest.raises(KeyboardInterrupt):
        activity.flush(NOON)
    monkeypatch.undo()
    assert activity.flush(NOON + MINUTE).written == 0  # leased
    assert activity.flush(NOON + 3 * MINUTE).written == 1
    assert row(session).interactions == 1


def test_a_flush_of_everything_does_not_wait_for_the_minute(session: Session) -> None:
    say(session, NOON)
    activity.flush(NOON)
    say(session, NOON + SECOND)
    assert activity.flush(NOON + 2 * SECOND).written == 0
    assert activity.flush(NOON + 2 * SECOND, everything=True).written == 1
    assert row(session).interactions == 2


def test_people_who_are_gone_are_forgotten(session: Session) -> None:
    say(session, NOON)
    User.objects.all().delete()
    flushed = activity.flush(NOON)
    assert (flushed.written, flushed.left) == (1, 0)
    assert cache.client().zcard(cache.key("activity_due")) == 0


def test_a_list_of_work_that_lapsed_is_cleared(session: Session) -> None:
    say(session, NOON)
    cache.client().delete(cache.key("activity", str(session.pk)))
    assert activity.flush(NOON).written == 0
    assert cache.client().zcard(cache.key("activity_due")) == 0


def test_a_flush_leaves_nothing_behind_in_the_cache(session: Session) -> None:
    say(session, NOON)
    activity.flush(NOON)
    names = {name.decode().split(":")[1] for name in cache.client().scan_iter()}
    assert names <= {"activity_written", "who", "epoch"}


def test_a_flush_of_many_takes_as_many_queries_as_of_few() -> None:
    def queries(number: int, at: datetime) -> int:
        for one in [SessionFactory() for _ in range(number)]:
            say(one, at)
        with CaptureQueriesContext(connection) as told:
            assert activity.flush(at).written == number
        return len(told)

    assert queries(2, NOON) == queries(40, NOON + SECOND)


def test_a_flush_works_in_batches_to_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(activity, "BATCH", 3)
    for _ in range(8):
        say(SessionFactory(), NOON)
    assert activity.flush(NOON).written == 8


def test_without_a_cache_the_row_slides_at_most_once_a_minute(session: Session) -> None:
    with cache_gone():
        say(session, NOON + 30 * SECOND)
        assert row(session).seen_at == NOON
        say(session, NOON + MINUTE)
        assert row(session).expires_at == NOON + MINUTE + WEEK
        say(session, NOON + 90 * SECOND)
        assert row(session).seen_at == NOON + MINUTE
    assert not audience.verify()


def test_without_a_cache_what_has_ended_stays_ended(session: Session) -> None:
    with cache_gone():
        say(session, NOON + WEEK)
    assert row(session).seen_at == NOON


def test_without_a_cache_a_flush_says_so(session: Session) -> None:
    with cache_gone(), pytest.raises(redis.RedisError):
        activity.flush(NOON)
    pause_is_over()


def test_the_tasks_do_their_work_and_survive_a_cache_that_is_gone(session: Session) -> None:
    from accounts import tasks

    activity.word(session.user_id, session.pk, "help", NOON - 365 * 24 * 60 * MINUTE)
    with cache_gone():
        tasks.flush_activity()
    pause_is_over()
    tasks.flush_activity()
    assert row(session).interactions == 1
    tasks.clean_up_sessions()


def test_beat_runs_both() -> None:
    from arbedge import schedule

    assert schedule.entries["Write activity of sessions"].every_s == 15
    assert schedule.entries["Settle lapsed sessions"].at == "03:10"
