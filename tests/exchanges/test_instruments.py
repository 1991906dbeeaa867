"""What the venues list, kept: new, changed, listed anew, renamed, gone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from auditlog.models import LogEntry
from pytest_django import DjangoAssertNumQueries

from exchanges import instruments
from exchanges.columns import INSTRUMENT, conform
from exchanges.instruments import Change, Listing, in_memory, known
from exchanges.models import CoinVerdict, Instrument, VenueRecord
from exchanges.snapshot import KNOWN
from tests.factories import SEEN, CoinVerdictFactory

NOW_MS = SEEN.timestamp() * 1000
DAY_MS = 86_400_000.0
YEAR_MS = 365 * DAY_MS


def line(coin: str, /, **values: Any) -> dict[str, Any]:
    """One line of a venue's list."""
    plain = {
        "symbol": f"{coin}USDT",
        "market": "perp",
        "base": coin,
        "quote": "USDT",
        "settle": "USDT",
        "contract_size": 1.0,
        "tick": 1e-8,
        "lot": 0.1,
        "min_notional": 5.0,
        "status": "trading",
        "listed_at_ms": NOW_MS - YEAR_MS,
        "leveraged": False,
    }
    return {**plain, **values}


def listing(*lines: dict[str, Any], venue: str = "bybit", **options: Any) -> Listing:
    """A venue's whole list."""
    frame = pl.DataFrame(lines, infer_schema_length=None) if lines else pl.DataFrame()
    return Listing(venue, conform(frame, INSTRUMENT), **options)


def sync(*lines: dict[str, Any], at_ms: float = NOW_MS, **options: Any) -> Change:
    """The venue lists these lines at that moment."""
    return instruments.sync([listing(*lines, **options)], at_ms)


def one(**which: Any) -> Instrument:
    """The one current instrument like this."""
    return Instrument.objects.get(current=True, **which)


def at(ms: float) -> datetime:
    """A moment as the database has it."""
    return datetime.fromtimestamp(ms / 1000, tz=UTC)


# Without a database.


def test_leveraged_tokens_are_known_by_name_where_the_venue_does_not_flag_them() -> None:
    names = ("BTC", "BTC3L", "ETH", "ETHUP", "ETHDOWN", "T", "TUP", "SYRUP")
    rows = listing(*(line(name, market="spot", settle=None, leveraged=None) for name in names))
    flagged = in_memory([rows]).filter("leveraged")
    assert set(flagged["asset"]) == {"BTC3L", "ETHUP", "ETHDOWN"}


def test_instruments_in_memory_are_numbered_by_name() -> None:
    rows = listing(line("SOL"), line("BTC")), listing(line("BTC"), venue="binance")
    found = in_memory(rows)
    assert dict(found.schema) == dict(KNOWN)
    assert found.select("instrument_id", "venue", "asset").rows() == [
        (1, "binance", "BTC"),
        (2, "bybit", "BTC"),
        (3, "bybit", "SOL"),
    ]


def test_multiplied_names_stand_for_listed_coins() -> None:
    found = in_memory([listing(line("1000PEPE"), line("PEPE", market="spot"))])
    row = found.row(by_predicate=pl.col("base") == "1000PEPE", named=True)
    assert (row["asset"], row["multiplier"]) == ("PEPE", 1000)


def test_a_multiplied_name_whose_price_does_not_agree_is_taken_as_it_is() -> None:
    prices = pl.DataFrame({"symbol": ["1000PEPEUSDT", "PEPEUSDT"], "price": [7.0, 1e-6]})
    found = in_memory([listing(line("1000PEPE"), line("PEPE", market="spot"))], prices)
    assert found["asset"].sort().to_list() == ["1000PEPE", "PEPE"]


@pytest.mark.parametrize(
    "broken",
    [{"symbol": None}, {"base": ""}, {"quote": None}, {"market": "swap"}],
)
def test_a_line_that_names_no_market_is_left_out(broken: dict[str, Any]) -> None:
    assert in_memory([listing(line("BTC", **broken), line("SOL"))])["asset"].to_list() == ["SOL"]


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"tick": 0.0}, "tick"),
        ({"lot": -1.0}, "lot"),
        ({"contract_size": float("inf")}, "contract_size"),
        ({"min_notional": -5.0}, "min_notional"),
        ({"offline_at_ms": NOW_MS - 2 * YEAR_MS}, "offline_at_ms"),
    ],
)
def test_a_senseless_number_is_unknown(given: dict[str, Any], name: str) -> None:
    assert in_memory([listing(line("BTC", **given))])[name].to_list() == [None]


def test_an_unheard_of_status_is_unknown() -> None:
    found = in_memory([listing(line("BTC", status="auction"))])
    assert found["status"].to_list() == ["unknown"]


