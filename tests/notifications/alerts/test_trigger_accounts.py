"""Alerts about one's own money: read by the key, told in USDT, unknown where a price is missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from pytest_django import Settings

from accounts import vault
from accounts.models import KeyState, StoredKey, User
from arbedge.errors import NoData
from arbedge.names import Door
from exchanges import balances, book
from exchanges.balances import Holdings
from exchanges.simulator import accounts as simulated
from exchanges.simulator.faults import Board, Kind, Wish
from notifications.alerts import trigger_accounts, triggers
from notifications.alerts.trigger_accounts import Watched, Worth, change, worth
from notifications.models import AlertTrigger
from notifications.names import TriggerKind
from tests.notifications.alerts.watching import alert, alerts_told, quoted, snapshot
from tests.notifications.factories import MINUTE, NOON, reachable_person
from tests.simulated import simulated_venues

pytestmark = pytest.mark.django_db
PROFIT, BALANCE = TriggerKind.PROFIT_AND_LOSS, TriggerKind.BALANCE_CHANGE


@pytest.fixture
def faults() -> Board:
    return Board()


@pytest.fixture(autouse=True)
def venues(settings: Settings, faults: Board) -> Iterator[None]:
    with simulated_venues(settings, faults):
        yield


@pytest.fixture
def holds(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """What the simulated trader holds on the spot side: change it, and every venue tells it."""
    coins = {"USDT": 1_000.0}
    monkeypatch.setitem(simulated.SPOT, "trader", coins)
    monkeypatch.setitem(simulated.PERPETUALS, "trader", 0.0)
    return coins


@pytest.fixture(autouse=True)
def prices(monkeypatch: pytest.MonkeyPatch) -> None:
    market = snapshot(quoted("okx", "BTC", 100_000.0), quoted("okx", "ETH", 4_000.0))
    monkeypatch.setattr(book, "load", lambda: market)


def owner(*keys: str) -> User:
    """Somebody with keys of the simulated trader at these venues."""
    person = reachable_person()
    for venue in keys:
        who = simulated.account(venue, "trader")
        vault.add_exchange(person, venue, who.key, who.secret, who.passphrase, door=Door.WEB)
    return person


def watching(person: User, kind: TriggerKind, level: float, venue: str = "okx") -> AlertTrigger:
    return alert(person, kind=kind, subject=venue, level=level, armed=False)


def told(person: User) -> list[tuple[str, float]]:
    """Kind and figure of the alerts the person got."""
    facts = [one.message.facts for one in alerts_told(person)]
    return [(one["trigger"]["kind"], round(one["value"], 6)) for one in facts]


@pytest.mark.parametrize("venue", ["binance", "bybit", "okx", "bitget"])
def test_a_profit_is_the_change_since_the_alert_was_set(
    venue: str, holds: dict[str, float]
) -> None:
    person = owner(venue)
    row = watching(person, PROFIT, 50.0, venue)

    assert trigger_accounts.check(NOON) == 0
    row.refresh_from_db()
    assert (row.base, row.seen, row.seen_at, row.armed) == (1_000.0, 1_000.0, NOON, True)

    holds["USDT"] = 1_060.0
    assert trigger_accounts.check(NOON + 5 * MINUTE) == 1
    assert told(person) == [("profit_and_loss", 60.0)]
    row.refresh_from_db()
    assert (row.base, row.seen) == (1_000.0, 1_060.0)


def test_a_loss_is_told_below_its_level(holds: dict[str, float]) -> None:
    person = owner("okx")
    watching(person, PROFIT, -50.0)
    trigger_accounts.check(NOON)

    holds["USDT"] = 900.0
    trigger_accounts.check(NOON + 5 * MINUTE)

    assert told(person) == [("profit_and_loss", -100.0)]


def test_a_balance_is_told_up_and_down_each_from_where_it_was_told(holds: dict[str, float]) -> None:
    person = owner("okx")
    watching(person, BALANCE, 0.1)
    for minute, usdt in ((0, 1_000.0), (5, 1_050.0), (10, 1_100.0), (15, 1_100.0), (20, 935.0)):
        holds["USDT"] = usdt
        trigger_accounts.check(NOON + minute * MINUTE)

    assert told(person) == [("balance_change", 0.1), ("balance_change", -0.15)]


def test_coins_count_at_the_median_price(holds: dict[str, float]) -> None:
    holds |= {"BTC": 0.01, "ETH": 1.0}
    row = watching(owner("okx"), PROFIT, 1.0)
    trigger_accounts.check(NOON)
    row.refresh_from_db()
    assert row.seen == pytest.approx(6_000.0)


def test_a_coin_without_a_price_makes_the_worth_unknown(holds: dict[str, float]) -> None:
    person = owner("okx")
    row = watching(person, PROFIT, 50.0)
    trigger_accounts.check(NOON)

    holds |= {"USDT": 5_000.0, "MOON": 7.0}
    assert trigger_accounts.check(NOON + 5 * MINUTE) == 0

    row.refresh_from_db()
    assert (row.base, row.seen) == (1_000.0, None)
    assert row.problem == "The worth is unknown: no price of MOON."
    del holds["MOON"]
    assert trigger_accounts.check(NOON + 10 * MINUTE) == 1
    row.refresh_from_db()
    assert row.problem == ""


def test_a_venue_that_is_down_fires_nothing(holds: dict[str, float], faults: Board) -> None:
    row = watching(owner("okx"), PROFIT, 50.0)
    trigger_accounts.check(NOON)
    holds["USDT"] = 0.0
    faults.add(Wish("okx", Kind.SERVER))

    assert trigger_accounts.check(NOON + 5 * MINUTE) == 0

    row.refresh_from_db()
    assert "cannot be asked now" in row.problem


def test_a_key_that_was_taken_away_is_said(holds: dict[str, float]) -> None:
    row = watching(owner("okx"), PROFIT, 50.0)
    StoredKey.objects.update(state=KeyState.DISABLED)
    trigger_accounts.check(NOON)
    row.refresh_from_db()
    assert "no key of yours any more" in row.problem


def test_several_alerts_about_an_account_ask_once(
    holds: dict[str, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    person = owner("okx", "bybit")
    for level in (10.0, 20.0, 30.0):
        watching(person, PROFIT, level)
    watching(person, BALANCE, 0.5)
    watching(person, PROFIT, 10.0, "bybit")
    asked: list[int] = []
    real = balances.of

    def counting(secrets: Any) -> Any:
        wanted = list(secrets)
        asked.append(len(wanted))
        return real(wanted)

    monkeypatch.setattr(balances, "of", counting)
    trigger_accounts.check(NOON)
    assert asked == [2]


def test_an_alert_moved_to_another_account_meanwhile_is_not_judged_by_the_first(
    holds: dict[str, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    person = owner("okx", "bybit")
    row = watching(person, PROFIT, 50.0)
    trigger_accounts.check(NOON)
    real = balances.of

    def moved_while_reading(secrets: Any) -> Any:
        wish = {"kind": PROFIT.value, "subject": "bybit", "level": 50.0}
        triggers.change(person.pk, row.pk, wish)
        return real(secrets)

    monkeypatch.setattr(balances, "of", moved_while_reading)
    holds["USDT"] = 1_060.0

    assert trigger_accounts.check(NOON + 5 * MINUTE) == 0
    row.refresh_from_db()
    assert (row.subject, row.base, row.seen) == ("bybit", None, None)


def test_accounts_nobody_watches_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    owner("okx")
    alert(owner("okx"), kind=PROFIT, subject="okx", level=1.0, active=False)
    alert(reachable_person(session_until=NOON), kind=PROFIT, subject="okx", level=1.0)
    monkeypatch.setattr(balances, "of", lambda _: pytest.fail("was asked"))
    assert trigger_accounts.check(NOON) == 0


def test_without_prices_nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> None:
        raise NoData("market book: no answer of any venue is in the cache")

    watching(owner("okx"), PROFIT, 1.0)
    monkeypatch.setattr(book, "load", gone)
    monkeypatch.setattr(balances, "of", lambda _: pytest.fail("was asked"))
    with pytest.raises(NoData):
        trigger_accounts.check(NOON)


@pytest.mark.parametrize(
    ("holdings", "expected"),
    [
        ({}, Worth(0.0)),
        ({"USDT": 10.0}, Worth(10.0)),
        ({"USDT": 10.0, "A": 2.0}, Worth(16.0)),
        ({"USDT": 10.0, "A": -2.0}, Worth(4.0)),
        ({"X": 1.0}, Worth(None, "The worth is unknown: no price of X.")),
        (dict.fromkeys("VWXYZ", 1.0),
         Worth(None, "The worth is unknown: no price of V, W, X and 2 more.")),
    ],
)  # fmt: skip
def test_what_coins_are_worth(holdings: Holdings, expected: Worth) -> None:
    assert worth(holdings, {"A": 3.0}) == expected


@pytest.mark.parametrize(
    ("kind", "base", "usdt", "figure"),
    [
        (PROFIT, 100.0, 130.0, 30.0),
        (PROFIT, 100.0, 70.0, -30.0),
        (PROFIT, 0.0, 5.0, 5.0),
        (BALANCE, 100.0, 70.0, 0.3),
        (BALANCE, 100.0, 130.0, 0.3),
        (BALANCE, 0.0, 5.0, None),
        (BALANCE, None, 5.0, None),
        (PROFIT, None, 5.0, None),
    ],
)
def test_what_an_alert_is_compared_with(
    kind: TriggerKind, base: float | None, usdt: float, figure: float | None
) -> None:
    found = change(Watched(1, 1, kind, "okx", base), usdt)
    assert (None if found is None else pytest.approx(found.value)) == figure


def test_a_balance_is_told_with_its_sign() -> None:
    found = change(Watched(1, 1, BALANCE, "okx", 100.0), 70.0)
    assert found is not None
    more: Mapping[str, Any] = found.more
    assert more["value"] == pytest.approx(-0.3)
