"""Refusals in the reader's language: which tier has it, which one he is on, and what to do."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from accounts.permissions import Why
from accounts.standing import effective_tier
from arbedge.errors import ArbEdgeError
from notifications.bot import words

if TYPE_CHECKING:
    from notifications.bot.asks import Ask

OF_TIERS: Final = frozenset({Why.MISSING_TIER.value, Why.BETA_OVER.value})
OF_KEYS: Final = Why.KEY_MISSING.value


def told(ask: Ask, error: ArbEdgeError) -> str:
    """What an error tells the reader. A group is told nothing of who registered it."""
    if error.code in OF_TIERS and not ask.place.private:
        return _in_group(ask, error)
    if error.code in OF_TIERS and ask.standing is not None:
        return _of_tier(ask, error)
    if error.code == OF_KEYS:
        kind = "ai" if error.details.get("permission") == "ai.use" else "trading"
        return ask.say(f"refusals.key_missing.{kind}")
    return words.problem(ask.language, error)


def _in_group(ask: Ask, error: ArbEdgeError) -> str:
    need = error.details.get("need")
    if not need:
        return ask.say("refusals.nobody_has")
    return ask.say("refusals.in_group", need=_name(need))


def _of_tier(ask: Ask, error: ArbEdgeError) -> str:
    need, what = error.details.get("need"), str(error.details.get("permission"))
    parts = []
    if error.code == Why.BETA_OVER.value:
        parts.append(ask.say("refusals.beta_over"))
    if not need:
        parts.append(ask.say("refusals.nobody_has"))
    elif words.known(f"refusals.does.{what}"):
        does = ask.say(f"refusals.does.{what}")
        parts.append(ask.say("refusals.need", need=_name(need), does=does))
    parts.append(_here(ask))
    return " ".join([*parts, "/subscription"])


def _here(ask: Ask) -> str:
    held = ask.standing
    assert held is not None
    tier = effective_tier(held, ask.now)
    if held.tier_until_ms is None or tier is not held.tier:
        return ask.say("refusals.here", tier=_name(tier))
    until = datetime.fromtimestamp(held.tier_until_ms / 1000, UTC)
    return ask.say("refusals.here_until", tier=_name(tier), until=ask.style().moment(until))


def _name(tier: str) -> str:
    return str(tier).capitalize()
