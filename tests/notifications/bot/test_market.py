"""/funding, /price and /market: figures by venue, what is old or strange told apart, no data."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from accounts.models import User
from arbedge import cache
from arbedge.choices import VENUES
from arbedge.errors import NoData
from arbedge.names import Tier
from exchanges import book, standing
from exchanges.standing import Breaker, Standing
from notifications.bot.market.naming import EXAMPLES
from tests.notifications.bot.asking import ask, press
from tests.notifications.bot.living import gap, live, noon, reader, seen_by, too_wide
from tests.notifications.factories import NOON
from tests.opportunities.factories import ScanRecordFactory, cohorts
from tests.opportunities.markets import Row, perp, spot

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
THIN = "\u2009"
OKX = perp("okx", "WIF", rate=0.000089, interval=4, next_in="38min")
BYBIT = perp("bybit", "WIF", rate=0.0009, interval=8, next_in="38min")
OLD = perp("binance", "WIF", rate=0.0002, interval=8, age_ms=250_000.0)
STRANGE = perp("bitget", "WIF", 150.0, 150.1, rate=-0.002)
BTC = (
    spot("okx", "BTC", 61_234.5, 61_234.6, tick=0.1),
    spot("binance", "BTC", 61_300.0, 61_300.2, tick=0.1),
    spot("bybit", "BTC", 61_300.0, 61_300.2, tick=0.1, age_ms=61_000.0),
    perp("bybit", "BTC", 61_250.0, 61_250.2, tick=0.1),
)


class Book:
    """The market book: these rows, or nothing."""

    def __init__(self) -> None:
        self.rows: tuple[Row, ...] | None = (OKX, BYBIT, *BTC)

    def load(self, *_: Any, **__: Any) -> Any:
        if self.rows is None:
            raise NoData("market book: no answer of any venue is in the cache")
        return noon(*self.rows)


@pytest.fixture(autouse=True)
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[Book]:
    cache.client().flushdb()
    made = Book()
    monkeypatch.setattr(book, "load", made.load)
    yield made
    cache.client().flushdb()


@pytest.fixture
def ada() -> User:
    return reader()


def cells(text: str, first: str) -> list[str]:
    """The cells of the table's line that begins so."""
    (line,) = [line for line in text.splitlines() if line.startswith(first)]
    return line.split()


# Funding.


def test_funding_stands_by_venue_with_interval_eight_hours_next_and_age(ada: User) -> None:
    text = ask(ada, "/funding wif").text

    assert cells(text, "Bybit") == ["Bybit", "+0.0900/8h", "+0.0900", "38min", "1s"]
    assert cells(text, "OKX") == ["OKX", "+0.0089/4h", "+0.0178", "38min", "1s"]
    assert text.index("Bybit") < text.index("OKX")


def test_the_widest_difference_adds_up_by_hand(ada: User) -> None:
    text = ask(ada, "/funding WIF").text

    assert (
        f"Widest: long OKX, short Bybit: +0.0722{THIN}% per 8 h before costs (79{THIN}% a year)."
        in text
    )


def test_old_rates_are_struck_through_with_their_age(held: Book, ada: User) -> None:
    held.rows = (OKX, OLD)

    html = ask(ada, "/funding WIF").html

    assert f"<s>Binance +0.0200/8h</s> · 4{THIN}min old" in html
    assert "Binance" not in html.split("<pre>")[1].split("</pre>")[0]
    assert "No two exchanges differ" in html


def test_a_coin_on_every_exchange_is_told_whole_below_its_picture(held: Book, ada: User) -> None:
    held.rows = tuple(perp(venue, "WIF", rate=0.0001) for venue in VENUES)

    said = ask(ada, "/funding wif")

    assert len(said.pictures) == 1
    assert said.text.count("+0.0100") >= len(VENUES)
    assert "caption" not in said.calls[0]["told"]
    assert "funding WIF light" in said.lines


