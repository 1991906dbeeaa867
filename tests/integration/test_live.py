"""One scan of the running product: book in, opportunities, reasons and wishes out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import polars as pl
import pytest
from pytest_django import Settings

from arbedge import cache, clock
from arbedge.errors import NoData
from arbedge.names import Event, Reason, State
from exchanges import book, encoding, fees, history, intake
from exchanges.models import FeeRate, VenueRecord
from exchanges.simulator.hosts import PREFIXES
from exchanges.snapshot import Piece
from exchanges.venues import VENUES
from opportunities import live
from opportunities.models import NearMiss, Opportunity, ScanRecord
from tests.exchanges.simulator.speaking import TEN_OCLOCK, Hands, market

pytestmark = pytest.mark.django_db
SECOND = 1_000
Advance = Callable[[int], None]


@pytest.fixture
def fee_table(db: None) -> None:
    """The published table; tests with real commits elsewhere empty all tables."""
    rows = [FeeRate(**row._asdict()) for row in fees.published("2026-01")]
    FeeRate.objects.bulk_create(rows, ignore_conflicts=True)


@pytest.fixture
def collected(fee_table: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Advance]:
    """The simulated markets in the book; called with seconds, time passes and all answer anew."""
    cache.client().flushdb()
    hands = Hands(TEN_OCLOCK + 1_200 * SECOND)
    world = market(hands)
    monkeypatch.setattr(clock, "now_ms", lambda: float(hands.now_ms))

    def advance(seconds: int) -> None:
        hands.now_ms += seconds * SECOND
        for venue in VENUES.values():
            for feed in venue.feeds:
                host = PREFIXES[venue.name, feed.ask.host]
                body = world.answer(host, feed.ask.path, feed.ask.query).body
                piece = Piece.of(venue.name, feed, feed.parse(body), float(hands.now_ms))
                book.put([piece], every_s=feed.every_s)

    advance(0)
    intake.refresh(tuple(VENUES.values()), float(hands.now_ms))
    yield advance
    cache.client().flushdb()


def live_coins() -> set[str]:
    return set(Opportunity.objects.filter(live_key__isnull=False).values_list("asset", flat=True))


def last_scan() -> pl.DataFrame:
    raw = book.fetch(live.LAST_SCAN)
    assert raw is not None
    return encoding.columns_from_bytes(raw)


def test_without_order_books_opportunities_open_after_they_were_waited_for(
    collected: Advance,
) -> None:
    """Nobody answers for order books here: spot waits 15 s for them, the others a minute."""
    opened = []
    for _ in range(5):
        opened.append(len(live.run().ids(Event.OPENED)))
        collected(16)

    standing = Opportunity.objects.filter(state=State.OPEN)
    spot = standing.filter(kind="spot").count()
    assert opened == [0, spot, 0, 0, standing.count() - spot]
    assert {"LARQ", "CASK", "RUNO", "OSMA"} <= live_coins()


def test_a_scan_is_recorded_with_its_versions_counts_and_near_misses(collected: Advance) -> None:
    live.run()

    record = ScanRecord.objects.get()
    assert record.versions["fees"] == "2026-01"
    assert record.counts["below_threshold"] > 1_000
    assert NearMiss.objects.filter(asset="IMPL").exists()


def test_every_candidate_is_published_with_its_reasons(collected: Advance) -> None:
    live.run()

    seen = last_scan()
    implausible = seen.filter((pl.col("asset") == "IMPL") & (pl.col("net") > 0))
    assert seen.height > 2_000
    assert implausible["reasons"].item() >> Reason.IMPLAUSIBLE & 1


def test_histories_that_decide_something_are_asked_for(collected: Advance) -> None:
    live.run()

    wanted = {one.symbol for one in history.due(clock.now_ms(), 200)}
    assert {"LARQUSDT", "LARQ-USDT-SWAP"} <= wanted
    assert "BTCUSDT" not in wanted


def test_a_look_changes_nothing(collected: Advance) -> None:
    seen = live.look(["threshold=1bp"])

    assert seen.result.opportunities.height >= 20
    assert not ScanRecord.objects.exists()
    assert book.fetch(live.LAST_SCAN) is None
    assert history.due(clock.now_ms(), 10) == []


def test_overrides_hold_for_their_look_only(collected: Advance) -> None:
    dear = live.look(["threshold=50%"]).result
    usual = live.look().result

    assert dear.opportunities.is_empty()
    assert not usual.opportunities.is_empty()
    assert dear.policy_version != usual.policy_version


def test_a_paused_venue_opens_nothing(collected: Advance) -> None:
    told = {"paused": True, "paused_reason": "maintenance", "paused_at": datetime.now(UTC)}
    VenueRecord.objects.update_or_create(name="okx", defaults=told)

    passing = live.look().result.opportunities
    assert not passing.is_empty()
    assert "okx" not in {*passing["long_venue"], *passing["short_venue"]}


def test_old_answers_are_stale_not_fresh(
    collected: Advance, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_ms = clock.now_ms()
    monkeypatch.setattr(clock, "now_ms", lambda: now_ms + 45 * SECOND)

    result = live.look().result
    assert result.opportunities.is_empty()
    assert result.counts["stale"] > 1_000


def test_recorded_markets_are_priced_at_the_fees_of_today(
    collected: Advance, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MARKET_MODE = "replay"
    after = clock.now_ms() + 400 * 24 * 3_600 * SECOND
    monkeypatch.setattr(clock, "now_ms", lambda: after)

    result = live.look().result
    assert result.fee_version == "2026-01"
    assert "no_fee" not in result.counts or result.counts["no_fee"] < 10


def test_an_empty_book_is_no_data_and_no_scan(fee_table: None) -> None:
    cache.client().flushdb()
    with pytest.raises(NoData):
        live.run()
    assert not ScanRecord.objects.exists()
