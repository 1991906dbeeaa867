"""/settings and /preferences: everything that can be chosen, by buttons and by typing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from accounts import preferences, presets
from accounts.wish_form import SECTIONS
from arbedge.errors import BadInput, Forbidden
from arbedge.names import Door
from notifications.bot import grammar, registry, render, talks
from notifications.bot.asks import Ask
from notifications.bot.grammar import Arg
from notifications.bot.preferences import (
    preference_changes,
    preference_forms,
    preference_refusals,
    preference_rows,
    preference_words,
)
from notifications.bot.preferences.preference_changes import Changes, Deed, Form
from notifications.bot.registry import Command, Conversation, Section
from notifications.bot.replies import Button, Reply, rows
from notifications.models import Talk

TYPING_LASTS: Final = timedelta(minutes=15)
TALK: Final = "preferences"
_WAYS: Final = (
    "preferences", "profile", "alerts", "channels", "quiet", "digest", "mute", "setup_status",
    "subscription", "onboard",
)  # fmt: skip


def settings(ask: Ask) -> Reply:
    """Everything that can be set, each with where it is set."""
    known = preference_changes.form(ask)
    shown = [Button(ask.say(f"preferences.ways.{name}"), name) for name in _WAYS]
    names = ("focus", "experience", "max_risk", "frequency", "quiet_from_min")
    lines = [preference_forms.line(ask, known, name) for name in names]
    return Reply("\n".join([ask.say("preferences.settings.intro"), "", *lines]), rows(shown))


def shown(ask: Ask) -> Reply:
    """The sections, one of them, one field, or a field with its new value."""
    name, value = ask.args["section"], ask.args["value"]
    known = preference_changes.form(ask)
    _leave(ask)
    if not name:
        return preference_forms.sections(ask, known)
    name = name.lower()
    if name in SECTIONS:
        return preference_forms.section(ask, known, name)
    if value:
        known.part(name)
        _listens(ask, name)
        return _change(ask, known, name, lambda: preference_changes.typed(known, name, value))
    return _field(ask, known, name)


def pref(ask: Ask) -> Reply:
    """A button of a field: what it is at, or what it becomes."""
    name, deed, raw = ask.args["field"], ask.args["deed"], ask.args["value"] or ""
    known = preference_changes.form(ask)
    if deed is None:
        return _field(ask, known, name)
    if deed == Deed.PAGE:
        return _field(ask, known, name, page=grammar.whole(1, 999)(raw))
    change = _change(
        ask, known, name, lambda: preference_changes.pressed(known, name, Deed(deed), raw)
    )
    _listens(ask, known.part(name)[0].name)
    return change


def typed(ask: Ask, talk: Talk) -> Reply:
    """The new value of the field that is open."""
    known = preference_changes.form(ask)
    if not ask.said.strip():
        raise BadInput("Write a value.", code="missing_argument", field="VALUE")
    return _change(
        ask, known, talk.step, lambda: preference_changes.typed(known, talk.step, ask.said)
    )


def choose_preset(ask: Ask) -> Reply:
    """The presets, or one of them applied, or the last one taken back."""
    name = ask.args["name"]
    _leave(ask)
    if not name:
        return preference_forms.presets(ask, preference_changes.form(ask))
    if name == "undo":
        presets.undo(ask.user.pk, door=Door.TELEGRAM, by=ask.user, now=ask.now)
        reply = preference_forms.presets(ask, preference_changes.form(ask))
        return Reply(f"{ask.say('preferences.undone')}\n\n{reply.text}", reply.rows)
    applied = presets.apply(ask.user.pk, name, door=Door.TELEGRAM, by=ask.user, now=ask.now)
    known = preference_changes.form(ask)
    lines = [
        ask.say("preferences.applied", name=ask.say(f"preferences.preset.{name}")),
        preference_forms.preset(ask, known, name),
        preference_forms.left_out(ask, known, name),
    ]
    back = Button(ask.say("preferences.back"), "preferences")
    undo = [Button(ask.say("preferences.undo"), "presets undo")] if applied.undoable else []
    return Reply("\n".join(filter(None, lines)), ((*undo, back),))


def reset(ask: Ask) -> Reply:
    """Every preference at its default again."""
    preferences.reset(ask.user.pk, door=Door.TELEGRAM, by=ask.user)
    back = Button(ask.say("preferences.back"), "preferences")
    return Reply(ask.say("preferences.was_reset"), ((back,),))


def _change(ask: Ask, known: Form, name: str, make: Callable[[], Changes]) -> Reply:
    """The field as it is then, and what was made of the wish."""
    try:
        preferences.change(ask.user.pk, make(), door=Door.TELEGRAM, by=ask.user, now=ask.now)
    except (BadInput, Forbidden) as error:
        return _refused(ask, known, name, preference_refusals.told(ask, known, error))
    after = preference_changes.form(ask)
    entry, part = after.part(name)
    value = preference_words.value(after.style, entry, entry.value)
    saved = ask.say("preferences.saved", value=value)
    page = preference_rows.page_of(entry, part or ask.args.get("value") or "")
    if ask.pressed:
        return preference_forms.field(ask, after, name, page=page, toast=render.toast(saved))
    return preference_forms.field(ask, after, name, note=saved)


def _refused(ask: Ask, known: Form, name: str, told: str) -> Reply:
    if ask.pressed:
        return Reply(toast=render.toast(told), alert=True)
    return preference_forms.field(ask, known, name, note=told)


def _field(ask: Ask, known: Form, name: str, *, page: int = 1) -> Reply:
    known.part(name)
    _listens(ask, name)
    return preference_forms.field(ask, known, name, page=page)


def _listens(ask: Ask, name: str) -> None:
    """What is typed next is the value of this field, for a quarter of an hour."""
    talks.put(ask.user.pk, TALK, name, ask.now, lasts=TYPING_LASTS)


def _leave(ask: Ask) -> None:
    """The next text is no value any more."""
    talk = talks.current(ask.user.pk, ask.now)
    if talk is not None and talk.name == TALK:
        talks.end(ask.user.pk)


registry.add(
    Command("settings", settings, topic="preferences", reads=True, section=Section.ACCOUNT),
    Command("preferences", shown, topic="preferences", section=Section.ACCOUNT,
            args=(Arg("section", grammar.text, optional=True),
                  Arg("value", grammar.text, optional=True, rest=True))),
    Command("presets", choose_preset, topic="preferences", hidden=True,
            args=(Arg("name", grammar.one_of(*presets.PRESETS, "undo"), optional=True),)),
    Command("reset_preferences", reset, topic="preferences", hidden=True, confirms=True),
    Command("pref", pref, topic="preferences", hidden=True,
            args=(Arg("field", grammar.text), Arg("deed", grammar.one_of(*Deed), optional=True),
                  Arg("value", grammar.text, optional=True, rest=True))),
)  # fmt: skip
registry.converse(Conversation(TALK, typed))
