"""/opportunities and /categories: what pays now, by pages, kinds, coins and shelves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from django.utils.html import format_html

from accounts import sessions
from accounts.permissions import Permission
from arbedge.choices import mask
from arbedge.errors import BadInput
from arbedge.names import Kind, Shelf, State
from notifications.bot import grammar, registry
from notifications.bot.asks import Ask
from notifications.bot.grammar import Arg
from notifications.bot.market import viewers
from notifications.bot.market.figures import STALE_S, joined, name
from notifications.bot.market.seen import of_tier
from notifications.bot.market.viewers import Filters
from notifications.bot.registry import EVERYWHERE, Command, Section
from notifications.bot.replies import Button, Reply, Rows, fitting, in_rows, rows, ticked, turns
from notifications.writing.languages import Style
from notifications.writing.reason_words import meaning
from notifications.writing.trade_values import venue_name
from opportunities import board, listing
from opportunities.board import KINDS, Row
from opportunities.listing import Page
from opportunities.models import NearMiss
from opportunities.readers import Reader
from opportunities.reasons import from_mask

EVERYTHING: Final = "all"
ANY: Final = "any"  # what the reader's own filters hide, too
ON_SHELF: Final = "shelf:"
COIN: Final = "$"
REASONS_SHOWN: Final = 3
LATE: Final = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list is asked for: everything, or one kind, shelf or coin. `word` says it again."""

    word: str = EVERYTHING
    kind: str = ""
    coin: str = ""
    shelf: Shelf | None = None

    @property
    def anything(self) -> bool:
        """Whether no filter but the tier's counts."""
        return self.word == ANY or bool(self.coin)


def wanted(word: str) -> Wanted:
    """What a word asks for: `all`, a kind, a shelf, or a coin. Raises BadInput (bad_coin)."""
    text = word.lower()
    if text in {EVERYTHING, ANY}:
        return Wanted(text)
    if text in {kind.value for kind in Kind} and not word.startswith(COIN):
        return Wanted(text, kind=text)
    shelf = text.removeprefix(ON_SHELF)
    if shelf in {one.value for one in Shelf} and (shelf != text or "_" in text or len(text) > 2):
        return Wanted(ON_SHELF + shelf, shelf=Shelf(shelf))
    coin = _coin(word)
    return Wanted(COIN + coin, coin=coin)


def opportunities(ask: Ask) -> Reply:
    """What pays now for the reader, five at a time."""
    asked: Wanted = ask.args["what"] or Wanted()
    reader, style, (own, filters) = viewers.reader(ask), ask.style(), viewers.own(ask)
    wish = viewers.wish(own, kind=asked.kind, only=asked.coin, shelves=_bits(asked.shelf))
    keeps = _lifted(ask, asked, filters).keep
    page = listing.page(wish, ask.now, reader, ask.args["page"] or 1, keeps=keeps)
    title = _title(ask, style, asked)
    heading = ask.say(
        "opportunities.heading", what=title[:1].upper() + title[1:],
        size=style.money(own.notional_usd), horizon=style.hours(own.horizon_hours),
    )  # fmt: skip
    lines = [heading, ""]
    if page.rows:
        lines += [_row(ask, style, row, page.first + at) for at, row in enumerate(page.rows)]
        if ask.place.private and ask.person is not None:
            sessions.seen(ask.person.pk, ask.now, len(page.rows))
    else:
        lines += _silence(ask, style, page, asked, reader)
    lines += _kept_back(ask, style, page, asked, reader)
    return Reply(joined(lines), _buttons(ask, style, page, asked))


