"""Sessions: who has one, how long it lasts, and how it ends."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from auditlog.models import LogEntry

from accounts import activity, audience, sessions, standing
from accounts.models import Outcome, Session, SessionState, User
from arbedge import cache, sealing
from arbedge.errors import Forbidden, NotFound
from arbedge.names import AccountState, Door, Role
from tests.accounts.factories import NOON, SessionFactory, UserFactory
from tests.accounts.memories import Commands, cache_gone, forget, pause_is_over

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
WEEK = timedelta(days=7)


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    forget()
    yield
    forget()


@pytest.fixture
def commit(django_capture_on_commit_callbacks: Any) -> Any:
    """A transaction whose end is the end of the block."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


@pytest.fixture
def ada() -> User:
    return UserFactory()


def begin(person: User, commit: Any, door: Door = Door.TELEGRAM, at: datetime = NOON) -> Any:
    with commit():
        return sessions.start(person, door, at)


def row(session: Session) -> Session:
    return Session.objects.get(pk=session.pk)


# Beginning


def test_a_session_lasts_seven_days(ada: User, commit: Any) -> None:
    started = begin(ada, commit)
    assert (started.is_new, started.session.expires_at) == (True, NOON + WEEK)
    known = sessions.check(ada.pk, NOON)
    assert known is not None
    assert known.session_id == started.session.pk


def test_without_consent_there_is_no_session(ada: User) -> None:
    assert sessions.check(ada.pk, NOON) is None
    assert sessions.check(4_000_000, NOON) is None


def test_starting_again_in_telegram_goes_on_with_the_same_session(ada: User, commit: Any) -> None:
    first = begin(ada, commit)
    again = begin(ada, commit, at=NOON + DAY)
    assert (again.is_new, again.session.pk) == (False, first.session.pk)
    assert row(first.session).expires_at == NOON + DAY + WEEK


def test_each_browser_has_a_session_of_its_own(ada: User, commit: Any) -> None:
    one = begin(ada, commit, Door.WEB)
    other = begin(ada, commit, Door.WEB)
    assert one.session.pk != other.session.pk
    assert one.token != other.token


def test_a_session_that_time_ended_is_settled_by_the_next_start(ada: User, commit: Any) -> None:
    old = begin(ada, commit).session
    later = NOON + 8 * DAY
    new = begin(ada, commit, at=later)
    assert new.is_new
    old = row(old)
    assert (old.state, old.outcome, old.ended_at) == ("expired", "expired", NOON + WEEK)
    assert [one.pk for one in sessions.active(ada.pk, later)] == [new.session.pk]


@pytest.mark.parametrize("state", [s for s in AccountState if s is not AccountState.ACTIVE])
def test_who_may_not_use_the_account_begins_nothing(state: AccountState) -> None:
    person = UserFactory(state=state)
    with pytest.raises(Forbidden) as told:
        sessions.start(person, Door.TELEGRAM, NOON)
    assert told.value.code == state
    assert not person.sessions.exists()


def test_a_person_that_does_not_exist_begins_nothing() -> None:
    with pytest.raises(NotFound):
        sessions.start(4_000_000, Door.WEB, NOON)


def test_long_names_of_browsers_are_cut(ada: User) -> None:
    started = sessions.start(ada, Door.WEB, NOON, ip="2001:db8::1", agent="x" * 900)
    kept = row(started.session)
    assert (kept.ip, len(kept.agent)) == ("2001:db8::1", 200)


# Tokens


def test_a_token_is_256_random_bits_of_which_the_hash_is_kept(ada: User) -> None:
    started = sessions.start(ada, Door.WEB, NOON)
    assert len(started.token) == 43
    assert bytes(row(started.session).digest) == sealing.sha256(started.token)


def test_a_session_in_telegram_has_no_token_to_steal(ada: User) -> None:
    assert sessions.start(ada, Door.TELEGRAM, NOON).token == ""


def test_a_token_opens_its_session_and_no_other(ada: User, commit: Any) -> None:
    started = begin(ada, commit, Door.WEB)
    found = sessions.check_token(started.token, NOON)
    assert found is not None
    assert (found[0], found[1].user_id) == (started.session.pk, ada.pk)
    assert sessions.check_token(started.token[:-1] + "-", NOON) is None
    assert sessions.check_token("", NOON) is None


