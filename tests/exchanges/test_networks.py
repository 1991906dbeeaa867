"""Networks: as told, and unknown where nobody tells."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from exchanges import book, networks, routes
from exchanges.models import NetworkStatus
from exchanges.venues.base import Ask, Venue
from tests.exchanges.conftest import MakeVenue
from tests.loopback import Loopback, Reply

pytestmark = pytest.mark.django_db

OPEN_ASK = Ask("api", "/coins")
SIGNED_ASK = Ask("api", "/coins", {"all": "1"}, signed=True)


def body(*rows: tuple[Any, ...]) -> Reply:
    """coin, chain, contract, can_deposit, can_withdraw, withdraw_fee."""
    return Reply(json.dumps(rows).encode())


BTC = ("BTC", "Bitcoin", None, True, False, 0.0005)
ETH = ("ETH", "ERC20", "0xabc", True, True, 0.002)


@pytest.fixture
def alpha(server: Loopback, make_venue: MakeVenue) -> Venue:
    server.on("/alpha/coins", body(BTC, ETH))
    return make_venue("alpha", networks=OPEN_ASK)


def told(*venues: str) -> dict[tuple[str, str], tuple[bool | None, bool | None]]:
    rows = book.networks(venues).select("venue", "coin", "can_deposit", "can_withdraw").rows()
    return {(venue, coin): (deposit, withdraw) for venue, coin, deposit, withdraw in rows}


def test_networks_are_in_the_book_and_in_the_database(alpha: Venue) -> None:
    assert networks.refresh(venues=[alpha]) == {"alpha": 2}

    assert told("alpha") == {("alpha", "BTC"): (True, False), ("alpha", "ETH"): (True, True)}
    row = NetworkStatus.objects.get(coin="ETH")
    assert (row.chain, row.contract, row.withdraw_fee) == ("ERC20", "0xabc", Decimal("0.002"))


def test_a_venue_that_tells_nobody_is_unknown(make_venue: MakeVenue) -> None:
    beta = make_venue("beta")

    assert networks.refresh(venues=[beta]) == {}
    assert told("beta") == {}


def test_without_a_key_a_signed_answer_is_not_asked_for(
    server: Loopback, make_venue: MakeVenue, settings: Any
) -> None:
    settings.VENUE_KEYS = {}
    beta = make_venue("beta", networks=SIGNED_ASK)

    assert networks.refresh(venues=[beta]) == {}
    assert server.calls == []
    assert told("beta") == {}


def test_with_a_key_the_request_is_signed(
    server: Loopback, make_venue: MakeVenue, settings: Any
) -> None:
    settings.VENUE_KEYS = {"beta": {"key": "reader", "secret": "s3cret"}}
    server.on("/beta/coins", body(BTC))
    beta = make_venue("beta", networks=SIGNED_ASK)

    assert networks.refresh(venues=[beta]) == {"beta": 1}
    [call] = server.calls
    assert call.query == {"all": "1", "signed": "s3cret"}
    assert call.headers["x-key"] == "reader"


@pytest.mark.parametrize("reply", [Reply(b"", 503), Reply(b"<html>"), Reply(b"{}", 403)])
def test_a_venue_that_fails_keeps_what_it_said_last(
    server: Loopback, alpha: Venue, reply: Reply
) -> None:
    networks.refresh(venues=[alpha])
    server.on("/alpha/coins", reply)

    assert networks.refresh(venues=[alpha]) == {}
    assert told("alpha")["alpha", "BTC"] == (True, False)
    assert NetworkStatus.objects.count() == 2


def test_a_change_is_taken_and_what_is_no_longer_named_is_unknown(
    server: Loopback, alpha: Venue
) -> None:
    networks.refresh(venues=[alpha])
    server.on("/alpha/coins", body((*BTC[:3], False, False, 0.0007)))

    networks.refresh(venues=[alpha])

    assert told("alpha") == {("alpha", "BTC"): (False, False)}
    [row] = NetworkStatus.objects.all()
    assert (row.coin, row.can_deposit, row.withdraw_fee) == ("BTC", False, Decimal("0.0007"))


def test_what_is_not_said_is_unknown_never_open(server: Loopback, alpha: Venue) -> None:
    server.on("/alpha/coins", body(("BTC", "Bitcoin", None, None, None, None)))

    networks.refresh(venues=[alpha])

    assert told("alpha") == {("alpha", "BTC"): (None, None)}
    assert NetworkStatus.objects.get().can_deposit is None


def test_rows_without_a_name_and_doubles_do_not_break_the_table(
    server: Loopback, alpha: Venue
) -> None:
    server.on(
        "/alpha/coins", body(BTC, BTC, ("", "X", None, True, True, 0.0), ("Y", None, *BTC[2:]))
    )

    networks.refresh(venues=[alpha])

    assert NetworkStatus.objects.count() == 1


class TestMissing:
    """Who asks first is told to read them; nobody else for a minute."""

    @pytest.fixture
    def configured(self, monkeypatch: pytest.MonkeyPatch) -> Any:
        def configure(*venues: Venue) -> None:
            monkeypatch.setattr(routes, "configured", lambda: venues)

        return configure

    def test_an_empty_book_is_told_once(self, alpha: Venue, configured: Any) -> None:
        configured(alpha)

        assert [networks.missing(), networks.missing()] == [True, False]

    def test_a_read_book_is_not_missing(self, alpha: Venue, configured: Any) -> None:
        configured(alpha)
        networks.refresh()

        assert not networks.missing()

    def test_who_never_tells_without_a_key_is_not_missed(
        self, make_venue: MakeVenue, configured: Any, settings: Any
    ) -> None:
        settings.VENUE_KEYS = {}
        configured(make_venue("beta"), make_venue("gamma", networks=SIGNED_ASK))

        assert not networks.missing()

    def test_a_configured_key_makes_a_venue_missed(
        self, make_venue: MakeVenue, configured: Any, settings: Any
    ) -> None:
        settings.VENUE_KEYS = {"gamma": {"key": "reader", "secret": "s3cret"}}
        configured(make_venue("gamma", networks=SIGNED_ASK))

        assert networks.missing()
