"""What a tier adds to another, as facts and in English words, where people are asked to decide."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from accounts.tiers import Allowance
from accounts.usage import TITLES
from arbedge.choices import unmask
from arbedge.names import Kind, Shelf

_RIGHTS: Final = {
    "trading.automated": "Automated trading on your own keys",
    "analytics.premium": "The deeper analytics",
    "analytics.view": "The analytics dashboard",
}


class Gains(StrEnum):
    """In what way a tier has more."""

    SOONER = "sooner"
    KINDS = "kinds"
    SHELVES = "shelves"
    RIGHT = "right"
    COUNT = "count"


@dataclass(frozen=True, slots=True)
class Gain:
    """One thing more. `facts` by what it is: sooner (`delay_s` now, `from_s` before), kinds and
    shelves (`names`), a right (`name`), a count (`name` of the limit, `number`; None is no cap)."""

    what: Gains
    facts: Mapping[str, Any] = field(default_factory=dict)


def gains(have: Allowance, offer: Allowance) -> list[Gain]:
    """What `offer` has and `have` has not, the most telling first."""
    return [*_sooner(have, offer), *_shown(have, offer), *_rights(have, offer), *_more(have, offer)]


def adds(have: Allowance, offer: Allowance) -> list[str]:
    """The same in English."""
    return [_english(one) for one in gains(have, offer)]


def _sooner(have: Allowance, offer: Allowance) -> Iterator[Gain]:
    if offer.delay_s < have.delay_s:
        yield Gain(Gains.SOONER, {"delay_s": offer.delay_s, "from_s": have.delay_s})


def _shown(have: Allowance, offer: Allowance) -> Iterator[Gain]:
    for what, more, known in (
        (Gains.KINDS, offer.kinds & ~have.kinds, Kind),
        (Gains.SHELVES, offer.shelves & ~have.shelves, Shelf),
    ):
        if more:
            yield Gain(what, {"names": list(unmask(more, known))})


def _rights(have: Allowance, offer: Allowance) -> Iterator[Gain]:
    gained = offer.permissions - have.permissions
    return (Gain(Gains.RIGHT, {"name": name}) for name in _RIGHTS if name in gained)


def _more(have: Allowance, offer: Allowance) -> Iterator[Gain]:
    for name in TITLES:
        before, after = getattr(have, name), getattr(offer, name)
        if before is None or before == after:
            continue
        yield Gain(Gains.COUNT, {"name": name, "number": after})


def _english(one: Gain) -> str:
    facts = one.facts
    if one.what is Gains.SOONER:
        delay_s = facts["delay_s"]
        when = f"{delay_s} s after they are found" if delay_s else "at once"
        return f"Opportunities {when}, not after {facts['from_s']} s"
    if one.what is Gains.RIGHT:
        return _RIGHTS[facts["name"]]
    if one.what is Gains.COUNT:
        return f"{TITLES[facts['name']]}: {_count(facts['number'])}"
    return f"{one.what.capitalize()}: " + ", ".join(_word(name) for name in facts["names"])


def _word(name: str) -> str:
    return "AI" if name == Shelf.AI else name.replace("_", " ")


def _count(number: int | None) -> str:
    return "no cap" if number is None else f"{number:,}"
