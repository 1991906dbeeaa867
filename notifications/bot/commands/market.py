"""/funding, /price and /market: what venues announce and quote now."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

from accounts.permissions import Permission
from arbedge import writing
from arbedge.errors import BadInput, NoData
from arbedge.names import Market
from exchanges import book, standing
from exchanges.snapshot import Snapshot
from exchanges.standing import Standing
from notifications.bot import grammar, registry
from notifications.bot.asks import Ask
from notifications.bot.grammar import Arg
from notifications.bot.market import figures, naming, tellers, viewers
from notifications.bot.market.figures import joined, name
from notifications.bot.registry import EVERYWHERE, Command, Section
from notifications.bot.replies import Button, Reply, fitting, in_rows
from notifications.writing.languages import Style
from notifications.writing.trade_values import venue_name
from opportunities import announced, coin_charts, listing, quoted
from opportunities.announced import Announced, Difference
from opportunities.models import ScanRecord
from opportunities.quoted import Quoted

DIFFERENCES_SHOWN: Final = 5
FUNDING_PLACES: Final = 4
LONGEST_PAIR: Final = 32
SPREAD_PLACES: Final = 3
DIGITS: Final = 7
SMALLEST_SPREAD: Final = 1e-5
THEME: Final = Arg("theme", grammar.one_of(*tellers.THEMES), optional=True, told=False)


def funding(ask: Ask) -> Reply:
    """A coin's announced funding by venue, with its chart."""
    if ask.args["coin"] is None:
        return naming.which(ask, "funding")
    return funding_of(ask, ask.args["coin"], ask.args["theme"] or tellers.LIGHT)


def funding_of(ask: Ask, coin: str, theme: str, first: Sequence[str] = ()) -> Reply:
    """The same of a coin, drawn on a light or dark ground, below these lines."""
    snapshot = _markets(ask)
    if snapshot is None:
        return Reply(joined([*first, no_data(ask)]))
    rows = announced.of_coin(coin, snapshot)
    if not rows:
        return Reply(joined([*first, _unlisted(ask, coin, snapshot)]))
    style, shown = ask.style(), name(rows[0].asset)
    told = [row for row in rows if row.fresh]
    lines = [
        *first,
        ask.say("market.funding_of", coin=shown),
        *_funding_table(ask, style, told, _moment(snapshot)),
    ]
    lines += _stale_funding(ask, style, [row for row in rows if not row.fresh])
    lines += _strange(ask, [coin_charts.label(row) for row in told if row.strange])
    best = announced.best_difference(rows)
    lines.append(ask.say("market.no_difference") if best is None else _difference(ask, style, best))
    buttons = [
        *fitting(ask.say("market.opportunities_of", coin=shown), "opportunities", f"${coin}"),
        *fitting(ask.say("market.price_of", coin=shown), "price", coin),
    ]
    other = tellers.other(theme)
    again = [
        *fitting(ask.say("market.refresh"), "funding", coin, theme),
        *fitting(ask.say(f"market.{other}"), "funding", coin, other),
    ]
    picture = tellers.picture(ask, "funding", theme, coin)
    return tellers.drawn(joined(lines), in_rows(buttons, again), picture)


def price(ask: Ask) -> Reply:
    """What a pair costs on every venue, and where it is cheapest and dearest."""
    if ask.args["pair"] is None:
        return naming.which(ask, "price")
    snapshot = _markets(ask)
    if snapshot is None:
        return Reply(no_data(ask))
    found = quoted.pair(ask.args["pair"], snapshot)
    if found is None:
        return Reply(_unlisted(ask, ask.args["pair"], snapshot))
    coin, quote = found
    style, rows = ask.style(), quoted.of_pair(coin, quote, snapshot)
    title = f"{name(coin)}/{name(quote)}"
    lines = [f"<b>{ask.say('market.pair', pair=title)}</b>"]
    for market in (Market.SPOT, Market.PERP):
        own = [row for row in rows if row.market == market]
        if own:
            lines += ["", *_price_table(ask, style, market, own)]
    lines += _strange(ask, [venue_name(row.venue) for row in rows if row.fresh and row.strange])
    if not rows:
        lines.append(ask.say("market.no_price"))
    again = fitting(ask.say("market.refresh"), "price", f"{coin}/{quote}")
    others = [
        *fitting(ask.say("market.funding_button"), "funding", coin),
        *fitting(ask.say("market.opportunities_of", coin=name(coin)), "opportunities", f"${coin}"),
    ]
    return Reply(joined(lines), in_rows(again, others))


