"""/alias: a person's own names for command lines."""

from __future__ import annotations

from typing import Final

from notifications.bot import aliases, grammar, registry
from notifications.bot.asks import Ask
from notifications.bot.grammar import Arg
from notifications.bot.registry import Command, Section
from notifications.bot.replies import Button, Reply, rows

REMOVE: Final = "off"


def alias(ask: Ask) -> Reply:
    """Lists the names, sets one, or removes one (`off` as its line)."""
    name, line = ask.args["name"], ask.args["line"]
    if not name:
        return _all(ask)
    if not line:
        return _one(ask, name)
    if line.lower() == REMOVE:
        aliases.remove(ask.user, name)
        return _all(ask, ask.say("aliases.removed", name=name.lstrip("/").lower()))
    row = aliases.put(ask.user, name, line)
    return _all(ask, ask.say("aliases.set", name=row.name, line=row.line))


def _one(ask: Ask, name: str) -> Reply:
    called = name.lstrip("/").lower()
    line = aliases.of(ask.user.pk).get(called)
    if line is None:
        return Reply(ask.say("aliases.unknown", name=called))
    remove = Button(ask.say("aliases.remove", name=called), f"alias {called} {REMOVE}")
    return Reply(ask.say("aliases.line", name=called, line=line), ((remove,),))


def _all(ask: Ask, first: str = "") -> Reply:
    held = aliases.of(ask.user.pk)
    lines = [first, ""] if first else []
    title = ask.say(
        "aliases.yours" if held else "aliases.none", number=len(held), most=aliases.MOST
    )
    lines += [title, *(ask.say("aliases.line", name=name, line=line)
                       for name, line in held.items())]  # fmt: skip
    buttons = [Button(ask.say("aliases.remove", name=name), f"alias {name} {REMOVE}")
               for name in held]  # fmt: skip
    return Reply("\n".join([*lines, "", ask.say("aliases.how")]), rows(buttons))


registry.add(
    Command("alias", alias, topic="aliases", section=Section.ACCOUNT,
            args=(Arg("name", grammar.text, optional=True),
                  Arg("line", grammar.text, optional=True, rest=True))),
)  # fmt: skip
