"""Choosing a time zone: by the place one shares, by the part of the world, by typing a city."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from accounts import people
from arbedge.names import Door
from notifications.bot import render, talks
from notifications.bot.asks import Ask
from notifications.bot.preferences import zones
from notifications.bot.replies import Button, Reply, Rows, Wants, in_rows, rows, turns

PAGE: Final = 12
KEYBOARD: Final = "keyboard"
WAYS_BACK: Final = {"profile": "profile", "onboarding": "onb go zone"}


def line(ask: Ask) -> str:
    """The zone the person has and what the clock says there."""
    clock = zones.clock(ask.zone, ask.now)
    return ask.say("profile.zone.now", zone=zones.city(ask.zone), clock=clock)


def buttons(ask: Ask, origin: str) -> Rows:
    """The ways to choose one."""
    return (
        (Button(ask.say("profile.zone.share"), f"zone {origin} ask"),),
        (Button(ask.say("profile.zone.list"), f"zone {origin} regions"),),
    )


def asked(ask: Ask) -> Reply:
    """The keyboard's own button shares the place; only phones have it."""
    return Reply(ask.say("profile.zone.ask_place"), new=True, wants=Wants.LOCATION)


def regions(ask: Ask, origin: str) -> Reply:
    """The parts of the world."""
    shown = [Button(ask.say(f"profile.regions.{one}"), f"zone {origin} in {one}")
             for one in zones.regions()]  # fmt: skip
    shown.append(Button(zones.UTC_NAME, f"zone {origin} set {zones.UTC_NAME}"))
    return Reply(ask.say("profile.zone.where"), (*rows(shown, 3), _back(ask, origin)))


def within(ask: Ask, origin: str, region: str, page: int) -> Reply:
    """The zones of a part of the world, each with its clock, a page at a time."""
    every = zones.within(region, ask.now)
    last = max(1, math.ceil(len(every) / PAGE))
    page = min(max(1, page), last)
    shown = [_button(one, origin) for one in every[(page - 1) * PAGE : page * PAGE]]
    back = Button(ask.say("profile.back"), f"zone {origin} regions")
    ways = turns(page, last, "zone", origin, "in", region)
    return Reply(ask.say("profile.zone.clock"), in_rows(*rows(shown), ways, [back]))


def found(ask: Ask, origin: str, names: list[str]) -> Reply:
    """What somebody may have meant, or the other ways where it can be none."""
    if not names:
        return Reply(ask.say("profile.zone.unknown"), (*buttons(ask, origin), _back(ask, origin)))
    shown = [_button(zones.place(name, ask.now), origin) for name in names]
    return Reply(ask.say("profile.zone.which"), (*rows(shown), _back(ask, origin)))


def set_(ask: Ask, name: str) -> str:
    """The person's zone from now on; returns what to say. Raises BadInput (bad_time_zone)."""
    people.set_profile(ask.user, time_zone=name, door=Door.TELEGRAM, by=ask.user)
    clock = zones.clock(ask.user.time_zone, ask.now)
    return ask.say("profile.zone.saved", zone=zones.city(ask.user.time_zone), clock=clock)


def listens(ask: Ask, origin: str, *, keyboard: bool = False) -> None:
    """What is typed or shared next is the zone; `keyboard` where it was asked for by one."""
    talks.put(ask.user.pk, origin, "zone", ask.now, {KEYBOARD: keyboard})


def told(ask: Ask, saved: str, following: Callable[[], Reply]) -> Reply:
    """What follows a choice: pressed buttons say what was saved, and a keyboard is taken away."""
    talk = talks.current(ask.user.pk, ask.now)
    keyboard = talk is not None and talk.data.get(KEYBOARD)
    away, reply = Reply(saved, wants=Wants.REMOVED), following()
    if not ask.pressed:
        return away.then(reply)
    return replace(reply, toast=render.toast(saved), more=(away,) if keyboard else ())


def _button(one: zones.Place, origin: str) -> Button:
    return Button(f"{one.clock} {one.city}", f"zone {origin} set {one.name}")


def _back(ask: Ask, origin: str) -> tuple[Button, ...]:
    return (Button(ask.say("profile.back"), WAYS_BACK[origin]),)
