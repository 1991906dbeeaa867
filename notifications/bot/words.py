"""The bot's own words in every language: one file a topic and language, the same keys in each.

Texts are Telegram's HTML; what is put into them is escaped unless it is marked as HTML.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from string import Formatter
from typing import Any, Final
from unicodedata import bidirectional

from django.conf import settings
from django.utils.html import conditional_escape

from arbedge.errors import ArbEdgeError
from arbedge.names import Language

FOLDER: Final = "notifications/bot"
# Names written from right to left turn nothing around them (unicode.org/reports/tr9).
_FROM_THE_RIGHT: Final = frozenset({"R", "AL", "RLE", "RLO"})
_ISOLATED: Final = "\u2068"
_END: Final = "\u2069"

_format: Final = Formatter()


def say(language: str, key: str, /, **values: Any) -> str:
    """The text of `topic.name` with its values filled in. Raises KeyError for unknown ones."""
    return _format.vformat(_text(language, key), (), _Escaped(values))


def known(key: str) -> bool:
    """Whether there is such a text."""
    topic, _, name = key.partition(".")
    return name in texts(Language.EN.value, topic)


def problem(language: str, error: ArbEdgeError) -> str:
    """What an error tells, in the reader's language where it has words of its own there."""
    key = f"errors.{error.code}"
    if not known(key):
        return str(conditional_escape(error.message))
    details = {name: value for name, value in error.details.items() if value is not None}
    try:
        return say(language, key, **details)
    except KeyError:  # this one lacks a detail that the words want
        return str(conditional_escape(error.message))


def topics() -> list[str]:
    """The topics there are, by their English files."""
    return sorted(path.name.split(".")[0] for path in _folder().glob("*.en.toml"))


@lru_cache(maxsize=256)
def texts(language: str, topic: str) -> Mapping[str, str]:
    """All texts of a topic by their names, none where there is no such file."""
    path = _folder() / f"{topic}.{language}.toml"
    if not path.is_file():
        return {}
    with path.open("rb") as file:
        return dict(_flat("", tomllib.load(file)))


def _flat(prefix: str, table: Mapping[str, Any]) -> Any:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flat(f"{prefix}{name}.", value)
        else:
            yield f"{prefix}{name}", str(value).strip("\n")


def _text(language: str, key: str) -> str:
    topic, _, name = key.partition(".")
    found = texts(language, topic).get(name)
    return texts(Language.EN.value, topic)[name] if found is None else found


def _folder() -> Path:
    return Path(settings.BASE_DIR) / "templates" / FOLDER


class _Escaped(dict[str, Any]):
    """Values as HTML."""

    def __getitem__(self, name: str) -> str:
        value = super().__getitem__(name)
        if isinstance(value, list | tuple):
            value = ", ".join(str(one) for one in value)
        text = str(conditional_escape(value))
        if any(bidirectional(letter) in _FROM_THE_RIGHT for letter in text):
            return f"{_ISOLATED}{text}{_END}"
        return text
