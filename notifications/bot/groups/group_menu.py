"""The menu by which admins of a chat choose what is posted there: screens of buttons, edited in
place.

Every button is a line of the hidden command `group_set CHAT WHAT [VALUE]`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from accounts import tiers, vault
from accounts.tiers import Allowance
from arbedge.choices import HORIZONS_HOURS, NOTIONALS_USD, VENUES, unmask
from arbedge.names import LANGUAGES, Kind, Language, Shelf
from notifications.bot import words
from notifications.bot.asks import Ask
from notifications.bot.preferences import zones
from notifications.bot.replies import Button, Reply, in_rows, rows, ticked, turns
from notifications.choosing.eligibility_sql import BEGINNERS
from notifications.models import Chat
from notifications.names import ChatType

COMMAND: Final = "group_set"
NETS: Final = (0.0, 0.0005, 0.001, 0.0015, 0.002, 0.003, 0.005, 0.01)
ZONES_A_PAGE: Final = 12
MOST_LISTED: Final = 4  # names in a line; the others are counted


@dataclass(frozen=True, slots=True)
class Desk:
    """One chat before whoever configures it, in his language where nobody else reads along."""

    ask: Ask
    chat: Chat

    @property
    def allowance(self) -> Allowance:
        """What the chat may have: the tier of who registered it counts, there and in private."""
        assert self.ask.standing is not None, "nobody else comes so far"
        return tiers.of(self.ask.standing, group=True, now=self.ask.now)

    def say(self, name: str, /, **values: object) -> str:
        """A text of the menu."""
        return self.ask.say(f"groups.{name}", **values)

    def button(self, label: str, what: str, value: object = "") -> Button:
        """A button that says so about this chat."""
        return Button(label, f"{COMMAND} {self.chat.pk} {what} {value}".rstrip())

    def back(self) -> tuple[Button, ...]:
        """The way back to the whole menu."""
        return (self.button(self.say("menu.back"), "menu"),)


def menu(desk: Desk, note: str = "") -> Reply:
    """Everything as it is, and a button for each part."""
    text = f"<b>{desk.say('menu.title', title=str(desk.chat))}</b>\n\n{_state(desk)}"
    buttons = [desk.button(desk.say(f"menu.{name}"), name) for name in _parts(desk)]
    running = "resume" if desk.chat.paused else "pause"
    buttons += [desk.button(desk.say(f"menu.{name}"), name) for name in (running, "figures")]
    ends = desk.button(desk.say("menu.remove"), "remove")
    return Reply(text, (*rows(buttons), (ends,)), toast=note)


def several(desk: Desk, what: str) -> Reply:
    """Kinds, shelves or venues: each is pressed in or out."""
    chosen = set(chosen_of(desk, what))
    buttons = [
        desk.button(ticked(named(desk, what, name), name in chosen), what, name)
        for name in offered(desk, what)
    ]
    everything = desk.button(desk.say(f"all.{what}"), what, "all")
    text = f"<b>{desk.say(f'menu.{what}')}</b>\n{desk.say(f'about.{what}')}"
    return Reply(text, (*rows(buttons), (everything,), desk.back()))


def choice(desk: Desk, what: str) -> Reply:
    """Net, size, horizon or language: one of a few."""
    held = getattr(desk.chat, what)
    buttons = [
        desk.button(ticked(named(desk, what, value), value == held), what, value)
        for value in _CHOICES[what]
    ]
    text = f"<b>{desk.say(f'menu.{what}')}</b>\n{desk.say(f'about.{what}')}"
    return Reply(text, (*rows(buttons), desk.back()))


def zone(desk: Desk, region: str = "", page: int = 1) -> Reply:
    """Time zones: first the part of the world, then its places, a page at a time."""
    text = f"<b>{desk.say('menu.zone')}</b>\n{desk.say('about.zone')}"
    if region not in zones.regions():
        parts = [desk.button(desk.ask.say(f"profile.regions.{one}"), "zone", one)
                 for one in zones.regions()]  # fmt: skip
        return Reply(text, (*rows(parts), (desk.button("UTC", "set_zone", "UTC"),), desk.back()))
    places = zones.within(region, desk.ask.now)
    pages = -(-len(places) // ZONES_A_PAGE)
    page = min(page, pages)
    start = (page - 1) * ZONES_A_PAGE
    buttons = [
        desk.button(f"{one.city} {one.clock}", "set_zone", one.name)
        for one in places[start : start + ZONES_A_PAGE]
    ]
    ways = turns(page, pages, COMMAND, desk.chat.pk, "zone", region)
    return Reply(text, in_rows(*rows(buttons), ways, desk.back()))


def topic(desk: Desk) -> Reply:
    """Where in a forum posts go; a topic is chosen by pressing within it."""
    place = desk.ask.place
    inside = not place.private
    here = [desk.button(desk.say("topic.here"), "topic", "here")] if inside else []
    general = desk.button(desk.say("topic.general"), "topic", "general")
    text = desk.say("about.topic" if inside else "about.topic_private")
    return Reply(f"<b>{desk.say('menu.topic')}</b>\n{text}", (*rows([*here, general]), desk.back()))


def removing(desk: Desk) -> Reply:
    """Asks once more before a chat is forgotten."""
    yes = desk.button(desk.say("remove.yes"), "remove", "yes")
    return Reply(desk.say("remove.really", title=str(desk.chat)), ((yes,), desk.back()))


def offered(desk: Desk, what: str) -> list[str]:
    """What the tier of who registered the chat has of these."""
    if what == "venues":
        return list(VENUES)
    bits = desk.allowance.kinds if what == "kinds" else desk.allowance.shelves
    return unmask(bits, _NAMES[what])


def chosen_of(desk: Desk, what: str) -> list[str]:
    """What is posted of these: all there is where nothing was chosen, of shelves the beginners'."""
    bits = getattr(desk.chat, what)
    there = offered(desk, what)
    if bits is None:
        bits = BEGINNERS if what == "shelves" else -1
    names = tuple(_NAMES[what])
    return [name for name in there if bits >> names.index(name) & 1]


