"""Which coins are believed to be the same, on what evidence, and when belief ends."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from arbedge.names import Reason
from exchanges.contracts import same_contracts
from exchanges.identity import BELIEF, Judgement
from exchanges.memory import STATE
from tests.exchanges.markets import (
    HOUR_MS,
    NOW_MS,
    contracts,
    instrument,
    judged,
    market,
    perpetual,
    remembered,
    verdicts_of,
)


def first(judgement: Judgement) -> dict[str, Any]:
    """What is believed of the first instrument."""
    return judgement.frame.row(0, named=True)


def stored(judgement: Judgement, verdicts: pl.DataFrame | None = None) -> pl.DataFrame:
    """What the database holds after the scan."""
    if verdicts is None:
        return judgement.changes
    kept = verdicts.join(judgement.changes, on=["venue", "asset", "market"], how="anti")
    return pl.concat([kept, judgement.changes])


def on_two_venues(gap: float, verdicts: pl.DataFrame | None = None, **values: Any) -> Judgement:
    """TON at 1 + gap on OKX, which is looked at, and at 1 on Binance."""
    rows = instrument("okx", "TON", 1 + gap, **values), instrument("binance", "TON", 1.0)
    return judged(*rows, verdicts=verdicts)


# The distance decides where nothing better is known.


@pytest.mark.parametrize(
    ("gap", "verdict", "floor_risk"),
    [
        (0.0, "provisional", None),
        (0.0199, "provisional", None),
        (0.0201, "provisional", "high"),
        (0.0499, "provisional", "high"),
        (0.0501, "divergent", None),
        (0.499, "divergent", None),
        (0.501, "quarantined", None),
        (780_000.0, "quarantined", None),
    ],
)
def test_the_distance_decides(gap: float, verdict: str, floor_risk: str | None) -> None:
    believed = first(on_two_venues(gap))
    assert (believed["verdict"], believed["floor_risk"]) == (verdict, floor_risk)
    assert believed["ratio"] == pytest.approx(gap, abs=1e-9)


def test_the_distance_is_the_same_from_both_sides() -> None:
    cheap, dear = judged(instrument("okx", "X", 1.0), instrument("binance", "X", 1.3)).frame[
        "ratio"
    ]
    assert cheap == pytest.approx(dear) == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("gap", "reasons"),
    [
        (0.0, {Reason.PROVISIONAL}),
        (0.2, {Reason.DIVERGENT}),
        (9.3, {Reason.QUARANTINED}),
    ],
)
def test_verdicts_are_reasons(gap: float, reasons: set[Reason]) -> None:
    mask = first(on_two_venues(gap))["reasons"]
    assert {reason for reason in Reason if mask >> reason & 1} == reasons


def test_a_coin_nobody_else_lists_is_never_believed_at_once() -> None:
    believed = first(judged(instrument("okx", "TON", 1.0)))
    assert (believed["verdict"], believed["source"]) == ("provisional", "alone")
    assert believed["ratio"] is None
    assert believed["floor_risk"] == "medium"


def test_an_instrument_without_a_price_is_judged_by_its_coins_other_instrument() -> None:
    rows = (
        instrument("okx", "TON", None),
        instrument("okx", "TON", 5.0, quote="USDC"),
        instrument("binance", "TON", 1.0),
    )
    assert verdicts_of(judged(*rows))[:2] == ["quarantined", "quarantined"]


# With three venues and more it is the odd one out.


def test_the_outlier_of_three_carries_the_verdict_alone() -> None:
    rows = [instrument(v, "GTC", p) for v, p in (("a", 1.0), ("b", 1.01), ("gate", 2_940.0))]
    judgement = judged(*rows)
    assert verdicts_of(judgement) == ["provisional", "provisional", "quarantined"]
    assert set(judgement.frame["source"]) == {"median"}


def test_an_outlier_within_half_is_divergent() -> None:
    rows = [instrument(v, "HNT", p) for v, p in (("a", 1.0), ("b", 1.0), ("c", 1.0), ("d", 1.066))]
    assert verdicts_of(judged(*rows))[-1] == "divergent"


def test_two_that_agree_are_believed_against_two_that_agree_with_nobody() -> None:
    prices = {"okx": 0.553, "bitget": 0.553, "gate": 0.0187, "kucoin": 0.0033}
    rows = [instrument(venue, "STC", price) for venue, price in prices.items()]
    assert verdicts_of(judged(*rows)) == ["provisional"] * 2 + ["quarantined"] * 2


def test_two_against_two_nobody_is_believed() -> None:
    prices = {"a": 1.0, "b": 1.0, "c": 7.0, "d": 7.0}
    rows = [instrument(venue, "TON", price) for venue, price in prices.items()]
    assert set(verdicts_of(judged(*rows))) == {"quarantined"}


def test_the_middle_of_three_different_prices_is_not_believed_either() -> None:
    rows = [instrument(v, "TON", p) for v, p in (("a", 1.0), ("b", 2.0), ("c", 4.0))]
    assert set(verdicts_of(judged(*rows))) == {"quarantined"}


def test_prices_in_other_coins_count_by_what_the_coin_is_worth() -> None:
    rows = (
        instrument("okx", "BTC", 50_000.0),
        instrument("binance", "BTC", 50_000.0),
        instrument("okx", "TON", 1 / 50_000, quote="BTC"),
        instrument("binance", "TON", 1.0),
    )
    assert judged(*rows).frame["ratio"][2] == pytest.approx(0.0, abs=1e-9)


def test_a_price_in_an_unknown_currency_proves_nothing() -> None:
    rows = instrument("okx", "TON", 40.0, quote="TRY"), instrument("binance", "TON", 1.0)
    assert first(judged(*rows))["source"] == "alone"


def test_an_old_price_proves_nothing() -> None:
    believed = first(on_two_venues(9.0, age_ms=121_000.0))
    assert (believed["verdict"], believed["source"]) == ("provisional", "alone")


def test_a_wide_quote_has_no_voice() -> None:
    rows = instrument("okx", "TON", 1.0), instrument("binance", "TON", 9.0, spread=0.5)
    assert verdicts_of(judged(*rows)) == ["provisional", "quarantined"]


# Time verifies.


def test_agreement_for_a_day_verifies() -> None:
    before = stored(on_two_venues(0.001))
    later = judged(
        instrument("okx", "TON", 1.001),
        instrument("binance", "TON", 1.0),
        verdicts=before,
        now_ms=NOW_MS + 24 * HOUR_MS,
    )
    assert verdicts_of(later) == ["verified", "verified"]
    assert later.frame["since_ms"].to_list() == [NOW_MS + 24 * HOUR_MS] * 2


def test_agreement_for_less_than_a_day_does_not() -> None:
    before = remembered(verdict="provisional", agreed_since_ms=NOW_MS - 23.9 * HOUR_MS)
    assert first(on_two_venues(0.001, before))["verdict"] == "provisional"


def test_a_break_in_agreement_starts_the_day_again() -> None:
    before = remembered(verdict="provisional", agreed_since_ms=NOW_MS - 23.9 * HOUR_MS)
    broken = stored(on_two_venues(0.03, before), before).filter(pl.col("venue") == "okx")
    assert broken["agreed_since_ms"].to_list() == [None]
    again = on_two_venues(0.001, broken).changes.filter(pl.col("venue") == "okx")
    assert again["agreed_since_ms"].to_list() == [NOW_MS]


def test_a_verdict_keeps_its_beginning() -> None:
    before = remembered(verdict="provisional", agreed_since_ms=NOW_MS - HOUR_MS)
    assert first(on_two_venues(0.0, before))["since_ms"] == NOW_MS - 100 * HOUR_MS


# What is proven stays proven through a gap, up to a limit.


@pytest.mark.parametrize("gap", [0.06, 0.3, 0.49])
def test_a_verified_coin_apart_is_a_gap_excursion(gap: float) -> None:
    believed = first(on_two_venues(gap, remembered()))
    assert believed["verdict"] == "verified"
    assert believed["reasons"] == 1 << Reason.GAP_EXCURSION
    assert believed["floor_risk"] == "medium"


def test_a_verified_coin_nearby_carries_no_reason() -> None:
    assert first(on_two_venues(0.01, remembered()))["reasons"] == 0


def test_a_verified_coin_far_away_is_quarantined() -> None:
    assert first(on_two_venues(0.7, remembered(price=1.7)))["verdict"] == "quarantined"


def test_a_wide_quote_cannot_undo_a_proof() -> None:
    believed = first(on_two_venues(0.7, remembered(price=1.7), spread=0.4))
    assert believed["verdict"] == "verified"


def test_a_verified_coin_without_a_price_stays_verified() -> None:
    rows = instrument("okx", "TON", None), instrument("binance", "TON", 1.0)
    assert first(judged(*rows, verdicts=remembered()))["verdict"] == "verified"


def test_a_quarantined_coin_whose_price_comes_back_starts_anew() -> None:
    before = remembered(verdict="quarantined", agreed_since_ms=None)
    believed = first(on_two_venues(0.0, before))
    assert (believed["verdict"], believed["since_ms"]) == ("provisional", NOW_MS)


# Perpetuals are known by their index.


def test_an_index_within_one_per_cent_proves_a_perpetual() -> None:
    rows = perpetual("okx", "XEM", 0.89, 1.0), perpetual("binance", "XEM", 1.0, 1.009)
    judgement = judged(*rows)
    assert verdicts_of(judgement) == ["same", "same"]
    assert set(judgement.frame["source"]) == {"index"}


def test_an_index_further_away_leaves_it_to_the_middle() -> None:
    rows = perpetual("okx", "XEM", 1.0, 1.2), perpetual("binance", "XEM", 1.0, 1.0)
    assert verdicts_of(judged(*rows))[0] == "provisional"


def test_a_perpetual_without_index_is_compared_by_its_middle() -> None:
    rows = perpetual("okx", "GMT", 1.0), perpetual("binance", "GMT", 3.0)
    assert verdicts_of(judged(*rows)) == ["quarantined", "quarantined"]


def test_a_perpetual_far_from_its_index_is_an_excursion() -> None:
    rows = perpetual("okx", "XEM", 0.89, 1.0), perpetual("binance", "XEM", 1.0, 1.0)
    believed = first(judged(*rows))
    assert believed["verdict"] == "same"
    assert believed["ratio"] == pytest.approx(0.0)


def test_spot_and_perpetual_of_one_venue_are_compared_too() -> None:
    rows = instrument("bybit", "TON", 3.0), perpetual("bybit", "TON", 1.0, 1.0)
    assert verdicts_of(judged(*rows))[0] == "quarantined"


def test_spot_and_perpetual_have_verdicts_of_their_own() -> None:
    rows = (
        instrument("okx", "TON", 1.2),
        instrument("binance", "TON", 1.0),
        perpetual("okx", "TON", 1.0, 1.0),
        perpetual("binance", "TON", 1.0, 1.0),
    )
    assert verdicts_of(judged(*rows)) == ["divergent", "provisional", "same", "same"]


# Contracts say more than prices.


def test_a_common_contract_proves_the_coin_whatever_its_price() -> None:
    networks = contracts(("okx", "TON", "TON-ERC20", "0xAB"), ("binance", "TON", "ETH", "0xab"))
    rows = instrument("okx", "TON", 1.3), instrument("binance", "TON", 1.0)
    judgement = judged(*rows, networks=networks)
    assert verdicts_of(judgement) == ["same", "same"]
    assert set(judgement.frame["source"]) == {"contract"}
    assert first(judgement)["reasons"] == 1 << Reason.GAP_EXCURSION


@pytest.mark.parametrize(
    "other",
    [
        ("binance", "TON", "BSC", "0xab"),
        ("binance", "TON", "ETH", "0xcd"),
        ("binance", "GRAM", "ETH", "0xab"),
        ("okx", "TON", "ETH", "0xab"),
        ("binance", "TON", "ETH", ""),
    ],
)
def test_another_chain_contract_coin_or_venue_proves_nothing(other: tuple[str, ...]) -> None:
    networks = contracts(("okx", "TON", "ERC20", "0xab"), other)  # type: ignore[arg-type]
    assert same_contracts(networks).is_empty()


def test_of_two_groups_with_different_contracts_the_larger_is_believed() -> None:
    networks = contracts(
        ("a", "X", "ETH", "0x1"),
        ("b", "X", "ETH", "0x1"),
        ("b", "X", "BSC", "0x2"),
        ("c", "X", "BSC", "0x2"),
        ("d", "X", "ETH", "0x9"),
        ("e", "X", "ETH", "0x9"),
    )
    assert same_contracts(networks).rows() == [("a", "X"), ("b", "X"), ("c", "X")]


def test_of_two_equal_groups_none_is_believed() -> None:
    networks = contracts(*((v, "X", "ETH", c) for v, c in zip("abcd", "1122", strict=True)))
    assert same_contracts(networks).is_empty()


def test_addresses_that_have_case_keep_it() -> None:
    networks = contracts(("a", "X", "SOL", "AbC"), ("b", "X", "Solana", "aBc"))
    assert same_contracts(networks).is_empty()


def test_a_contract_says_nothing_of_a_perpetual() -> None:
    networks = contracts(("okx", "TON", "ETH", "0x1"), ("binance", "TON", "ETH", "0x1"))
    rows = perpetual("okx", "TON", 3.0), perpetual("binance", "TON", 1.0)
    assert set(verdicts_of(judged(*rows, networks=networks))) == {"quarantined"}


# A person's word comes first.


@pytest.mark.parametrize(("word", "gap"), [("same", 6.3), ("quarantined", 0.0)])
def test_a_persons_word_beats_all_evidence(word: str, gap: float) -> None:
    decided = remembered(market="", verdict=word, source="admin", price=None)
    believed = first(on_two_venues(gap, decided))
    assert (believed["verdict"], believed["source"]) == (word, "admin")


def test_a_persons_word_is_about_one_venue() -> None:
    decided = remembered(market="", verdict="same", source="admin", price=None)
    assert verdicts_of(on_two_venues(6.3, decided))[1] == "quarantined"


def test_a_word_taken_back_leaves_no_proof_behind() -> None:
    followed = remembered(market="spot", verdict="same", source="admin", price=7.3)
    assert first(on_two_venues(6.3, followed))["verdict"] == "quarantined"


# Belief ends where a coin is redenominated.


@pytest.mark.parametrize("factor", [10.0, 1_000.0, 1e-4])
def test_a_jump_by_a_power_of_ten_ends_a_proof(factor: float) -> None:
    judgement = on_two_venues(factor - 1, remembered())
    assert first(judgement)["verdict"] == "quarantined"
    change = judgement.changes.filter(pl.col("venue") == "okx")
    assert change["reset_reason"].to_list() == ["redenominated"]


def test_a_redenomination_everywhere_at_once_makes_the_proof_provisional() -> None:
    rows = instrument("okx", "TON", 1_000.0), instrument("binance", "TON", 1_000.0)
    believed = first(judged(*rows, verdicts=remembered()))
    assert (believed["verdict"], believed["since_ms"]) == ("provisional", NOW_MS)


def test_a_redenomination_ends_a_persons_confirmation() -> None:
    decided = remembered(market="", verdict="same", source="admin", price=None)
    followed = remembered(market="spot", verdict="same", source="admin")
    believed = first(on_two_venues(999.0, pl.concat([decided, followed])))
    assert (believed["verdict"], believed["source"]) == ("quarantined", "ratio")


def test_a_redenomination_does_not_end_a_persons_rejection() -> None:
    decided = remembered(market="", verdict="quarantined", source="admin", price=None)
    followed = remembered(market="spot", verdict="quarantined", source="admin")
    rows = instrument("okx", "TON", 1e3), instrument("binance", "TON", 1e3)
    assert first(judged(*rows, verdicts=pl.concat([decided, followed])))["source"] == "admin"


def test_a_redenomination_outlives_a_contract_until_prices_agree() -> None:
    networks = contracts(("okx", "TON", "ETH", "0x1"), ("binance", "TON", "ETH", "0x1"))
    before = remembered(verdict="same", source="contract")
    rows = instrument("okx", "TON", 1_000.0), instrument("binance", "TON", 1.0)
    jumped = judged(*rows, verdicts=before, networks=networks)
    after = stored(jumped, before)
    assert verdicts_of(judged(*rows, verdicts=after, networks=networks))[0] == "quarantined"
    settled = instrument("okx", "TON", 1_000.0), instrument("binance", "TON", 1_000.0)
    assert verdicts_of(judged(*settled, verdicts=after, networks=networks))[0] == "same"


def test_an_old_gap_confirmed_by_a_person_is_no_jump() -> None:
    decided = remembered(market="", verdict="same", source="admin", price=None, ratio=None)
    followed = remembered(verdict="same", source="admin", price=10.0, ratio=9.0)
    assert first(on_two_venues(9.0, pl.concat([decided, followed])))["source"] == "admin"


@pytest.mark.parametrize("price", [0.5, 2.0, 5.0])
def test_a_coin_that_merely_rose_or_fell_is_not_redenominated(price: float) -> None:
    rows = instrument("okx", "TON", price), instrument("binance", "TON", price)
    assert first(judged(*rows, verdicts=remembered()))["verdict"] == "verified"


# Pegged coins and claimed multipliers.


def test_two_pegged_coins_are_not_believed_by_price() -> None:
    rows = instrument("okx", "USDD", 1.0), instrument("binance", "USDD", 1.0)
    judgement = judged(*rows)
    assert verdicts_of(judgement) == ["quarantined", "quarantined"]
    assert set(judgement.frame["source"]) == {"pegged"}


def test_a_pegged_coin_that_nobody_else_lists_is_merely_alone() -> None:
    assert first(judged(instrument("okx", "USDD", 1.0)))["source"] == "alone"


def test_an_index_does_not_prove_a_pegged_coin() -> None:
    rows = perpetual("okx", "USDC", 1.0, 1.0), perpetual("binance", "USDC", 1.0, 1.0)
    assert set(verdicts_of(judged(*rows))) == {"quarantined"}


def test_a_pegged_coins_name_at_three_venues_is_evidence() -> None:
    rows = [instrument(venue, "USDC", 1.0) for venue in ("okx", "binance", "bybit")]
    assert set(verdicts_of(judged(*rows))) == {"provisional"}


def test_a_contract_proves_a_pegged_coin() -> None:
    networks = contracts(("okx", "DAI", "ERC20", "0x1"), ("binance", "DAI", "ETH", "0x1"))
    rows = instrument("okx", "DAI", 1.0), instrument("binance", "DAI", 1.0)
    assert set(verdicts_of(judged(*rows, networks=networks))) == {"same"}


def test_a_pegged_coin_once_proven_survives_a_silent_venue() -> None:
    rows = instrument("okx", "USDC", 1.0), instrument("binance", "USDC", 1.0)
    assert verdicts_of(judged(*rows, verdicts=remembered(asset="USDC")))[0] == "verified"


def test_a_multiplier_whose_price_does_not_agree_is_not_accepted() -> None:
    rows = perpetual("okx", "PEPE", 1.3e-6, multiplier=1000.0), instrument("binance", "PEPE", 1e-6)
    judgement = judged(*rows)
    assert judgement.frame.row(1, named=True)["verdict"] == "quarantined"
    assert judgement.frame.row(1, named=True)["source"] == "multiplier"


def test_a_multiplier_whose_price_agrees_is_as_good_as_any() -> None:
    rows = perpetual("okx", "PEPE", 1e-6, multiplier=1000.0), instrument("binance", "PEPE", 1e-6)
    assert set(verdicts_of(judged(*rows))) == {"provisional"}


# Only what changed is written.


def test_what_is_seen_for_the_first_time_is_written() -> None:
    changes = on_two_venues(0.2).changes
    assert dict(changes.schema) == dict(STATE)
    assert changes.select("venue", "asset", "market", "verdict").sort("venue").rows() == [
        ("binance", "TON", "spot", "divergent"),
        ("okx", "TON", "spot", "divergent"),
    ]


@pytest.mark.parametrize("gap", [0.0, 0.03, 0.2, 4.0])
def test_the_same_again_is_not_written(gap: float) -> None:
    again = on_two_venues(gap, stored(on_two_venues(gap)))
    assert again.changes.is_empty()


def test_instruments_in_other_quotes_share_one_row() -> None:
    rows = (
        instrument("okx", "TON", 1.0),
        instrument("okx", "TON", 1.0, quote="USDC"),
        instrument("binance", "TON", 1.0),
    )
    assert judged(*rows).changes.height == 2


@pytest.mark.parametrize(("price", "written"), [(1.05, 0), (1.15, 1)])
def test_the_price_of_a_proven_coin_is_kept_roughly_current(price: float, written: int) -> None:
    rows = instrument("okx", "TON", price), instrument("binance", "TON", price)
    changes = judged(*rows, verdicts=remembered()).changes
    assert changes.filter(pl.col("venue") == "okx").height == written


# Shape and speed of the answer.


def test_rows_come_spot_first_in_the_order_of_the_frames() -> None:
    rows = perpetual("okx", "A", 1.0), instrument("okx", "B", 1.0), instrument("bybit", "A", 1.0)
    assert judged(*rows).frame["instrument_id"].to_list() == [1, 2, 3]


def test_beliefs_have_their_columns_and_kinds_whether_there_are_rows_or_none() -> None:
    assert judged(instrument("okx", "B", 1.0)).frame.schema == pl.Schema(dict(BELIEF))
    assert judged().frame.schema == pl.Schema(dict(BELIEF))


def test_empty_markets_are_judged_too() -> None:
    judgement = judged()
    assert judgement.frame.is_empty()
    assert judgement.changes.is_empty()


def test_other_instruments_under_the_same_numbers_are_told_apart() -> None:
    assert set(verdicts_of(on_two_venues(0.0))) == {"provisional"}
    rows = instrument("okx", "TON", 1.0), instrument("binance", "GRAM", 9.0)
    assert set(judged(*rows).frame["source"]) == {"alone"}


# Real names of one day: which of them are two coins.

SPOT_2022 = {
    "binance": ("binance/spot_book_ticker.json.gz", (), "symbol", "bidPrice", "askPrice"),
    "okx": ("okx/tickers_spot.json.gz", ("data",), "instId", "bidPx", "askPx"),
    "bitget": ("bitget/spot_tickers.json.gz", ("data",), "symbol", "bidPr", "askPr"),
    "gate": ("gate/spot_tickers.json.gz", (), "currency_pair", "highest_bid", "lowest_ask"),
    "kucoin": ("kucoin/all_tickers.json.gz", ("data", "ticker"), "symbol", "buy", "sell"),
}


def quoted_in_usdt(folder: Path, venue: str) -> list[dict[str, Any]]:
    """The venue's pairs in USDT that day, as they were quoted."""
    name, path, symbol, bid, ask = SPOT_2022[venue]
    body = json.loads(gzip.decompress((folder / "spot-2022-11-21" / name).read_bytes()))
    for key in path:
        body = body[key]
    rows = []
    for row in body:
        base, found, rest = row[symbol].rpartition("USDT")
        if found and base and not rest:
            prices = {"bid": float(row[bid] or 0), "ask": float(row[ask] or 0)}
            rows.append(instrument(venue, base.rstrip("-_"), None) | prices)
    return rows


