"""The console's pages of the markets: how venues stand, and what an operator may do about it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from auditlog.models import LogEntry
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from arbedge import breaker, cache
from arbedge.aio import run
from arbedge.clock import now_ms
from arbedge.names import Fault, Role, Verdict
from exchanges import pausing, quality
from exchanges.models import CoinVerdict, FeeRate, VenueRecord
from tests.accounts.factories import UserFactory
from tests.factories import (
    CoinVerdictFactory,
    FeeRateFactory,
    InstrumentFactory,
    NetworkStatusFactory,
    VenueRecordFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_cache")]
CONSOLE = "/console/exchanges"
FACTORIES: dict[str, Any] = {
    "venuerecord": VenueRecordFactory,
    "instrument": InstrumentFactory,
    "coinverdict": CoinVerdictFactory,
    "networkstatus": NetworkStatusFactory,
}


def page(client: Client, path: str) -> str:
    """The text of a console page that must be there."""
    answer = client.get(f"{CONSOLE}/{path}")
    assert answer.status_code == 200
    return answer.content.decode()


def act(client: Client, model: str, action: str, *rows: Any, **more: str) -> str:
    """Sends an action for these rows as the list's form does; returns the page that follows."""
    sent = {"action": action, "_selected_action": [row.pk for row in rows], **more}
    return client.post(f"{CONSOLE}/{model}/", sent, follow=True).content.decode()


def open_breaker(venue: str, host: str, fault: Fault) -> None:
    """One failure, as a collecting worker tells of it."""

    async def fail() -> None:
        board = await breaker.board()
        await board.failed(venue, host, fault, now_ms())

    run(fail())


@pytest.mark.parametrize("model", FACTORIES)
def test_a_lists_queries_do_not_grow_with_its_rows(admin_client: Client, model: str) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    FACTORIES[model]()
    with CaptureQueriesContext(connection) as few:
        page(admin_client, f"{model}/")
    for _ in range(12):
        FACTORIES[model]()
    with CaptureQueriesContext(connection) as many:
        page(admin_client, f"{model}/")
    assert len(many) == len(few)


def test_a_venue_without_answers_is_silent_and_its_age_unknown(admin_client: Client) -> None:
    VenueRecordFactory(name="okx")
    text = page(admin_client, "venuerecord/")
    assert "■ silent" in text
    assert "unknown" in text


def test_an_open_breaker_says_where_why_and_until_when(admin_client: Client) -> None:
    VenueRecordFactory(name="binance")
    open_breaker("binance", "spot", Fault.BANNED)
    text = page(admin_client, "venuerecord/")
    assert "■ broken" in text
    assert re.search(r"spot open, banned, until \d", text)


def test_a_venues_reliability_is_its_share_of_answers_in_time(admin_client: Client) -> None:
    VenueRecordFactory(name="okx")
    pipe = cache.client().pipeline()
    for outcome in ("in_time", "in_time", "in_time", "failed"):
        quality.note_answer(pipe, "okx", outcome, now_ms())
    pipe.execute()
    assert "75.00\u2009%" in page(admin_client, "venuerecord/")


def test_the_weight_used_is_told_with_what_is_allowed(admin_client: Client) -> None:
    VenueRecordFactory(name="okx")
    assert re.search(r"0 of [\d,]+ ", page(admin_client, "venuerecord/"))


def test_a_cache_that_is_gone_leaves_the_page_standing(
    admin_client: Client, settings: Settings
) -> None:
    VenueRecordFactory(name="okx")
    settings.CACHE_URL = "unix:///nonexistent/valkey.socket"
    assert "○ unknown" in page(admin_client, "venuerecord/")


def test_a_pause_asks_first_and_says_what_it_does(admin_client: Client) -> None:
    venue = VenueRecordFactory(name="okx")
    text = act(admin_client, "venuerecord", "pause", venue)
    assert "Pause okx?" in text
    assert "Nothing opens there from the next scan on" in text
    venue.refresh_from_db()
    assert not venue.paused


