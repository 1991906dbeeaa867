"""Weeks of scans: how belief grows, holds, breaks and is told apart from the database."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import polars as pl
import pytest
from django.db import connections

from exchanges import instruments, verdicts
from exchanges.identity import Judgement
from exchanges.memory import KEY, nothing
from exchanges.models import CoinVerdict, Instrument
from tests.exchanges.markets import HOUR_MS, NOW_MS, contracts, instrument, judged
from tests.exchanges.test_instruments import line, listing


class Scans:
    """Scans of TON on OKX and Binance, one after another, each remembering what changed."""

    def __init__(self) -> None:
        self.state = nothing()
        self.now_ms = NOW_MS
        self.writes = 0

    def see(self, okx: float, binance: float = 1.0, **options: Any) -> Judgement:
        """One scan at these prices."""
        rows = instrument("okx", "TON", okx), instrument("binance", "TON", binance)
        judgement = judged(*rows, verdicts=self.state, now_ms=self.now_ms, **options)
        kept = self.state.join(judgement.changes, on=KEY, how="anti")
        self.state = pl.concat([kept, judgement.changes])
        self.writes += judgement.changes.height
        return judgement

    def watch(self, hours: float, okx: float, binance: float = 1.0, **options: Any) -> str:
        """A scan every half hour for so long; OKX's verdict at the end."""
        for _ in range(int(hours * 2)):
            self.now_ms += HOUR_MS / 2
            self.see(okx, binance, **options)
        return str(self.see(okx, binance, **options).frame["verdict"][0])


@pytest.fixture
def scans() -> Scans:
    """Nothing has been seen yet."""
    return Scans()


def test_belief_grows_in_a_day_and_not_before(scans: Scans) -> None:
    scans.see(1.001)
    assert scans.watch(23.5, 1.001) == "provisional"
    assert scans.watch(0.5, 1.001) == "verified"


def test_a_day_with_one_doubtful_hour_is_not_a_day(scans: Scans) -> None:
    scans.watch(20, 1.001)
    scans.watch(1, 1.03)
    assert scans.watch(20, 1.001) == "provisional"
    assert scans.watch(4.5, 1.001) == "verified"


def test_a_proven_coin_survives_closed_deposits(scans: Scans) -> None:
    scans.watch(25, 1.001)
    assert scans.watch(30, 1.2) == "verified"
    assert scans.watch(1, 1.001) == "verified"


def test_a_coin_that_was_never_proven_does_not(scans: Scans) -> None:
    scans.watch(5, 1.001)
    assert scans.watch(30, 1.2) == "divergent"
    assert scans.watch(1, 1.001) == "provisional"


def test_after_a_redenomination_the_day_starts_again(scans: Scans) -> None:
    scans.watch(25, 1.001)
    assert scans.watch(3, 0.001) == "quarantined"
    assert scans.watch(23.5, 0.001, 0.001) == "provisional"
    assert scans.watch(1, 0.001, 0.001) == "verified"


def test_a_contract_does_not_hide_a_redenomination(scans: Scans) -> None:
    networks = contracts(("okx", "TON", "ERC20", "0x1"), ("binance", "TON", "ETH", "0x1"))
    assert scans.watch(1, 1.0, networks=networks) == "same"
    assert scans.watch(5, 0.001, networks=networks) == "quarantined"
    assert scans.watch(1, 0.001, 0.001, networks=networks) == "same"


def test_a_slow_rise_is_no_redenomination(scans: Scans) -> None:
    scans.watch(25, 1.0)
    price = 1.0
    for _ in range(60):
        price *= 1.08
        assert scans.watch(1, price, price) == "verified"
    assert price > 100


def test_quiet_markets_write_nothing(scans: Scans) -> None:
    scans.watch(25, 1.001)
    before = scans.writes
    scans.watch(30, 1.002)
    assert scans.writes == before


@pytest.mark.django_db(transaction=True)
def test_two_workers_may_keep_the_same_lists_at_once() -> None:
    def keep(number: int) -> int:
        try:
            lines = [line(f"C{n}", tick=float(number + 1)) for n in range(200)]
            return instruments.sync([listing(*lines)], NOW_MS + number).listed
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as workers:
        assert list(workers.map(keep, range(4))) == [200] * 4
    assert Instrument.objects.count() == 200
    assert Instrument.objects.values("tick").distinct().count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_scans_may_write_the_same_verdicts_at_once() -> None:
    names = [f"C{n}" for n in range(200)]

    def write(price: float) -> int:
        try:
            rows = [
                instrument(venue, name, value)
                for name in names
                for venue, value in (("okx", price), ("binance", 1.0))
            ]
            return verdicts.store(judged(*rows).changes, NOW_MS)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as workers:
        assert list(workers.map(write, (1.0, 1.2, 7.0, 1.0))) == [400] * 4
    assert CoinVerdict.objects.count() == 400
    assert CoinVerdict.objects.values("verdict").distinct().count() == 1
