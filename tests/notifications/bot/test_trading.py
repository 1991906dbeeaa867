"""Balances of real accounts; orders and automation, which nobody has brought here yet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django import Settings

from accounts import vault
from accounts.models import KeyState, StoredKey, User
from arbedge.errors import NoData
from arbedge.names import Door, Tier
from exchanges import book
from exchanges.simulator import accounts as simulated
from exchanges.simulator.accounts import account
from exchanges.simulator.faults import Board, Kind, Wish
from notifications.bot import features
from notifications.bot.features import Feature
from notifications.bot.replies import Reply
from tests.notifications.alerts.watching import quoted, snapshot
from tests.notifications.bot.asking import ask, group, member
from tests.simulated import simulated_venues

pytestmark = pytest.mark.django_db
LANGUAGES = pytest.mark.parametrize("language", ["en", "es", "fr"])
TRADES = pytest.mark.parametrize("command", ["buy", "sell", "orders", "positions", "cancel"])
AUTOMATES = pytest.mark.parametrize(
    "command", ["auto_enable", "auto_disable", "auto_status", "auto_config"]
)


@pytest.fixture
def faults() -> Board:
    return Board()


@pytest.fixture(autouse=True)
def venues(settings: Settings, faults: Board) -> Iterator[None]:
    with simulated_venues(settings, faults):
        yield


@pytest.fixture(autouse=True)
def holds(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """What the simulated trader holds at every venue."""
    coins = {"USDT": 1_000.0, "ETH": 2.5}
    monkeypatch.setitem(simulated.SPOT, "trader", coins)
    monkeypatch.setitem(simulated.PERPETUALS, "trader", 0.0)
    return coins


@pytest.fixture(autouse=True)
def prices(monkeypatch: pytest.MonkeyPatch) -> None:
    market = snapshot(quoted("okx", "BTC", 100_000.0), quoted("okx", "ETH", 4_000.0))
    monkeypatch.setattr(book, "load", lambda: market)


def owner(*venues: str, name: str = "trader", **columns: Any) -> User:
    """Somebody with keys of this customer at these venues."""
    person = member(**columns)
    for venue in venues:
        who = account(venue, name)
        vault.add_exchange(person, venue, who.key, who.secret, who.passphrase,
                           testnet=name == "paper", door=Door.WEB)  # fmt: skip
    return person


class TestBalance:
    def test_it_needs_a_key(self) -> None:
        said = ask(member(), "/balance")

        assert "needs a key" in said.text
        assert said.lines == ["setup_exchange"]

    @pytest.mark.parametrize("venue", ["binance", "bybit", "okx", "bitget"])
    def test_coins_and_what_they_are_worth(self, venue: str) -> None:
        said = ask(owner(venue), "/balance")

        assert "Your balance: 11,000.00\u00a0USDT\n" in said.text
        assert f"{vault.provider_name(venue)} …" in said.text
        assert "ETH 2.5 = 10,000.00\u00a0USDT" in said.text
        assert "USDT 1,000" in said.text
        assert said.lines == ["balance"]

    @pytest.mark.parametrize(
        ("held", "shown"),
        [(12_345_678.0, "12,345,678"), (0.00004321, "0.00004321"), (1_234.56789, "1,234.57")],
    )
    def test_amounts_are_written_in_full(
        self, holds: dict[str, float], monkeypatch: pytest.MonkeyPatch,
        held: float, shown: str,
    ) -> None:  # fmt: skip
        market = snapshot(quoted("okx", "ETH", 1_000_000.0))
        monkeypatch.setattr(book, "load", lambda: market)
        holds["ETH"] = held

        assert f"ETH {shown} = " in ask(owner("okx"), "/balance").text

    def test_venues_add_up(self) -> None:
        said = ask(owner("okx", "bybit"), "/balance")

        assert "Your balance: 22,000.00" in said.text

    def test_the_age_of_prices_is_told(self) -> None:
        assert "prices up to" in ask(owner("okx"), "/balance").text

    def test_what_has_no_price_is_told_and_not_counted(self, holds: dict[str, float]) -> None:
        holds["FOO"] = 7.0
        said = ask(owner("okx"), "/balance")

        assert "11,000.00\u00a0USDT, without what is unknown" in said.text
        assert "No price, not counted: FOO" in said.text

    def test_without_any_prices_only_the_unit_counts(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def nothing() -> None:
            raise NoData("There is no book.")

        monkeypatch.setattr(book, "load", nothing)
        said = ask(owner("okx"), "/balance")

        assert "There are no prices now" in said.text
        assert "Your balance: 1,000.00" in said.text

    def test_dust_is_summed_up(self, holds: dict[str, float]) -> None:
        holds["BTC"] = 0.000001
        said = ask(owner("okx"), "/balance")

        assert "other coins (1) = 0.10\u00a0USDT" in said.text

    def test_a_silent_venue_is_unknown_and_not_nothing(self, faults: Board) -> None:
        person = owner("okx", "bybit")
        faults.add(Wish("okx", Kind.SERVER))
        said = ask(person, "/balance")

        assert "11,000.00\u00a0USDT, without what is unknown" in said.text
        assert "OKX cannot be asked now" in said.text

    def test_a_venue_that_takes_the_key_no_more(self, monkeypatch: pytest.MonkeyPatch) -> None:
        person = owner("okx")
        monkeypatch.setitem(
            simulated.ACCOUNTS["okx"],
            "trader",
            account("okx", "expired"),
        )
        said = ask(person, "/balance")

        assert "Your balance: unknown" in said.text
        assert "does not accept this key" in said.text

    def test_test_networks_are_not_money(self) -> None:
        said = ask(owner("okx", name="paper"), "/balance")

        assert "Your balance: unknown" in said.text
        assert "(test network)" in said.text

    def test_keys_that_are_switched_off_are_not_used(self) -> None:
        person = owner("okx")
        StoredKey.objects.update(state=KeyState.DISABLED)

        assert "needs a key" in ask(person, "/balance").text

    def test_an_empty_account(self, holds: dict[str, float]) -> None:
        holds.clear()

        assert "Nothing in it." in ask(owner("okx"), "/balance").text

    @LANGUAGES
    def test_in_every_language(self, language: str) -> None:
        assert "ETH 2.5" in ask(owner("okx", language=language), "/balance").text

    def test_nobody_shows_his_money_in_a_group(self) -> None:
        said = ask(owner("okx"), "/balance", chat=group())

        assert "private" in said.text
        assert "ETH" not in said.text


class TestNotSwitchedOn:
    @TRADES
    def test_trading_needs_a_key_first(self, command: str) -> None:
        said = ask(member(), f"/{command}")

        assert "/setup_exchange" in said.text
        assert "not switched on" not in said.text

    @AUTOMATES
    def test_automation_needs_a_tier_first(self, command: str) -> None:
        said = ask(owner("okx"), f"/{command}")

        assert "Premium" in said.text
        assert "not switched on" not in said.text

    @TRADES
    def test_trading_is_said_to_be_off(self, command: str) -> None:
        said = ask(owner("okx"), f"/{command} BTC 100 okx" if command in ("buy", "sell", "cancel")
                   else f"/{command}")  # fmt: skip

        assert "Trading is not switched on here." in said.text
        assert "balance" in said.lines

    @AUTOMATES
    def test_automation_is_said_to_be_off(self, command: str) -> None:
        said = ask(owner("okx", tier=Tier.PREMIUM), f"/{command}")

        assert "Automated trading is not switched on here." in said.text

    @LANGUAGES
    @pytest.mark.parametrize("feature", list(Feature))
    def test_every_feature_has_words(self, language: str, feature: Feature) -> None:
        from notifications.bot import words

        assert words.say(language, f"trading.off.{feature}")

    def test_nothing_is_switched_on_by_itself(self) -> None:
        assert not any(features.switched_on(one) for one in Feature)
        assert not features.switched_on("teleporting")


class TestSwitchedOn:
    @pytest.fixture(autouse=True)
    def clean(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(features, "_on", {})
        monkeypatch.setattr(features, "_handlers", {})

    def test_whoever_brings_a_feature_answers(self) -> None:
        features.switch_on(Feature.TRADING)
        features.answers("buy", lambda asked: Reply(f"bought {asked.args['order']}"))

        assert ask(owner("okx"), "/buy BTC 100").text == "bought BTC 100"

    def test_operators_may_have_it_switched_off(self) -> None:
        on = [True]
        features.switch_on(Feature.TRADING, lambda: on[0])
        features.answers("orders", lambda _: Reply("none"))
        person = owner("okx")
        assert ask(person, "/orders").text == "none"

        on[0] = False
        assert "not switched on" in ask(person, "/orders").text

    def test_a_feature_without_an_answer_stays_off(self) -> None:
        features.switch_on(Feature.TRADING)

        assert "not switched on" in ask(owner("okx"), "/positions").text

    def test_a_feature_is_brought_once(self) -> None:
        features.switch_on(Feature.AI)
        with pytest.raises(ValueError, match="twice"):
            features.switch_on(Feature.AI)

    def test_a_command_is_answered_once(self) -> None:
        features.answers("buy", lambda _: Reply(""))
        with pytest.raises(ValueError, match="twice"):
            features.answers("buy", lambda _: Reply(""))
