"""Reading values people and programs send as preferences: each is taken whole or refused clearly.

Texts are taken as well as numbers and lists, since forms and chats know nothing else.
"""

from __future__ import annotations

import difflib
import math
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from accounts.wish_form import FIELDS, LONGEST_ASSET, Field, Shape
from accounts.wishes import HOUR_MIN
from arbedge.errors import BadInput

DAY_MIN: Final = 24 * HOUR_MIN
_TRUE: Final = ("true", "yes", "on", "1")
_FALSE: Final = ("false", "no", "off", "0", "")
_IN_ASSETS: Final = frozenset("._-")


def known(name: str) -> Field:
    """Returns the field of this name. Raises BadInput (unknown_field) naming the nearest one."""
    if name in FIELDS:
        return FIELDS[name]
    nearest = difflib.get_close_matches(name, FIELDS, n=1, cutoff=0.0)[0]
    raise BadInput(
        f"There is no preference “{name[:40]}”. The nearest is {nearest}.",
        code="unknown_field", field=name, limit=nearest,
    )  # fmt: skip


def read(one: Field, raw: Any) -> Any:
    """Returns the value `raw` stands for, plain: texts, numbers, tuples, dicts, minutes.

    Raises BadInput naming the field and its limit; codes not_a_choice, out_of_range, too_many,
    bad_value.
    """
    if raw is None:
        if one.optional:
            return None
        raise _bad(one, "cannot be empty", "a value")
    return _READERS[one.shape](one, raw)


def read_entry(one: Field, key: str, raw: Any) -> tuple[str, Any]:
    """Returns one entry of a field that holds a value for each option, such as switches."""
    if one.shape not in {Shape.LEVELS, Shape.SWITCHES}:
        raise _bad(one, "has no parts", one.name)
    option = _option(one, key, one.options)
    if one.shape is Shape.SWITCHES:
        return str(option), _option(one, raw, one.positions)
    return str(option), _whole(one, raw)


def _bad(one: Field, what: str, limit: Any, code: str = "bad_value") -> BadInput:
    return BadInput(f"{one.title}: {what}.", code=code, field=one.name, limit=limit)


