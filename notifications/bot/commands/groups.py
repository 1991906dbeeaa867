"""Groups and channels: registering them, choosing what is posted there, what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from accounts.models import User
from accounts.permissions import Permission
from arbedge.errors import ArbEdgeError, BadInput, Forbidden
from arbedge.names import Door
from notifications.bot import grammar, registry
from notifications.bot.asks import Ask
from notifications.bot.grammar import Arg
from notifications.bot.groups import group_figures, group_menu, joins, registering
from notifications.bot.groups.group_menu import Desk
from notifications.bot.groups.joins import Registering
from notifications.bot.preferences import preference_changes, preference_refusals, zones
from notifications.bot.registry import GROUP_ADMINS, PRIVATE, Command, Section
from notifications.bot.replies import Button, Reply, rows
from notifications.models import Chat
from notifications.telegram import chats
from notifications.telegram.telegram_text import plain

SEVERAL: Final = ("kinds", "shelves", "venues")
CHOICES: Final = ("min_net", "notional_usd", "horizon_hours", "language")
TYPED: Final = (*SEVERAL, *CHOICES, "zone", "topic", "pause", "resume")
WHERE: Final = GROUP_ADMINS | PRIVATE


def register(ask: Ask) -> Reply:
    """Registers the group for who asks. What is missing for that he is told in private."""
    place = ask.place
    if place.chat is not None:
        return Reply(ask.say("groups.here.known"))
    asked = Registering(place.chat_id, place.kind, 0)
    if ask.person is not None:
        asked = replace(asked, added_by=ask.sender.telegram_id)
        try:
            chat, _ = registering.register(
                ask.person, place.chat_id, place.kind, place.title, ask.now, session=True
            )
        except ArbEdgeError:  # told in private, to him alone
            return registering.invitation(asked, place.title, ask.language, ask.now)
        return registering.welcome(chat, chat.language, ask.now, inside=True)
    how = registering.invitation(asked, place.title, ask.language, ask.now)
    if not ask.sender.anonymous:
        return how
    return replace(how, text=f"{ask.say('groups.unregistered.anonymous')}\n\n{how.text}")


def register_by_link(ask: Ask) -> Reply:
    """Registers the group of a link for one of its admins."""
    asked = joins.read(ask.args["payload"], ask.now).registers
    if asked is None:
        raise BadInput("This link is not one of ours.", code="bad_start", field="payload")
    return registering.by_admin(ask, asked)


def configure(ask: Ask) -> Reply:
    """The menu of the group, in private that of each of one's own; or one thing changed at once."""
    what, value = ask.args["what"], ask.args["value"] or ""
    chat = ask.place.chat
    if chat is None:
        mine = _own(ask)
        if len(mine) != 1:
            return _list(ask, mine)
        chat = mine[0]
    desk = Desk(ask, chat)
    if not what:
        return group_menu.menu(desk)
    if what in SEVERAL and value:
        return _saved(desk, {what: _meant(desk, what, value)})
    if what == "min_net" and value:
        value = preference_changes.per_cent(value)
    return _do(desk, what, value)


def configure_by_button(ask: Ask) -> Reply:
    """What a button of the menu says."""
    number = ask.args["chat"]
    if ask.place.private:
        chat = chats.find(ask.user, number)
    elif ask.place.chat is not None and ask.place.chat.pk == number:
        chat = ask.place.chat
    else:
        raise Forbidden("That is not this group's.", code="not_here")
    return _do(Desk(ask, chat), ask.args["what"], ask.args["value"] or "")


def figures(ask: Ask) -> Reply:
    """Posts, presses and people who came: of this group, in private of each of one's own."""
    found = [ask.place.chat] if ask.place.chat else _own(ask)
    if not found:
        return _list(ask, found)
    return Reply(group_figures.text(ask, found))


def _own(ask: Ask) -> list[Chat]:
    return [chat for chat in chats.listed(ask.user) if not chat.gone]


def _list(ask: Ask, found: list[Chat]) -> Reply:
    if not found:
        return Reply(ask.say("groups.none"))
    buttons = [Button(str(chat), f"{group_menu.COMMAND} {chat.pk} menu") for chat in found]
    return Reply(ask.say("groups.which"), rows(buttons, 1))


def _do(desk: Desk, what: str, value: str) -> Reply:
    if what in SEVERAL:
        return _several(desk, what, value)
    if what in CHOICES:
        return _saved(desk, {what: value}) if value else group_menu.choice(desk, what)
    return _OTHERS[what](desk, value)


def _several(desk: Desk, what: str, name: str) -> Reply:
    """Presses one kind, shelf or venue in or out; the last one stays in."""
    if not name:
        return group_menu.several(desk, what)
    if name == "all":
        return group_menu.several(_changed(desk, {what: None}), what)
    chosen, there = group_menu.chosen_of(desk, what), group_menu.offered(desk, what)
    if name not in there:
        raise BadInput("That is not offered.", code="bad_choice", value=name[:32],
                       choices=", ".join(there), field=what)  # fmt: skip
    left = [one for one in there if (one in chosen) != (one == name)]
    if not left:
        raise BadInput("At least one has to stay.", code="choose_one", field=what)
    every = left == there and what != "shelves"  # of shelves, nothing chosen means the beginners'
    return group_menu.several(_changed(desk, {what: None if every else left}), what)


