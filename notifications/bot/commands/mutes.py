"""/mute: keep a coin or a venue away for some hours or for good, and take that back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from accounts import mutes
from accounts.models import Mute
from accounts.mutes import Made
from accounts.permissions import Permission
from arbedge.names import Door
from notifications.bot import grammar, registry
from notifications.bot.alerts import things
from notifications.bot.alerts.things import Thing
from notifications.bot.asks import Ask
from notifications.bot.grammar import Arg
from notifications.bot.registry import Command, Section
from notifications.bot.replies import Button, Reply, Rows, fitting, in_rows, rows, turns

HOURS: Final = 24  # where none are said
OFFERED: Final = (4, 24)
GOOD: Final = "good"
PER_PAGE: Final = 8
_GOOD: Final = frozenset({GOOD, "forever", "always", "siempre", "toujours"})


def mute(ask: Ask) -> Reply:
    """Mutes a thing, 24 hours unless others are said; without a thing lists what is muted."""
    if ask.args["what"] is None:
        return _list(ask, 1)
    hours = HOURS if ask.args["hours"] is None else ask.args["hours"]
    found = things.meant(ask.args["what"])
    if len(found) > 1:
        return _which(ask, found, hours)
    return _muted(ask, found[0], _end(ask.now, hours))


def mute_until(ask: Ask) -> Reply:
    """Puts back the end a mute had before; a mute that would be over by now is ended."""
    thing = things.exact(ask.args["what"])
    minute = ask.args["minute"]
    until = datetime.fromtimestamp(minute * 60, UTC) if minute else None
    if until is not None and until <= ask.now:
        return _shown(ask, thing)
    return _muted(ask, thing, until)


def unmute(ask: Ask) -> Reply:
    """Shows a thing again; from the list of mutes, the list is what is shown then."""
    thing = things.exact(ask.args["what"])
    if ask.args["back"] is None:
        return _shown(ask, thing)
    mutes.unmute(ask.user, thing.what, thing.name, door=Door.TELEGRAM, now=ask.now)
    return _list(ask, ask.args["back"])


def listed(ask: Ask) -> Reply:
    """What is muted, a page at a time."""
    return _list(ask, ask.args["page"] or 1)


def _muted(ask: Ask, thing: Thing, until: datetime | None) -> Reply:
    made = mutes.mute(
        ask.user, thing.what, thing.name, until, door=Door.TELEGRAM, now=ask.now
    )  # fmt: skip
    key = f"{thing.what.value}_{'good' if until is None else 'until'}"
    parts = [ask.say(f"mutes.{key}", name=thing.shown, until=_when(ask, until))]
    if made.by_hand:
        parts.append(ask.say("mutes.by_hand"))
    return Reply("\n".join(parts), in_rows(*_changes(ask, thing, made), [_all(ask)]))


def _changes(ask: Ask, thing: Thing, made: Made) -> Rows:
    ends = {str(hours): ask.style().hours(hours) for hours in OFFERED}
    ends[GOOD] = ask.say("mutes.for_good")
    offered = [button for end, label in ends.items()
               for button in fitting(label, "mute", thing.word, end)]  # fmt: skip
    return in_rows(offered, fitting(ask.say("mutes.undo"), *_undo(thing, made, ask.now)))


def _undo(thing: Thing, made: Made, now: datetime) -> tuple[object, ...]:
    """The words of the line that puts things as they were before."""
    if not made.before:
        return "unmute", thing.word
    end = made.until_before
    minute = 0 if end is None else max(int(end.timestamp() / 60), int(now.timestamp() / 60))
    return "mute_until", thing.word, minute


def _shown(ask: Ask, thing: Thing) -> Reply:
    was = mutes.unmute(ask.user, thing.what, thing.name, door=Door.TELEGRAM, now=ask.now)
    key = "shown" if was else "was_shown"
    parts = [ask.say(f"mutes.{key}", name=thing.shown)]
    if was and mutes.hidden(ask.user.pk, thing.what, thing.name):
        parts.append(ask.say("mutes.still_hidden"))
    again = fitting(ask.say("mutes.again", name=thing.shown), "mute", thing.word, HOURS)
    return Reply("\n".join(parts), in_rows(again, [_all(ask)]))


def _which(ask: Ask, found: list[Thing], hours: int | str) -> Reply:
    buttons = [button for one in found
               for button in fitting(ask.say(f"mutes.the_{one.what.value}", name=one.shown),
                                     "mute", one.word, hours)]  # fmt: skip
    return Reply(ask.say("mutes.which", name=found[0].shown), rows(buttons))


def _list(ask: Ask, page: int) -> Reply:
    held = mutes.listed(ask.user.pk, ask.now)
    if not held:
        return Reply(ask.say("mutes.none"))
    last = -(-len(held) // PER_PAGE)
    page = min(page, last)
    shown = held[(page - 1) * PER_PAGE : page * PER_PAGE]
    lines = [ask.say("mutes.title", count=len(held)), *(_line(ask, one) for one in shown)]
    buttons = [button for one in shown for button in _show_again(ask, one, page)]
    return Reply("\n".join(lines), in_rows(*rows(buttons), turns(page, last, "mutes")))


def _line(ask: Ask, one: Mute) -> str:
    key = "line_good" if one.until is None else "line_until"
    return ask.say(f"mutes.{key}", name=things.of(one).shown, until=_when(ask, one.until))


def _show_again(ask: Ask, one: Mute, page: int) -> Sequence[Button]:
    thing = things.of(one)
    return fitting(ask.say("mutes.show", name=thing.shown), "unmute", thing.word, page)


def _all(ask: Ask) -> Button:
    return Button(ask.say("mutes.all"), "mutes")


def _when(ask: Ask, until: datetime | None) -> str:
    return "" if until is None else ask.style().moment(until)


def _end(now: datetime, hours: int | str) -> datetime | None:
    return None if isinstance(hours, str) else now + timedelta(hours=hours)


def _hours(word: str) -> int | str:
    """Hours, or GOOD in any of its words. Raises BadInput (bad_number)."""
    return GOOD if word.lower() in _GOOD else grammar.hours(word)


_PAGE: Final = grammar.whole(1, 999)
_WHAT: Final = Arg("what", things.word)
_MINUTE: Final = Arg("minute", grammar.whole(0, 1 << 31))

registry.add(
    Command("mute", mute, topic="mutes", section=Section.ALERTS,
            args=(Arg("what", things.word, optional=True, shown="COIN|VENUE"),
                  Arg("hours", _hours, optional=True, shown="HOURS|good")),
            permission=Permission.OPPORTUNITIES_VIEW),
    Command("mutes", listed, topic="mutes", reads=True, args=(Arg("page", _PAGE, optional=True),),
            hidden=True),
    Command("mute_until", mute_until, topic="mutes", args=(_WHAT, _MINUTE), hidden=True),
    Command("unmute", unmute, topic="mutes", args=(_WHAT, Arg("back", _PAGE, optional=True)),
            hidden=True),
)  # fmt: skip