def _option(one: Field, raw: Any, options: Iterable[str | int]) -> str | int:
    """The option meant, in any letter case."""
    wanted = str(raw).strip().casefold()
    by_text = {str(option).casefold(): option for option in options}
    if isinstance(raw, float) and raw.is_integer():
        wanted = str(int(raw))
    if wanted in by_text and not isinstance(raw, bool):
        return by_text[wanted]
    near = difflib.get_close_matches(wanted, by_text, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    listed = ", ".join(str(option) for option in by_text.values())
    raise BadInput(
        f"{one.title}: “{str(raw)[:40]}” is not one of {listed}.{hint}",
        code="not_a_choice", field=one.name, limit=list(by_text.values()),
    )  # fmt: skip


def _choice(one: Field, raw: Any) -> str | int:
    return _option(one, raw, one.options)


def _parts(one: Field, raw: Any) -> list[Any]:
    """A list, or a text with commas or spaces between its parts."""
    if isinstance(raw, str):
        return raw.replace(",", " ").split()
    if isinstance(raw, Iterable) and not isinstance(raw, Mapping | bytes):
        return list(raw)
    raise _bad(one, "write a list", "list")


def _several(one: Field, raw: Any) -> tuple[Any, ...] | None:
    """In the order of the options; an empty text or "all" is all of them, an empty list nothing."""
    if isinstance(raw, str) and raw.strip().casefold() in {"", "all"}:
        return None
    chosen = {_option(one, part, one.options) for part in _parts(one, raw)}
    if not chosen:
        raise _bad(one, "choose at least one, or write all", 1)
    return tuple(option for option in one.options if option in chosen)


def _ordered(one: Field, raw: Any) -> tuple[Any, ...]:
    chosen = [_option(one, part, one.options) for part in _parts(one, raw)]
    if len(set(chosen)) < len(chosen):
        raise _bad(one, "name each only once", "once")
    return tuple(chosen)


def _number(one: Field, raw: Any) -> float:
    number = _as_float(raw)
    if number is None:
        raise _bad(one, f"“{str(raw)[:40]}” is not a number", "number")
    if not _within(one, number):
        raise _out_of_range(one)
    return number + 0.0  # never −0


def _fraction(one: Field, raw: Any) -> float:
    if isinstance(raw, str) and raw.strip().endswith("%"):
        percent = _as_float(raw.strip().removesuffix("%"))
        raw = raw if percent is None else percent / 100
    number = _as_float(raw)
    if number is not None and not _within(one, number) and _within(one, number / 100):
        raise _out_of_range(one, f". Write {number / 100:g} for {number:g} %")
    return _number(one, raw)


def _whole(one: Field, raw: Any) -> int:
    number = _number(one, raw)
    if not number.is_integer():
        raise _out_of_range(one)
    return int(number)


def _as_float(raw: Any) -> float | None:
    if isinstance(raw, str):
        raw = raw.strip().replace("−", "-")
        raw = raw.replace(",", ".") if raw.count(",") == 1 and "." not in raw else raw
    if isinstance(raw, bool) or not isinstance(raw, int | float | str):
        return None
    try:
        number = float(raw)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _within(one: Field, number: float) -> bool:
    above = one.lowest is None or number >= one.lowest
    return above and (one.highest is None or number <= one.highest)


def _out_of_range(one: Field, hint: str = "") -> BadInput:
    limits = f"from {one.lowest:g} to {one.highest:g}"
    return _bad(one, f"a number {limits}{hint}", [one.lowest, one.highest], "out_of_range")


def _flag(one: Field, raw: Any) -> bool:
    wanted = str(raw).strip().casefold()
    if wanted in _TRUE or wanted in _FALSE:
        return wanted in _TRUE
    raise _bad(one, "write true or false", [True, False])


def _time(one: Field, raw: Any) -> int | None:
    """Numbers are minutes of the day; texts are "23:00", or an hour alone."""
    if isinstance(raw, str):
        if not raw.strip():
            return read(one, None)  # type: ignore[no-any-return]
        hours, _, minutes = raw.strip().partition(":")
        digits = hours.isdecimal() and (minutes or "0").isdecimal() and len(minutes) in {0, 2}
        if digits and int(hours) < 24 and int(minutes or 0) < HOUR_MIN and not raw.endswith(":"):
            return int(hours) * HOUR_MIN + int(minutes or 0)
    elif isinstance(raw, int) and not isinstance(raw, bool) and 0 <= raw < DAY_MIN:
        return raw
    raise _bad(one, "write a time from 00:00 to 23:59", ["00:00", "23:59"], "out_of_range")


def _assets(one: Field, raw: Any) -> tuple[str, ...]:
    coins = tuple(dict.fromkeys(_asset(one, part) for part in _parts(one, raw)))
    if one.most is not None and len(coins) > one.most:
        raise _bad(one, f"{one.most} coins at most, not {len(coins)}", one.most, "too_many")
    return coins


def _asset(one: Field, raw: Any) -> str:
    coin = unicodedata.normalize("NFKC", str(raw).strip()).upper()
    written = bool(coin) and all(sign.isalnum() or sign in _IN_ASSETS for sign in coin)
    if not written or not isinstance(raw, str) or len(coin) > LONGEST_ASSET:
        what = f"“{str(raw)[:40]}” is no coin; write BTC or SOL, {LONGEST_ASSET} signs at most"
        raise _bad(one, what, LONGEST_ASSET)
    return coin


def _entries(one: Field, raw: Any) -> dict[str, Any]:
    if not isinstance(raw, Mapping):
        raise _bad(one, "write a value for each name", "mapping")
    read_all = dict(read_entry(one, str(key), value) for key, value in raw.items())
    return {str(name): read_all[str(name)] for name in one.options if str(name) in read_all}


_READERS: Final[Mapping[Shape, Callable[[Field, Any], Any]]] = {
    Shape.CHOICE: _choice,
    Shape.SEVERAL: _several,
    Shape.ORDERED: _ordered,
    Shape.FRACTION: _fraction,
    Shape.NUMBER: _number,
    Shape.FLAG: _flag,
    Shape.TIME: _time,
    Shape.ASSETS: _assets,
    Shape.LEVELS: _entries,
    Shape.SWITCHES: _entries,
}
