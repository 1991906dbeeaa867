"""Pictures as they are sent: in the reader's words, drawn once for what is in them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from arbedge import cache
from arbedge.errors import NoData, NotFound
from exchanges import book
from notifications.bot import loading, pictures, words
from notifications.bot.market import tellers
from opportunities import charts, coin_charts
from opportunities import pictures as of_opportunity
from opportunities.breakdown import waterfall
from opportunities.voice import ENGLISH, WORDS
from tests.notifications.bot.living import gap, live, noon
from tests.opportunities.markets import perp

pytestmark = pytest.mark.django_db
loading.load()
LANGUAGES = ("en", "es", "fr")
ROWS = [perp("okx", "WIF", rate=0.0001), perp("bybit", "WIF", rate=0.0009)]


@pytest.fixture(autouse=True)
def _markets(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    cache.client().flushdb()
    monkeypatch.setattr(book, "load", lambda *_, **__: noon(*ROWS))
    yield
    cache.client().flushdb()


def png(data: bytes) -> bool:
    return data.startswith(b"\x89PNG")


@pytest.mark.parametrize("theme", tellers.THEMES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_picture_is_drawn_in_every_language_and_theme(language: str, theme: str) -> None:
    one, other = live("WIF"), gap("SXP")
    speaks = f"{language}|comma|Europe/Madrid"
    wanted = [("market",), ("funding", "WIF"), ("funding", "NOPE")]
    wanted += [("opportunity", str(one.pk), name) for name in of_opportunity.PICTURES]
    wanted += [("opportunity", str(other.pk), "waterfall")]

    for name, *args in wanted:
        assert png(pictures.draw(name, [theme, speaks, *args])), (name, args)


def test_a_picture_speaks_spanish_with_the_readers_numbers_and_zone(written: list[str]) -> None:
    pictures.draw("opportunity", ["light", "es|comma|Europe/Madrid", str(live("WIF").pk), "net"])

    assert "Neto en el tiempo, % de la posición" in written
    assert "neto\n+0,42\u2009%" in written
    assert any("21 nov 2026 13:00 CET" in text for text in written)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_part_of_a_net_is_named_in_pictures_and_tables(language: str) -> None:
    voice = tellers.voice(f"{language}|point|UTC")

    for one in (live("WIF"), gap("SXP")):
        for part in waterfall(one)[:-1]:
            assert voice.part(part.label) != part.label or language == "en"


def test_english_pictures_say_what_pages_say() -> None:
    own = {key.removeprefix("charts."): text for key, text in words.texts("en", "market").items()
           if key.startswith("charts.") and "part_" not in key}  # fmt: skip

    assert own == dict(WORDS)
    for one in (live("WIF"), gap("SXP")):
        for part in waterfall(one):
            assert tellers.voice("en|point|UTC").part(part.label) == ENGLISH.part(part.label)


def test_a_zone_nobody_knows_is_utc() -> None:
    assert tellers.voice("en|point|Mars/Base").zone == "UTC"


def test_the_same_market_is_drawn_once_and_a_new_rate_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn: list[Any] = []
    plain = coin_charts.draw_coin

    def counted(*args: Any) -> bytes:
        drawn.append(args)
        return plain(*args)

    monkeypatch.setattr(coin_charts, "draw_coin", counted)
    args = ["light", "en|point|UTC", "WIF"]

    pictures.draw("funding", args)
    pictures.draw("funding", args)
    assert len(drawn) == 1

    changed = [ROWS[0], ROWS[1] | {"rate": 0.0008}]
    monkeypatch.setattr(book, "load", lambda *_, **__: noon(*changed))
    pictures.draw("funding", args)
    assert len(drawn) == 2


def test_what_is_gone_is_not_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(*_: Any, **__: Any) -> None:
        raise NoData("market book: no answer of any venue is in the cache")

    monkeypatch.setattr(book, "load", nothing)

    with pytest.raises(NotFound):
        pictures.draw("opportunity", ["light", "en|point|UTC", "99", "net"])
    with pytest.raises(NoData):
        pictures.draw("market", ["light", "en|point|UTC"])


@pytest.mark.parametrize("coin", ["$X$Y", "عملة", "币安人生", "🐸"])
def test_odd_names_are_drawn_without_a_warning(
    monkeypatch: pytest.MonkeyPatch, coin: str, recwarn: pytest.WarningsRecorder
) -> None:
    rows = [perp("okx", coin, rate=0.0001), perp("bybit", coin, rate=0.0009)]
    monkeypatch.setattr(book, "load", lambda *_, **__: noon(*rows))

    assert png(pictures.draw("market", ["dark", "en|point|UTC"]))
    assert png(pictures.draw("funding", ["dark", "en|point|UTC", coin]))
    assert [str(one.message) for one in recwarn if "Glyph" in str(one.message)] == []


def test_what_drawing_needs_can_be_loaded_before_anybody_waits(written: list[str]) -> None:
    charts.warm()

    assert "No data yet" in written