def categories(ask: Ask) -> Reply:
    """The ten shelves with what lives on each, and whether the reader is shown it."""
    reader, own = viewers.reader(ask), viewers.filters(ask)
    counts = listing.on_shelves()
    groups: dict[str, list[str]] = {"yours": [], "other": [], "higher": []}
    for bit, shelf in enumerate(Shelf):
        if not reader.allowance.shelves >> bit & 1:
            standing = "higher"
        else:
            shown = own.shelves is None or own.shelves >> bit & 1
            standing = "yours" if shown else "other"
        told = ask.say("opportunities.shelf", count=counts[shelf], shelf=shelf_name(ask, shelf))
        groups[standing].append(told)
    whose = "shelf" if ask.place.private else "group_shelf"
    lines = [ask.say("opportunities.shelves")]
    for standing, names in groups.items():
        if names:
            lines += ["", f"<i>{ask.say(f'opportunities.{whose}_{standing}')}</i>", *names]
    if not any(counts.values()):
        lines += ["", ask.say("opportunities.shelves_none")]
    open_to = [shelf for bit, shelf in enumerate(Shelf) if reader.allowance.shelves >> bit & 1]
    buttons = [Button(f"{shelf_name(ask, shelf)} ({counts[shelf]})",
                      f"opportunities {ON_SHELF}{shelf}") for shelf in open_to]  # fmt: skip
    again = Button(ask.say("opportunities.refresh"), "categories")
    return Reply(joined(lines), (*rows(buttons), (again,)))


def shelf_name(ask: Ask, shelf: Shelf) -> str:
    """A shelf as people call it."""
    return ask.say(f"opportunities.shelf_name.{shelf.value}")


def _title(ask: Ask, style: Style, asked: Wanted) -> str:
    if asked.coin:
        return name(asked.coin)
    if asked.shelf is not None:
        return shelf_name(ask, asked.shelf)
    if asked.kind:
        return ask.say("opportunities.of_kind", kind=style.word(asked.kind))
    return ask.say("opportunities.everything")


def _lifted(ask: Ask, asked: Wanted, own: Filters) -> Filters:
    """The reader's own filters, less what he asks for by name; a group's always count."""
    if viewers.chat_of(ask) is not None:
        return own
    if asked.anything:
        return Filters()
    if asked.kind:
        return replace(own, kinds=None)
    return own if asked.shelf is None else replace(own, shelves=None)


def _row(ask: Ask, style: Style, row: Row, place: int) -> str:
    """Two lines; what is too old to act on is struck through and named."""
    one = row.stored
    apr = "" if row.apr is None else ask.say("opportunities.apr", apr=style.yearly(row.apr))
    head = ask.say(
        "opportunities.row", place=place, net=style.percent(row.net), coin=name(one.asset),
        kind=style.word(one.kind), apr=apr,
    )  # fmt: skip
    if row.age_s >= STALE_S and not board.replaying():
        head = f"<s>{head}</s> {ask.say('opportunities.row_stale')}"
    elif one.state in {State.FADING, State.HELD}:
        head = f"{head} {ask.say(f'opportunities.row_{one.state}')}"
    short = f" ▼ {venue_name(one.short_venue)}" if one.short_venue else ""
    legs = f"▲ {venue_name(one.long_venue)}{short}"
    age = style.span(row.age_s)
    return f"{head}\n{format_html('{} · {} · {}', legs, style.word(one.risk), age)}"


def _silence(ask: Ask, style: Style, page: Page, asked: Wanted, reader: Reader) -> list[str]:
    """What is said instead of rows."""
    if asked.kind == Kind.TECHNICAL and not reader.sees_all:
        bit = 1 << list(Kind).index(Kind.TECHNICAL)
        if not reader.allowance.kinds & bit:
            return [of_tier(ask, "not_of_tier", reader.tier)]
    if asked.coin:
        near = board.silence(asked.coin).miss
        nothing = ask.say("opportunities.nothing_here")
        return [nothing] if near is None else [nothing, _miss(ask, style, near)]
    if page.hidden or page.later or page.higher or page.beyond:
        return [ask.say("opportunities.nothing_here")]
    return [ask.say("opportunities.nothing"), *_why_silent(ask, style)]


def _miss(ask: Ask, style: Style, miss: NearMiss) -> str:
    """What nearly paid, and why it does not."""
    because = [meaning(ask.language, one) for one in from_mask(miss.reasons) if one.rejects]
    return ask.say(
        "opportunities.miss" if miss.short_venue else "opportunities.miss_alone",
        coin=name(miss.asset), kind=style.word(miss.kind), long=venue_name(miss.long_venue),
        short=venue_name(miss.short_venue), net=style.percent(miss.last_net),
        reasons="; ".join(because[:REASONS_SHOWN]),
    )  # fmt: skip


