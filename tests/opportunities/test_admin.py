"""The console's pages of opportunities: readable, bounded, and changed only where people may."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from auditlog.models import LogEntry
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from arbedge.names import Reason, Role
from opportunities import stored_policy
from opportunities.models import LimitProfile, LimitSetting, ScanRecord
from tests.accounts.factories import UserFactory
from tests.factories import CoinVerdictFactory
from tests.opportunities.factories import (
    FollowedFactory,
    NearMissFactory,
    OpportunityEventFactory,
    OpportunityFactory,
    OutcomeFactory,
    PruneRunFactory,
    ScanRecordFactory,
    now,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_cache")]
CONSOLE = "/console/opportunities"
FACTORIES: dict[str, Any] = {
    "opportunity": OpportunityFactory,
    "nearmiss": NearMissFactory,
    "scanrecord": None,
    "outcome": OutcomeFactory,
    "prunerun": PruneRunFactory,
}


def fill(model: str, rows: int) -> None:
    """So many rows of a model; each scan is five seconds before the last."""
    for _ in range(rows):
        if model == "scanrecord":
            before = ScanRecord.objects.count()
            ScanRecordFactory(as_of=now() - timedelta(seconds=5 * before))
        elif model == "outcome":
            OutcomeFactory(followed=FollowedFactory())
        else:
            FACTORIES[model]()


def page(client: Client, path: str) -> str:
    """The text of a console page that must be there."""
    answer = client.get(f"{CONSOLE}/{path}")
    assert answer.status_code == 200
    return answer.content.decode()


def queries(client: Client, path: str) -> list[str]:
    """The statements a page sends."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as sent:
        page(client, path)
    return [query["sql"] for query in sent]


@pytest.mark.parametrize("model", FACTORIES)
def test_a_lists_queries_do_not_grow_with_its_rows(admin_client: Client, model: str) -> None:
    fill(model, 1)
    few = len(queries(admin_client, f"{model}/"))
    fill(model, 12)
    assert len(queries(admin_client, f"{model}/")) == few


@pytest.mark.parametrize("model", FACTORIES)
def test_no_list_counts_a_whole_table(admin_client: Client, model: str) -> None:
    fill(model, 2)
    counts = [sql for sql in queries(admin_client, f"{model}/") if "COUNT(" in sql]
    assert counts
    assert all("LIMIT 10000" in sql for sql in counts)


@pytest.mark.parametrize("model", FACTORIES)
def test_what_the_machine_writes_nobody_edits(admin_client: Client, model: str) -> None:
    assert admin_client.get(f"{CONSOLE}/{model}/add/").status_code == 403


def test_the_list_answers_an_operators_first_question(admin_client: Client) -> None:
    OpportunityFactory(asset="WIF", state="fading", risk="high")
    text = page(admin_client, "opportunity/")
    for told in ("WIF funding", "▲ okx ▼ bybit", "+0.42\u2009%", "fading", "high"):
        assert told in text


@pytest.mark.parametrize(
    ("asked", "found"), [("q=wi", 1), ("q=xyz", 0), ("venue=okx", 1), ("venue=binance", 0)]
)
def test_the_list_is_searched_and_filtered(admin_client: Client, asked: str, found: int) -> None:
    OpportunityFactory(asset="WIF")
    assert page(admin_client, f"opportunity/?{asked}").count("WIF funding") == found


def test_the_detail_page_explains_the_row(admin_client: Client) -> None:
    one = OpportunityFactory(asset="WIF", reasons=1 << Reason.NO_HISTORY)
    OpportunityEventFactory(opportunity=one, type="improved", new={"net": 0.0055})
    text = page(admin_client, f"opportunity/{one.pk}/change/")
    for told in (
        "Long WIF on OKX", "no settled history", "Funding received, short leg", "2.0004",
        "improved", "+0.55\u2009%", f"/o/{one.pk}/net-dark.svg", "liquidity 0.20",
    ):  # fmt: skip
        assert told in text


def test_near_misses_are_filtered_by_reason(admin_client: Client) -> None:
    NearMissFactory(asset="THIN", reasons=1 << Reason.THIN_VOLUME)
    NearMissFactory(asset="WIDE", reasons=1 << Reason.WIDE)
    text = page(admin_client, "nearmiss/?reason=thin_volume")
    assert "THIN funding" in text
    assert "WIDE funding" not in text


