"""Why a preference was not changed, in the reader's language and with the field's own limits."""

from __future__ import annotations

from typing import Any

from django.utils.html import escape

from accounts.preferences import Entry
from accounts.standing import effective_tier
from accounts.wish_form import Shape
from arbedge.errors import ArbEdgeError
from notifications.bot import words
from notifications.bot.asks import Ask
from notifications.bot.preferences import preference_words
from notifications.bot.preferences.preference_changes import Form, offered

_SEEN_BY_TIER = frozenset({"missing_tier", "beta_over"})


def told(ask: Ask, known: Form, error: ArbEdgeError) -> str:
    """The refusal as HTML: in words of our own by its code, else as the error says it."""
    entry = known.entries.get(str(error.details.get("field", "")).partition(".")[0])
    if entry is None:
        return ask.problem(error)
    key = f"preferences.refused.{_kind(entry, error)}"
    if not words.known(key):
        return str(escape(error.message))
    return ask.say(key, **_values(ask, known, entry, error))


def _kind(entry: Entry, error: ArbEdgeError) -> str:
    limit = error.details.get("limit")
    if error.code in _SEEN_BY_TIER:
        return "tier"
    if error.code == "bad_input" and limit in ("both", "different"):
        return str(limit)
    if error.code == "bad_input" and isinstance(limit, list):
        return "coins"
    if error.code in {"out_of_range", "bad_value"}:
        return f"{error.code}.{entry.kind.value}"
    return error.code


def _values(ask: Ask, known: Form, entry: Entry, error: ArbEdgeError) -> dict[str, Any]:
    limit, need = error.details.get("limit"), error.details.get("need")
    style = known.style
    assert ask.standing is not None
    return {
        "title": preference_words.title(style.language, entry.name, entry.title),
        "lowest": _bound(known, entry, entry.lowest),
        "highest": _bound(known, entry, entry.highest),
        "most": entry.most or 0,
        "choices": ", ".join(
            preference_words.choice(style, entry, one.value) for one in offered(entry)
        ),
        "limit": ", ".join(map(str, limit)) if isinstance(limit, list) else _word(known, limit),
        "need": need.value.capitalize() if need else "",
        "tier": effective_tier(ask.standing, ask.now).value.capitalize(),
    }  # fmt: skip


def _bound(known: Form, entry: Entry, bound: float | None) -> str:
    if bound is None:
        return ""
    if entry.kind in {Shape.FRACTION, Shape.NUMBER}:
        return preference_words.number(known.style, entry, bound)
    return known.style.plain(bound)


def _word(known: Form, limit: Any) -> str:
    """An experience that is needed, in the reader's words."""
    experience = known.entries.get("experience")
    if experience is None or limit is None:
        return ""
    return preference_words.choice(known.style, experience, limit)