def test_a_list_read_from_text_is_marked() -> None:
    found = in_memory([listing(line("BTC"), inferred=True)])
    assert found["inferred"].to_list() == [True]


def test_no_listing_gives_no_instrument() -> None:
    assert in_memory([]).is_empty()
    assert in_memory([listing()]).is_empty()


# In the database.


@pytest.mark.django_db
def test_what_is_listed_is_kept_with_an_id() -> None:
    change = sync(line("BTC"), line("1000PEPE"), line("PEPE", market="spot", settle=None))
    assert dict(change.known.schema) == dict(KNOWN)
    assert change.known["instrument_id"].n_unique() == change.listed == 3
    kept = one(symbol="1000PEPEUSDT")
    assert kept.asset == "PEPE"
    assert (kept.multiplier, kept.tick) == (Decimal(1000), Decimal("1e-8"))
    assert kept.first_seen == kept.last_seen == SEEN


@pytest.mark.django_db
def test_what_is_read_back_is_what_was_listed() -> None:
    given = line("BTC", offline_at_ms=NOW_MS + DAY_MS, leveraged=False, lot=None)
    row = sync(given).known.row(0, named=True)
    assert {name: row[name] for name in given} == given
    assert known().equals(sync(given).known)


@pytest.mark.django_db
def test_names_are_read_in_the_light_of_other_venues_lists() -> None:
    sync(line("PEPE", market="spot"), venue="okx")
    assert sync(line("1000PEPE")).known["asset"].unique().to_list() == ["PEPE"]


@pytest.mark.django_db
def test_ids_stay() -> None:
    before = sync(line("BTC")).known["instrument_id"].to_list()
    later = sync(line("BTC", tick=0.5), line("SOL"), at_ms=NOW_MS + 1000).known
    assert later.filter(pl.col("asset") == "BTC")["instrument_id"].to_list() == before
    assert later.filter(pl.col("asset") == "BTC")["tick"].to_list() == [0.5]


@pytest.mark.django_db
def test_a_venue_that_lists_is_known_to_the_console() -> None:
    sync(line("BTC"))
    sync(line("BTC"))
    assert VenueRecord.objects.filter(name="bybit").count() == 1


@pytest.mark.django_db
def test_last_seen_moves_by_the_hour_where_nothing_else_changes() -> None:
    sync(line("BTC"))
    sync(line("BTC"), at_ms=NOW_MS + 600_000)
    assert one().last_seen == SEEN
    sync(line("BTC"), at_ms=NOW_MS + 3_700_000)
    assert one().last_seen == SEEN + timedelta(seconds=3700)


@pytest.mark.django_db
def test_a_later_listing_date_is_a_new_instrument() -> None:
    sync(line("LUNA"))
    change = sync(line("LUNA", listed_at_ms=NOW_MS - 5 * DAY_MS))
    old, new = Instrument.objects.order_by("first_seen", "id")
    assert change.relisted == 1
    assert (old.current, old.status, old.offline_at) == (False, "closed", at(NOW_MS - 5 * DAY_MS))
    assert new.current
    assert change.known["instrument_id"].to_list() == [new.pk]


@pytest.mark.django_db
@pytest.mark.parametrize("shift_ms", [-30 * DAY_MS, 3_600_000.0])
def test_a_corrected_listing_date_is_the_same_instrument(shift_ms: float) -> None:
    sync(line("BTC"))
    assert sync(line("BTC", listed_at_ms=NOW_MS - YEAR_MS + shift_ms)).relisted == 0
    assert Instrument.objects.count() == 1


@pytest.mark.django_db
def test_a_postponed_start_is_the_same_instrument() -> None:
    sync(line("NEW", status="pre_market", listed_at_ms=NOW_MS + DAY_MS))
    sync(line("NEW", status="pre_market", listed_at_ms=NOW_MS + 4 * DAY_MS))
    assert one().listed_at == at(NOW_MS + 4 * DAY_MS)


@pytest.mark.django_db
def test_a_listing_date_that_comes_late_is_filled_in() -> None:
    sync(line("BTC", listed_at_ms=None))
    sync(line("BTC"))
    assert one().listed_at == at(NOW_MS - YEAR_MS)
    sync(line("BTC", listed_at_ms=None))
    assert one().listed_at == at(NOW_MS - YEAR_MS)


@pytest.mark.django_db
def test_what_is_gone_from_a_whole_list_is_closed() -> None:
    sync(line("BTC"), line("SOL"), line("FTT"))
    change = sync(line("BTC"), line("SOL"), at_ms=NOW_MS + 1000)
    gone = one(asset="FTT")
    assert change.gone == 1
    assert (gone.status, gone.offline_at) == ("closed", at(NOW_MS + 1000))