def market(ask: Ask) -> Reply:
    """Venues and their ages, what lives by kind, where funding differs most; with a chart."""
    style, theme = ask.style(), ask.args["theme"] or tellers.LIGHT
    other = tellers.other(theme)
    known, problem = standing.known(ask.now.timestamp() * 1000)
    lines = [f"<b>{ask.say('market.venues')}</b>"]
    lines.append(ask.say("market.unreadable") if problem else _venues(ask, style, known))
    lines += ["", f"<b>{ask.say('market.living')}</b>", *_living(ask, style)]
    snapshot = _markets(ask)
    again = [
        Button(ask.say("market.refresh"), f"market {theme}"),
        Button(ask.say(f"market.{other}"), f"market {other}"),
    ]
    first = [Button(ask.say("market.opportunities"), "opportunities all")]
    if snapshot is None:
        return Reply(joined([*lines, "", no_data(ask)]), in_rows(first, again[:1]))
    pairs = announced.differences(snapshot, DIFFERENCES_SHOWN)
    lines += ["", f"<b>{ask.say('market.widest')}</b>"]
    rows = [[name(pair.long.asset, 11), venue_name(pair.long.venue)[:8],
             venue_name(pair.short.venue)[:8],
             style.percent(pair.per_eight_hours, FUNDING_PLACES)] for pair in pairs]  # fmt: skip
    lines.append(figures.table(rows, "<<<>") if rows else ask.say("market.no_differences"))
    coins = [button for pair in pairs[:3]
             for button in fitting(name(pair.long.asset, 11), "funding",
                                   pair.long.asset)]  # fmt: skip
    picture = tellers.picture(ask, "market", theme)
    return tellers.drawn(joined(lines), in_rows(coins, first, again), picture)


def no_data(ask: Ask) -> str:
    """That nothing is known of the markets, and since when."""
    last = ScanRecord.objects.order_by("-as_of").values_list("as_of", flat=True).first()
    if last is None:
        return ask.say("market.no_data")
    return ask.say("market.no_data_since", when=ask.style().when(last, ask.now))


def _markets(ask: Ask) -> Snapshot | None:
    try:
        return book.load(ask.now.timestamp() * 1000)
    except NoData:
        return None


def _unlisted(ask: Ask, text: str, snapshot: Snapshot) -> str:
    near = [one for one in quoted.like(text, snapshot) if one != text]
    if near:
        return ask.say("market.unlisted_near", coin=name(text), near=", ".join(map(name, near)))
    return ask.say("market.unlisted", coin=name(text))


def _moment(snapshot: Snapshot) -> datetime:
    """The markets' own now, which in a replay is the recording's."""
    return datetime.fromtimestamp(snapshot.now_ms / 1000, UTC)


def _funding_table(ask: Ask, style: Style, rows: Sequence[Announced], now: datetime) -> list[str]:
    if not rows:
        return [ask.say("market.nothing_fresh")]
    heads = [ask.say(f"market.head_{one}") for one in ("rate", "eight", "next", "age")]
    cells = [["", *heads]]
    for row in rows:
        due = None if row.next_at is None else (row.next_at - now).total_seconds()
        cells.append([
            coin_charts.label(row), _rate(style, row), _points(style, row.per_eight_hours),
            "–" if due is None or due < 0 else figures.narrow(style, due),
            figures.narrow(style, row.age_s),
        ])  # fmt: skip
    return [figures.table(cells, "<>>>>")]


def _stale_funding(ask: Ask, style: Style, rows: Sequence[Announced]) -> list[str]:
    """What is too old to count, struck through, with its age."""
    if not rows:
        return []
    told = [ask.say("market.stale")]
    for row in rows:
        age = style.unknown if row.age_s is None else style.span(row.age_s)
        text = f"{coin_charts.label(row)} {_rate(style, row)}"
        told.append(ask.say("market.struck", text=text, age=age))
    return told


def _strange(ask: Ask, names: Iterable[str]) -> list[str]:
    told = ", ".join(dict.fromkeys(names))
    return [ask.say("market.strange", names=told)] if told else []


def _difference(ask: Ask, style: Style, best: Difference) -> str:
    return ask.say(
        "market.difference", long=coin_charts.label(best.long), short=coin_charts.label(best.short),
        rate=style.percent(best.per_eight_hours, FUNDING_PLACES), apr=style.yearly(best.apr),
    )  # fmt: skip