def named(desk: Desk, what: str, value: object) -> str:
    """One choice as it is read: `OKX`, `$1 k`, `72 h`, `for beginners`."""
    style = desk.ask.style()
    match what:
        case "venues":
            return vault.provider_name(str(value))
        case "min_net":
            return style.percent(float(str(value)))
        case "notional_usd":
            return style.money(float(str(value)))
        case "horizon_hours":
            return style.hours(float(str(value)))
        case "language":
            return LANGUAGES[Language(str(value))]
        case _:
            return words.say(desk.ask.language, f"groups.{what}.{value}")


def _parts(desk: Desk) -> list[str]:
    forum = desk.chat.type == ChatType.SUPERGROUP.value
    return [*_LINES, *(["topic"] if forum else [])]


def _state(desk: Desk) -> str:
    chat = desk.chat
    posting = "gone" if chat.gone else "paused" if chat.paused else "on"
    lines = [desk.say("state.posting", value=desk.say(f"posting.{posting}"))]
    lines += [desk.say("state.line", name=desk.say(f"menu.{name}"), value=_LINES[name](desk, name))
              for name in _LINES]  # fmt: skip
    if chat.type == ChatType.SUPERGROUP.value:
        where = "general" if chat.thread_id is None else "own"
        lines.append(desk.say("state.line", name=desk.say("menu.topic"),
                              value=desk.say(f"topic.in_{where}")))  # fmt: skip
    allowance = desk.allowance
    daily = allowance.pushes_per_day
    name = "limits.hourly" if daily is None else "limits.both"
    limits = desk.say(name, hourly=allowance.opportunities_per_hour, daily=daily)
    return "\n".join([*lines, "", f"<i>{limits}</i>"])


def _listed(desk: Desk, what: str) -> str:
    if getattr(desk.chat, what) is None:
        return desk.say(f"all.{what}")
    names = [named(desk, what, one) for one in chosen_of(desk, what)]
    more = [f"+{len(names) - MOST_LISTED}"] if len(names) > MOST_LISTED else []
    return ", ".join([*names[:MOST_LISTED], *more]) or desk.say("all.nothing")


def _single(desk: Desk, what: str) -> str:
    return named(desk, what, getattr(desk.chat, what))


def _zone(desk: Desk, _: str) -> str:
    return f"{zones.city(desk.chat.zone)} {zones.clock(desk.chat.zone, desk.ask.now)}"


_NAMES: Final[Mapping[str, Iterable[str]]] = {"kinds": Kind, "shelves": Shelf, "venues": VENUES}
_CHOICES: Final[Mapping[str, Iterable[object]]] = {
    "min_net": NETS, "notional_usd": NOTIONALS_USD, "horizon_hours": HORIZONS_HOURS,
    "language": tuple(LANGUAGES),
}  # fmt: skip
_LINES: Final[Mapping[str, Callable[[Desk, str], str]]] = {
    "kinds": _listed, "shelves": _listed, "venues": _listed, "min_net": _single,
    "notional_usd": _single, "horizon_hours": _single, "language": _single, "zone": _zone,
}  # fmt: skip
