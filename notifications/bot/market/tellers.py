"""Pictures for the reader: his words, zone and numbers, and what draws each picture."""

from __future__ import annotations

from typing import Final

from arbedge.errors import NotFound
from exchanges import book
from notifications.bot import pictures, words
from notifications.bot.asks import Ask
from notifications.bot.replies import Picture, Reply, Rows
from notifications.telegram.telegram_text import LONGEST_CAPTION, length
from notifications.writing.dialects import tame
from notifications.writing.languages import Style, zone_of
from opportunities import announced, coin_charts
from opportunities import pictures as of_opportunity
from opportunities.models import Opportunity
from opportunities.voice import Voice

LIGHT: Final = "light"
DARK: Final = "dark"
THEMES: Final = (LIGHT, DARK)
_CHARTS: Final = "charts."


def other(theme: str) -> str:
    """The ground that is not this one."""
    return DARK if theme == LIGHT else LIGHT


def picture(ask: Ask, name: str, theme: str, *args: str) -> Picture:
    """A picture for whoever asks; it is drawn when it is sent."""
    style = ask.style()
    return Picture(name, (theme, f"{style.language}|{style.numbers}|{style.zone}", *args))


def drawn(text: str, rows: Rows, picture_: Picture) -> Reply:
    """A picture with its text below, or above the text where no caption takes so much: it would
    be cut."""
    if length(text) <= LONGEST_CAPTION:
        return Reply(text, rows, picture_)
    return Reply(picture=picture_).then(Reply(text, rows))


def voice(of: str) -> Voice:
    """How a reader’s pictures speak: language, numbers, zone, as in `es|comma|Europe/Madrid`."""
    language, numbers, zone = of.split("|", 2)
    style = Style(language, zone, numbers)
    texts = words.texts(language, "market")
    own = {key.removeprefix(_CHARTS): text for key, text in texts.items()
           if key.startswith(_CHARTS)}  # fmt: skip
    return Voice(
        name=of,
        words=own,
        zone=zone if zone_of(zone) else "UTC",
        moment=style.moment,
        percent=style.percent,
        decimals=style.number,
    )


def of_one(theme: str, speaks: str, opportunity_id: str, name: str) -> bytes:
    """A picture of an opportunity. Raises NotFound where it is not kept any more."""
    one = Opportunity.objects.filter(pk=int(opportunity_id)).first()
    if one is None:
        text = "There is no such opportunity."
        raise NotFound(text, code="opportunity_unknown", id=opportunity_id)
    return of_opportunity.picture(one, name, theme, "png", voice(speaks))


def of_coin(theme: str, speaks: str, coin: str) -> bytes:
    """A coin's funding: settled where that is known, and announced. Raises NoData."""
    snapshot = book.load()
    shown = coin_charts.coin(
        tame(coin, 16), announced.of_coin(coin, snapshot), coin_charts.minute(snapshot.now_ms)
    )
    own = voice(speaks)
    content = (theme, speaks, shown)
    return pictures.kept("coin", content, lambda: coin_charts.draw_coin(shown, theme, own))


def of_market(theme: str, speaks: str) -> bytes:
    """Where announced funding differs most. Raises NoData."""
    snapshot = book.load()
    pairs = announced.differences(snapshot)
    at, own = coin_charts.minute(snapshot.now_ms), voice(speaks)
    content = (theme, speaks, at, pairs)
    return pictures.kept(
        "market", content, lambda: coin_charts.draw_differences(pairs, at, theme, own)
    )


pictures.register("opportunity", of_one)
pictures.register("funding", of_coin)
pictures.register("market", of_market)
