"""The public pages: what the board shows to whom, and what an opportunity's page explains."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import User
from arbedge import cache, writing
from arbedge.names import Reason
from exchanges import quality
from opportunities import board
from opportunities.models import ScanRecord, Sighting
from tests.factories import VenueRecordFactory
from tests.opportunities.factories import (
    FigureFactory,
    FollowedFactory,
    NearMissFactory,
    OpportunityEventFactory,
    OpportunityFactory,
    OutcomeFactory,
    ScanRecordFactory,
    cohorts,
    now,
)

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    cache.client().flushdb()
    yield
    cache.client().flushdb()


def page(client: Client, path: str = "/", **asked: Any) -> str:
    """The text of a page that must be there."""
    answer = client.get(path, asked)
    assert answer.status_code == 200
    return answer.content.decode()


def coins(text: str) -> list[str]:
    """The coins of the board's rows in their order."""
    return re.findall(r'<td class="coin">(\w+)', text)


def test_rows_stand_best_net_first(client: Client) -> None:
    OpportunityFactory(asset="WIF", net=0.0020)
    OpportunityFactory(asset="SXP", net=0.0042)
    assert coins(page(client)) == ["SXP", "WIF"]


def test_a_row_shows_net_costs_legs_and_risk(client: Client) -> None:
    OpportunityFactory(asset="WIF", risk="medium")
    text = page(client)
    for figure in ("+0.42\u2009%", "0.25\u2009%", "+0.0089\u2009%", "+0.0900\u2009%", "medium"):
        assert figure in text
    assert 'title="OKX">OK</abbr>' in text


@pytest.mark.parametrize("rows", [1, 40])
def test_the_board_is_one_query_however_many_rows(
    client: Client, rows: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(rows):
        OpportunityFactory()
    with django_assert_num_queries(1):
        page(client)


def test_only_the_best_of_a_coin_and_kind_is_shown_with_the_number_of_the_others(
    client: Client,
) -> None:
    OpportunityFactory(asset="WIF", net=0.0042)
    OpportunityFactory(asset="WIF", net=0.0031, long_venue="bitget")
    text = page(client)
    assert coins(text) == ["WIF"]
    assert "+1 also" in text


def test_every_pair_is_shown_on_request(client: Client) -> None:
    OpportunityFactory(asset="WIF", net=0.0042)
    OpportunityFactory(asset="WIF", net=0.0031, long_venue="bitget")
    assert coins(page(client, also="1")) == ["WIF", "WIF"]


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ({"kind": "spot"}, ["SXP"]),
        ({"coin": "wi"}, ["WIF"]),
        ({"venue": ["okx", "bybit"]}, ["WIF"]),
        ({"venue": ["okx"]}, []),
        ({"net": "0.3"}, ["WIF"]),
        ({"net": "0,3"}, ["WIF"]),
        ({"kind": "nonsense", "net": "much", "size": "7", "horizon": "-1"}, ["WIF", "SXP"]),
    ],
)
def test_filters(client: Client, asked: dict[str, Any], shown: list[str]) -> None:
    OpportunityFactory(asset="WIF", net=0.0042)
    OpportunityFactory(asset="SXP", kind="spot", net=0.0019, long_venue="bitget")
    assert coins(page(client, **asked)) == shown


def test_size_and_horizon_choose_the_cohorts_figures(client: Client) -> None:
    table = cohorts([0.0001, 0.0012, 0.0042, 0.0090], [0.0088, 0.0086, 0.0071, 0.0060, None])
    OpportunityFactory(cohorts=table)
    text = page(client, size="5000", horizon="168")
    assert "+0.90\u2009%" in text
    assert "+0.71\u2009% at size" in text


def test_the_least_net_is_held_against_the_figure_at_the_readers_size(client: Client) -> None:
    table = cohorts([0.0042] * 4, [0.0042, 0.0040, 0.0010, 0.0005, None])
    OpportunityFactory(asset="WIF", net=0.0042, cohorts=table)
    assert coins(page(client, net="0.3", size="1000")) == ["WIF"]
    assert coins(page(client, net="0.3", size="5000")) == []


def test_a_size_no_book_fills_is_said_to_be_unknown(client: Client) -> None:
    OpportunityFactory()
    assert "depth unknown" in page(client, size="50000")


def test_a_row_without_cohorts_shows_its_own_figures(client: Client) -> None:
    OpportunityFactory(net=0.0033, cohorts=None, net_at_size=None)
    text = page(client, horizon="8")
    assert "+0.33\u2009%" in text