def _price_table(ask: Ask, style: Style, market: Market, rows: Sequence[Quoted]) -> list[str]:
    """Two lines a venue: the middle with spread and age, then bid and ask."""
    fresh = [row for row in rows if row.fresh]
    lines = [f"<b>{ask.say(f'market.{market}')}</b>"]
    cells = []
    for row in fresh:
        cells.append([venue_name(row.venue), _price(style, row.mid, row, finer=10),
                      _spread(style, row.spread), figures.narrow(style, row.age_s)])  # fmt: skip
        bid, dear = _price(style, row.bid, row), _price(style, row.ask, row)
        cells.append([f"  {bid} – {dear}"])
    lines.append(figures.table(cells, "<>>>") if cells else ask.say("market.nothing_fresh"))
    for row in rows:
        if not row.fresh:
            age = style.unknown if row.age_s is None else style.span(row.age_s)
            text = f"{venue_name(row.venue)} {_price(style, row.mid, row, finer=10)}"
            lines.append(ask.say("market.struck", text=text, age=age))
    ends = quoted.extremes(rows, market)
    if ends is not None:
        lines.append(ask.say(
            "market.extremes", cheap=venue_name(ends.cheapest.venue),
            ask=_price(style, ends.cheapest.ask, ends.cheapest),
            dear=venue_name(ends.dearest.venue),
            bid=_price(style, ends.dearest.bid, ends.dearest), gap=style.percent(ends.gap, 3),
        ))  # fmt: skip
    return lines


def _venues(ask: Ask, style: Style, known: Sequence[Standing]) -> str:
    rows = []
    for one in known:
        age = style.unknown if one.age_s is None else style.span(one.age_s)
        rows.append([venue_name(one.name), ask.say(f"market.word_{one.word}"), age])
    return figures.table(rows, "<<>") if rows else ask.say("market.no_venues")


def _living(ask: Ask, style: Style) -> list[str]:
    """How many of each kind the reader's tier shows, and the best of each."""
    own, filters = viewers.own(ask)
    counts, rows = listing.best_of_kinds(
        viewers.wish(own), ask.now, viewers.reader(ask), keeps=filters.keep
    )
    best = {row.stored.kind: row for row in rows}
    told = []
    for kind, count in counts.items():
        line = ask.say("market.kind", count=count, kind=style.word(kind))
        if (row := best.get(kind.value)) is not None:
            line += ask.say("market.best", coin=name(row.stored.asset), net=style.percent(row.net))
        told.append(line)
    return told


def _rate(style: Style, row: Announced) -> str:
    """`+0.0089/4h`: per cent of one settlement, and how often it comes."""
    if row.rate is None:
        return style.unknown
    rate = style.percent(row.rate, FUNDING_PLACES).replace("\u2009%", "")
    hours = "?" if not row.interval_hours else f"{row.interval_hours:g}h"
    return f"{rate}/{hours}"


def _points(style: Style, rate: float | None) -> str:
    if rate is None:
        return "–"
    return style.percent(rate, FUNDING_PLACES).replace("\u2009%", "")


def _price(style: Style, value: float, row: Quoted, finer: int = 1) -> str:
    """With the places of its tick, or of a tenth of it: a middle lies between two ticks. Without a
    tick with as many digits as tell bid from ask."""
    tick = row.tick / finer if row.tick else 10.0 ** (math.floor(math.log10(value)) - DIGITS)
    return style.number(writing.price(value, tick))


def _spread(style: Style, spread: float) -> str:
    text = style.share(spread, SPREAD_PLACES)
    return text if spread >= SMALLEST_SPREAD else f"<{style.share(SMALLEST_SPREAD, SPREAD_PLACES)}"


def pair(word: str) -> str:
    """A reader for pairs of any writing. Raises BadInput (bad_coin)."""
    if not word.strip("$#/") or len(word) > LONGEST_PAIR or not word.isprintable():
        raise BadInput("This is no pair.", code="bad_coin", field="pair", value=word[:32])
    return word.lstrip("$#").upper()


registry.add(
    Command("funding", funding, topic="market", reads=True, section=Section.MARKET,
            args=(Arg("coin", grammar.coin, optional=True), THEME),
            permission=Permission.OPPORTUNITIES_VIEW, scopes=EVERYWHERE),
    Command("price", price, topic="market", reads=True, section=Section.MARKET,
            args=(Arg("pair", pair, optional=True),),
            permission=Permission.OPPORTUNITIES_VIEW, scopes=EVERYWHERE),
    Command("market", market, topic="market", reads=True, section=Section.MARKET, args=(THEME,),
            permission=Permission.OPPORTUNITIES_VIEW, scopes=EVERYWHERE),
)  # fmt: skip
