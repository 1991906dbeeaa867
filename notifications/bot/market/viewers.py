"""Who looks at opportunities through the bot: the tier, filters and figures that are his.

In a private chat these are the person's; in a group the chat's own, and the tier of whoever
registered it, twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from accounts import wishes
from accounts.wishes import Economics
from arbedge.choices import VENUE_BITS, VENUES, Experience, mask, unmask
from arbedge.errors import Forbidden
from arbedge.names import Kind, Risk, Shelf
from notifications.bot.asks import Ask
from notifications.choosing.eligibility_sql import BEGINNERS
from notifications.models import Chat
from notifications.writing.cohort_figures import LEVEL_BITS, VENUES_WITH_LEVELS
from notifications.writing.languages import Style
from notifications.writing.values import Reader as Eyes
from opportunities import board, readers
from opportunities.board import Row
from opportunities.readers import Reader

# The shelves of whoever chose none (product §2): beginners see three, the intermediate all but one.
SUITED: Final[Mapping[Experience, int]] = {
    Experience.BEGINNER: BEGINNERS,
    Experience.INTERMEDIATE: mask(set(Shelf) - {Shelf.ADVANCED}, Shelf),
    Experience.ADVANCED: mask(Shelf, Shelf),
}
_RISKS: Final = list(Risk)


@dataclass(frozen=True, slots=True)
class Filters:
    """What somebody wants to be shown. Masks are bits of Kind and Shelf, None is all; net, APR and
    confidence are fractions."""

    kinds: int | None = None
    shelves: int | None = None
    venues: tuple[str, ...] | None = None
    assets_in: tuple[str, ...] = ()
    assets_out: tuple[str, ...] = ()
    min_net: float = 0.0
    min_apr: float = 0.0
    max_risk: Risk = Risk.HIGH
    min_confidence: float = 0.0

    def keep(self, row: Row) -> bool:
        """Whether a row is among what is wanted."""
        return self._names(row) and self._figures(row)

    def _names(self, row: Row) -> bool:
        one = row.stored
        return (
            (self.kinds is None or readers.KIND_BIT[one.kind] & self.kinds > 0)
            and (self.shelves is None or readers.shelves_of(one) & self.shelves > 0)
            and (self.venues is None or {one.long_venue, one.short_venue} <= {*self.venues, ""})
            and (not self.assets_in or one.asset in self.assets_in)
            and one.asset not in self.assets_out
        )

    def _figures(self, row: Row) -> bool:
        return (
            row.pays >= self.min_net
            and (row.apr is None or row.apr >= self.min_apr)
            and _RISKS.index(Risk(row.stored.risk)) <= _RISKS.index(self.max_risk)
            and (row.stored.score or 0.0) >= self.min_confidence
        )


def reader(ask: Ask) -> Reader:
    """Whose tier, delay and hourly number count. Raises Forbidden (unregistered_chat)."""
    if ask.standing is None:
        text = "This chat is not registered yet. One of its admins does that by /register."
        raise Forbidden(text, code="unregistered_chat")
    chat = chat_of(ask)
    if chat is None:
        return readers.person(ask.standing, ask.now)
    return readers.group(chat.pk, ask.standing, ask.now)


def chat_of(ask: Ask) -> Chat | None:
    """The group it was asked in, None in private."""
    return None if ask.place.private else ask.place.chat


def own(ask: Ask) -> tuple[Economics, Filters]:
    """The cohort whose figures are shown, and what is wanted: mutes included, in a group what its
    admins chose. A group has neither levels nor leverage of its own."""
    chat = chat_of(ask)
    if chat is not None:
        return _of_chat(chat)
    if ask.person is None:
        return board.DEFAULT_ECONOMICS, Filters()
    row = ask.preferences()
    return wishes.economics(row), _of_wishes(wishes.wish(row))


def economics(ask: Ask) -> Economics:
    """The cohort alone."""
    return own(ask)[0]


def filters(ask: Ask) -> Filters:
    """What is wanted alone."""
    return own(ask)[1]


def _of_chat(chat: Chat) -> tuple[Economics, Filters]:
    usual = board.DEFAULT_ECONOMICS
    cohort = Economics(chat.notional_usd, chat.horizon_hours, usual.leverage, ())
    venues = None if chat.venues is None else tuple(unmask(chat.venues, VENUES))
    shelves = BEGINNERS if chat.shelves is None else chat.shelves
    return cohort, Filters(chat.kinds, shelves, venues, min_net=chat.min_net)


def _of_wishes(held: wishes.Wish) -> Filters:
    return Filters(
        kinds=None if held.kinds is None else mask(held.kinds, Kind),
        shelves=SUITED[held.experience] if held.shelves is None else mask(held.shelves, Shelf),
        venues=held.venues,
        assets_in=held.assets_in,
        assets_out=held.assets_out,
        min_net=held.min_net,
        min_apr=held.min_apr,
        max_risk=held.max_risk,
        min_confidence=held.min_confidence,
    )


def eyes(ask: Ask, style: Style) -> Eyes:
    """The same for texts about one opportunity."""
    own = economics(ask)
    return Eyes(
        notional_usd=own.notional_usd,
        horizon_hours=own.horizon_hours,
        vip_levels=_bits(own),
        leverage=own.leverage,
        personal=ask.place.private,
        style=style,
    )


def wish(own: Economics, **asked: object) -> board.Wish:
    """What is asked of the board, with the reader's own economics."""
    cohort: dict[str, object] = {
        "size": float(own.notional_usd),
        "horizon": float(own.horizon_hours),
        "vip": dict(own.vip_levels),
    }
    return board.Wish(**cohort | asked)  # type: ignore[arg-type]


def _bits(own: Economics) -> int:
    """Levels as the audience holds them: four bits a venue."""
    places = {venue: VENUE_BITS.get(venue, VENUES_WITH_LEVELS) for venue, _ in own.vip_levels}
    return sum(
        level << LEVEL_BITS * places[venue]
        for venue, level in own.vip_levels
        if places[venue] < VENUES_WITH_LEVELS
    )