def test_the_apr_follows_the_horizon_and_spot_has_none(client: Client) -> None:
    OpportunityFactory(asset="WIF", cohorts=None)
    OpportunityFactory(asset="SXP", kind="spot", net=0.001, cohorts=None)
    found = re.findall(r'data-figure="apr">([^<]+)<', page(client))
    assert found == ["+51.10\u2009%", "–"]


def test_a_row_that_just_closed_says_why(client: Client) -> None:
    OpportunityFactory(asset="WIF", closed=True)
    assert "pays less than half of what is needed" in page(client)


def test_a_row_that_closed_long_ago_is_gone(client: Client) -> None:
    OpportunityFactory(asset="WIF", closed=True, as_of=now() - timedelta(minutes=5))
    assert coins(page(client)) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"state": "fading"}, "⚠ fading"),
        ({"state": "held", "held_from": "open", "held_since": now()}, "■ held"),
        ({"settling": True}, "settling now"),
        ({"reasons": 1 << Reason.NETWORK_UNKNOWN}, "⚠ network unknown"),
    ],
)
def test_states_are_words_and_not_colours_alone(
    client: Client, changes: dict[str, Any], words: str
) -> None:
    OpportunityFactory(**changes)
    assert words in page(client)


def test_old_data_is_struck_through(client: Client) -> None:
    OpportunityFactory(as_of=now() - timedelta(minutes=2))
    assert 'class="age stale"' in page(client)


def test_in_a_replay_the_recordings_clock_counts(client: Client, settings: Settings) -> None:
    settings.MARKET_MODE = "replay"
    OpportunityFactory(as_of=now() - timedelta(days=1500))
    text = page(client)
    assert "in 38\u2009min" in text
    assert 'class="age fresh"' in text


def test_htmx_gets_the_rows_and_the_pulse_alone(client: Client) -> None:
    OpportunityFactory(asset="WIF")
    text = client.get("/", headers=HTMX).content.decode()
    assert coins(text) == ["WIF"]
    assert "<html" not in text
    assert 'hx-swap-oob="true"' in text


def test_pages_and_parts_are_never_mistaken_for_each_other_by_a_cache(client: Client) -> None:
    answer = client.get("/")
    assert "HX-Request" in answer["Vary"]
    assert answer["Cache-Control"] == "no-store"


def test_silence_is_explained_by_the_nearest_miss(client: Client) -> None:
    NearMissFactory(asset="TIA", last_net=0.0011, reasons=1 << Reason.THIN_VOLUME)
    ScanRecordFactory()
    text = page(client)
    assert "Nothing pays after costs right now" in text
    assert "TIA funding" in text
    assert "24 h turnover too small" in text
    assert "5,240 candidates" in text


def test_what_pays_but_is_not_open_yet_is_said(client: Client) -> None:
    at = datetime.now(UTC)
    ScanRecord.objects.create(as_of=at, candidates=3434)
    Sighting.objects.create(fingerprint="f" * 32, seen=1, first_at=at, last_at=at)
    text = client.get("/").content.decode()
    assert "1 candidate pays after costs and is being watched" in text
    assert "3,434 candidates looked at" in text


def test_silence_before_the_first_scan_is_not_called_a_quiet_market(client: Client) -> None:
    assert "No scan has finished yet" in page(client)
    assert "Nothing pays" not in client.get("/").content.decode()


def test_filters_that_hide_everything_say_so(client: Client) -> None:
    OpportunityFactory(asset="WIF")
    assert "Nothing matches your filters" in page(client, coin="DOGE")


def test_the_header_tells_when_no_venue_sends_data(client: Client) -> None:
    assert "all silent" in page(client)


def test_a_cache_that_is_gone_does_not_take_the_board_with_it(
    client: Client, settings: Settings
) -> None:
    OpportunityFactory(asset="WIF")
    settings.CACHE_URL = "unix:///nonexistent/valkey.socket"
    text = page(client)
    assert coins(text) == ["WIF"]
    assert "venue ages unknown" in text


def test_no_page_asks_another_host_for_anything(client: Client) -> None:
    one = OpportunityFactory()
    for path in ("/", f"/o/{one.pk}", "/status"):
        assert re.findall(r'(?:src|href|srcset|action)="(?:https?:)?//', page(client, path)) == []


def test_only_reading_is_allowed(client: Client) -> None:
    assert client.post("/").status_code == 405


def test_the_navigation_shows_the_page_the_reader_is_on(client: Client) -> None:
    assert '<a href="/status" aria-current="page">' in page(client, "/status")


def test_the_page_says_the_trade_in_one_sentence(client: Client) -> None:
    one = OpportunityFactory(asset="WIF")
    text = page(client, f"/o/{one.pk}")
    assert (
        "Long WIF on OKX, short on Bybit: +0.42\u2009% expected in 72 h after 0.25\u2009% costs; "
        "pays for itself after 25 h." in text
    )


