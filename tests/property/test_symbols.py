"""Names keep their meaning, whatever coin they name."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from arbedge.names import Market
from exchanges.symbols import QUOTES, infer, leveraged, multiplier, normalise, split

COINS = st.from_regex(r"[A-Z][A-Z0-9]{1,8}", fullmatch=True)
POWERS = st.sampled_from([10**n for n in range(3, 8)])
SEPARATED = {"okx": "{base}-{quote}", "gate": "{base}_{quote}"}


@given(base=COINS, quote=st.sampled_from(QUOTES))
def test_a_joined_symbol_splits_into_parts_that_join_again(base: str, quote: str) -> None:
    parts = split(base + quote)
    assert parts is not None
    assert "".join(parts) == base + quote
    assert len(parts[1]) >= len(quote)


@given(base=COINS, quote=st.sampled_from(QUOTES), venue=st.sampled_from(sorted(SEPARATED)))
def test_a_separated_symbol_survives_the_round_trip(base: str, quote: str, venue: str) -> None:
    symbol = SEPARATED[venue].format(base=base, quote=quote)
    row = infer(pl.Series([symbol]), venue, Market.SPOT).row(0, named=True)
    assert SEPARATED[venue].format(base=row["base"], quote=row["quote"]) == symbol
    assert (row["base"], row["quote"]) == (base, quote)


@given(base=COINS)
def test_a_usdt_symbol_survives_the_round_trip(base: str) -> None:
    row = infer(pl.Series([f"{base}USDT"]), "binance", Market.PERP).row(0, named=True)
    assert (row["base"], row["quote"], row["market"]) == (base, "USDT", "perp")


@given(coin=COINS, power=POWERS)
def test_a_multiplied_name_gives_back_coin_and_units(coin: str, power: int) -> None:
    assert multiplier(f"{power}{coin}", {coin}) == (coin, float(power))


@given(coin=COINS, power=POWERS, price=st.floats(1e-9, 1e6))
def test_normalisation_is_scale_free(coin: str, power: int, price: float) -> None:
    frame = pl.DataFrame(
        {"symbol": ["plain", "many"], "base": [coin, f"{power}{coin}"], "quote": ["USDT", "USDT"]}
    )
    prices = pl.DataFrame({"symbol": ["plain", "many"], "price": [price, price * power]})
    many = normalise(frame, prices).row(1, named=True)
    assert (many["asset"], many["multiplier"]) == (coin, float(power))


@given(coin=COINS)
def test_a_name_without_a_listed_rest_is_itself(coin: str) -> None:
    assert multiplier(f"1000{coin}", set()) == (f"1000{coin}", 1.0)
    assert leveraged(pl.Series([f"{coin}3L"]), set()).to_list() == [False]
