"""Sessions in the console: listed by indexes, ended singly or all, and charted."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts import engagement, tasks
from accounts.admin import drawing, kept, session_charts
from accounts.admin import sessions as session_pages
from accounts.models import Outcome, Session, SessionState
from arbedge.names import Role
from tests.accounts.console import audited, choose, desk, page, statements, told
from tests.accounts.factories import SessionFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_cache")]


def live(**more: Any) -> Session:
    """A session that is active now."""
    now = timezone.now()
    made: Session = SessionFactory(
        started_at=now, seen_at=now, expires_at=now + timedelta(days=7), **more
    )
    return made


def ended(outcome: Outcome, at: datetime, **more: Any) -> Session:
    """A session that ended so, an hour after it began."""
    made: Session = SessionFactory(
        started_at=at - timedelta(hours=1), seen_at=at, expires_at=at, ended_at=at,
        state=SessionState.TERMINATED, outcome=outcome, **more,
    )  # fmt: skip
    return made


def test_the_list_tells_who_and_where_it_stands() -> None:
    client, _ = desk()
    live(user__name="Ada")
    ended(Outcome.BY_STAFF, timezone.now(), user__name="Bob")
    SessionFactory(user__name="Eve", expires_at=timezone.now() - timedelta(minutes=1))
    text = page(client, "session/")
    for words in ("Ada", "active", "Bob", "ended by staff", "Eve", "over"):
        assert words in text


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ("state=active", {"Ada"}),
        ("state=terminated", {"Bob"}),
        ("door=web", {"Bob"}),
        ("outcome=logout", {"Bob"}),
        ("q=ada", {"Ada"}),
        ("state=active&door=web", set()),
    ],
)
def test_sessions_are_filtered_and_found_by_their_owner(asked: str, names: set[str]) -> None:
    client, _ = desk()
    live(user__name="Ada Lovelace")
    ended(Outcome.LOGOUT, timezone.now(), user__name="Bob", door="web")
    text = page(client, f"session/?{asked}")
    assert {name for name in ("Ada", "Bob") if name in text} == names


def test_all_sessions_of_one_person_are_listed_from_his_page() -> None:
    client, _ = desk()
    one = live(user__name="Ada")
    live(user__name="Bob")
    text = page(client, f"session/?user={one.user_id}")
    assert "Ada" in text
    assert "Bob" not in text


@pytest.mark.parametrize("asked", ["", "?state=terminated", "?door=web&outcome=logout", "?q=per"])
def test_a_list_of_sessions_takes_few_queries(asked: str) -> None:
    client, _ = desk()
    for _ in range(12):
        live()
    assert len(statements(client, f"session/{asked}")) <= 9


def test_only_the_newest_sessions_are_looked_through_for_a_filter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(session_pages, "FILTERED_AT_MOST", 2)
    client, _ = desk()
    for name in ("First", "Second", "Third"):
        ended(Outcome.LOGOUT, timezone.now(), user__name=name)
    text = page(client, "session/?outcome=logout")
    assert "First" not in text
    assert "Third" in text


def test_active_sessions_are_found_by_their_own_index() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO accounts_session (user_id, door, digest, state, started_at, seen_at,"
            " expires_at, ended_at, outcome, agent, commands, interactions, opportunities_seen,"
            " opportunities_acted) SELECT %s, 'web', decode(md5(n::text), 'hex'), 'terminated',"
            " now(), now(), now(), now(), 'logout', '', '{}', 0, 0, 0"
            " FROM generate_series(1, 20000) n",
            [UserFactory().pk],
        )
        cursor.execute("ANALYZE accounts_session")
    rows = Session.objects.filter(state="active", expires_at__gt=timezone.now())
    assert "session_lapses" in rows.order_by("-pk")[:50].explain()


def test_the_page_of_a_session_tells_what_was_done_but_not_its_digest() -> None:
    client, _ = desk()
    one = live(commands={"/start": 1, "/top": 9}, ip="203.0.113.7", opportunities_seen=31)
    text = page(client, f"session/{one.pk}/change/")
    for words in ("/top 9, /start 1", "203.0.113.7", "31"):
        assert words in text
    assert bytes(one.digest).hex() not in text


def test_chosen_sessions_are_asked_for_and_ended() -> None:
    client, operator = desk()
    mine, other = live(user__name="Ada"), live()
    before = ended(Outcome.LOGOUT, timezone.now())
    assert "End 2 sessions?" in told(choose(client, "session", "end", [mine, before]))
    answer = choose(client, "session", "end", [mine, before], sure="2")
    assert "Ended 1 session. 1 had ended before." in told(answer)
    mine.refresh_from_db()
    other.refresh_from_db()
    assert (mine.state, mine.outcome, mine.ended_by) == ("terminated", "by_staff", operator)
    assert other.state == SessionState.ACTIVE
    assert audited(mine.user, "session.ended").actor == operator


def test_one_session_is_named_by_its_person() -> None:
    client, _ = desk()
    one = live(user__name="Ada")
    assert "End the telegram session of Ada?" in page(client, f"session/{one.pk}/do/end/")


def test_all_end_only_when_the_words_are_typed(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    sent: list[tuple[int, str]] = []
    monkeypatch.setattr(tasks.end_all_sessions, "delay", lambda *given: sent.append(given))
    client, operator = desk()
    live()
    live()
    assert "End 2 sessions?" in page(client, "session/end-all/")
    url = "/console/accounts/session/end-all/"
    with django_capture_on_commit_callbacks(execute=True):
        assert "That is not END ALL." in told(client.post(url, {"typed": "yes", "reason": "x"}))
        client.post(url, {"typed": "END ALL", "reason": ""})
    assert sent == []
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(url, {"typed": "END ALL", "reason": "leak"}, follow=True)
    assert sent == [(operator.pk, "leak")]
    assert "Ending 2 sessions." in told(answer)


def test_the_task_ends_everybody_and_says_who_decided() -> None:
    _, operator = desk()
    live()
    live(door="web")
    tasks.end_all_sessions(operator.pk, "leak")
    tasks.end_all_sessions(operator.pk, "leak")
    assert not Session.objects.filter(state=SessionState.ACTIVE).exists()
    assert set(Session.objects.values_list("ended_by", flat=True)) == {operator.pk}


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.USER])
def test_others_end_nothing(role: Role) -> None:
    client, _ = desk(role)
    one = live()
    answer = client.post(f"/console/accounts/session/{one.pk}/do/end/", {"sure": "1"})
    assert answer.status_code in {302, 403}
    assert client.post("/console/accounts/session/end-all/").status_code in {302, 403}
    one.refresh_from_db()
    assert one.state == SessionState.ACTIVE


def test_the_analytics_page_tells_real_figures() -> None:
    client, _ = desk(Role.SUPPORT)
    now = timezone.now()
    live(user__onboarding="venues", user__date_joined=now)
    for _ in range(3):
        ended(Outcome.LOGOUT, now - timedelta(days=2), user__date_joined=now, interactions=4)
    text = page(client, "session/analytics/")
    for words in ("Active now", "logged out", "4.0", "venues", "1\u2009h", "0.0\u2009% of"):
        assert words in text, words


def test_an_empty_product_is_told_as_such() -> None:
    now = datetime(2020, 1, 1, tzinfo=UTC)
    parts = session_charts.context(now)
    assert "No session ended in 30 days." in parts["outcomes"]
    assert "Nobody joined in 8 weeks." in parts["retention"]
    assert "Nobody joined in 30 days." in parts["onboarding"]
    assert "unknown" in parts["tiles"]


def test_the_figures_are_found_once_a_minute(django_assert_num_queries: Any) -> None:
    now = timezone.now()
    session_charts.context(now)
    with django_assert_num_queries(0):
        session_charts.context(now)


def test_without_the_cache_figures_are_found_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accounts.memory.ask", lambda *_: None)
    found = iter((1, 2))
    assert [kept.kept("x", lambda: next(found)) for _ in range(2)] == [1, 2]


@pytest.mark.parametrize(
    ("highest", "top"), [(0, 4), (1, 4), (4, 4), (5, 8), (9, 20), (21, 40), (4_001, 8_000)]
)
def test_an_axis_ends_at_a_round_number(highest: int, top: int) -> None:
    assert drawing.ceiling(highest) == top


def test_columns_stack_in_their_order_and_tell_their_numbers() -> None:
    days = [date(2026, 11, 20), date(2026, 11, 21)]
    svg = drawing.columns(
        days,
        [drawing.Series("logged out", "long", [1, 0]), drawing.Series("expired", "soft", [3, 0])],
        "Ended <per> day",
    )
    assert svg.count("<rect") == 2
    assert "20 Nov: 3 expired" in svg
    assert "Ended &lt;per&gt; day" in svg


def test_a_line_ends_at_the_last_day() -> None:
    svg = drawing.lines(
        [date(2026, 11, 20), date(2026, 11, 21)], [drawing.Series("new", "long", [1, 4])], "New"
    )
    assert "new, last day 4" in svg
    assert f",{drawing.TOP:.1f}" in svg


def test_the_first_page_says_who_is_here() -> None:
    client, _ = desk()
    live()
    text = told(client.get("/console/"))
    assert "People active now, 1 in 24 h" in text
    assert engagement.active(timezone.now()).now == 1
