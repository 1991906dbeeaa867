"""Spot gaps between venues, with coins in place or moved."""

from __future__ import annotations

import polars as pl
import pytest

from opportunities.detectors.figures import Figures
from opportunities.reasons import codes
from tests.opportunities.markets import chain, find, market, networks, only, spot

close = pytest.approx
# bought at 100 + 10 bp, sold at 102 - 10 bp
INVENTORY = (102 * 0.999 - 100 * 1.001) / (100 * 1.001)


def gap(*chains: dict[str, object], notional: str = "1000") -> Figures:
    """WIF bought on Bitget at 100, sold on Bybit at 102."""
    seen = market(
        spot("bitget", "WIF", bid=99.9, ask=100), spot("bybit", "WIF", bid=102, ask=102.1)
    )
    routes: pl.DataFrame = networks(*chains)
    return only(find(seen, f"notional={notional}", routes=routes), "spot", "bitget", "bybit")


def said(found: Figures) -> set[str]:
    """The codes about networks."""
    return {code for code in codes(int(found.reasons[0])) if code.startswith("network")}


def test_inventory_uses_executable_prices_and_both_fees() -> None:
    found = gap()
    assert found.net_announced == close(INVENTORY)
    assert found.first == close(0.02)
    assert found.net == close(found.first - found.cost)


def test_without_any_network_told_the_net_is_inventory_and_says_so() -> None:
    found = gap()
    assert found.net == close(INVENTORY)
    assert said(found) == {"network_unknown"}


def test_the_cheapest_network_open_at_both_ends_is_paid_for() -> None:
    found = gap(
        chain("bitget", "WIF", "SOL", 0.03),
        chain("bitget", "WIF", "ERC20", 0.01),
        chain("bitget", "WIF", "BEP20", 0.001),
        chain("bybit", "WIF", "SOL"),
        chain("bybit", "WIF", "ERC20"),
        chain("bybit", "WIF", "BEP20", into=False),
    )
    assert found.net == close(INVENTORY - 0.01 * 100 / 1000)
    assert found.net_announced == close(INVENTORY)
    assert said(found) == set()


def test_the_fee_weighs_more_on_a_small_size() -> None:
    both = chain("bitget", "WIF", "SOL", 0.01), chain("bybit", "WIF", "SOL")
    assert gap(*both, notional="100").net == close(INVENTORY - 0.01)


def test_the_fee_of_the_selling_venue_does_not_matter() -> None:
    found = gap(chain("bitget", "WIF", "SOL", 0.01), chain("bybit", "WIF", "SOL", 5.0))
    assert found.net == close(INVENTORY - 0.001)


@pytest.mark.parametrize(
    "chains",
    [
        [chain("bitget", "WIF", "SOL", out=False)],  # nothing leaves, whatever Bybit says
        [chain("bybit", "WIF", "SOL", into=False)],
        [chain("bitget", "WIF", "SOL", out=False), chain("bybit", "WIF", "SOL")],
        [chain("bitget", "WIF", "SOL"), chain("bybit", "WIF", "SOL", into=False)],
        [
            chain("bitget", "WIF", "SOL", out=False),
            chain("bitget", "WIF", "ERC20"),
            chain("bybit", "WIF", "SOL"),
            chain("bybit", "WIF", "ERC20", into=False),
        ],
    ],
)
def test_closed_networks_reject(chains: list[dict[str, object]]) -> None:
    found = gap(*chains)
    assert said(found) == {"network_closed"}
    assert found.net == close(INVENTORY)


@pytest.mark.parametrize(
    "chains",
    [
        [chain("bitget", "WIF", "SOL")],  # the other end has told nothing
        [chain("bybit", "WIF", "SOL")],
        [chain("bitget", "WIF", "SOL", out=None), chain("bybit", "WIF", "SOL")],
        [chain("bitget", "WIF", "SOL", fee=None), chain("bybit", "WIF", "SOL")],
        [chain("bitget", "WIF", "SOL"), chain("bybit", "WIF", "ERC20")],  # no name in common
        [chain("bitget", "PEPE", "SOL", out=False)],  # another coin
        [
            chain("bitget", "WIF", "SOL", out=False),
            chain("bitget", "WIF", "ERC20", out=None),
            chain("bybit", "WIF", "SOL"),
            chain("bybit", "WIF", "ERC20"),
        ],
    ],
)
def test_what_nobody_told_is_unknown_never_open(chains: list[dict[str, object]]) -> None:
    found = gap(*chains)
    assert said(found) == {"network_unknown"}
    assert found.net == close(INVENTORY)


def test_directions_have_their_own_networks() -> None:
    # Bitget lets coins in but not out: selling there is possible, buying there is not.
    seen = market(spot("bitget", "WIF"), spot("bybit", "WIF"))
    told = networks(chain("bitget", "WIF", "SOL", out=False), chain("bybit", "WIF", "SOL", 0.01))
    found = find(seen, routes=told)
    assert said(only(found, "spot", "bitget", "bybit")) == {"network_closed"}
    assert said(only(found, "spot", "bybit", "bitget")) == set()


def test_a_losing_pair_is_judged_by_the_same_networks() -> None:
    # a live trade that turns must not look better the moment it stops paying
    seen = market(spot("bitget", "WIF"), spot("bybit", "WIF"))
    told = networks(chain("bitget", "WIF", "SOL", 0.5), chain("bybit", "WIF", "SOL"))
    found = only(find(seen, routes=told), "spot", "bitget", "bybit")
    assert found.net < found.net_announced < 0


def test_the_fee_is_told_in_units_of_the_venues_own_coin() -> None:
    # 1000PEPE: prices are per PEPE, the withdrawal fee is in thousands of them
    names = {"base": "1000PEPE", "multiplier": 1000.0}
    seen = market(
        spot("bitget", "PEPE", bid=0.0999, ask=0.1, **names),
        spot("bybit", "PEPE", bid=0.102, ask=0.1021, **names),
    )
    told = networks(chain("bitget", "1000PEPE", "ETH", 0.01), chain("bybit", "1000PEPE", "ETH"))
    found = only(find(seen, routes=told), "spot", "bitget", "bybit", "PEPE")
    assert found.net == close(INVENTORY - 0.01 * 1000 * 0.1 / 1000)


def test_a_chain_told_twice_counts_once_with_its_last_word() -> None:
    found = gap(
        chain("bitget", "WIF", "SOL", 0.5),
        chain("bitget", "WIF", "SOL", 0.01),
        chain("bybit", "WIF", "SOL"),
    )
    assert found.net == close(INVENTORY - 0.001)


def test_missing_prices_leave_no_net() -> None:
    seen = market(spot("okx", "WIF", bid=None, ask=None), spot("bybit", "WIF"))
    found = only(find(seen), "spot", "okx", "bybit")
    assert found.net != found.net  # NaN