@pytest.fixture(scope="module")
def november_2022(recordings: Path) -> pl.DataFrame:
    """Every coin on every venue of that day with its verdict."""
    rows = [row for venue in SPOT_2022 for row in quoted_in_usdt(recordings, venue)]
    spot = market(rows)
    return spot.hstack(judged(*rows).frame.select("verdict", "ratio", "source"))


@pytest.mark.recordings
@pytest.mark.parametrize(
    ("venue", "asset"),
    [("gate", "GTC"), ("gate", "TON"), ("gate", "GEM"), ("kucoin", "STC")],
)
def test_a_name_that_means_another_coin_is_quarantined_there(
    november_2022: pl.DataFrame, venue: str, asset: str
) -> None:
    found = november_2022.filter(pl.col("asset") == asset, pl.col("venue") == venue)
    assert found["verdict"].to_list() == ["quarantined"]


@pytest.mark.recordings
@pytest.mark.parametrize(
    ("venue", "asset"), [("binance", "GTC"), ("okx", "TON"), ("okx", "STC"), ("bitget", "STC")]
)
def test_the_coin_that_the_name_means_is_not_punished(
    november_2022: pl.DataFrame, venue: str, asset: str
) -> None:
    found = november_2022.filter(pl.col("asset") == asset, pl.col("venue") == venue)
    assert found["verdict"].to_list() == ["provisional"]