def test_another_coin_of_the_same_ticker_is_told_apart(held: Book, ada: User) -> None:
    held.rows = (OKX, BYBIT, STRANGE)

    text = ask(ada, "/funding WIF").text

    assert "perhaps another coin: Bitget." in text
    assert "long OKX, short Bybit" in text


def test_unknown_rates_and_intervals_are_not_zero(held: Book, ada: User) -> None:
    held.rows = (perp("okx", "WIF", rate=None), perp("bybit", "WIF", rate=0.0001, interval=None,
                                                     next_in=None))  # fmt: skip

    text = ask(ada, "/funding WIF").text

    assert cells(text, "OKX")[1:3] == ["unknown", "–"]
    assert cells(text, "Bybit")[1:4] == ["+0.0100/?", "–", "–"]


def test_when_everything_is_old_nothing_is_shown_as_fresh(held: Book, ada: User) -> None:
    held.rows = (OLD,)

    said = ask(ada, "/funding WIF")

    assert "No exchange sent anything in the last 30 s." in said.text
    assert "<pre>" not in said.html


def test_funding_comes_with_a_picture_and_the_other_theme(ada: User) -> None:
    said = ask(ada, "/funding WIF")
    dark = press(ada, said.buttons["Dark"])

    assert said.pictures == [["funding", "light", "en|point|UTC", "WIF"]]
    assert dark.pictures == [["funding", "dark", "en|point|UTC", "WIF"]]
    assert dark.buttons["Light"] == "funding WIF light"
    assert "sendPhoto" in dark.methods


def test_an_unlisted_coin_is_told_with_the_nearest(ada: User) -> None:
    said = ask(ada, "/funding WIFF")

    assert said.text == "No exchange we watch lists WIFF. Did you mean WIF?"
    assert said.pictures == []


@pytest.mark.parametrize("line", ["/funding WIF", "/price BTC", "/market"])
def test_without_data_it_says_since_when(held: Book, ada: User, line: str) -> None:
    held.rows = None
    ScanRecordFactory(as_of=NOON - 12 * MINUTE)

    said = ask(ada, line)

    assert f"No market data now. The last scan was 12{THIN}min ago." in said.text
    assert said.pictures == []


def test_before_anything_was_received_it_says_so(held: Book, ada: User) -> None:
    held.rows = None

    assert "nothing has been received so far" in ask(ada, "/price BTC").text


# Prices.


def test_a_price_has_two_lines_a_venue(ada: User) -> None:
    lines = ask(ada, "/price BTC").text.splitlines()
    at = next(place for place, line in enumerate(lines) if line.startswith("OKX"))

    assert lines[at].split() == ["OKX", "61,234.55", "<0.001%", "1s"]
    assert lines[at + 1] == "  61,234.5 – 61,234.6"


def test_without_a_tick_bid_and_ask_can_still_be_told_apart(held: Book, ada: User) -> None:
    held.rows = (spot("okx", "BTC", 67_280.01, 67_280.02),)

    assert "  67,280.010 – 67,280.020" in ask(ada, "/price BTC").text


def test_in_a_replay_the_next_payment_is_that_of_the_recording(held: Book, ada: User) -> None:
    text = ask(ada, "/funding WIF", now=NOON + timedelta(days=1)).text

    assert cells(text, "OKX")[3] == "38min"


def test_where_it_is_cheapest_and_dearest_adds_up_by_hand(ada: User) -> None:
    text = ask(ada, "/price btc/usdt").text

    gain = (61_300.0 / 61_234.6 - 1) * 100
    assert (
        f"Buy on OKX at 61,234.6, sell on Binance at 61,300.0: +{gain:.3f}{THIN}% before costs."
        in text
    )


def test_an_old_price_is_struck_through(ada: User) -> None:
    assert f"<s>Bybit 61,300.10</s> · 1{THIN}min old" in ask(ada, "/price BTCUSDT").html