def test_a_pause_without_a_reason_asks_again(admin_client: Client) -> None:
    venue = VenueRecordFactory(name="okx")
    assert 'aria-invalid="true"' in act(admin_client, "venuerecord", "pause", venue, sure="yes")
    venue.refresh_from_db()
    assert not venue.paused


def test_a_pause_with_a_reason_holds(admin_client: Client) -> None:
    venue = VenueRecordFactory(name="okx")
    act(admin_client, "venuerecord", "pause", venue, sure="yes", reason="odd prices")
    venue.refresh_from_db()
    assert (venue.paused, venue.paused_reason) == (True, "odd prices")
    assert venue.paused_at is not None


def test_a_pause_is_audited_with_its_author(admin_client: Client, admin_user: User) -> None:
    venue = VenueRecordFactory(name="okx")
    act(admin_client, "venuerecord", "pause", venue, sure="yes", reason="odd prices")
    entry = LogEntry.objects.get(additional_data__what="venue.paused")
    assert (entry.actor, entry.additional_data["door"]) == (admin_user, "console")
    assert entry.changes_dict["reason"] == ["", "odd prices"]


def test_resume_undoes_a_pause(admin_client: Client) -> None:
    venue = VenueRecordFactory(name="okx", paused=True, paused_reason="odd prices")
    act(admin_client, "venuerecord", "resume", venue, sure="yes")
    venue.refresh_from_db()
    assert (venue.paused, venue.paused_reason, venue.paused_at) == (False, "", None)


def test_resume_ends_a_maintenance_that_runs(admin_client: Client) -> None:
    now = timezone.now()
    venue = VenueRecordFactory(
        name="okx", maintenance_from=now, maintenance_until=now + timedelta(hours=2)
    )
    act(admin_client, "venuerecord", "resume", venue, sure="yes")
    assert pausing.held(now) == {}


def test_a_venue_that_is_not_asked_any_more_is_not_paused(admin_client: Client) -> None:
    rows = [VenueRecordFactory(name=name) for name in ("okx", "ftx")]
    text = act(admin_client, "venuerecord", "pause", *rows, sure="yes", reason="odd prices")
    assert "This venue is not asked here." in text
    assert not VenueRecord.objects.filter(paused=True).exists()


def test_breakers_are_closed_by_hand(admin_client: Client) -> None:
    venue = VenueRecordFactory(name="binance")
    open_breaker("binance", "spot", Fault.BANNED)
    assert "Closed 1 breakers." in act(
        admin_client, "venuerecord", "close_breakers", venue, sure="yes"
    )
    assert breaker.states() == []


def test_other_venues_breakers_stay_open(admin_client: Client) -> None:
    venue = VenueRecordFactory(name="okx")
    open_breaker("binance", "spot", Fault.BANNED)
    act(admin_client, "venuerecord", "close_breakers", venue, sure="yes")
    assert [one["venue"] for one in breaker.states()] == ["binance"]


def test_the_venues_name_cannot_be_edited(admin_client: Client) -> None:
    venue = VenueRecordFactory(name="okx")
    assert 'name="name"' not in page(admin_client, f"venuerecord/{venue.pk}/change/")


@pytest.mark.parametrize(
    ("action", "verdict"),
    [("confirm_coin", Verdict.SAME), ("reject_coin", Verdict.QUARANTINED)],
)
def test_a_persons_word_on_a_coin(
    admin_client: Client, admin_user: User, action: str, verdict: Verdict
) -> None:
    doubt = CoinVerdictFactory(asset="BEAM", venue="okx", verdict=Verdict.DIVERGENT)
    act(admin_client, "coinverdict", action, doubt, sure="yes")
    word = CoinVerdict.objects.get(asset="BEAM", venue="okx", market="")
    assert (word.verdict, word.source, word.decided_by) == (verdict, "admin", admin_user)


def test_a_word_on_a_coin_asks_first(admin_client: Client) -> None:
    doubt = CoinVerdictFactory(asset="BEAM", venue="okx")
    assert "Confirm 1 coin?" in act(admin_client, "coinverdict", "confirm_coin", doubt)
    assert not CoinVerdict.objects.filter(source="admin").exists()


