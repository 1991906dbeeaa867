"""What a followed trade really paid, checkpoint by checkpoint."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from arbedge.names import Reason
from exchanges.models import Instrument, SettledFunding
from opportunities import outcomes
from opportunities.models import Followed, Opportunity, Outcome
from opportunities.outcomes import Progress
from tests.factories import SettledFundingFactory
from tests.opportunities.rows import Pair, at, scan
from tests.opportunities.stories import NOON_MS

pytestmark = pytest.mark.django_db

HOUR_S = 3600.0
OPENED_S = 30.0


@pytest.fixture
def pair() -> Pair:
    """WIF: the long leg settles 4 h after it opened, the short one 8 h after."""
    return Pair.make()


@pytest.fixture
def opened(pair: Pair) -> Opportunity:
    """Entered at 1.0 long and 1.001 short, 20 bp promised."""
    return pair.open(**calendar())


def calendar() -> dict[str, float]:
    """Settlements every 4 h (long) and every 8 h (short) from the opening on."""
    start_ms = NOON_MS + OPENED_S * 1000
    return {
        "long_next_ms": start_ms + 4 * HOUR_S * 1000,
        "long_interval_hours": 4.0,
        "short_next_ms": start_ms + 8 * HOUR_S * 1000,
        "short_interval_hours": 8.0,
    }


def settle(leg: Instrument, hours: float, rate: str) -> SettledFunding:
    """A settlement of a leg, some ms late as venues are."""
    moment = at(OPENED_S + hours * HOUR_S) + timedelta(milliseconds=7 if hours % 8 else -7)
    row: SettledFunding = SettledFundingFactory(
        instrument=leg, settled_at=moment, rate=Decimal(rate)
    )
    return row


def look(hours: float, pair: Pair, long: float = 1.0, short: float = 1.001) -> Progress:
    """Follow up so many hours after the opening, with these mids."""
    now_ms = NOON_MS + (OPENED_S + hours * HOUR_S) * 1000 + 500
    prices = pl.DataFrame(
        {
            "instrument_id": [pair.long.pk, pair.short.pk],
            "bid": [long - 0.0001, short - 0.0001],
            "ask": [long + 0.0001, short + 0.0001],
            "captured_at_ms": [now_ms - 2000.0] * 2,
        }
    )
    return outcomes.follow(now_ms, prices)


def outcome(checkpoint: str) -> Outcome:
    """The only outcome of that checkpoint."""
    return Outcome.objects.get(checkpoint=checkpoint)


@pytest.mark.usefixtures("opened")
class TestCheckpoints:
    def test_none_is_due_before_its_time(self, pair: Pair) -> None:
        look(0.99, pair)
        assert not Outcome.objects.exists()

    @pytest.mark.parametrize(
        ("hours", "due"),
        [
            (1, {"1h"}),
            (8, {"1h", "8h"}),
            (24, {"1h", "8h", "24h"}),
            (72, {"1h", "8h", "24h", "horizon"}),
            (168, {"1h", "8h", "24h", "horizon", "7d"}),
        ],
    )
    def test_they_fall_due_one_after_another(self, pair: Pair, hours: float, due: set[str]) -> None:
        look(hours, pair)
        assert set(Outcome.objects.values_list("checkpoint", flat=True)) == due

    def test_each_is_made_once_however_often_it_runs(self, pair: Pair) -> None:
        assert look(1, pair).due == 1
        assert look(1.01, pair).due == 0

    def test_closing_is_a_checkpoint_of_its_own(self, pair: Pair) -> None:
        scan(600, pair.seen(bp=-1, **calendar()))
        scan(605, pair.seen(bp=-1, **calendar()))
        look(0.2, pair)
        assert outcome("close").due_at == at(605)

    def test_a_second_closing_replaces_the_first(self, pair: Pair) -> None:
        for start_s in (600, 900):
            scan(start_s, pair.seen(bp=-1, **calendar()))
            scan(start_s + 5, pair.seen(bp=-1, **calendar()))
            look(start_s / HOUR_S, pair)
            if start_s == 600:
                pair.open(start_s=660, **calendar())
        assert outcome("close").due_at == at(905)


@pytest.mark.usefixtures("opened")
class TestFigures:
    def test_before_any_settlement_only_the_gap_has_paid(self, pair: Pair) -> None:
        look(1, pair, long=1.01, short=1.012)
        hour = outcome("1h")
        assert hour.settled == 0
        assert hour.gap_change == pytest.approx(0.01 - 0.011)
        assert hour.total == pytest.approx(-0.001 - hour.cost)
        assert hour.success is False

    def test_settled_rates_are_paid_long_and_received_short(self, pair: Pair) -> None:
        for hours, rate in ((4, "-0.002"), (7.999, "-0.001")):
            settle(pair.long, hours, rate)
        settle(pair.short, 8, "0.0015")
        look(8, pair)
        eight = outcome("8h")
        assert eight.settled == pytest.approx(0.003 + 0.0015 * 1.001)
        assert eight.success is True

    def test_a_missing_settlement_is_waited_for(self, pair: Pair) -> None:
        settle(pair.long, 4, "-0.002")
        settle(pair.short, 8, "0.0015")
        look(8, pair)
        waiting = outcome("8h")
        assert (waiting.status, waiting.settled, waiting.success) == ("pending", None, None)
        settle(pair.long, 7.999, "-0.001")
        look(9, pair, long=2.0)
        judged = outcome("8h")
        assert judged.status == "settled"
        assert judged.gap_change == pytest.approx(0.0)

    def test_a_settlement_that_never_comes_is_no_data(self, pair: Pair) -> None:
        look(8, pair)
        look(8 + 49, pair)
        lost = outcome("8h")
        assert (lost.status, lost.total, lost.success) == ("no_data", None, None)

    def test_without_prices_in_time_there_is_no_outcome(self, pair: Pair) -> None:
        nothing = pl.DataFrame(
            schema={
                "instrument_id": pl.Int64,
                "bid": pl.Float64,
                "ask": pl.Float64,
                "captured_at_ms": pl.Float64,
            }
        )
        hour_ms = NOON_MS + (OPENED_S + HOUR_S) * 1000
        outcomes.follow(hour_ms + 1000, nothing)
        assert outcome("1h").status == "pending"
        look(1.26, pair)
        assert (outcome("1h").status, outcome("1h").gap_change) == ("no_data", None)

    def test_old_quotes_are_not_prices_of_now(self, pair: Pair) -> None:
        now_ms = NOON_MS + (OPENED_S + HOUR_S) * 1000 + 1000
        old = pl.DataFrame(
            {
                "instrument_id": [pair.long.pk, pair.short.pk],
                "bid": [1.0, 1.0],
                "ask": [1.1, 1.1],
                "captured_at_ms": [now_ms - 61_000] * 2,
            }
        )
        outcomes.follow(now_ms, old)
        assert outcome("1h").gap_change is None

    def test_awaited_are_the_perpetuals_a_judgement_waits_for(self, pair: Pair) -> None:
        look(8, pair)
        assert outcomes.awaited() == [
            (pair.long.pk, "bybit", "WIFUSDT"),
            (pair.short.pk, "binance", "WIFUSDT"),
        ]


class TestSpot:
    def test_a_spot_trade_pays_when_its_gap_has_closed(self, pair: Pair) -> None:
        spot = {"kind": "spot", "long_market": "spot", "short_market": "spot"}
        for step in (0, 15, 30):
            scan(
                step,
                pair.seen(bp=20, **spot, short_bid=1.0059, short_ask=1.0061, gap=0.006),
            )
        look(1, pair, long=1.003, short=1.003)
        hour = outcome("1h")
        assert hour.total == pytest.approx(0.002)
        assert hour.success is True


class TestEnd:
    def close(self, pair: Pair) -> None:
        scan(600, pair.seen(bp=-1))
        scan(605, pair.seen(bp=-1))

    def follow_to_the_end(self, pair: Pair) -> None:
        for hours in (0.2, 1, 8, 24, 72, 168, 220):
            look(hours, pair)

    def test_a_trade_is_finished_when_every_checkpoint_is(self, pair: Pair) -> None:
        pair.open(long_market="spot", short_market="spot")
        self.close(pair)
        self.follow_to_the_end(pair)
        assert Followed.objects.get().complete
        assert Outcome.objects.filter(status="settled").count() == 6

    def test_a_live_one_is_followed_on(self, pair: Pair) -> None:
        pair.open(long_market="spot", short_market="spot")
        self.follow_to_the_end(pair)
        assert not Followed.objects.get().complete

    def test_a_shadow_ends_at_its_horizon(self, pair: Pair) -> None:
        for step in (0, 15, 30):
            scan(step, pair.seen(reasons=(Reason.HISTORY,)))
        look(72, pair)
        assert Followed.objects.get().closed_at == at(OPENED_S + 72 * HOUR_S)


@pytest.mark.usefixtures("judged")
class TestSuccess:
    @pytest.fixture
    def judged(self, pair: Pair) -> None:
        """One trade whose gap moved for it, one in shadow that moved against it."""
        spot: dict[str, Any] = {"long_market": "spot", "short_market": "spot"}
        other = Pair.make("ZEC")
        for step in (0, 15, 30):
            scan(step, pair.seen(**spot), other.seen(**spot, reasons=(Reason.HISTORY,)))
        look(72, pair, long=1.02, short=1.001)
        look(72, other, long=0.9, short=1.001)

    def test_the_rate_of_a_family_is_that_of_its_horizon(self) -> None:
        assert outcomes.success_by_family(now=at(72 * HOUR_S)) == {
            "funding:WIF": (1.0, 1),
            "funding:ZEC": (0.0, 1),
        }

    def test_rates_come_by_venue_as_well(self) -> None:
        rates = outcomes.success_rates("long_venue", now=at(72 * HOUR_S))
        assert rates.rows() == [("bybit", 2, 1)]

    def test_what_is_long_ago_does_not_count(self) -> None:
        assert outcomes.success_by_family(now=at(0) + timedelta(days=31)) == {}