@pytest.mark.recordings
def test_the_large_coins_of_that_day_agree_everywhere(november_2022: pl.DataFrame) -> None:
    large = november_2022.filter(pl.col("asset").is_in(["BTC", "ETH", "SOL", "DOGE", "JUP"]))
    assert large["verdict"].unique().to_list() == ["provisional"]
    assert large["ratio"].max() < 0.005  # type: ignore[operator]


@pytest.mark.recordings
def test_funds_of_gate_and_kucoin_under_one_name_are_not_one_coin(
    november_2022: pl.DataFrame,
) -> None:
    funds = november_2022.filter(
        pl.col("asset").str.contains("^(BTC|ETH|SOL|DOGE)3[LS]$"), pl.col("bid") > 0
    )
    assert funds["venue"].unique().sort().to_list() == ["gate", "kucoin"]
    assert funds.filter(pl.col("ratio") > 0.5)["verdict"].unique().to_list() == ["quarantined"]
    assert funds.filter(pl.col("ratio") > 0.5).height > 0


@pytest.mark.recordings
def test_stopped_deposits_look_like_another_coin(november_2022: pl.DataFrame) -> None:
    babydoge = november_2022.filter(pl.col("asset") == "BABYDOGE", pl.col("venue") == "bitget")
    assert babydoge["verdict"].to_list() == ["divergent"]


@pytest.mark.recordings
def test_bifi_of_gate_and_kucoin_is_not_binances(november_2022: pl.DataFrame) -> None:
    bifi = november_2022.filter(pl.col("asset") == "BIFI")
    assert bifi["verdict"].unique().to_list() == ["quarantined"]
