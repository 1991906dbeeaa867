"""Reading and changing preferences: one way for forms, the bot and the API.

The row is the truth and is read by its primary key, without a cache in between, so a change acts
with its commit. A change is taken whole or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from auditlog.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.utils import timezone

from accounts import audit, muting, standing, wish_values
from accounts.acting import actor
from accounts.models import Preferences, User
from accounts.wish_form import FIELDS, SECTIONS, Shape
from accounts.wish_rules import SET_BY_PRESETS, Who, faults, missing, tier_that_has
from accounts.wishes import DEFAULT, NAMES, Wish, columns, plain, plainly, wish, with_values
from arbedge import one_row
from arbedge.errors import ArbEdgeError, BadInput, Conflict, Forbidden, NotFound
from arbedge.names import Door, Tier

NEVER_CHANGED: Final = 0  # the version of whoever has the defaults and no row
MOST_LINES_READ: Final = 50
COINS: Final = frozenset({"assets_in", "assets_out"})
HIDING: Final = frozenset({"venues", "assets_out"})  # what mutes hide things by


@dataclass(frozen=True)
class Option:
    """One choice of a field; `need` is the tier to have for it where the person's lacks it."""

    value: str | int
    title: str
    need: Tier | None = None
    allowed: bool = True


@dataclass(frozen=True)
class Entry:
    """One field with what the person has there; limits are None where there is none."""

    name: str
    title: str
    help: str
    kind: Shape
    choices: tuple[Option, ...]
    positions: tuple[str, ...]
    lowest: float | None
    highest: float | None
    most: int | None
    unit: str
    optional: bool
    value: Any
    default: Any


@dataclass(frozen=True)
class Section:
    """Fields shown together."""

    name: str
    title: str
    fields: tuple[Entry, ...]


def of(user_id: int) -> Preferences:
    """Returns the person's row, or an unsaved one with the defaults and version 0. One query."""
    row = one_row.find(Preferences, "user", user_id)
    return row or Preferences(user_id=user_id, version=NEVER_CHANGED)


def change(
    user_id: int,
    changes: Mapping[str, Any],
    *,
    door: Door,
    by: User | None = None,
    expected_version: int | None = None,
    now: datetime | None = None,
) -> Preferences:
    """Changes the named fields and returns the row, its version one higher where anything changed.

    "switches.opened" or "vip_levels.okx" change one entry. Raises BadInput or Forbidden (details:
    `field`, `limit` or `need`, and `errors`, a message for every field refused), Conflict where
    `expected_version` is not the row's (details: `version`, `changed`), NotFound.
    """

    def changed(old: Wish, _: Who) -> Wish:
        return _with(old, changes)

    return rewrite(
        user_id, changed, what="preferences.changed", door=door, by=by,
        expected_version=expected_version, now=now,
    )  # fmt: skip


def reset(user_id: int, *, door: Door, by: User | None = None) -> Preferences:
    """Puts every preference back to its default and returns the row."""
    return rewrite(
        user_id, lambda _old, _who: DEFAULT, what="preferences.reset", door=door, by=by
    )  # fmt: skip


def rewrite(
    user_id: int,
    make: Callable[[Wish, Who], Wish],
    *,
    what: str,
    door: Door,
    by: User | None = None,
    preset: str | None = None,
    expected_version: int | None = None,
    now: datetime | None = None,
) -> Preferences:
    """Writes what `make` returns for the present wish, checked, under the person's lock, audited.

    `preset` is the name noted; None keeps the noted one as long as nothing it set is changed. The
    person is locked first, as the audience's triggers do, so that neither waits for the other.
    """
    with transaction.atomic():
        person = _locked(user_id)
        row = of(user_id)
        if expected_version is not None and row.version != expected_version:
            raise _conflict(row, expected_version)
        who = Who(standing.known(user_id), now or timezone.now())
        old = wish(row)
        new = make(old, who)
        differing = {name for name in NAMES if getattr(old, name) != getattr(new, name)}
        muted = muting.coins(user_id) if differing & COINS else frozenset()
        _raise_all(list(faults(new, differing, who, muted)))
        if preset is None:
            preset = "" if differing & SET_BY_PRESETS else row.preset
        if not differing and preset == row.preset:
            return row
        _write(row, new, preset)
        if differing & HIDING:
            muting.follow(user_id, new)
        with audit.doing(door):
            changes = {name: _both(name, old, new) for name in sorted(differing)}
            changes["version"] = (row.version - 1, row.version)
            audit.record(what, row, whom=person, changes=changes, by=actor(person, door, by))
    return row


