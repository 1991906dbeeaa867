"""The first steps of somebody new: a conversation that is left and taken up again as he likes.

Where a person is stands in the conversation's row, and how far he came in his own, so that neither
a restart nor another conversation loses it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from accounts import first_steps, people, preferences, presets, redeeming
from arbedge.errors import BadInput, Forbidden
from arbedge.names import Door
from notifications.bot import render, talks
from notifications.bot.asks import Ask
from notifications.bot.newcomers import onboarding_steps
from notifications.bot.newcomers.onboarding_steps import QUIET, STEPS
from notifications.bot.preferences import (
    hours,
    preference_changes,
    preference_refusals,
    preference_words,
    zone_choice,
    zones,
)
from notifications.bot.replies import Button, Reply
from notifications.models import Talk

TALK: Final = "onboarding"
DONE: Final = first_steps.DONE
_CHOSEN_AT: Final = {"focus": "focus", "experience": "experience", "frequency": "notifications"}


def begin(ask: Ask) -> Reply:
    """The first step; who never made them reads first where he has come to."""
    reply = go(ask, STEPS[0])
    if ask.user.onboarded_at is not None:
        return reply
    intro = ask.say("onboarding.intro", name=ask.user.get_short_name())
    return replace(reply, text=f"{intro}\n\n{reply.text}")


def resume(ask: Ask) -> Reply | None:
    """The step that was left, None where all were made before."""
    if ask.user.onboarded_at is not None:
        return None
    step = _left_at(ask)
    if step == STEPS[0]:
        return begin(ask)
    return _taken_up(ask, step)


def again(ask: Ask) -> Reply:
    """/onboard: the step that was left, else the first."""
    step = _left_at(ask)
    return begin(ask) if step == STEPS[0] else _taken_up(ask, step)


def code_needed(ask: Ask) -> Reply:
    """Asks somebody for his invitation code, which he may just type."""
    tries = redeeming.TRIES.partition("/")[0]
    return Reply(ask.say("onboarding.code", tries=tries))


def go(ask: Ask, step: str, *, note: str = "") -> Reply:
    """Goes on to a step, or to the end. Raises BadInput (bad_choice) where there is no such one."""
    if step == DONE:
        return finish(ask)
    if step not in STEPS:
        raise BadInput("There is no such step.", code="bad_choice", field="step",
                       choices=", ".join(STEPS), value=step[:32])  # fmt: skip
    talks.put(ask.user.pk, TALK, step, ask.now)
    first_steps.reached(ask.user, step, STEPS)
    return onboarding_steps.step(ask, step, note=note)


def finish(ask: Ask) -> Reply:
    """The steps are made: what was chosen, and what comes next."""
    _leave(ask)
    first_steps.finished(ask.user, ask.now, door=Door.TELEGRAM)
    return onboarding_steps.done(ask)


def later(ask: Ask) -> Reply:
    """Leaves the steps where they are; what was chosen stays."""
    _leave(ask)
    on = Button(ask.say("onboarding.go_on"), "onboard")
    return Reply(ask.say("onboarding.left"), ((on,),))


def choose(ask: Ask, name: str, value: str) -> Reply:
    """A choice of a step is made; one that answers the whole step leads on."""
    if name not in _CHOSEN_AT:
        raise BadInput("There is no such choice.", code="bad_choice", field="choice",
                       choices=", ".join(_CHOSEN_AT), value=name[:32])  # fmt: skip
    step = _CHOSEN_AT[name]
    return _changed(ask, step, {name: value}, stays=step == "notifications")


def flip_venue(ask: Ask, venue: str) -> Reply:
    """A venue is taken in or out."""
    known = preference_changes.form(ask)
    changes = preference_changes.pressed(known, "venues", preference_changes.Deed.FLIP, venue)
    reply = _changed(ask, "venues", changes, stays=True)
    page = onboarding_steps.page_of(ask, venue)
    return reply if reply.alert or page == 1 else venues(ask, page)


def venues(ask: Ask, page: int) -> Reply:
    """Another page of venues."""
    return onboarding_steps.step(ask, "venues", page=max(1, page))


def quiet(ask: Ask, *, on: bool) -> Reply:
    """Quiet hours at night, or none."""
    first, second = QUIET.split("-") if on else (None, None)
    changes = {"quiet_from_min": first, "quiet_to_min": second}
    return _changed(ask, "notifications", changes, stays=True)


def risk(ask: Ask, preset: str) -> Reply:
    """A starting point for all filters at once."""
    presets.apply(ask.user.pk, preset, door=Door.TELEGRAM, by=ask.user, now=ask.now)
    return go(ask, onboarding_steps.after("risk"))


def language(ask: Ask, code: str) -> Reply:
    """Everything is said in another language from now on."""
    people.set_profile(ask.user, language=code, door=Door.TELEGRAM, by=ask.user)
    return begin(ask)


def heard(ask: Ask, talk: Talk) -> Reply:
    """What was typed or shared at a step: the place, or a choice in the reader's words."""
    if ask.location is not None:
        return place_shared(ask)
    text = ask.said.strip()
    if talk.step == "zone":
        return zone_typed(ask, text)
    if talk.step == "risk":
        titles = {
            ask.say(f"preferences.preset.{name}").casefold(): name for name in presets.PRESETS
        }
        if text.casefold() in titles:
            return risk(ask, titles[text.casefold()])
    elif talk.step in _TYPED_AT:
        return _typed(ask, talk.step, text)
    return go(ask, talk.step, note=ask.say("onboarding.press"))


