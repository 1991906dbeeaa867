"""What a tier adds to another, in words for the page that asks people to decide."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from accounts.tiers import Allowance
from accounts.usage import TITLES
from arbedge.choices import unmask
from arbedge.names import Kind, Shelf

_GAINS: Final = {
    "trading.automated": "Automated trading on your own keys",
    "analytics.premium": "The deeper analytics",
    "analytics.view": "The analytics dashboard",
}


def adds(have: Allowance, offer: Allowance) -> list[str]:
    """What `offer` has and `have` has not, the most telling first."""
    return [*_sooner(have, offer), *_shown(have, offer), *_rights(have, offer), *_more(have, offer)]


def _sooner(have: Allowance, offer: Allowance) -> Iterator[str]:
    if offer.delay_s < have.delay_s:
        when = f"{offer.delay_s} s after they are found" if offer.delay_s else "at once"
        yield f"Opportunities {when}, not after {have.delay_s} s"


def _shown(have: Allowance, offer: Allowance) -> Iterator[str]:
    for word, more, known in (
        ("Kinds", offer.kinds & ~have.kinds, Kind),
        ("Shelves", offer.shelves & ~have.shelves, Shelf),
    ):
        if more:
            yield f"{word}: " + ", ".join(_word(one) for one in unmask(more, known))


def _rights(have: Allowance, offer: Allowance) -> Iterator[str]:
    gained = offer.permissions - have.permissions
    return (words for name, words in _GAINS.items() if name in gained)


def _more(have: Allowance, offer: Allowance) -> Iterator[str]:
    for name, title in TITLES.items():
        before, after = getattr(have, name), getattr(offer, name)
        if before is None or before == after:
            continue
        yield f"{title}: {_count(after)}"


def _word(name: str) -> str:
    return "AI" if name == Shelf.AI else name.replace("_", " ")


def _count(number: int | None) -> str:
    return "no cap" if number is None else f"{number:,}"