def test_a_word_on_both_markets_of_a_coin_is_one_word(admin_client: Client) -> None:
    rows = [CoinVerdictFactory(asset="BEAM", venue="okx", market=name) for name in ("spot", "perp")]
    assert "Reject 1 coin?" in act(admin_client, "coinverdict", "reject_coin", *rows)


def test_a_withdrawn_word_lets_evidence_decide(admin_client: Client) -> None:
    doubt = CoinVerdictFactory(asset="BEAM", venue="okx")
    act(admin_client, "coinverdict", "confirm_coin", doubt, sure="yes")
    act(admin_client, "coinverdict", "withdraw_word", doubt, sure="yes")
    assert list(CoinVerdict.objects.values_list("market", "source")) == [("spot", "ratio")]


@pytest.fixture
def clerk(client: Client) -> Client:
    """Signed in as support, who may look at everything and change nothing."""
    client.force_login(UserFactory(role=Role.SUPPORT))
    return client


def test_who_may_only_look_pauses_nothing(clerk: Client) -> None:
    venue = VenueRecordFactory(name="okx")
    act(clerk, "venuerecord", "pause", venue, sure="yes", reason="because")
    assert not VenueRecord.objects.get().paused


def test_who_may_only_look_decides_nothing(clerk: Client) -> None:
    doubt = CoinVerdictFactory(asset="BEAM", venue="okx")
    act(clerk, "coinverdict", "confirm_coin", doubt, sure="yes")
    assert not CoinVerdict.objects.filter(source="admin").exists()


def test_a_fee_is_edited_and_its_version_shown(admin_client: Client) -> None:
    fee = FeeRateFactory(venue="okx", vip_level=3)
    assert "2026-01" in page(admin_client, "feerate/?venue=okx")
    form = {
        "version": fee.version, "venue": "okx", "market": "spot", "quote": "", "group": "",
        "vip_level": "3", "taker_bps": "8", "maker_bps": "6", "valid_from_0": "2026-06-01",
        "valid_from_1": "00:00:00",
    }  # fmt: skip
    admin_client.post(f"{CONSOLE}/feerate/{fee.pk}/change/", form)
    assert FeeRate.objects.get(pk=fee.pk).taker_bps == 8


def test_a_fee_out_of_bounds_is_refused_with_the_bounds(admin_client: Client) -> None:
    fee = FeeRateFactory(venue="okx", vip_level=3)
    form = {
        "version": fee.version, "venue": "okx", "market": "spot", "quote": "", "group": "",
        "vip_level": "3", "taker_bps": "5000", "maker_bps": "6", "valid_from_0": "2026-06-01",
        "valid_from_1": "00:00:00",
    }  # fmt: skip
    answer = admin_client.post(f"{CONSOLE}/feerate/{fee.pk}/change/", form)
    assert "Fees lie between -100 and 1,000 basis points." in answer.content.decode()


def test_instruments_are_found_by_the_beginning_of_their_coin(admin_client: Client) -> None:
    InstrumentFactory(asset="WIF")
    InstrumentFactory(asset="SWIFT")
    text = page(admin_client, "instrument/?q=wif")
    assert ">WIFUSDT<" in text
    assert ">SWIFTUSDT<" not in text


def test_unknown_networks_are_not_called_open(admin_client: Client) -> None:
    NetworkStatusFactory(can_deposit=None, can_withdraw=False)
    text = page(admin_client, "networkstatus/")
    assert "○ unknown" in text
    assert "■ closed" in text


@pytest.mark.parametrize("model", ["instrument", "coinverdict", "networkstatus", "venuerecord"])
def test_what_the_machine_writes_nobody_adds(admin_client: Client, model: str) -> None:
    assert admin_client.get(f"{CONSOLE}/{model}/add/").status_code == 403


def test_a_silent_venue_is_the_first_pages_first_answer(admin_client: Client) -> None:
    text = admin_client.get("/console/").content.decode()
    assert text.index("okx silent") < text.index("Is anyone waiting?")