@pytest.mark.django_db
@pytest.mark.parametrize(
    "listed_now",
    [
        listing(line("BTC"), line("SOL"), complete=False),
        listing(line("BTC"), line("SOL"), inferred=True),
        listing(line("BTC"), line("SOL"), line("ADA", market="spot")).frame.clear(),
        listing(line("XRP", market="spot")),
        listing(line("BTC"), venue="okx"),
    ],
)
def test_nothing_is_gone_from_other_lists(listed_now: Any) -> None:
    sync(line("BTC"), line("SOL"), line("FTT"))
    told = listed_now if isinstance(listed_now, Listing) else Listing("bybit", listed_now)
    assert instruments.sync([told], NOW_MS).gone == 0
    assert one(venue="bybit", asset="FTT").status == "trading"


@pytest.mark.django_db
def test_a_list_that_lost_most_of_its_lines_is_not_believed() -> None:
    sync(*(line(f"C{n}") for n in range(10)))
    assert sync(line("C0")).gone == 0
    assert Instrument.objects.filter(status="trading").count() == 10


@pytest.mark.django_db
def test_what_comes_back_within_a_day_is_the_same_instrument() -> None:
    sync(line("BTC"), line("SOL"), line("FTT", listed_at_ms=None))
    sync(line("BTC"), line("SOL"))
    back = line("FTT", listed_at_ms=None)
    sync(line("BTC"), line("SOL"), back, at_ms=NOW_MS + DAY_MS / 2)
    revived = one(asset="FTT")
    assert (revived.status, revived.offline_at) == ("trading", None)
    assert Instrument.objects.count() == 3


@pytest.mark.django_db
def test_what_comes_back_after_days_is_a_new_instrument() -> None:
    sync(line("BTC"), line("SOL"), line("FTT", listed_at_ms=None))
    sync(line("BTC"), line("SOL"))
    back = line("FTT", listed_at_ms=None)
    change = sync(line("BTC"), line("SOL"), back, at_ms=NOW_MS + 3 * DAY_MS)
    assert change.relisted == 1
    assert one(asset="FTT").listed_at == at(NOW_MS + 3 * DAY_MS)
    assert Instrument.objects.filter(asset="FTT").count() == 2


@pytest.mark.django_db
def test_what_stays_closed_is_not_listed_anew() -> None:
    closed = line("FTT", status="closed", offline_at_ms=NOW_MS - 9 * DAY_MS, listed_at_ms=None)
    sync(closed, line("BTC"))
    assert sync(closed, line("BTC"), at_ms=NOW_MS + 30 * DAY_MS).relisted == 0


@pytest.mark.django_db
def test_a_list_read_from_text_overwrites_no_real_one() -> None:
    sync(line("BTC", tick=0.1))
    sync(line("BTC", tick=None, contract_size=None, status="unknown"), inferred=True)
    assert (one().inferred, one().status) == (False, "trading")


@pytest.mark.django_db
def test_a_real_list_replaces_one_read_from_text() -> None:
    sync(line("BTC", contract_size=None, status="unknown", listed_at_ms=None), inferred=True)
    sync(line("BTC"))
    assert not one().inferred
    assert one().contract_size == 1


@pytest.mark.django_db
def test_relisting_ends_what_was_proven_and_decided() -> None:
    sync(line("LUNA"))
    CoinVerdictFactory(venue="bybit", asset="LUNA", market="perp", verdict="verified")
    CoinVerdictFactory(venue="bybit", asset="LUNA", market="", source="admin", verdict="same")
    CoinVerdictFactory(venue="okx", asset="LUNA", market="perp", verdict="verified")
    sync(line("LUNA", listed_at_ms=NOW_MS - DAY_MS))
    verdicts = CoinVerdict.objects.values_list("venue", "verdict", "reset_reason")
    assert sorted(verdicts) == [("bybit", "provisional", "relisted"), ("okx", "verified", "")]
    assert LogEntry.objects.filter(action=LogEntry.Action.DELETE).count() == 1


@pytest.mark.django_db
def test_a_rename_ends_the_proof_of_both_names() -> None:
    sync(line("LUNA", symbol="LUNAUSDT"))
    for asset in ("LUNA", "LUNC"):
        CoinVerdictFactory(venue="bybit", asset=asset, market="perp", verdict="verified")
    change = sync(line("LUNC", symbol="LUNAUSDT"))
    reasons = CoinVerdict.objects.values_list("reset_reason", flat=True)
    assert (change.renamed, list(reasons)) == (2, ["renamed", "renamed"])
    assert one().asset == "LUNC"


@pytest.mark.django_db
def test_the_work_does_not_grow_with_the_list(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    sync(*(line(f"C{n}") for n in range(50)))
    with django_assert_max_num_queries(25):
        sync(*(line(f"C{n}", tick=0.5) for n in range(500)))