def test_the_hours_until_it_is_even_are_rounded_up(client: Client) -> None:
    as_of = now()
    late = OpportunityFactory(as_of=as_of, break_even_at=as_of + timedelta(hours=17, minutes=5))
    soon = OpportunityFactory(as_of=as_of, break_even_at=as_of + timedelta(minutes=25))
    assert "pays for itself after 18 h." in page(client, f"/o/{late.pk}")
    assert "pays for itself after 1 h." in page(client, f"/o/{soon.pk}")


def test_a_visitor_reads_which_size_and_horizon_the_figures_are_for(client: Client) -> None:
    one = OpportunityFactory()
    text = page(client, f"/o/{one.pk}")
    assert "Figures for $1\u2009k over 72\u2009h, as everybody sees them." in text
    assert "A message may tell yours, for your size and horizon." in text


def test_own_figures_stand_beside_those_of_everybody(client: Client) -> None:
    one = OpportunityFactory(net=0.0042)
    text = page(client, f"/o/{one.pk}", size=1_000, horizon=168)
    own = board.row_of(one, board.Wish(horizon=168.0), one.as_of)
    assert f"By your own over 168\u2009h: {writing.percent(own.net)} net" in text
    assert writing.percent(own.net) not in text.partition("</title>")[0]


def test_without_a_book_no_size_is_said_to_be_too_large(client: Client) -> None:
    one = OpportunityFactory(
        reasons=1 << Reason.DEPTH_UNKNOWN, cohorts=cohorts([0.004] * 4, [None] * 5)
    )
    text = page(client, f"/o/{one.pk}")
    assert "No fresh order book: depth unknown." in text
    assert "do not fill it" not in text


def test_a_trade_that_never_pays_for_itself_says_so(client: Client) -> None:
    one = OpportunityFactory(break_even_at=None)
    assert "does not pay for itself within 288 h" in page(client, f"/o/{one.pk}")


def test_the_page_has_all_its_parts(client: Client) -> None:
    one = OpportunityFactory()
    text = page(client, f"/o/{one.pk}")
    parts = (
        "Where the net comes from", "Payments due", "How it moved", "Legs", "Gates",
        "What could go wrong", "This one on paper", "Earlier ones like this",
    )  # fmt: skip
    assert [part for part in parts if f"<h2>{part}</h2>" not in text] == []


def test_gates_show_value_and_limit(client: Client) -> None:
    one = OpportunityFactory(long_age_ms=3_200.0)
    text = page(client, f"/o/{one.pk}")
    assert "OKX perp: data age" in text
    assert "≤ 30\u2009s" in text


def test_a_gate_that_no_longer_holds_is_not_called_passed(client: Client) -> None:
    one = OpportunityFactory(measured=0.0005, state="fading")
    assert "not now" in page(client, f"/o/{one.pk}")


def test_notes_are_risks_in_words(client: Client) -> None:
    one = OpportunityFactory(reasons=1 << Reason.NO_HISTORY)
    assert "No settled history: half of the later payments is believed." in page(
        client, f"/o/{one.pk}"
    )


def test_earlier_ones_tell_how_many_kept_their_promise(client: Client) -> None:
    one = OpportunityFactory(asset="WIF")
    for days, success in ((3, True), (4, True), (5, False)):
        followed = FollowedFactory(asset="WIF", opened_at=now() - timedelta(days=days))
        OutcomeFactory(followed=followed, success=success, total=0.001 if success else -0.001)
    assert "2 of 3 kept their promise" in page(client, f"/o/{one.pk}")


def test_only_the_last_word_on_an_earlier_one_counts(client: Client) -> None:
    one = OpportunityFactory(asset="WIF")
    followed = FollowedFactory(asset="WIF")
    OutcomeFactory(followed=followed, checkpoint="1h", success=False, total=-0.002,
                   due_at=followed.opened_at + timedelta(hours=1))  # fmt: skip
    OutcomeFactory(followed=followed, checkpoint="24h", success=True)
    assert "1 of 1 kept their promise" in page(client, f"/o/{one.pk}")


def test_other_coins_outcomes_do_not_count(client: Client) -> None:
    one = OpportunityFactory(asset="WIF")
    OutcomeFactory(followed=FollowedFactory(asset="SXP"))
    assert "has been followed to an end yet" in page(client, f"/o/{one.pk}")


