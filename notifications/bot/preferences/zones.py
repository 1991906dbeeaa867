"""Time zones as people know them: where they are, which city, what the clock says there."""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Final
from zoneinfo import ZoneInfo

import tzfpy

from accounts import names_of_people
from arbedge.errors import BadInput

UTC_NAME: Final = "UTC"
MOST_FOUND: Final = 8
_OFFSET: Final = re.compile(r"(?:utc|gmt)?\s*([+-])\s*(\d{1,2})(?::?00)?", re.IGNORECASE)
_FURTHEST_H: Final = {"+": 14, "-": 12}


@dataclass(frozen=True, slots=True)
class Place:
    """A zone of the list: its name, its city, what its clock says now ("15:05")."""

    name: str
    city: str
    clock: str


def at(latitude: float, longitude: float) -> str:
    """The zone of a point on Earth in degrees; at sea the nautical one, such as Etc/GMT+3.

    Raises BadInput (bad_location) where there is no such point.
    """
    known = math.isfinite(latitude) and math.isfinite(longitude)
    if not known or abs(latitude) > 90 or abs(longitude) > 180:
        raise BadInput("This is no place on Earth.", code="bad_location", field="time_zone")
    found = tzfpy.get_tz(longitude, latitude)
    return UTC_NAME if found in {"", "Etc/GMT"} else found


def regions() -> list[str]:
    """The parts of the world zones are listed by: Africa, America, …"""
    return sorted({_region(name) for names in _by_country().values() for name in names})


def within(region: str, now: datetime) -> list[Place]:
    """The zones of a region, from west to east by their clocks, then by city."""
    names = {name for listed in _by_country().values() for name in listed}
    shown = [name for name in names if _region(name) == region]
    return [place(name, now) for name in sorted(shown, key=lambda one: (_ahead(one, now), one))]


def place(name: str, now: datetime) -> Place:
    """The zone of this name."""
    return Place(name, city(name), clock(name, now))


def clock(name: str, now: datetime) -> str:
    """What the clock says there now: "15:05"."""
    return f"{now.astimezone(ZoneInfo(name)):%H:%M}"


def city(name: str) -> str:
    """`Buenos Aires` for America/Argentina/Buenos_Aires, `UTC+3` for Etc/GMT-3."""
    last = name.rpartition("/")[2].replace("_", " ")
    if name.startswith("Etc/GMT") and last[3:4] in {"+", "-"}:
        return f"UTC{'-' if last[3] == '+' else '+'}{last[4:]}"  # POSIX counts the other way round
    return last


def search(typed: str) -> list[str]:
    """The zones somebody may mean by a zone's name, a city, a country or "UTC+3", likeliest first;
    none where nothing is alike."""
    text = _folded(typed)
    if not text:
        return []
    offset = _OFFSET.fullmatch(text)
    if offset is not None:
        return _by_offset(offset[1], int(offset[2]))
    try:
        return [names_of_people.time_zone(typed)]
    except BadInput:
        return _alike(text)


def _alike(text: str) -> list[str]:
    countries = {_folded(name): code for code, name in names_of_people.countries().items()}
    if text in countries:
        return _by_country().get(countries[text], [])[:MOST_FOUND]
    cities = _by_city()
    if text in cities:
        return cities[text]
    begun = [name for known, names in cities.items() if known.startswith(text) for name in names]
    if len(text) > 2 and begun:
        return begun[:MOST_FOUND]
    near = get_close_matches(text, cities, n=3, cutoff=0.75)
    return [name for known in near for name in cities[known]][:MOST_FOUND]


def _by_offset(sign: str, hours: int) -> list[str]:
    if hours > _FURTHEST_H[sign]:
        return []
    if hours == 0:
        return [UTC_NAME]
    return [f"Etc/GMT{'-' if sign == '+' else '+'}{hours}"]


def _ahead(name: str, now: datetime) -> timedelta:
    return now.astimezone(ZoneInfo(name)).utcoffset() or timedelta()


def _region(name: str) -> str:
    return name.partition("/")[0]


def _folded(text: str) -> str:
    """Without accents, capitals and the signs that names of cities are joined by."""
    bare = unicodedata.normalize("NFKD", text.strip()[:64])
    kept = "".join(sign for sign in bare if not unicodedata.combining(sign))
    return " ".join(kept.replace("_", " ").replace("\u2212", "-").casefold().split())


@cache
def _by_country() -> dict[str, list[str]]:
    """Zones by a country's two letters, as the time zone database lists them."""
    text = files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8")
    listed: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            code, _, name = line.split("\t")[:3]
            listed.setdefault(code, []).append(name)
    return listed


@cache
def _by_city() -> dict[str, list[str]]:
    cities: dict[str, list[str]] = {}
    for names in _by_country().values():
        for name in names:
            cities.setdefault(_folded(city(name)), []).append(name)
    return cities