def test_spot_and_perpetual_stand_apart_and_one_venue_has_no_extremes(ada: User) -> None:
    _, _, perpetual = ask(ada, "/price BTC").text.partition("Perpetual")

    assert cells(perpetual, "Bybit")[1] == "61,250.10"
    assert "Buy on" not in perpetual


def test_a_listed_pair_nobody_quotes_says_so(held: Book, ada: User) -> None:
    held.rows = (spot("okx", "WIF", None, None),)

    assert "no exchange quotes a price now" in ask(ada, "/price WIF").text


@pytest.mark.parametrize("price", [0.00000012, 61_234.5, 123_456_789.0])
def test_tables_of_prices_fit_a_phone(held: Book, ada: User, price: float) -> None:
    tick = price / 10_000
    held.rows = tuple(spot(venue, "WIF", price, price + tick, tick=tick, age_ms=29_000.0)
                      for venue in ("binance", "kucoinfutures", "cryptocom"))  # fmt: skip

    assert too_wide(ask(ada, "/price WIF").html) == []


# The market.


def test_venues_stand_with_their_state_and_age(monkeypatch: pytest.MonkeyPatch, ada: User) -> None:
    broken = (Breaker("api", "open", "banned", 0.0),)
    known = [
        Standing("okx", 3.4, 80.0, 1.0, 10),
        Standing("bybit", 44.0, 80.0, 1.0, 10),
        Standing("binance", None, None, None, 0),
        Standing("bitget", 3.0, 80.0, 1.0, 10, broken),
    ]
    monkeypatch.setattr(standing, "known", lambda _: (known, ""))

    text = ask(ada, "/market").text

    assert cells(text, "OKX") == ["OKX", "fine", "3s"]
    assert cells(text, "Bybit ") == ["Bybit", "⚠", "late", "44s"]
    assert cells(text, "Binance") == ["Binance", "⚠", "silent", "unknown"]
    assert cells(text, "Bitget") == ["Bitget", "⚠", "broken", "3s"]


def test_a_cache_that_is_gone_is_no_empty_market(
    monkeypatch: pytest.MonkeyPatch, ada: User
) -> None:
    monkeypatch.setattr(standing, "known", lambda _: ([], "the cache cannot be reached"))

    assert "Nothing is known of them right now" in ask(ada, "/market").text


def test_what_lives_is_counted_by_kind_with_its_best(ada: User) -> None:
    live("WIF", net=0.0042)
    live("SXP", net=0.0030)
    gap("ARB")

    text = ask(ada, "/market").text

    assert f"2 funding, best WIF +0.42{THIN}%" in text
    assert f"1 spot, best ARB +0.20{THIN}%" in text
    assert "0 basis" in text


def test_the_market_keeps_to_the_readers_tier() -> None:
    live("NEW", opened_at=NOON - MINUTE)

    assert "0 funding" in ask(reader(Tier.FREE), "/market").text


def test_the_widest_funding_is_listed_and_leads_on(ada: User) -> None:
    said = ask(ada, "/market")

    assert cells(said.text, "WIF") == ["WIF", "OKX", "Bybit", "+0.0722%"]
    assert said.buttons["WIF"] == "funding WIF"
    assert said.pictures == [["market", "light", "en|point|UTC"]]


def test_equal_venues_have_no_widest_funding(held: Book, ada: User) -> None:
    held.rows = (OKX,)

    assert "No exchanges differ" in ask(ada, "/market").text


# Charts.


def test_a_chart_is_that_of_the_coins_best(ada: User) -> None:
    live("WIF", net=0.0030, short_venue="binance")
    best = live("WIF", net=0.0042)

    said = ask(ada, "/chart WIF")

    assert said.pictures == [["opportunity", "light", "en|point|UTC", str(best.pk), "net"]]
    assert f"+0.42{THIN}% net" in said.text
    assert seen_by(ada) == 1