def _why_silent(ask: Ask, style: Style) -> list[str]:
    """The nearest miss and its reasons, what held back most, and when that was looked at."""
    told = board.silence()
    lines = []
    if told.miss is not None:
        lines.append(_miss(ask, style, told.miss))
    if told.watched:
        lines.append(ask.say("opportunities.watched", count=told.watched))
    if told.scan is None:
        return [*lines, ask.say("opportunities.no_scan")]
    held = told.counts[:REASONS_SHOWN]
    if held:
        by_code = {one.code: one for one in from_mask(-1)}
        lines += ["", ask.say("opportunities.most_held")]
        lines += [f"{style.number(f'{count:,}')} {meaning(ask.language, by_code[code])}"
                  for code, count in held]  # fmt: skip
    when = style.when(told.scan.as_of, ask.now)
    if ask.now - told.scan.as_of > LATE and not board.replaying():
        return [*lines, "", ask.say("opportunities.no_scan_lately", when=when)]
    count = style.number(f"{told.scan.candidates:,}")
    return [*lines, "", ask.say("opportunities.scanned", when=when, count=count)]


def _kept_back(ask: Ask, style: Style, page: Page, asked: Wanted, reader: Reader) -> list[str]:
    """How many there are besides, and what would show them."""
    lines = []
    if page.hidden:
        own = "hidden" if ask.place.private else "hidden_chat"
        asked_for = bool(asked.kind or asked.coin or asked.shelf)
        lines.append(ask.say(f"opportunities.{'hidden_others' if asked_for else own}",
                             count=page.hidden))  # fmt: skip
    tier, may = reader.tier, reader.allowance
    if page.later:
        delay = style.span(may.delay_s)
        lines.append(of_tier(ask, "later", tier, count=page.later, delay=delay))
    if page.higher:
        lines.append(ask.say("opportunities.higher", count=page.higher))
    if page.beyond:
        limit = may.opportunities_per_hour
        lines.append(of_tier(ask, "beyond", tier, count=page.beyond, limit=limit))
    if ask.place.private and (page.later or page.higher or page.beyond):
        lines.append(ask.say("opportunities.more_at_once"))
    return ["", *lines] if lines else []


def _buttons(ask: Ask, style: Style, page: Page, asked: Wanted) -> Rows:
    """A button per row, the kinds, and the way through the pages."""
    row = [Button(f"{page.first + at} {name(one.stored.asset, 9)}", f"opportunity {one.stored.pk}")
           for at, one in enumerate(page.rows)]  # fmt: skip
    kinds = [("all", ask.say("opportunities.all"))]
    kinds += [(kind.value, style.word(kind).capitalize()) for kind in KINDS]
    filters = [Button(ticked(label, word == asked.word), f"opportunities {word}")
               for word, label in kinds]  # fmt: skip
    line = ("opportunities", asked.word)
    again = fitting(ask.say("opportunities.refresh"), *line, page.number)
    ways = turns(page.number, page.pages, *line, between=again)
    hidden = []
    if page.hidden and ask.place.private and asked.word == EVERYTHING:
        hidden.append(Button(ask.say("opportunities.any"), f"opportunities {ANY}"))
    return in_rows(row[:3], row[3:], filters, ways, hidden)


def _bits(shelf: Shelf | None) -> int | None:
    return None if shelf is None else mask([shelf], Shelf)


def _coin(word: str) -> str:
    coin = grammar.coin(word)
    if " " in coin:
        raise BadInput("This is no coin.", code="bad_coin", field="coin", value=word[:32])
    return coin


registry.add(
    Command("opportunities", opportunities, topic="opportunities", section=Section.MARKET,
            args=(Arg("what", wanted, optional=True, shown="KIND|COIN"),
                  Arg("page", grammar.whole(1, 999), optional=True)),
            permission=Permission.OPPORTUNITIES_VIEW, scopes=EVERYWHERE),
    Command("categories", categories, topic="opportunities", section=Section.MARKET,
            permission=Permission.OPPORTUNITIES_VIEW, scopes=EVERYWHERE),
)  # fmt: skip
