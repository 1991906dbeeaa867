"""A person's profile as messages with buttons: name, tier, language, time zone, what is used."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from accounts import names_of_people, people, tiers
from arbedge.errors import BadInput
from arbedge.names import LANGUAGES, Door, Language, Role
from notifications.bot import render, talks
from notifications.bot.asks import Ask
from notifications.bot.preferences import tier_lines, zone_choice, zones
from notifications.bot.replies import Button, Reply, Rows, rows, ticked
from notifications.models import Talk

TALK: Final = "profile"


def shown(ask: Ask, *, note: str = "", toast: str = "") -> Reply:
    """Who the person is here, and the buttons to change it."""
    lines = [*([note, ""] if note else []), *_lines(ask)]
    return Reply("\n".join(lines), _buttons(ask), toast=toast)


def languages(ask: Ask) -> Reply:
    """The languages there are."""
    shown_ = [
        Button(ticked(title, one == ask.language), f"profile language {one}")
        for one, title in LANGUAGES.items()
    ]
    return Reply(ask.say("profile.which_language"), (tuple(shown_), _back(ask)))


def set_language(ask: Ask, code: str) -> Reply:
    """The language from now on; the answer is in it. Raises BadInput (bad_language)."""
    people.set_profile(ask.user, language=code, door=Door.TELEGRAM, by=ask.user)
    told = ask.say("profile.saved_language", language=LANGUAGES[Language(ask.user.language)])
    return shown(ask, toast=render.toast(told)) if ask.pressed else shown(ask, note=told)


def zone(ask: Ask) -> Reply:
    """The ways to choose a time zone; a city can be typed."""
    zone_choice.listens(ask, TALK)
    text = "\n\n".join([ask.say("profile.zone.title"), zone_choice.line(ask)])
    return Reply(text, (*zone_choice.buttons(ask, TALK), _back(ask)))


def zone_chosen(ask: Ask, name: str) -> Reply:
    """The zone is the person's from now on. Raises BadInput (bad_time_zone)."""
    saved = zone_choice.set_(ask, name)
    reply = zone_choice.told(ask, saved, lambda: shown(ask))
    leave(ask)
    return reply


def zone_asked(ask: Ask, text: str) -> Reply:
    """The zone somebody typed, or what he may have meant."""
    names = zones.search(text)
    return zone_chosen(ask, names[0]) if len(names) == 1 else zone_choice.found(ask, TALK, names)


def name(ask: Ask) -> Reply:
    """Asks for another name."""
    talks.put(ask.user.pk, TALK, "name", ask.now)
    return Reply(ask.say("profile.which_name", most=names_of_people.NAME_LENGTH), (_back(ask),))


def set_name(ask: Ask, given: str) -> Reply:
    """The name from now on. Raises BadInput (bad_name)."""
    people.rename(ask.user, given, door=Door.TELEGRAM, by=ask.user)
    leave(ask)
    return shown(ask, note=ask.say("profile.saved_name", name=ask.user.name))


def heard(ask: Ask, talk: Talk) -> Reply:
    """The name or the zone that was asked for."""
    if ask.location is not None:
        return zone_chosen(ask, zones.at(*ask.location))
    text = ask.said.strip()
    if not text:
        raise BadInput("Write a text.", code="missing_argument", field="TEXT")
    return set_name(ask, text) if talk.step == "name" else zone_asked(ask, text)


def leave(ask: Ask) -> None:
    """Nothing is asked for any more."""
    talk = talks.current(ask.user.pk, ask.now)
    if talk is not None and talk.name == TALK:
        talks.end(ask.user.pk)


def _lines(ask: Ask) -> Iterator[str]:
    who, style, held = ask.user, ask.style(), ask.standing
    assert held is not None
    yield ask.say("profile.title_of", name=who.get_short_name())
    yield from tier_lines.tier(ask)
    if who.role != Role.USER:
        yield ask.say("profile.role", role=ask.say(f"profile.roles.{who.role}"))
    yield ask.say("profile.language", language=LANGUAGES[Language(ask.language)])
    yield zone_choice.line(ask)
    yield ask.say("profile.since", since=style.moment(who.date_joined))
    until = datetime.fromtimestamp(held.session_until_ms / 1000, UTC)
    yield ask.say("profile.session", until=style.when(until, ask.now))
    yield ""
    yield from tier_lines.used(ask, tiers.of(held, now=ask.now))


def _buttons(ask: Ask) -> Rows:
    lines = {
        "language": "profile language", "zone": "profile zone", "name": "profile name",
        "public_name": "+pref public_name", "tier": "+subscription", "settings": "settings",
    }  # fmt: skip
    return rows([Button(ask.say(f"profile.ways.{one}"), line) for one, line in lines.items()])


def _back(ask: Ask) -> tuple[Button, ...]:
    return (Button(ask.say("profile.back_to_profile"), "profile"),)
