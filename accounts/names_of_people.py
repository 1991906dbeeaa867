"""What people are called and where they live: names, time zones, languages, countries as given."""

from __future__ import annotations

import re
import unicodedata
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Final
from zoneinfo import available_timezones

from arbedge.errors import BadInput
from arbedge.names import Language

NAME_LENGTH: Final = 128
# Controls, halves of characters, line breaks; and the marks that turn the text after them round.
_HIDDEN: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
_TURNING: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_SEEN: Final = frozenset("LNSP")  # letters, numbers, symbols (emoji), punctuation


def cleaned(name: str) -> str:
    """The name without what cannot be seen and without marks that turn the text around it.

    Emoji, their joiners and right-to-left letters stay as they are. "" where nothing is left.
    """
    spaced = re.sub(r"\s+", " ", name)
    kept = "".join(
        sign for sign in spaced
        if sign not in _TURNING and unicodedata.category(sign) not in _HIDDEN
    ).strip()  # fmt: skip
    return kept if any(unicodedata.category(sign)[0] in _SEEN for sign in kept) else ""


def name(given: str) -> str:
    """The name, cleaned. Raises BadInput(bad_name) where it is empty or too long."""
    kept = cleaned(given)
    if not kept:
        raise BadInput("A name needs a letter that can be seen.", code="bad_name", field="name")
    if len(kept) > NAME_LENGTH:
        message = f"A name has at most {NAME_LENGTH} characters, this one has {len(kept)}."
        raise BadInput(message, code="bad_name", field="name", limit=NAME_LENGTH)
    return kept


def time_zone(given: str) -> str:
    """The zone, properly spelled. Raises BadInput(bad_time_zone) with a guess what was meant."""
    zones = _zones()
    found = zones.get(given.strip().casefold().replace(" ", "_"))
    if found is not None:
        return found
    near = get_close_matches(given.strip().casefold(), zones, n=1)
    meant = f" Did you mean {zones[near[0]]}?" if near else " Write it like Europe/Madrid."
    message = f"“{cleaned(given)[:48]}” is no time zone.{meant}"
    raise BadInput(message, code="bad_time_zone", field="time_zone")


def language(given: str) -> Language:
    """The language. Raises BadInput(bad_language) where it is none we speak."""
    try:
        return Language(given.strip().lower())
    except ValueError:
        spoken = ", ".join(Language)
        message = f"We do not speak “{cleaned(given)[:24]}” yet: choose one of {spoken}."
        raise BadInput(message, code="bad_language", field="language", limit=spoken) from None


def nearest_language(told: str) -> Language:
    """The language of a tag such as "es-419", as programs tell it; English where it is unknown."""
    try:
        return Language(told.strip().lower()[:2])
    except ValueError:
        return Language.EN


def country(given: str) -> str:
    """The two letters of ISO 3166, "" for none. Raises BadInput(bad_country)."""
    code = given.strip().upper()
    if not code or code in countries():
        return code
    message = f"“{cleaned(given)[:24]}” is no country of ISO 3166. Write its two letters, like ES."
    raise BadInput(message, code="bad_country", field="country")


@cache
def countries() -> dict[str, str]:
    """Name by two-letter code, as the time zone database lists them."""
    text = files("tzdata").joinpath("zoneinfo", "iso3166.tab").read_text(encoding="utf-8")
    lines = (line.split("\t") for line in text.splitlines() if line and not line.startswith("#"))
    return {code: english for code, english in lines}  # noqa: C416  pairs, checked by unpacking


@cache
def _zones() -> dict[str, str]:
    real = available_timezones() - {"Factory", "localtime"}
    return {zone.casefold(): zone for zone in real}
