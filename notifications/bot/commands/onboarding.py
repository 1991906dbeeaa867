"""/onboard and the buttons of the first steps and of time zones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from arbedge.names import Language
from notifications.bot import grammar, registry
from notifications.bot.asks import Ask
from notifications.bot.grammar import Arg
from notifications.bot.newcomers import onboarding
from notifications.bot.preferences import profile_forms, zone_choice
from notifications.bot.registry import Command, Conversation, Section
from notifications.bot.replies import Reply


def onboard(ask: Ask) -> Reply:
    """The first steps, from where they were left."""
    return onboarding.again(ask)


def pressed(ask: Ask) -> Reply:
    """A button of the first steps."""
    name, value = ask.args["name"] or "", ask.args["value"] or ""
    return _DEEDS[ask.args["deed"]](ask, name, value)


_DEEDS: Final[Mapping[str, Callable[[Ask, str, str], Reply]]] = {
    "go": lambda ask, step, _: onboarding.go(ask, step),
    "set": onboarding.choose,
    "flip": lambda ask, venue, _: onboarding.flip_venue(ask, grammar.venue(venue)),
    "page": lambda ask, page, _: onboarding.venues(ask, grammar.whole(1, 99)(page)),
    "risk": lambda ask, preset, _: onboarding.risk(ask, preset),
    "quiet": lambda ask, turned, _: onboarding.quiet(ask, on=turned == "on"),
    "language": lambda ask, code, _: onboarding.language(ask, grammar.one_of(*Language)(code)),
    "later": lambda ask, _, __: onboarding.later(ask),
}


def zone(ask: Ask) -> Reply:
    """A button of time zones, of the first steps or of the profile."""
    origin, deed, value = ask.args["origin"], ask.args["deed"], ask.args["value"] or ""
    match deed:
        case "ask":
            zone_choice.listens(ask, origin, keyboard=True)
            return zone_choice.asked(ask)
        case "regions":
            return zone_choice.regions(ask, origin)
        case "in":
            return zone_choice.within(ask, origin, value, ask.args["page"] or 1)
    if origin == onboarding.TALK:
        return onboarding.zone_chosen(ask, value)
    return profile_forms.zone_chosen(ask, value)


registry.add(
    Command("onboard", onboard, topic="onboarding", section=Section.FIRST),
    Command("onb", pressed, topic="onboarding", hidden=True, args=(
        Arg("deed", grammar.one_of(*_DEEDS)),
        Arg("name", grammar.text, optional=True),
        Arg("value", grammar.text, optional=True),
    )),
    Command("zone", zone, topic="profile", hidden=True, args=(
        Arg("origin", grammar.one_of(*zone_choice.WAYS_BACK)),
        Arg("deed", grammar.one_of("ask", "regions", "in", "set")),
        Arg("value", grammar.text, optional=True),
        Arg("page", grammar.whole(1, 999), optional=True),
    )),
)  # fmt: skip
registry.converse(Conversation(onboarding.TALK, onboarding.heard))