@pytest.mark.parametrize("extra", [0, 6])
def test_the_opportunity_page_needs_as_many_queries_whatever_its_past(
    client: Client, extra: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    one = OpportunityFactory(asset="WIF")
    for number in range(extra):
        followed = FollowedFactory(asset="WIF", opened_at=now() - timedelta(days=2 + number))
        OutcomeFactory(followed=followed)
        FigureFactory(opportunity=one, at=now() - timedelta(minutes=number))
        OpportunityEventFactory(opportunity=one)
    with django_assert_num_queries(5):
        page(client, f"/o/{one.pk}")


@pytest.mark.parametrize("kind", ["funding", "spot", "basis"])
@pytest.mark.parametrize("state", ["open", "closed"])
def test_every_kind_and_state_has_a_page(client: Client, kind: str, state: str) -> None:
    one = OpportunityFactory(kind=kind, closed=state == "closed", cohorts=None, net_at_size=None)
    assert page(client, f"/o/{one.pk}")


def test_an_address_without_an_opportunity_leads_back_to_the_board(client: Client) -> None:
    answer = client.get("/o/4711")
    assert answer.status_code == 404
    assert "To the board" in answer.content.decode()


@pytest.mark.parametrize("name", ["waterfall", "net", "funding", "gap"])
@pytest.mark.parametrize(("form", "start"), [("svg", b"<?xml"), ("png", b"\x89PNG")])
def test_charts_are_served(client: Client, name: str, form: str, start: bytes) -> None:
    one = OpportunityFactory()
    answer = client.get(f"/o/{one.pk}/{name}-dark.{form}")
    assert answer.status_code == 200
    assert answer.content.startswith(start)


@pytest.mark.parametrize("path", ["pie-light.svg", "net-pink.svg", "net-light.gif"])
def test_charts_that_do_not_exist_are_not_found(client: Client, path: str) -> None:
    one = OpportunityFactory()
    assert client.get(f"/o/{one.pk}/{path}").status_code == 404


def test_a_chart_is_drawn_once_for_each_scan(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = OpportunityFactory()
    first = client.get(f"/o/{one.pk}/net-light.svg").content
    monkeypatch.setattr("opportunities.charts.draw", None)
    assert client.get(f"/o/{one.pk}/net-light.svg").content == first


def test_the_status_page_tells_what_the_last_scan_held_back(client: Client) -> None:
    ScanRecordFactory(counts={"wide": 122, "no_history": 37})
    text = page(client, "/status")
    assert "spread too wide" in text
    assert "no_history" not in text  # a note holds nothing back


def test_the_status_page_tells_when_scans_have_stopped(client: Client) -> None:
    ScanRecordFactory(as_of=now() - timedelta(minutes=10))
    assert "No scan since" in page(client, "/status")


def test_near_misses_come_nearest_first(client: Client) -> None:
    NearMissFactory(asset="FAR", best_net=0.0001)
    NearMissFactory(asset="NEAR", best_net=0.0014)
    text = page(client, "/status")
    assert text.index("NEAR <span") < text.index("FAR <span")


def test_a_pause_is_told_to_everybody_with_its_reason(client: Client) -> None:
    VenueRecordFactory(name="okx", paused=True, paused_reason="maintenance until 06:00 UTC")
    assert "maintenance until 06:00 UTC" in page(client, "/status")


def drop_rows(venue: str, reason: str, rows: int) -> None:
    """Counts rows dropped now, as a collecting worker does."""
    pipe = cache.client().pipeline()
    quality.note_dropped(pipe, venue, "spot", {reason: rows}, now().timestamp() * 1000)
    pipe.execute()


def test_dropped_rows_are_for_staff(client: Client, admin_client: Client) -> None:
    drop_rows("okx", "no_price", 1234)
    assert "no price" not in page(client, "/status")
    assert "1,234" in page(admin_client, "/status")


def test_reliability_is_the_share_of_answers_in_time(client: Client) -> None:
    pipe = cache.client().pipeline()
    for outcome in ("in_time", "in_time", "in_time", "late"):
        quality.note_answer(pipe, "okx", outcome, now().timestamp() * 1000)
    pipe.execute()
    assert "75.00\u2009%" in page(client, "/status")


def test_a_signed_in_operator_finds_the_console(admin_client: Client, admin_user: User) -> None:
    assert admin_user.is_staff
    assert '<a class="enter" href="/console/">Console</a>' in page(admin_client)


def test_a_rows_age_counts_the_older_leg(client: Client) -> None:
    one = OpportunityFactory(long_age_ms=3_000, short_age_ms=9_000)
    row = board.row_of(one, board.Wish(), one.as_of + timedelta(seconds=1))
    assert row.age_s == pytest.approx(10.0)