def test_buttons_lead_to_its_other_pictures_and_the_other_theme(ada: User) -> None:
    one = live("WIF")
    said = ask(ada, "/chart WIF")

    parts = press(ada, said.buttons["Parts"])
    dark = press(ada, said.buttons["Dark"])

    assert parts.pictures[0][-1] == "waterfall"
    assert dark.pictures[0][1] == "dark"
    assert said.buttons["Funding"] == f"picture {one.pk} funding light"
    assert said.buttons["Details"] == f"opportunity {one.pk}"


def test_a_gap_has_no_picture_of_funding(ada: User) -> None:
    one = gap("SXP")

    said = press(ada, f"picture {one.pk} funding")

    assert said.pictures[0][-1] == "net"
    assert "Funding" not in said.buttons


def test_without_a_live_one_the_coins_funding_is_drawn(ada: User) -> None:
    said = ask(ada, "/chart WIF")

    assert "Nothing of WIF that you may see pays now." in said.text
    assert said.pictures[0][0] == "funding"


def test_a_chart_of_what_the_tier_holds_back_is_the_coins_funding() -> None:
    live("WIF", shelves=0)

    said = ask(reader(Tier.FREE), "/chart WIF")

    assert said.pictures[0][0] == "funding"
    assert "+0.42" not in said.text


def test_a_chart_of_old_data_says_so(ada: User) -> None:
    live("WIF", as_of=NOON - MINUTE)

    assert "Do not act on them." in ask(ada, "/chart WIF").text


@pytest.mark.parametrize("language", ["en", "es", "fr"])
@pytest.mark.parametrize("line", ["/funding WIF", "/price BTC", "/market", "/chart WIF"])
def test_in_each_language_tables_fit_and_captions_are_short(
    held: Book, language: str, line: str
) -> None:
    held.rows = (OKX, BYBIT, OLD, STRANGE, *BTC)
    who = reader(language=language, number_format="space", time_zone="Asia/Tokyo")

    said = ask(who, line)

    assert too_wide(said.html) == []
    assert all(len(told["caption"]) <= 1024 for told in said.messages if "caption" in told)


@pytest.mark.parametrize("coin", ["<i>X", "عملة", "币安人生", "A" * 20, "$X$Y"])
def test_odd_names_of_coins_harm_nothing(held: Book, ada: User, coin: str) -> None:
    held.rows = (perp("okx", coin, rate=0.0001), perp("bybit", coin, rate=0.0009))

    said = ask(ada, "/market")

    assert "<i>X" not in said.html
    assert too_wide(said.html) == []


@pytest.mark.parametrize("which", ["net", "waterfall"])
def test_a_picture_of_a_net_says_for_whom_it_is_drawn_where_the_reader_s_own_differs(
    which: str,
) -> None:
    one = live("WIF")
    drawn = f"Drawn for $1{THIN}k over 72{THIN}h, as everybody sees it: +0.42{THIN}%."
    assert drawn in press(reader(horizon_hours=168), f"picture {one.pk} {which}").text
    assert "Drawn for" not in press(reader(), f"picture {one.pk} {which}").text


def test_a_picture_of_rates_has_no_size() -> None:
    said = press(reader(horizon_hours=168), f"picture {live('WIF').pk} funding")
    assert "Drawn for" not in said.text


def test_a_picture_of_a_gap_is_drawn_for_a_size_alone() -> None:
    one = gap("SXP", cohorts=cohorts([0.001] * 4, [None] * 5))
    text = press(reader(notional_usd=5_000), f"picture {one.pk} waterfall").text
    assert f"Drawn for $1{THIN}k, as everybody sees it: +0.20{THIN}%." in text


@pytest.mark.parametrize("command", ["funding", "price", "chart"])
def test_a_command_pressed_in_the_menu_asks_for_the_coin(ada: User, command: str) -> None:
    said = ask(ada, f"/{command}")
    assert said.text.endswith(f"/{command} WIF")
    assert said.buttons == {coin: f"{command} {coin}" for coin in EXAMPLES}


def test_what_only_buttons_say_is_in_no_usage(ada: User) -> None:
    assert "/funding [COIN]" in ask(ada, "/funding WIF dark light").text.splitlines()
