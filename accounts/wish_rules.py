"""What must hold between preferences, and between them and the person's tier."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from accounts import permissions, tiers
from accounts.permissions import Permission, Why
from accounts.standing import Standing, effective_tier
from accounts.wish_form import FIELDS
from accounts.wishes import Wish
from arbedge.choices import Automation, Experience, mask
from arbedge.errors import ArbEdgeError, BadInput, Forbidden
from arbedge.names import Kind, Shelf, Tier

PAIRS: Final = (("active_from_min", "active_to_min"), ("quiet_from_min", "quiet_to_min"))
NEEDS_EXPERIENCE: Final = {
    Automation.SEMI: Experience.INTERMEDIATE,
    Automation.FULL: Experience.ADVANCED,
}
# Every preset (accounts/presets.py) sets these and no others.
SET_BY_PRESETS: Final = frozenset({
    "kinds", "shelves", "min_net", "min_apr", "max_risk", "min_confidence", "leverage",
    "horizon_hours", "frequency", "automation",
})  # fmt: skip
_RISING: Final = list(Experience)
_OF_TIER: Final = {"kinds": Kind, "shelves": Shelf}


@dataclass(frozen=True)
class Who:
    """Whose preferences they are, at which moment."""

    standing: Standing
    now: datetime


def faults(
    new: Wish, changed: AbstractSet[str], who: Who, muted: AbstractSet[str] = frozenset()
) -> Iterator[ArbEdgeError]:
    """Yields an error for every rule that what `changed` breaks, for a person's message.

    `muted` coins are never shown for a while only, so they may be among the only coins.
    """
    yield from _between_coins(new, changed, muted)
    for first, second in PAIRS:
        if {first, second} & changed:
            yield from _hours(new, first, second)
    if {"automation", "experience"} & changed:
        yield from _experience(new)
    if "automation" in changed:
        yield from _automation(new, who)
    for name in sorted(_OF_TIER.keys() & changed):
        yield from _tier(new, name, who)


def fitted(wanted: Wish, who: Who) -> tuple[Wish, tuple[str, ...]]:
    """Returns the wish with what the tier does not have left out, and what that was, in words.

    Where nothing of a list is left, it becomes "all the tier has".
    """
    allowance = tiers.of(who.standing, now=who.now)
    allowed = {"kinds": allowance.kinds, "shelves": allowance.shelves}
    kept: dict[str, Any] = {}
    notes: list[str] = []
    for name, known in _OF_TIER.items():
        chosen: tuple[Any, ...] = getattr(wanted, name) or ()
        missing = [one for one in chosen if not mask([one], known) & allowed[name]]
        if missing:
            kept[name] = tuple(one for one in chosen if one not in missing) or None
            notes.append(_left_out(name, missing))
    if any(_experience(wanted)) or any(_automation(wanted, who)):
        kept["automation"] = Automation.MANUAL
        notes.append(f"Automation stays manual, not {wanted.automation.value}.")
    return replace(wanted, **kept), tuple(notes)


def tier_that_has(name: str, option: str) -> Tier | None:
    """The lowest tier with this kind or shelf; None where no tier has it."""
    bit = mask([option], _OF_TIER[name])
    has = (tier for tier, one in tiers.table().items() if getattr(one, name) & bit)
    return next(has, None)


def missing(name: str, option: str, who: Who) -> bool:
    """Whether the person's tier lacks this option; only kinds and shelves depend on tiers."""
    if name == "automation" and option == Automation.FULL:
        return not _may_automate(who).allowed
    if name not in _OF_TIER:
        return False
    held: int = getattr(tiers.of(who.standing, now=who.now), name)
    return not mask([option], _OF_TIER[name]) & held


def _left_out(name: str, options: list[Any]) -> str:
    parts = []
    for option in options:
        tier = tier_that_has(name, option)
        parts.append(f"{_words(option)} ({tier.value if tier else 'no tier'})")
    return f"Left out of {FIELDS[name].title.lower()}: {', '.join(parts)}."


def _between_coins(
    new: Wish, changed: AbstractSet[str], muted: AbstractSet[str]
) -> Iterator[BadInput]:
    both = [coin for coin in new.assets_in if coin in new.assets_out and coin not in muted]
    if both and {"assets_in", "assets_out"} & changed:
        name = "assets_out" if "assets_out" in changed else "assets_in"
        yield BadInput(
            f"{', '.join(both)} cannot be among both the only coins and the coins never shown.",
            field=name, limit=both,
        )  # fmt: skip


def _hours(new: Wish, first: str, second: str) -> Iterator[BadInput]:
    begin, end = getattr(new, first), getattr(new, second)
    titles = f"{FIELDS[first].title} and {FIELDS[second].title.lower()}"
    if (begin is None) != (end is None):
        empty = first if begin is None else second
        yield BadInput(f"{titles}: set both, or empty both.", field=empty, limit="both")
    elif begin is not None and begin == end:
        yield BadInput(
            f"{titles} are the same. Set two times, or empty both.", field=second, limit="different"
        )


def _experience(new: Wish) -> Iterator[BadInput]:
    need = NEEDS_EXPERIENCE.get(new.automation)
    if need is not None and _RISING.index(new.experience) < _RISING.index(need):
        yield BadInput(
            f"Automation {new.automation.value} needs {need.value} experience, and yours is "
            f"{new.experience.value}. Change that first, or automate less.",
            code="needs_experience", field="automation", limit=need.value,
        )  # fmt: skip


def _automation(new: Wish, who: Who) -> Iterator[Forbidden]:
    if new.automation is not Automation.FULL:
        return
    answer = _may_automate(who)
    if not answer.allowed:
        yield Forbidden(
            answer.message, code=str(answer.reason), field="automation", need=answer.need
        )


def _may_automate(who: Who) -> permissions.Answer:
    """Keys may be added later: without one nothing is traded, whatever is wished."""
    answer = permissions.may(who.standing, Permission.TRADING_AUTOMATED, now=who.now)
    if answer.reason is Why.KEY_MISSING:
        return permissions.Answer(allowed=True)
    return answer


def _tier(new: Wish, name: str, who: Who) -> Iterator[Forbidden]:
    for option in getattr(new, name) or ():
        if missing(name, option, who):
            need = tier_that_has(name, option)
            here = effective_tier(who.standing, who.now).value.capitalize()
            has = f"{need.value.capitalize()} has" if need else "No tier has"
            title = FIELDS[name].title.lower()
            yield Forbidden(
                f"{has} {_words(option)} among its {title}. You are on {here}. /subscription",
                code=Why.MISSING_TIER.value, field=name, need=need,
            )  # fmt: skip


def _words(option: str) -> str:
    return str(option).replace("_", " ")
