"""The small tables of a person's page, the audit on it, and the first page's lines."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from auditlog.models import LogEntry
from django.test import RequestFactory
from django.utils import timezone

from accounts import audit, mutes, panels
from accounts.admin import belongings, told
from accounts.admin.trail import trail
from accounts.models import (
    Affiliate,
    Muted,
    Outcome,
    Preferences,
    Session,
    SessionState,
    StoredKey,
    User,
)
from arbedge import console
from arbedge.choices import VENUES, mask
from arbedge.names import Door, Kind, Role
from tests.accounts.console import desk
from tests.accounts.console import told as text_of
from tests.accounts.factories import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_cache")]


def wishes(**columns: Any) -> str:
    """The preferences of somebody, as his page tells them."""
    person = UserFactory()
    Preferences.objects.create(user=person, **columns)
    return str(belongings.preferences(person))


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({}, "all of the tier"),
        ({"kinds": mask((Kind.FUNDING, Kind.BASIS), Kind)}, "funding, basis"),
        ({"kinds": 0}, "<dd>none</dd>"),
        ({"venues": mask(("okx", "gate"), VENUES)}, "okx, gate"),
        ({"assets_in": ["BTC", "WIF"]}, "only BTC, WIF"),
        ({"assets_out": ["LUNA"]}, "all, not LUNA"),
        ({"min_net": 0.0015, "min_apr": 0.05}, "net +0.15\u2009%, APR +5.00\u2009%"),
        ({"notional_usd": 50_000, "horizon_hours": 8}, "$50.0\u2009k, 8 h"),
        ({"quiet_from_min": 0, "quiet_to_min": 1439}, "00:00 to 23:59"),
        ({"channels": ["telegram", "email"]}, "immediate by telegram, email"),
        ({"preset": "balanced"}, "preset balanced, version 1"),
    ],
)
def test_preferences_are_told_in_words(columns: dict[str, Any], words: str) -> None:
    assert words in wishes(**columns)


def test_what_is_muted_is_told_with_its_end() -> None:
    person, now = UserFactory(), timezone.now()
    mutes.mute(person, Muted.COIN, "WIF", now + timedelta(minutes=150), door=Door.WEB, now=now)
    mutes.mute(person, Muted.VENUE, "okx", None, door=Door.WEB, now=now)
    shown = str(belongings.preferences(person))
    assert re.search(r"WIF \(in 2\s?h[^)]*\), okx \(for good\)", shown), shown


def test_who_set_nothing_has_the_defaults() -> None:
    assert "<dd>the defaults</dd>" in str(belongings.preferences(UserFactory()))


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({}, "unknown"),
        ({"can_read": True}, "read"),
        (
            {"can_read": True, "can_trade": True, "ip_bound": True},
            "read, trade, bound to addresses",
        ),
        ({"can_read": True, "testnet": True}, "read, testnet"),
    ],
)
def test_what_a_key_may_is_told_and_what_is_not_known_is_unknown(
    columns: dict[str, Any], words: str
) -> None:
    assert belongings.rights(StoredKey(**columns)) == words


@pytest.mark.parametrize(
    ("outcome", "tone"),
    [
        (Outcome.LOGOUT, "soft"), (Outcome.EXPIRED, "soft"), (Outcome.REPLACED, "soft"),
        (Outcome.BY_STAFF, "warn"), (Outcome.ACCOUNT, "warn"),
    ],
)  # fmt: skip
def test_how_a_session_ended_is_told_by_word_and_tone(outcome: Outcome, tone: str) -> None:
    shown = belongings.session_state(Session(state=SessionState.TERMINATED, outcome=outcome))
    assert f"desk-{tone}" in shown
    assert outcome.label in shown


@pytest.mark.parametrize(("left", "word"), [(1, "active"), (-1, "over")])
def test_an_active_session_is_over_when_its_time_is(left: int, word: str) -> None:
    ends = timezone.now() + timedelta(hours=left)
    assert word in belongings.session_state(Session(state=SessionState.ACTIVE, expires_at=ends))


def test_tables_and_links_write_texts_as_texts() -> None:
    evil = "<img src=x onerror=alert(1)>"
    shown = (
        told.table((evil,), ((evil,),))
        + told.facts(((evil, evil),))
        + told.person(UserFactory(name=evil))
    )
    assert "<img" not in shown
    assert shown.count("&lt;img") == 5


def test_an_empty_table_says_so() -> None:
    assert told.table(("A",), (), empty="Never had one.") == (
        '<p class="desk-soft">Never had one.</p>'
    )


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"tier": "pro"}, "pro"),
        ({"tier": "pro", "tier_until": timezone.now() + timedelta(days=9)}, "pro until "),
        ({"beta_until": timezone.now() + timedelta(days=9)}, "free · beta until "),
        ({"beta_until": timezone.now() - timedelta(days=9)}, "free"),
    ],
)
def test_a_tier_is_told_with_its_end_and_a_running_beta(
    columns: dict[str, Any], words: str
) -> None:
    shown = told.tier(User(**columns))
    assert shown.startswith(words)
    assert ("until" in shown) is ("until" in words)


def test_the_trail_shows_what_changed_and_no_more_than_can_be_read() -> None:
    person = UserFactory()
    many = {f"field{n}": (n, n + 1) for n in range(7)}
    audit.record("preferences.changed", person, whom=person, changes=many)
    shown = trail(person, 5)
    assert "field0 0 → 1" in shown
    assert "and 3 more" in shown
    assert "field6" not in shown


def test_the_trail_leaves_out_what_says_nothing() -> None:
    person = UserFactory()
    changes = {"old": ("None", "None"), "keys": ("None", "accounts.StoredKey.None"), "a": ("", 5)}
    audit.record("person.noted", person, whom=person, changes=changes)
    shown = trail(person, 1)
    assert "a 5" in shown
    assert "StoredKey" not in shown
    assert "old" not in shown


def test_the_trail_is_newest_first_and_bounded() -> None:
    person = UserFactory()
    for n in range(6):
        audit.record(f"step.number{n}", person, whom=person)
    shown = trail(person, 3)
    assert shown.index("step number5") < shown.index("step number4") < shown.index("step number3")
    assert "step number2" not in shown


def test_a_line_about_and_by_oneself_is_told_once() -> None:
    person = UserFactory(name="Ada")
    with audit.doing(Door.WEB, person):
        audit.record("person.renamed", person, whom=person)
    assert trail(person, 9).count("person renamed") == 1


def test_lines_written_together_are_as_lines_written_singly() -> None:
    one, other = UserFactory(), UserFactory()
    with audit.doing(Door.CONSOLE, one, ip="203.0.113.7"):
        audit.record("person.warned", other, whom=other, changes={"password": ("a", "b")})
        audit.record_all(
            [audit.line("person.warned", other, whom=other, changes={"password": ("a", "b")})]
        )
    first, second = LogEntry.objects.order_by("-pk")[:2]
    for column in ("actor_id", "remote_addr", "changes", "additional_data", "object_id", "action"):
        assert getattr(first, column) == getattr(second, column)
    assert "b" not in str(first.changes["password"])


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.ADMIN, Role.SUPER_ADMIN])
def test_the_navigation_leads_staff_to_pages_that_open(role: Role) -> None:
    client, operator = desk(role)
    request = RequestFactory().get("/console/")
    request.user = operator
    sections = {part["title"]: part["items"] for part in console.navigation(request)}
    titles = {item["title"] for item in sections["People"]}
    assert {"People", "Sessions", "Tiers", "Invitations", "Affiliates", "Keys"} <= titles
    assert "Groups" not in titles
    for item in sections["People"]:
        assert client.get(item["link"]).status_code == 200, item


def test_lines_of_the_first_page_are_for_those_who_may_see_their_pages() -> None:
    Affiliate.objects.create(user=UserFactory(), pitch="x" * 60)
    request = RequestFactory().get("/console/")
    request.user = UserFactory(role=Role.USER)
    for told_by in (panels.waiting, panels.owed, panels.came):
        assert list(told_by(request)) == []


def test_many_applications_are_not_counted_to_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(panels, "WAITING_AT_MOST", 2)
    for _ in range(3):
        Affiliate.objects.create(user=UserFactory(), pitch="x" * 60)
    client, _ = desk()
    assert "at least 2" in text_of(client.get("/console/"))