def test_a_scans_counts_come_with_their_meaning(admin_client: Client) -> None:
    one = ScanRecordFactory(counts={"wide": 1234})
    text = page(admin_client, f"scanrecord/{one.pk}/change/")
    assert "spread too wide" in text
    assert "1,234" in text


def put_in_force(client: Client, name: str, **more: str) -> Any:
    """Chooses a profile's action as the list's form does."""
    chosen = LimitProfile.objects.get(name=name)
    sent = {"action": "put_in_force", "_selected_action": [chosen.pk], **more}
    return client.post(f"{CONSOLE}/limitprofile/", sent)


def test_another_profile_is_put_in_force_only_after_a_yes(admin_client: Client) -> None:
    answer = put_in_force(admin_client, "permissive")
    assert "Put the permissive limits in force?" in answer.content.decode()
    assert not LimitProfile.objects.get(name="permissive").active


def test_exactly_one_profile_is_in_force_after_the_switch(admin_client: Client) -> None:
    put_in_force(admin_client, "permissive", sure="yes")
    assert list(LimitProfile.objects.filter(active=True).values_list("name", flat=True)) == [
        "permissive"
    ]
    assert stored_policy.current().profile == "permissive"


def test_the_switch_is_audited(admin_client: Client, admin_user: User) -> None:
    put_in_force(admin_client, "permissive", sure="yes")
    entry = LogEntry.objects.filter(content_type__model="limitprofile", actor=admin_user)
    assert entry.exists()


def limit(**changes: Any) -> dict[str, Any]:
    """The form of a new limit."""
    profile = LimitProfile.objects.get(name="strict").pk
    sent = {"profile": profile, "name": "threshold", "value": "0.002", "kind": "", "venue": ""}
    return sent | {"symbol": "", "note": "tighter"} | changes


def test_a_limit_set_in_the_console_is_what_the_next_scan_uses(admin_client: Client) -> None:
    admin_client.post(f"{CONSOLE}/limitsetting/add/", limit())
    assert stored_policy.current().value("threshold") == 0.002


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"value": "-1"}, "threshold must lie between"),
        ({"value": "2"}, "threshold must lie between"),
        ({"name": "nonsense"}, "Select a valid choice"),
        ({"symbol": "WIFUSDT"}, "symbol_needs_venue"),
    ],
)
def test_a_limit_out_of_bounds_is_refused_with_the_bounds(
    admin_client: Client, changes: dict[str, str], told: str
) -> None:
    answer = admin_client.post(f"{CONSOLE}/limitsetting/add/", limit(**changes))
    assert told in answer.content.decode()
    assert not LimitSetting.objects.exists()


@pytest.fixture
def clerk(client: Client) -> Client:
    """Signed in as support, who may look at everything and change nothing."""
    client.force_login(UserFactory(role=Role.SUPPORT))
    return client


def test_who_may_only_look_cannot_switch_profiles(clerk: Client) -> None:
    put_in_force(clerk, "permissive", sure="yes")
    assert not LimitProfile.objects.get(name="permissive").active


def test_navigation_leads_support_to_what_it_may_look_at(clerk: Client) -> None:
    text = clerk.get("/console/").content.decode()
    assert "/console/opportunities/opportunity/" in text
    assert clerk.get("/console/opportunities/nearmiss/").status_code == 200
    assert clerk.get("/console/opportunities/limitsetting/add/").status_code == 403


def test_the_first_page_asks_the_operators_three_questions(admin_client: Client) -> None:
    text = admin_client.get("/console/").content.decode()
    questions = ("Is anything broken?", "Is anyone waiting?", "What did we find today?")
    places = [text.index(question) for question in questions]
    assert places == sorted(places)


def test_the_first_page_says_when_scans_have_stopped(admin_client: Client) -> None:
    ScanRecordFactory(as_of=now() - timedelta(minutes=9))
    assert "Scans have stopped" in admin_client.get("/console/").content.decode()


def test_the_first_page_shows_the_best_and_who_waits(admin_client: Client) -> None:
    OpportunityFactory(asset="WIF")
    CoinVerdictFactory(verdict="quarantined")
    text = admin_client.get("/console/").content.decode()
    assert "WIF funding" in text
    assert "Coins in doubt" in text


def test_the_first_page_needs_as_many_queries_however_much_was_found(
    admin_client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(12):
        OpportunityFactory()
    with django_assert_max_num_queries(20):
        admin_client.get("/console/")
