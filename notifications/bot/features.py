"""What is switched on on this installation: floors above say so when they bring a feature along.

A command of a feature that nobody brought answers plainly that it is not there, instead of with
something made up.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from notifications.bot.asks import Ask
    from notifications.bot.replies import Reply


class Feature(StrEnum):
    """Parts of the product that an installation may run without."""

    TRADING = "trading"
    AUTOMATION = "automation"
    AI = "ai"


Answering = Callable[["Ask"], "Reply"]

_on: dict[Feature, Callable[[], bool]] = {}
_handlers: dict[str, Answering] = {}


def switch_on(feature: Feature, when: Callable[[], bool] = lambda: True) -> None:
    """The feature is here; `when` tells at each question whether operators have it switched on.

    Raises ValueError where two floors bring the same one.
    """
    if feature in _on:
        raise ValueError(f"{feature} is brought twice")
    _on[feature] = when


def answers(command: str, handler: Answering) -> None:
    """Names who answers `/command` while its feature is switched on. Raises ValueError."""
    if command in _handlers:
        raise ValueError(f"/{command} is answered twice")
    _handlers[command] = handler


def switched_on(name: str) -> bool:
    """Whether the feature is here and operators have it switched on; False for unknown ones."""
    when = next((when for one, when in _on.items() if one.value == name), None)
    return when is not None and when()


def handler(command: str, feature: Feature) -> Answering | None:
    """Who answers `/command` now, None while its feature is not switched on."""
    return _handlers.get(command) if switched_on(feature) else None
