"""/venues and /pause: how every venue stands, and keeping everything from opening on one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

from accounts.permissions import Permission
from arbedge.errors import BadInput
from arbedge.names import Door
from exchanges import pausing, routes, standing
from exchanges.models import VenueRecord
from notifications.bot import grammar, planning, registry
from notifications.bot.asks import Ask
from notifications.bot.grammar import Arg
from notifications.bot.registry import Command, Section
from notifications.bot.replies import Button, Reply, rows
from notifications.writing.trade_values import venue_name
from opportunities.models import Opportunity

OFF: Final = "off"
DEFAULT_REASON: Final = "paused by an operator"


def venues(ask: Ask) -> Reply:
    """Every venue: its data's age, reliability, breakers, and whether it is paused."""
    return _all(ask)


def pause(ask: Ask) -> Reply:
    """Pauses a venue, for some hours or until resumed (`off`), after a yes that tells how many
    opportunities are live there."""
    venue, span, more = ask.args["venue"], ask.args["hours"], ask.args["reason"] or ""
    if isinstance(span, str) and span != OFF:  # no hours: the reason begins here
        span, more = None, f"{span} {more}".strip()
    if venue not in {one.name for one in routes.configured()}:
        raise BadInput(
            "This is no venue we ask.", code="bad_venue", field="venue", value=venue[:32]
        )
    reason = more.strip() or DEFAULT_REASON
    resumes = span == OFF
    told: dict[str, Any] = {"venue": venue_name(venue), "number": _live(venue), "reason": reason}
    told["for"] = ask.style().span(span * 3600) if isinstance(span, int) else ""
    key = "resume" if resumes else "hours" if span else "pause"
    if not ask.confirmed:
        line = " ".join(str(one) for one in ("pause", venue, span, more) if one)
        return Reply(ask.say(f"admin.pause.sure_{key}", **told), planning.asked(ask, line))
    if resumes:
        pausing.resume(venue, door=Door.TELEGRAM, by=ask.user, now=ask.now)
    else:
        lasts = timedelta(hours=span) if span else None
        pausing.pause(venue, reason, lasts=lasts, door=Door.TELEGRAM, by=ask.user, now=ask.now)
    return _all(ask, ask.say(f"admin.pause.done_{key}", **told))


def _live(venue: str) -> int:
    """How many live opportunities have a leg there."""
    live = Opportunity.objects.filter(live_key__isnull=False)
    return (live.filter(long_venue=venue) | live.filter(short_venue=venue)).count()


def _all(ask: Ask, first: str = "") -> Reply:
    held = pausing.held(ask.now)
    found, why = standing.known(ask.now.timestamp() * 1000)
    known = {one.name: one for one in found}
    lines = [first, ""] if first else []
    if why:
        lines.append(ask.say("account.status.no_venues"))
    names = [one.name for one in routes.configured()]
    for name in names:
        lines += [*_one(ask, name, known.get(name), held.get(name)), ""]
    return Reply("\n".join(lines).rstrip(), rows(_buttons(ask, names, held)))


def _one(
    ask: Ask, name: str, one: standing.Standing | None, row: VenueRecord | None
) -> Iterator[str]:
    style = ask.style()
    age = style.span(one.age_s) if one and one.age_s is not None else ""
    word = "unknown" if one is None else one.word
    yield ask.say(f"admin.venues.{word}", venue=venue_name(name), age=age)
    if one is not None and one.reliability is not None:
        yield ask.say("admin.venues.reliable", share=style.share(one.reliability, 1),
                      answers=style.plain(one.answers))  # fmt: skip
    for broken in one.breakers if one else ():
        left_s = max(0.0, broken.until_ms / 1000 - ask.now.timestamp())
        yield ask.say("admin.venues.breaker", host=broken.host, span=style.span(left_s),
                      reason=broken.reason.replace("_", " "))  # fmt: skip
    if row is not None:
        until = row.maintenance_until
        if row.paused or until is None:
            yield ask.say("admin.venues.paused", reason=row.paused_reason)
        else:
            yield ask.say("admin.venues.until", until=style.when(until, ask.now))


def _buttons(ask: Ask, names: list[str], held: dict[str, VenueRecord]) -> list[Button]:
    made = [Button(ask.say("account.refresh"), "venues")]
    if not ask.holds(Permission.SYSTEM_CONFIGURE):
        return made
    for name in names:
        key, line = ("resume", f"{name} {OFF}") if name in held else ("button", name)
        made.append(Button(ask.say(f"admin.pause.{key}", venue=venue_name(name)), f"pause {line}"))
    return made


def _span(word: str) -> int | str:
    """Hours, `off`, or the first word of a reason, which begins with no figure."""
    if word.lower() == OFF:
        return OFF
    return grammar.hours(word) if word[0].isdecimal() else word


registry.add(
    Command("venues", venues, topic="admin", section=Section.ADMIN,
            permission=Permission.SYSTEM_VIEW),
    Command("pause", pause, topic="admin", section=Section.ADMIN,
            permission=Permission.SYSTEM_CONFIGURE,
            args=(Arg("venue", lambda word: word.lower()),
                  Arg("hours", _span, optional=True, shown="HOURS|off"),
                  Arg("reason", grammar.text, optional=True, rest=True))),
)  # fmt: skip
