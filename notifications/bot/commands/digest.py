"""/digest and /quiet: at once or bundled, at which hour, and the hours nothing comes."""

from __future__ import annotations

from typing import Any, Final

from accounts import preferences
from accounts.models import Preferences
from accounts.wishes import clock_time
from arbedge.choices import Frequency
from arbedge.errors import BadInput
from arbedge.names import Door
from notifications.bot import registry
from notifications.bot.asks import Ask
from notifications.bot.commands.account import awake
from notifications.bot.grammar import Arg
from notifications.bot.preferences import hours as hours_typed
from notifications.bot.registry import Command, Section
from notifications.bot.replies import Button, Reply, Rows, rows, ticked
from notifications.bundling import digest_now

NOW: Final = "now"
OFF, KEEP, DROP = "off", "keep", "drop"
HOURS_OFFERED: Final = ("07:00", "08:00", "12:00", "18:00", "21:00")
QUIET_OFFERED: Final = ("22-07", "23-07", "00-08")


def digest(ask: Ask) -> Reply:
    """Shows how messages are bundled and changes it; what waits is sent where that is asked."""
    wanted, at_min = ask.args["how"], ask.args["at"]
    if wanted == NOW:
        return _sent_now(ask)
    changes: dict[str, Any] = {}
    if isinstance(wanted, int):
        changes = {"frequency": Frequency.DAILY.value, "digest_at_min": wanted}
    elif wanted is not None:
        changes = {"frequency": wanted.value}
        if at_min is not None:
            changes["digest_at_min"] = at_min
    row = _changed(ask, changes)
    if changes.get("frequency") == Frequency.IMMEDIATE:
        digest_now.bring_forward(ask.user.pk, ask.now)
    return _digest(ask, row)


def quiet(ask: Ask) -> Reply:
    """Shows and changes the hours nothing comes, and what becomes of messages in them."""
    hours, fate = ask.args["hours"], ask.args["fate"]
    changes: dict[str, Any] = {}
    if hours == OFF:
        changes = {"quiet_from_min": None, "quiet_to_min": None}
    elif isinstance(hours, tuple):
        changes = {"quiet_from_min": hours[0], "quiet_to_min": hours[1]}
    elif hours is not None:
        fate = hours
    if fate is not None:
        changes["quiet_to_digest"] = fate == KEEP
    return _quiet(ask, _changed(ask, changes))


def _changed(ask: Ask, changes: dict[str, Any]) -> Preferences:
    if not changes:
        return preferences.of(ask.user.pk)
    return preferences.change(ask.user.pk, changes, door=Door.TELEGRAM, now=ask.now)


def _digest(ask: Ask, row: Preferences) -> Reply:
    frequency = Frequency(row.frequency)
    at = clock_time(row.digest_at_min)
    parts = [ask.say(f"digest.is_{_name(frequency)}", at=at, zone=ask.zone)]
    held = digest_now.waiting(ask.user.pk)
    if held:
        parts.append(ask.say("digest.waiting", count=held))
    ways = [Button(ticked(ask.say(f"digest.ways.{_name(one)}"), one is frequency),
                   f"digest {one.value}") for one in Frequency]  # fmt: skip
    hours: Rows = ()
    if frequency is Frequency.DAILY:
        hours = rows([Button(ticked(one, one == at), f"digest {one}") for one in HOURS_OFFERED], 5)
    send = ((Button(ask.say("digest.send", count=held), f"digest {NOW}"),),) if held else ()
    return Reply("\n".join(parts), (*rows(ways, 3), *hours, *send))


def _sent_now(ask: Ask) -> Reply:
    held = digest_now.bring_forward(ask.user.pk, ask.now)
    if not held:
        return Reply(ask.say("digest.nothing"), ((_back(ask),),))
    key = "after_quiet" if awake(ask.user, ask.now) is False else "coming"
    return Reply(ask.say(f"digest.{key}", count=held), ((_back(ask),),))


def _quiet(ask: Ask, row: Preferences) -> Reply:
    parts = [_hours_told(ask, row)]
    if row.quiet_from_min is not None:
        parts.append(ask.say("digest.kept" if row.quiet_to_digest else "digest.dropped"))
        parts.append(ask.say("digest.urgent"))
    if row.active_from_min is not None and row.active_to_min is not None:
        told = {"start": clock_time(row.active_from_min), "end": clock_time(row.active_to_min)}
        parts.append(ask.say("digest.active", **told))
    offered = [Button(one.replace("-", "–"), f"quiet {one}") for one in QUIET_OFFERED]
    if row.quiet_from_min is None:
        return Reply("\n".join(parts), rows(offered, 3))
    fate = DROP if row.quiet_to_digest else KEEP
    more = (Button(ask.say(f"digest.{fate}"), f"quiet {fate}"),
            Button(ask.say("digest.no_quiet"), f"quiet {OFF}"))  # fmt: skip
    return Reply("\n".join(parts), (*rows(offered, 3), *rows(more, 1)))


def _hours_told(ask: Ask, row: Preferences) -> str:
    if row.quiet_from_min is None or row.quiet_to_min is None:
        return ask.say("digest.quiet_off")
    start, end = clock_time(row.quiet_from_min), clock_time(row.quiet_to_min)
    return ask.say("digest.quiet_on", start=start, end=end, zone=ask.zone)


def _back(ask: Ask) -> Button:
    return Button(ask.say("digest.settings"), "digest")


def _name(frequency: Frequency) -> str:
    return frequency.name.lower()


def _how(word: str) -> Frequency | int | str:
    """A frequency, a clock time in minutes (daily then), or NOW. Raises BadInput (bad_choice)."""
    text = word.lower()
    if text == NOW:
        return NOW
    if (pace := hours_typed.pace(text)) is not None:
        return pace
    if ":" in text or "h" in text:
        return _clock(text)
    choices = ["immediate", "5", "15", "30", "hourly", "daily", "08:00", NOW]
    raise BadInput("This is no way to bundle messages.", code="bad_choice", field="how",
                   value=word[:32], choices=", ".join(choices))  # fmt: skip


def _clock(word: str) -> int:
    """Minutes of the day. Raises BadInput (bad_time)."""
    found = hours_typed.clock(word)
    if found is None:
        raise _bad_time(word)
    return found


def _span(word: str) -> tuple[int, int] | str:
    """`23-07`, `22:30-7`, `off`, `keep` or `drop`. Raises BadInput (bad_time)."""
    text = word.lower()
    if text in {OFF, KEEP, DROP}:
        return text
    found = hours_typed.span(text)
    if found is None or found[0] == found[1]:
        raise _bad_time(word)
    return found


def _fate(word: str) -> str:
    if word.lower() not in {KEEP, DROP}:
        raise BadInput("keep or drop is meant here.", code="bad_choice", field="fate",
                       value=word[:32], choices=f"{KEEP}, {DROP}")  # fmt: skip
    return word.lower()


def _bad_time(word: str) -> BadInput:
    text = "Hours look like 23-07, a time like 08:00."
    return BadInput(text, code="bad_time", field="hours", value=word[:32])


registry.add(
    Command("digest", digest, topic="digest", section=Section.ALERTS,
            args=(Arg("how", _how, optional=True, shown="immediate|5|15|30|hourly|daily|now"),
                  Arg("at", _clock, optional=True, shown="08:00"))),
    Command("quiet", quiet, topic="digest", section=Section.ALERTS,
            args=(Arg("hours", _span, optional=True, shown="23-07|off"),
                  Arg("fate", _fate, optional=True, shown="keep|drop"))),
)  # fmt: skip
