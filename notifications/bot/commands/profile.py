"""/profile: who one is here, and changing name, language and time zone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from arbedge.names import Language
from notifications.bot import grammar, registry
from notifications.bot.asks import Ask
from notifications.bot.grammar import Arg
from notifications.bot.preferences import profile_forms
from notifications.bot.registry import Command, Conversation, Section
from notifications.bot.replies import Reply


def profile(ask: Ask) -> Reply:
    """The profile, or one of its facts to be changed, or changed at once."""
    what, value = ask.args["what"], ask.args["value"]
    if what is None:
        profile_forms.leave(ask)
        return profile_forms.shown(ask)
    return _CHANGES[what](ask, value) if value else _FORMS[what](ask)


def _language(ask: Ask, value: str) -> Reply:
    return profile_forms.set_language(ask, grammar.one_of(*Language)(value))


_FORMS: Final[Mapping[str, Callable[[Ask], Reply]]] = {
    "language": profile_forms.languages, "zone": profile_forms.zone, "name": profile_forms.name,
}  # fmt: skip
_CHANGES: Final[Mapping[str, Callable[[Ask, str], Reply]]] = {
    "language": _language, "zone": profile_forms.zone_asked, "name": profile_forms.set_name,
}  # fmt: skip

registry.add(
    Command("profile", profile, topic="profile", section=Section.ACCOUNT,
            args=(Arg("what", grammar.one_of(*_FORMS), optional=True),
                  Arg("value", grammar.text, optional=True, rest=True))),
)  # fmt: skip
registry.converse(Conversation(profile_forms.TALK, profile_forms.heard))