def _meant(desk: Desk, what: str, typed: str) -> list[str] | None:
    """A list somebody typed, within what is offered. Raises BadInput (bad_choice)."""
    if typed.strip().lower() == "all":
        return None
    there = group_menu.offered(desk, what)
    one = grammar.one_of(*there)
    return [one(part) for part in typed.replace(",", " ").split()]


def _zone(desk: Desk, value: str) -> Reply:
    """A part of the world and a page of it; what was typed is a place."""
    region, _, page = value.partition(" ")
    if value and region not in zones.regions():
        found = zones.search(value)
        return _set_zone(desk, found[0] if found else value)
    return group_menu.zone(desk, region, grammar.whole(1, 99)(page) if page else 1)


def _set_zone(desk: Desk, value: str) -> Reply:
    return _saved(desk, {"zone": value})


def _topic(desk: Desk, value: str) -> Reply:
    """Posts come to the topic this is said in, or to the general one."""
    if value not in {"here", "general"}:
        return group_menu.topic(desk)
    place = desk.ask.place
    inside = value == "here" and not place.private
    thread_id = place.thread_id if inside else None
    chat = chats.post_to(*_whose(desk), thread_id, door=Door.TELEGRAM, by=_by(desk))
    return _menu(desk, chat)


def _pause(desk: Desk, _: str) -> Reply:
    return _menu(desk, chats.pause(*_whose(desk), door=Door.TELEGRAM, by=_by(desk)))


def _resume(desk: Desk, _: str) -> Reply:
    return _menu(desk, chats.resume(*_whose(desk), door=Door.TELEGRAM, by=_by(desk)))


def _remove(desk: Desk, value: str) -> Reply:
    if value != "yes":
        return group_menu.removing(desk)
    title = str(desk.chat)
    chats.remove(*_whose(desk), door=Door.TELEGRAM, by=_by(desk))
    return Reply(desk.say("remove.done", title=title))


def _figures(desk: Desk, _: str) -> Reply:
    return Reply(group_figures.text(desk.ask, [desk.chat]), (desk.back(),))


def _changed(desk: Desk, changes: Mapping[str, Any]) -> Desk:
    """The desk with what was changed; a group's language is its own from now on."""
    told = {name: "all" if value is None else value for name, value in changes.items()}
    try:
        chat = chats.change(*_whose(desk), told, door=Door.TELEGRAM, by=_by(desk))
    except BadInput as error:
        raise _in_words(desk, error) from error
    return _at(desk, chat)


def _in_words(desk: Desk, error: BadInput) -> BadInput:
    """What a wish of the chat is refused for, as one's own preferences are."""
    known = preference_changes.form_of(desk.ask, desk.chat.registered_by_id)
    if error.details.get("field") not in known.entries:
        return error
    told = preference_refusals.told(desk.ask, known, error)
    return BadInput(plain(told), code="wish_refused", field=error.details["field"])


def _saved(desk: Desk, changes: Mapping[str, Any]) -> Reply:
    now = _changed(desk, changes)
    return group_menu.menu(now, now.say("saved"))


def _menu(desk: Desk, chat: Chat) -> Reply:
    now = _at(desk, chat)
    return group_menu.menu(now, now.say("saved"))


def _at(desk: Desk, chat: Chat) -> Desk:
    place = desk.ask.place
    there = place if place.private else replace(place, chat=chat)
    return Desk(replace(desk.ask, place=there), chat)


def _whose(desk: Desk) -> tuple[User, int]:
    """What belongs to whom: chats are changed in the name of who registered them."""
    return desk.chat.registered_by, desk.chat.pk


def _by(desk: Desk) -> User | str | None:
    """Who did it, where he is not who registered the chat."""
    person = desk.ask.person
    if person is None:
        return chats.AN_ADMIN
    return None if person.pk == desk.chat.registered_by_id else person


def _whole_menu(desk: Desk, _: str) -> Reply:
    return group_menu.menu(desk)


_OTHERS: Final[Mapping[str, Callable[[Desk, str], Reply]]] = {
    "menu": _whole_menu, "zone": _zone, "set_zone": _set_zone, "topic": _topic, "pause": _pause,
    "resume": _resume, "remove": _remove, "figures": _figures,
}  # fmt: skip
_VALUE: Final = Arg("value", grammar.text, optional=True, rest=True)

registry.add(
    Command(
        "register", register, topic="groups", section=Section.GROUPS, scopes=GROUP_ADMINS,
        session=False,
    ),
    Command(
        "admin_group_config", configure, topic="groups", section=Section.GROUPS, scopes=WHERE,
        args=(Arg("what", grammar.one_of(*TYPED), optional=True, shown="WHAT"), _VALUE),
        permission=Permission.GROUPS_MANAGE,
    ),
    Command(
        "group_stats", figures, topic="groups", section=Section.GROUPS, scopes=WHERE,
        permission=Permission.GROUPS_MANAGE,
    ),
    Command(
        group_menu.COMMAND, configure_by_button, topic="groups", scopes=WHERE, hidden=True,
        args=(Arg("chat", grammar.whole(1, 1 << 53)),
              Arg("what", grammar.one_of(*SEVERAL, *CHOICES, *_OTHERS)), _VALUE),
        permission=Permission.GROUPS_MANAGE,
    ),
    Command(
        registering.COMMAND, register_by_link, topic="groups", hidden=True, outside=True,
        args=(Arg("payload", grammar.text),), permission=Permission.GROUPS_MANAGE,
    ),
)  # fmt: skip
