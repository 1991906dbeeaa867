"""What a word names: a coin or a venue, told apart where one is called as the other is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from accounts import vault
from accounts.models import Mute, Muted
from arbedge.choices import VENUES
from arbedge.errors import BadInput
from exchanges.models import Instrument
from notifications.bot import registry
from notifications.bot.grammar import LONGEST_COIN

_COIN: Final = "$"
_VENUE: Final = "venue:"


@dataclass(frozen=True, slots=True)
class Thing:
    """A coin or a venue by its own name."""

    what: Muted
    name: str

    @property
    def word(self) -> str:
        """The word that means this and nothing else, for the line of a button."""
        return f"{_COIN if self.what is Muted.COIN else _VENUE}{self.name}"

    @property
    def shown(self) -> str:
        """How people write it."""
        return self.name if self.what is Muted.COIN else vault.provider_name(self.name)


def of(mute: Mute) -> Thing:
    """What is muted."""
    return Thing(Muted(mute.what), mute.name)


def word(text: str) -> str:
    """A reader for arguments. Raises BadInput (bad_coin) for what can be no name."""
    if not text.strip(_COIN + "#") or len(text) > LONGEST_COIN or not text.isprintable():
        raise BadInput("This is neither a coin nor a venue.", code="bad_coin", field="what",
                       value=text[:32])  # fmt: skip
    return text


def exact(text: str) -> Thing:
    """The thing a button's word means, listed or not. Raises BadInput (nothing_called)."""
    if text.startswith(_COIN):
        return Thing(Muted.COIN, text.removeprefix(_COIN))
    name = text.removeprefix(_VENUE).lower()
    if name not in VENUES:
        raise _nothing(text)
    return Thing(Muted.VENUE, name)


def meant(text: str) -> list[Thing]:
    """Everything a word may mean: a listed coin, a venue, or both, then to be asked.

    `$WOO` is the coin and `venue:woo` the venue. Raises BadInput (nothing_called) with the venue
    nearest to the word.
    """
    found: list[Thing] = []
    if not text.lower().startswith(_VENUE):
        found += _coins(text.lstrip("$#"))
    if not text.startswith(("$", "#")):
        found += _venues(text.removeprefix(_VENUE))
    if not found:
        raise _nothing(text)
    return found


def _coins(name: str) -> list[Thing]:
    rows = Instrument.objects.filter(asset__in={name, name.upper()}, current=True)
    listed = rows.values_list("asset", flat=True).first()
    return [] if listed is None else [Thing(Muted.COIN, listed.upper())]


def _venues(name: str) -> list[Thing]:
    """By its own name or as it writes itself: `gate` and `Gate.io`."""
    text = name.lower()
    own = {venue for venue in VENUES if vault.provider_name(venue).lower() == text}
    return [Thing(Muted.VENUE, venue) for venue in VENUES if venue == text or venue in own]


def _nothing(text: str) -> BadInput:
    near = registry.nearest(text.removeprefix(_VENUE).lower(), VENUES)
    code = "nothing_called_near" if near else "nothing_called"
    told = f"No venue lists a coin {text[:LONGEST_COIN]}, and no venue is called so."
    return BadInput(told, code=code, field="what", value=text[:32], near=near)