def describe(user_id: int, *, now: datetime | None = None) -> tuple[Section, ...]:
    """Returns the form: every section and field, with its limits, the person's value and default.

    Values are as `change` takes them back: lists of names, fractions, times as "23:00".
    """
    values = plainly(wish(of(user_id)))
    defaults = plainly(DEFAULT)
    who = Who(standing.known(user_id), now or timezone.now())
    return tuple(
        Section(section, title, tuple(
            _entry(name, values[name], defaults[name], who)
            for name, one in FIELDS.items() if one.section == section
        ))
        for section, title in SECTIONS.items()
    )  # fmt: skip


def _with(old: Wish, changes: Mapping[str, Any]) -> Wish:
    """Reads every change before any is refused, so that all of them can be told at once."""
    values: dict[str, Any] = {}
    errors: list[ArbEdgeError] = []
    for name, raw in changes.items():
        base, _, key = name.partition(".")
        try:
            one = wish_values.known(base)
            if key:
                entry, value = wish_values.read_entry(one, key, raw)
                values[base] = {**values.get(base, getattr(old, base)), entry: value}
            else:
                values[base] = wish_values.read(one, raw)
        except BadInput as error:
            errors.append(error)
    _raise_all(errors)
    return with_values(old, values)


def _raise_all(errors: list[ArbEdgeError]) -> None:
    """One error for all: of the first's kind, with every message."""
    if not errors:
        return
    first = errors[0]
    told: dict[str, str] = {}
    for error in errors:
        field = str(error.details["field"])
        told[field] = f"{told[field]} {error.message}" if field in told else error.message
    kind = Forbidden if isinstance(first, Forbidden) else BadInput
    message = " ".join(error.message for error in errors)
    raise kind(message, code=first.code, **first.details, errors=told)


def _locked(user_id: int) -> User:
    person = User.objects.select_for_update(no_key=True).filter(pk=user_id).first()
    if person is None:
        raise NotFound("There is no such person.", code="user_unknown", user_id=user_id)
    return person


def _write(row: Preferences, new: Wish, preset: str) -> None:
    """Neither way of writing sends signals: the audit has one line, ours."""
    fresh = row.version == NEVER_CHANGED
    told = columns(new) | {
        "version": row.version + 1, "preset": preset, "changed_at": timezone.now(),
    }  # fmt: skip
    for name, value in told.items():
        setattr(row, name, value)
    if fresh:
        Preferences.objects.bulk_create([row])
    else:
        Preferences.objects.filter(pk=row.pk).update(**told)


def _both(name: str, old: Wish, new: Wish) -> tuple[Any, Any]:
    return plain(name, getattr(old, name)), plain(name, getattr(new, name))


def _conflict(row: Preferences, expected: int) -> Conflict:
    """Tells what others changed since, as the audit remembers it."""
    lines = LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(Preferences), object_id=row.pk
    ).order_by("-timestamp", "-id")[: min(max(row.version - expected, 0), MOST_LINES_READ)]
    touched = {name for line in lines for name in (line.changes or {}) if name in FIELDS}
    now = plainly(wish(row))
    changed = {name: now[name] for name in NAMES if name in touched}
    said = ", ".join(FIELDS[name].title.lower() for name in changed) or "something"
    return Conflict(
        f"Your preferences were changed elsewhere meanwhile: {said}. Look again and repeat.",
        version=row.version, changed=changed,
    )  # fmt: skip


def _entry(name: str, value: Any, default: Any, who: Who) -> Entry:
    one = FIELDS[name]
    return Entry(
        name=name, title=one.title, help=one.help, kind=one.shape,
        choices=tuple(_choice(name, option, who) for option in one.options),
        positions=one.positions, lowest=one.lowest, highest=one.highest, most=one.most,
        unit=one.unit, optional=one.optional, value=value, default=default,
    )  # fmt: skip


def _choice(name: str, option: str | int, who: Who) -> Option:
    title = str(option).replace("_", " ")
    lacking = missing(name, str(option), who)
    return Option(option, title, _need(name, str(option)) if lacking else None, not lacking)


def _need(name: str, option: str) -> Tier | None:
    return Tier.PREMIUM if name == "automation" else tier_that_has(name, option)
