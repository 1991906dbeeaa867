"""What is switched on on this installation: floors above say so when they bring a feature along.

A command of a feature that nobody brought answers plainly that it is not there, instead of with
something made up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from notifications.bot.replies import Button, Reply, rows

if TYPE_CHECKING:
    from notifications.bot.asks import Ask


class Feature(StrEnum):
    """Parts of the product that an installation may run without."""

    TRADING = "trading"
    AUTOMATION = "automation"
    AI = "ai"


Answering = Callable[["Ask"], "Reply"]

_on: dict[str, Callable[[], bool]] = {}
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
    when = _on.get(name)
    return when is not None and when()


def handler(command: str, feature: Feature) -> Answering | None:
    """Who answers `/command` now, None while its feature is not switched on."""
    return _handlers.get(command) if switched_on(feature) else None


def through(command: str, feature: Feature) -> Answering:
    """A handler that asks whoever brought the feature, and says so where nobody did."""

    def handle(ask: Ask) -> Reply:
        found = handler(command, feature)
        return found(ask) if found is not None else _off(ask, feature)

    return handle


def _off(ask: Ask, feature: Feature) -> Reply:
    """That it is not switched on here, and what can be done instead."""
    buttons = [Button(ask.say(f"trading.instead.{line}"), line) for line in _INSTEAD[feature]]
    return Reply(ask.say(f"trading.off.{feature}"), rows(buttons))


_INSTEAD: Final[Mapping[Feature, tuple[str, ...]]] = {
    Feature.TRADING: ("opportunities", "balance"),
    Feature.AUTOMATION: ("opportunities", "alerts"),
    Feature.AI: ("risk_assessment", "opportunities"),
}