def place_shared(ask: Ask) -> Reply:
    """The zone of the place, and the next step."""
    assert ask.location is not None
    return zone_chosen(ask, zones.at(*ask.location))


def zone_typed(ask: Ask, text: str) -> Reply:
    """The zone that was meant, where it can be only one."""
    names = zones.search(text)
    return zone_chosen(ask, names[0]) if len(names) == 1 else zone_choice.found(ask, TALK, names)


def zone_chosen(ask: Ask, name: str) -> Reply:
    """The zone is the person's, and the next step is shown."""
    saved = zone_choice.set_(ask, name)
    return zone_choice.told(ask, saved, lambda: go(ask, onboarding_steps.after("zone")))


_TYPED_AT: Final = {
    "focus": "focus", "experience": "experience", "venues": "venues",
    "notifications": "frequency",
}  # fmt: skip


def _typed(ask: Ask, step: str, text: str) -> Reply:
    """A choice in the reader's own words; hours are the quiet ones."""
    known = preference_changes.form(ask)
    name = _TYPED_AT[step]
    if step == "notifications" and hours.span(text) is not None:
        quiet_hours = preference_changes.typed(known, "quiet_from_min", text)
        return _changed(ask, step, quiet_hours, stays=True)
    pace = hours.pace(text) if step == "notifications" else None
    meant = pace or preference_words.meant(known.style, known.entries[name], text)
    stays = step in {"venues", "notifications"}
    return _changed(ask, step, {name: meant}, stays=stays)


def _changed(ask: Ask, step: str, changes: Mapping[str, Any], *, stays: bool) -> Reply:
    """The step after the change, or the same with what was refused."""
    try:
        preferences.change(ask.user.pk, changes, door=Door.TELEGRAM, by=ask.user, now=ask.now)
    except (BadInput, Forbidden) as error:
        told = preference_refusals.told(ask, preference_changes.form(ask), error)
        if ask.pressed:
            return Reply(toast=render.toast(told), alert=True)
        return go(ask, step, note=told)
    return go(ask, step if stays else onboarding_steps.after(step))


def _taken_up(ask: Ask, step: str) -> Reply:
    """A step that was left, with the way to begin anew."""
    reply = go(ask, step, note=ask.say("onboarding.welcome_back"))
    anew = Button(ask.say("onboarding.anew"), f"onb go {STEPS[0]}")
    return replace(reply, rows=(*reply.rows, (anew,)))


def _left_at(ask: Ask) -> str:
    """The step of the conversation, else the furthest one reached, else the first."""
    talk = talks.current(ask.user.pk, ask.now)
    if talk is not None and talk.name == TALK and talk.step in STEPS:
        return talk.step
    return ask.user.onboarding if ask.user.onboarding in STEPS else STEPS[0]


def _leave(ask: Ask) -> None:
    talk = talks.current(ask.user.pk, ask.now)
    if talk is not None and talk.name == TALK:
        talks.end(ask.user.pk)
