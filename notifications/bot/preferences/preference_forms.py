"""Preferences as messages with buttons: the sections, one section, one field, the presets."""

from __future__ import annotations

from accounts.preferences import Entry, Section
from accounts.presets import PRESETS
from accounts.wish_form import FIELDS, Shape
from arbedge.errors import BadInput
from notifications.bot.asks import Ask
from notifications.bot.preferences import preference_rows, preference_words
from notifications.bot.preferences.preference_changes import Deed, Form, offered, pair
from notifications.bot.replies import Button, Reply, Rows, in_rows, rows, turns

_EMPTIED = frozenset({Shape.SEVERAL, Shape.ASSETS, Shape.ORDERED, Shape.TIME})
_SHOWN_OF_PRESETS = ("min_net", "max_risk", "leverage", "horizon_hours", "frequency")


def sections(ask: Ask, known: Form) -> Reply:
    """What can be chosen, section by section."""
    shown = [Button(_titled(ask, one), f"preferences {one.name}") for one in known.sections]
    others = [
        Button(ask.say("preferences.presets"), "presets"),
        Button(ask.say("preferences.reset"), "reset_preferences"),
        Button(ask.say("preferences.to_settings"), "settings"),
    ]
    return Reply(ask.say("preferences.intro"), (*rows(shown), *rows(others)))


def section(ask: Ask, known: Form, name: str) -> Reply:
    """The fields of a section with what is chosen, a button for each. Raises BadInput."""
    found = next((one for one in known.sections if one.name == name), None)
    if found is None:
        listed = [one.name for one in known.sections]
        raise BadInput("There is no such section.", code="bad_choice", field="section",
                       choices=", ".join(listed), value=name[:32])  # fmt: skip
    lines = [f"<b>{_titled(ask, found)}</b>", ""]
    lines += [line(ask, known, entry.name) for entry in found.fields]
    shown = [Button(_title(ask, entry), f"pref {entry.name}") for entry in found.fields]
    back = Button(ask.say("preferences.back"), "preferences")
    return Reply("\n".join(lines), (*rows(shown), (back,)))


def field(
    ask: Ask, known: Form, name: str, *, page: int = 1, note: str = "", toast: str = ""
) -> Reply:
    """One field to be changed, or a part of it ("vip_levels.okx")."""
    entry, part = known.part(name)
    if entry.kind is not Shape.LEVELS:
        part = ""  # only levels have a page of their own for each
    page = min(max(1, page), preference_rows.pages(entry))
    shown = (*preference_rows.of(known, entry, page, part), *_turning(entry, page, part))
    text = "\n".join(_told(ask, known, entry, part, note))
    return Reply(text, (*shown, *_below(ask, entry, part)), toast=toast)


def presets(ask: Ask, known: Form) -> Reply:
    """The three starting points and what each means."""
    parts = [ask.say("preferences.presets_intro"), *(_preset(ask, known, one) for one in PRESETS)]
    shown = [Button(ask.say(f"preferences.preset.{one}"), f"presets {one}") for one in PRESETS]
    back = Button(ask.say("preferences.back"), "preferences")
    return Reply("\n\n".join(parts), (*rows(shown, wide=3), (back,)))


def preset(ask: Ask, known: Form, name: str) -> str:
    """What a preset means, in short lines of figures."""
    told = []
    for field_name in _SHOWN_OF_PRESETS:
        entry = known.entries[field_name]
        value = PRESETS[name][field_name]
        shown = preference_words.value(known.style, entry, getattr(value, "value", value))
        told.append(ask.say(f"preferences.short.{field_name}", value=shown))
    pairs = (" · ".join(told[at : at + 2]) for at in range(0, len(told), 2))  # a phone's width
    return "\n".join(pairs)


def left_out(ask: Ask, known: Form, name: str) -> str:
    """What of a preset the person's tier lacks, "" where it has all."""
    missing: dict[str, list[str]] = {}
    for field_name in ("kinds", "shelves"):
        entry = known.entries[field_name]
        wanted = {str(one) for one in PRESETS[name][field_name]}
        for one in entry.choices:
            if one.need and one.value in wanted:
                listed = missing.setdefault(one.need.value.capitalize(), [])
                listed.append(preference_words.choice(known.style, entry, one.value))
    told = [f"{tier}: {', '.join(dict.fromkeys(names))}" for tier, names in missing.items()]
    return ask.say("preferences.left_out", names="; ".join(told)) if told else ""


def _preset(ask: Ask, known: Form, name: str) -> str:
    title = ask.say(f"preferences.preset.{name}")
    return f"<b>{title}</b>\n{preset(ask, known, name)}"


def _titled(ask: Ask, one: Section) -> str:
    return preference_words.title(ask.language, one.name, one.title)


def _title(ask: Ask, entry: Entry) -> str:
    return preference_words.title(ask.language, entry.name, entry.title)


def line(ask: Ask, known: Form, name: str) -> str:
    """A field and what it is at."""
    entry = known.entries[name]
    value = preference_words.value(known.style, entry, entry.value)
    return ask.say("preferences.line", title=_title(ask, entry), value=value)


def _told(ask: Ask, known: Form, entry: Entry, part: str, note: str) -> list[str]:
    """What the field is, what it is at, its limits, what a higher tier would add."""
    style, title = known.style, _title(ask, entry)
    if part:
        title = f"{title}: {preference_words.choice(style, entry, part)}"
    value = preference_words.value(style, entry, entry.value)
    if entry.kind is Shape.TIME and entry.value:
        value = "–".join(known.entries[one].value for one in pair(entry.name))
    lines = [*([note, ""] if note else []), ask.say("preferences.title", title=title)]
    lines += [ask.say("preferences.hint", hint=preference_words.hint(ask.language, entry))]
    lines += ["", ask.say("preferences.now", value=value)]
    if entry.kind in {Shape.FRACTION, Shape.NUMBER} and entry.lowest is not None:
        lowest, highest = (
            preference_words.number(style, entry, one or 0.0)
            for one in (entry.lowest, entry.highest)
        )
        lines.append(ask.say("preferences.limits", lowest=lowest, highest=highest))
    if any(one.need for one in offered(entry)):
        lines.append(ask.say("preferences.needs"))
    lines.append(ask.say(f"preferences.typing.{entry.kind.value}"))
    return lines


def _turning(entry: Entry, page: int, part: str) -> Rows:
    last = 1 if part else preference_rows.pages(entry)
    return in_rows(turns(page, last, "pref", entry.name, Deed.PAGE))


def _below(ask: Ask, entry: Entry, part: str) -> Rows:
    """All or none, the default, and the way back."""
    if part:
        back = Button(f"‹ {_title(ask, entry)}", f"pref {entry.name}")
        return ((back,),)
    row = []
    if _may_be_empty(entry) and entry.value:
        key = "all" if entry.kind is Shape.SEVERAL else "none"
        row.append(
            Button(ask.say(f"preferences.{key}"), preference_rows.line(entry.name, Deed.NONE))
        )
    if entry.value != entry.default and not (row and entry.default in (None, [])):
        row.append(
            Button(ask.say("preferences.default"), preference_rows.line(entry.name, Deed.DEFAULT))
        )
    back = Button(f"‹ {_section_title(ask, entry)}", f"preferences {FIELDS[entry.name].section}")
    return (tuple(row), (back,)) if row else ((back,),)


def _may_be_empty(entry: Entry) -> bool:
    return entry.kind in _EMPTIED and (entry.optional or entry.kind is not Shape.TIME)


def _section_title(ask: Ask, entry: Entry) -> str:
    name = FIELDS[entry.name].section
    return preference_words.title(ask.language, name, name)