def test_what_a_stolen_database_holds_opens_nothing(ada: User, commit: Any) -> None:
    kept = bytes(row(begin(ada, commit, Door.WEB).session).digest)
    for tried in (kept.hex(), kept.decode("latin-1"), str(kept)):
        assert sessions.check_token(tried, NOON) is None


def test_an_ended_token_is_refused_at_once_though_it_was_known(ada: User, commit: Any) -> None:
    started = begin(ada, commit, Door.WEB)
    assert sessions.check_token(started.token, NOON)
    with commit():
        sessions.end(started.session.pk, Outcome.LOGOUT, NOON)
    assert sessions.check_token(started.token, NOON) is None


def test_a_late_reader_does_not_bring_an_ended_token_back(
    ada: User, commit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from accounts import session_tokens

    started = begin(ada, commit, Door.WEB)
    read = session_tokens._stored

    def read_and_wait(digest: bytes) -> Any:
        found = read(digest)
        with commit():
            sessions.end(started.session.pk, Outcome.LOGOUT, NOON)
        return found

    monkeypatch.setattr(session_tokens, "_stored", read_and_wait)
    assert sessions.check_token(started.token, NOON) is not None
    monkeypatch.undo()
    assert sessions.check_token(started.token, NOON) is None


def test_a_token_is_over_after_seven_days_of_silence(ada: User, commit: Any) -> None:
    started = begin(ada, commit, Door.WEB)
    assert sessions.check_token(started.token, NOON + WEEK - SECOND)
    assert sessions.check_token(started.token, NOON + WEEK) is None


def test_a_token_slides_with_words_not_written_yet(ada: User, commit: Any) -> None:
    started = begin(ada, commit, Door.WEB)
    assert sessions.check_token(started.token, NOON)
    sessions.touch(ada.pk, started.session.pk, "account", NOON + DAY)
    assert sessions.check_token(started.token, NOON + WEEK + DAY - SECOND)
    assert sessions.check_token(started.token, NOON + WEEK + DAY) is None


# What a check costs


def test_a_check_of_a_known_person_is_one_look_up_and_no_query(
    ada: User, commit: Any, django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(ada, commit)
    sessions.check(ada.pk, NOON)
    asked = Commands(monkeypatch)
    with django_assert_num_queries(0):
        assert sessions.check(ada.pk, NOON)
    assert len(asked.sent) == 1


def test_a_check_of_a_known_token_is_two_look_ups_and_no_query(
    ada: User, commit: Any, django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = begin(ada, commit, Door.WEB)
    sessions.check_token(started.token, NOON)
    asked = Commands(monkeypatch)
    with django_assert_num_queries(0):
        assert sessions.check_token(started.token, NOON)
    assert len(asked.sent) == 2


def test_a_word_is_one_command_to_the_cache_and_no_query(
    ada: User, commit: Any, django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = begin(ada, commit)
    asked = Commands(monkeypatch)
    with django_assert_num_queries(0):
        sessions.touch(ada.pk, started.session.pk, "opportunities", NOON + MINUTE)
    assert len(asked.sent) == 1


def test_without_a_cache_the_database_answers(ada: User, commit: Any) -> None:
    telegram = begin(ada, commit)
    web = begin(ada, commit, Door.WEB)
    with cache_gone():
        known = sessions.check(ada.pk, NOON)
        found = sessions.check_token(web.token, NOON)
        sessions.end(telegram.session.pk, Outcome.LOGOUT, NOON)
        sessions.end(web.session.pk, Outcome.LOGOUT, NOON)
        assert sessions.check(ada.pk, NOON) is None
        assert sessions.check_token(web.token, NOON) is None
    assert known is not None
    assert found is not None


def test_a_session_ended_while_the_cache_was_gone_does_not_come_back_with_it(
    ada: User, commit: Any
) -> None:
    web = begin(ada, commit, Door.WEB)
    assert sessions.check_token(web.token, NOON)
    with cache_gone(), commit():
        sessions.end(web.session.pk, Outcome.LOGOUT, NOON)
    pause_is_over()
    assert sessions.check(ada.pk, NOON) is None
    assert sessions.check_token(web.token, NOON) is None


# Time


def test_seven_days_of_silence_end_a_session_though_the_row_says_active(
    ada: User, commit: Any
) -> None:
    session = begin(ada, commit).session
    assert sessions.check(ada.pk, NOON + WEEK - SECOND)
    assert sessions.check(ada.pk, NOON + WEEK) is None
    assert row(session).state == SessionState.ACTIVE


def test_a_word_just_before_the_end_counts_before_it_is_written(ada: User, commit: Any) -> None:
    session = begin(ada, commit).session
    last = NOON + WEEK - SECOND
    sessions.touch(ada.pk, session.pk, "help", last)
    slid = sessions.check(ada.pk, NOON + WEEK)
    assert slid is not None
    assert slid.session_until_ms == standing.ms(last + WEEK)
    assert sessions.check(ada.pk, last + WEEK) is None


def test_words_written_slide_what_everybody_knows(ada: User, commit: Any) -> None:
    session = begin(ada, commit).session
    sessions.touch(ada.pk, session.pk, "help", NOON + DAY)
    activity.flush(NOON + DAY)
    known = standing.known(ada.pk)
    assert known.session_until_ms == standing.ms(NOON + DAY + WEEK)


def test_a_word_after_the_end_wakes_nobody(ada: User, commit: Any) -> None:
    session = begin(ada, commit).session
    activity.flush(NOON)
    sessions.touch(ada.pk, session.pk, "help", NOON + WEEK + SECOND)
    assert sessions.check(ada.pk, NOON + WEEK + 2 * SECOND) is None
    activity.flush(NOON + WEEK + MINUTE)
    assert row(session).expires_at == NOON + WEEK


def test_an_entry_that_missed_the_sliding_is_checked_with_the_row(ada: User, commit: Any) -> None:
    session = begin(ada, commit).session
    Session.objects.filter(pk=session.pk).update(expires_at=NOON + 2 * WEEK)
    assert sessions.check(ada.pk, NOON + WEEK + DAY)


# Ending


def test_an_ended_session_is_over_at_once(ada: User, commit: Any) -> None:
    session = begin(ada, commit).session
    with commit():
        assert sessions.end(session.pk, Outcome.LOGOUT, NOON + DAY)
    assert sessions.check(ada.pk, NOON + DAY) is None
    kept = row(session)
    assert (kept.state, kept.outcome, kept.ended_at) == ("terminated", "logout", NOON + DAY)


def test_a_session_ends_once(ada: User, commit: Any) -> None:
    session = begin(ada, commit).session
    assert sessions.end(session.pk, Outcome.LOGOUT, NOON)
    assert not sessions.end(session.pk, Outcome.BY_STAFF, NOON + DAY)
    assert not sessions.end(4_000_000, Outcome.LOGOUT, NOON)
    assert row(session).outcome == Outcome.LOGOUT


def test_ending_one_session_leaves_the_others(ada: User, commit: Any) -> None:
    web = begin(ada, commit, Door.WEB)
    telegram = begin(ada, commit)
    with commit():
        sessions.end(web.session.pk, Outcome.LOGOUT, NOON)
    known = sessions.check(ada.pk, NOON)
    assert known is not None
    assert known.session_id == telegram.session.pk


def test_what_time_had_ended_is_told_as_such_whoever_ends_it(ada: User, commit: Any) -> None:
    session = begin(ada, commit).session
    boss = UserFactory(role=Role.ADMIN)
    sessions.end(session.pk, Outcome.BY_STAFF, NOON + 9 * DAY, by=boss)
    kept = row(session)
    assert (kept.state, kept.outcome, kept.ended_by_id) == ("expired", "expired", None)
    assert kept.ended_at == NOON + WEEK


def test_staff_that_ends_a_session_is_named_and_audited(ada: User, commit: Any) -> None:
    session = begin(ada, commit).session
    boss = UserFactory(role=Role.ADMIN)
    sessions.end(session.pk, Outcome.BY_STAFF, NOON, by=boss)
    assert row(session).ended_by == boss
    line = LogEntry.objects.filter(additional_data__what="session.ended").get()
    assert (line.actor, line.additional_data["whom"]) == (boss, ada.pk)


def test_all_sessions_of_a_person_end_together(ada: User, commit: Any) -> None:
    begin(ada, commit)
    web = begin(ada, commit, Door.WEB)
    other = begin(UserFactory(), commit)
    with commit():
        assert sessions.end_all(ada.pk, Outcome.ACCOUNT, NOON) == 2
    assert sessions.check(ada.pk, NOON) is None
    assert sessions.check_token(web.token, NOON) is None
    assert sessions.check(other.session.user_id, NOON)


def test_everybodys_sessions_end_in_batches_that_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from accounts import session_rows

    monkeypatch.setattr(session_rows, "BATCH", 4)
    people = [SessionFactory().user for _ in range(10)]
    boss = UserFactory(role=Role.SUPER_ADMIN)
    heard: list[int] = []
    assert sessions.end_all(None, Outcome.BY_STAFF, NOON, by=boss, told=heard.append) == 10
    assert heard == [4, 4, 2]
    assert not any(sessions.check(one.pk, NOON) for one in people)
    line = LogEntry.objects.filter(additional_data__what="sessions.ended").get()
    assert line.changes["sessions"] == ["", "10"]


def test_nobody_without_a_session_can_be_reached(ada: User, commit: Any) -> None:
    session = begin(ada, commit).session
    assert audience.size() == 1
    sessions.end(session.pk, Outcome.LOGOUT, NOON)
    assert audience.size() == 0


# The daily clean-up


def lapsed(number: int) -> list[Session]:
    return [SessionFactory(expires_at=NOON - timedelta(hours=1 + n)) for n in range(number)]


def test_lapsed_sessions_are_settled_with_the_time_they_ended() -> None:
    [old] = lapsed(1)
    young = SessionFactory()
    assert sessions.clean_up(NOON) == 1
    assert (row(old).state, row(old).outcome) == ("expired", "expired")
    assert row(old).ended_at == old.started_at  # it never ended before it began
    assert row(young).state == SessionState.ACTIVE


def test_the_clean_up_works_in_batches_to_the_end() -> None:
    lapsed(7)
    assert sessions.clean_up(NOON, batch=3) == 7
    assert sessions.clean_up(NOON, batch=3) == 0


def test_a_clean_up_that_was_stopped_is_finished_by_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from accounts import session_rows

    lapsed(7)
    settle = session_rows.settle_lapsed
    runs = iter([True, True])

    def settle_twice(now: datetime, batch: int) -> int:
        return settle(now, batch) if next(runs) else 0

    monkeypatch.setattr(session_rows, "settle_lapsed", settle_twice)
    with pytest.raises(StopIteration):
        sessions.clean_up(NOON, batch=2)
    monkeypatch.undo()
    assert Session.objects.filter(state=SessionState.ACTIVE).count() == 3
    assert sessions.clean_up(NOON) == 3


def test_a_session_that_has_just_lapsed_is_left_for_words_on_their_way() -> None:
    SessionFactory(expires_at=NOON - MINUTE)
    assert sessions.clean_up(NOON) == 0


def test_the_clean_up_writes_waiting_words_first(ada: User, commit: Any) -> None:
    session = begin(ada, commit).session
    activity.flush(NOON)
    sessions.touch(ada.pk, session.pk, "help", NOON + WEEK - MINUTE)
    assert sessions.clean_up(NOON + WEEK + DAY) == 0
    assert row(session).expires_at == NOON + 2 * WEEK - MINUTE


def test_the_clean_up_does_not_need_the_cache() -> None:
    lapsed(2)
    with cache_gone():
        assert sessions.clean_up(NOON) == 2


# Analytics of a session


def test_what_was_shown_and_acted_on_is_counted(ada: User, commit: Any) -> None:
    session = begin(ada, commit).session
    sessions.seen(ada.pk, NOON, 5)
    sessions.seen(ada.pk, NOON)
    sessions.acted(ada.pk, NOON)
    activity.flush(NOON)
    kept = row(session)
    assert (kept.opportunities_seen, kept.opportunities_acted) == (6, 1)


def test_being_shown_something_is_no_sign_of_life(ada: User, commit: Any) -> None:
    session = begin(ada, commit).session
    activity.flush(NOON)
    sessions.seen(ada.pk, NOON + DAY, 5)
    activity.flush(NOON + DAY)
    assert (row(session).seen_at, row(session).opportunities_seen) == (NOON, 5)


def test_who_has_no_session_is_not_counted(ada: User) -> None:
    sessions.seen(ada.pk, NOON)
    assert activity.flush(NOON).written == 0


def test_cache_keys_carry_no_token(ada: User, commit: Any) -> None:
    started = begin(ada, commit, Door.WEB)
    sessions.check_token(started.token, NOON)
    client = cache.client()
    for name in client.scan_iter():
        assert started.token.encode() not in name
        held = client.get(name) if client.type(name) == b"string" else b""
        assert started.token.encode() not in (held or b"")
