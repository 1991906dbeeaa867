"""Where the buttons of a message lead, and how they are named in every language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.urls import reverse

from arbedge.names import Language
from notifications.bot.groups import joins
from notifications.names import Topic
from notifications.writing.dialects import tame

RECIPIENT: Final = "{recipient}"  # in a raw target: the recipient's number
_LABELS: Final[Mapping[str, Mapping[str, str]]] = {
    Language.EN: {
        "why": "Why?", "chart": "Chart", "mute": "Mute {}", "open": "Open", "board": "Board",
        "manage": "Manage", "preferences": "Preferences", "proof": "Confirm", "more": "More",
        "bot": "My figures",
        "unsubscribe": "No more mails to this address",
    },
    Language.ES: {
        "why": "¿Por qué?", "chart": "Gráfico", "mute": "Silenciar {}", "open": "Abrir",
        "board": "Tablero", "bot": "Mis cifras", "manage": "Gestionar",
        "preferences": "Preferencias", "proof": "Confirmar", "more": "Más",
        "unsubscribe": "No más correos a esta dirección",
    },
    Language.FR: {
        "why": "Pourquoi ?", "chart": "Graphique", "mute": "Masquer {}", "open": "Ouvrir",
        "board": "Tableau", "bot": "Mes chiffres", "manage": "Gérer", "preferences": "Préférences",
        "proof": "Confirmer", "more": "Plus", "unsubscribe": "Plus de courriels à cette adresse",
    },
}  # fmt: skip
_ABOUT_ONE: Final[Mapping[Topic, tuple[str, ...]]] = {
    Topic.OPENED: ("why", "chart", "mute", "open"),
    Topic.IMPROVED: ("why", "chart", "mute", "open"),
    Topic.RECOVERED: ("why", "chart", "mute", "open"),
    Topic.FADING: ("why", "open"),
    Topic.CLOSED: ("open",),
}


_ASKED: Final[Mapping[str, str]] = {"why": "why", "chart": "picture"}  # the bot's commands
ASKED_BY: Final[Mapping[str, str]] = {command: name for name, command in _ASKED.items()}
MUTED_HOURS: Final = 24


@dataclass(frozen=True, slots=True)
class Way:
    """A link before its recipient is known. A `raw` target is told as it is, not counted; one that
    is not `shown` stands in the text and is no button. `line` is what the same button asks the bot
    in a person's private chat with it.
    """

    name: str
    label: str
    target: str
    raw: bool = False
    shown: bool = True
    line: str = ""


def label(language: str, name: str, *parts: str) -> str:
    """How a button is named."""
    return _LABELS[language][name].format(*parts)


def led(language: str, words: str, url: str) -> str:
    """A link in plain text: its words, a colon as the language sets it, the address."""
    colon = " : " if language == Language.FR else ": "
    return f"{words.rstrip(' ?').lstrip('¿')}{colon}{url}"


def ways(
    topic: Topic, facts: Mapping[str, Any], language: str, *, personal: bool
) -> tuple[Way, ...]:
    """The buttons of a message, in their order.

    What only one person may press is not in groups: there a link leads to the bot's private chat,
    where everybody sees his own figures.
    """
    if topic in _ABOUT_ONE:
        names = _ABOUT_ONE[topic] if personal else _in_groups(topic)
        return tuple(_about(name, facts, language) for name in names)
    return tuple(_others(topic, facts, language))


def item_way(facts: Mapping[str, Any], language: str) -> Way:
    """The link of a digest's line."""
    number = facts["opportunity_id"]
    return Way(f"item{number}", label(language, "open"), _page(number), shown=False)


def _in_groups(topic: Topic) -> list[str]:
    kept = [name for name in _ABOUT_ONE[topic] if name != "mute"]
    return [*kept, "bot"] if "mute" in _ABOUT_ONE[topic] and settings.BOT_NAME else kept


def _about(name: str, facts: Mapping[str, Any], language: str) -> Way:
    number = facts["opportunity_id"]
    if name == "bot":
        target = f"{joins.link(joins.about(number))}-c{RECIPIENT}"
        return Way(name, label(language, name), target, raw=True)
    if name == "mute":
        coin = tame(facts["asset"], 20)
        line = f"mute ${facts['asset']} {MUTED_HOURS}"
        return Way(name, label(language, name, coin), _preferences("assets_out"), line=line)
    part = {"why": "#why", "chart": "#charts"}.get(name, "")
    line = f"{_ASKED[name]} {number}" if name in _ASKED else ""
    return Way(name, label(language, name), _page(number) + part, line=line)


def _others(topic: Topic, facts: Mapping[str, Any], language: str) -> list[Way]:
    def way(name: str, target: str, *, raw: bool = False) -> Way:
        return Way(name, label(language, name), target, raw)

    if topic is Topic.DIGEST:
        return [
            way("board", reverse("opportunities:board")),
            way("preferences", _preferences("frequency")),
        ]
    if topic is Topic.ALERT and facts.get("opportunity_id"):
        return [way("open", _page(facts["opportunity_id"]))]
    if topic in {Topic.ALERT, Topic.VENUE_BLIND}:
        return [way("board", reverse("opportunities:board"))]
    if topic is Topic.BROADCAST and facts.get("url"):
        return [way("more", facts["url"])]
    if topic is Topic.CODE and facts.get("link"):
        return [way("proof", facts["link"], raw=True)]
    return []


def _page(number: int) -> str:
    return reverse("opportunities:opportunity", args=[number])


def _preferences(field: str) -> str:
    return f"{reverse('accounts:preferences')}#id_{field}"
