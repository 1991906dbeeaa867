"""What an ask comes to: a command with its arguments, an answer in a conversation, or a yes."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import structlog

from arbedge import aio
from arbedge.errors import BadInput, Forbidden, NotFound
from notifications.bot import aliases, allowed, grammar, questions, registry, talks
from notifications.bot.asks import Ask
from notifications.bot.hearing import Heard
from notifications.bot.keys import spilled
from notifications.bot.questions import NO, YES
from notifications.bot.registry import Command, Scope
from notifications.bot.render import Call
from notifications.bot.replies import Button, Reply
from notifications.channels.answers import Answer, Unsent
from notifications.names import Outcome
from notifications.telegram.telegram_errors import verdict
from notifications.telegram.telegram_transport import transport

log = structlog.get_logger(__name__)
_CODE: Final = re.compile(r"[A-Za-z0-9]{6,12}")


def _nothing() -> None:
    """There is nothing to finish."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done. `finish` is done in the transaction that keeps the answer; `forgets`
    tells that the message holds a secret and is deleted from the chat before anything else. What
    `reads` changes nothing."""

    what: str
    run: Callable[[], Reply]
    outside: bool = False
    reads: bool = False
    finish: Callable[[], None] = _nothing
    command: Command | None = None
    forgets: bool = False


def plan(ask: Ask, heard: Heard) -> Plan | None:
    """What to do; None where nobody expects an answer.

    Raises Forbidden where the sender may not, NotFound (unknown_command) with the nearest name,
    BadInput where an argument is wrong.
    """
    if (heard.line or not heard.private) and spilled.surely(ask):
        return _spilled(ask)
    if not heard.line:
        return _answer(ask) if heard.private else None
    name, _, rest = heard.line.partition(" ")
    if heard.callback_id and name in (YES, NO):
        return _answered(ask, name, rest)
    command = _known(name, pressed=bool(heard.callback_id))
    if command is None:
        return _by_own_name(ask, name) if heard.private else None
    return of_command(ask, command, rest)


def of_command(ask: Ask, command: Command, rest: str, *, confirmed: bool = False) -> Plan:
    """A command with the rest of its line. Raises as `plan`."""
    refused = allowed.refusal(ask, command)
    if refused is not None:
        raise refused
    try:
        args = grammar.parse(command.args, rest)
    except BadInput as error:
        if not command.hidden:
            error.details["usage"] = command.usage
        raise
    whole = replace(ask, command=command, args=args, confirmed=confirmed)
    if command.confirms and not confirmed:
        line = f"{command.name} {rest}".strip()
        return Plan(command.name, lambda: _really(whole, command, line), command=command)
    return Plan(
        command.name, lambda: command.handler(whole), command.outside, command.reads,
        command=command,
    )  # fmt: skip


def usable(ask: Ask, button: Button) -> bool:
    """Whether the sender could send a button's line himself."""
    name = button.line.removeprefix("+").partition(" ")[0]
    if name in (YES, NO):
        return True
    command = registry.find(name)
    return command is not None and allowed.refusal(ask, command) is None


def holds_secret(ask: Ask) -> bool:
    """Whether a text that asks for nothing is what a conversation asked for in secret, or looks
    like a key."""
    talk = talks.current(ask.person.pk, ask.now) if ask.person else None
    conversation = registry.conversation(talk.name) if talk else None
    asked_for = bool(conversation and talk and talk.step in conversation.secret_steps)
    return asked_for or spilled.likely(ask)


def forget_message(ask: Ask) -> list[Call]:
    """Deletes the message at Telegram; one that is gone already is as good. Returns the call to be
    repeated where that could not be done now."""
    told = {"chat_id": ask.place.chat_id, "message_id": ask.message_id}
    try:
        answer = aio.run(_delete(told))
        done = verdict(answer.status, answer.json()).outcome is not Outcome.RETRY
    except Unsent as error:
        log.warning("secret_not_deleted_yet", code=error.code)
        done = False
    return [] if done else [{"method": "deleteMessage", "told": told}]


async def _delete(told: dict[str, int]) -> Answer:
    return await transport().call("deleteMessage", told)


def _known(name: str, *, pressed: bool) -> Command | None:
    command = registry.find(name)
    return None if command is None or (command.hidden and not pressed) else command


def _by_own_name(ask: Ask, name: str) -> Plan:
    """A name of the person's own for a line, else a mistyped command."""
    if ask.person is not None:
        line = aliases.of(ask.person.pk).get(name)
        if line is not None:
            first, _, rest = line.lstrip("/").partition(" ")
            command = _known(first, pressed=False)
            if command is not None:
                return of_command(ask, command, rest)
    known = [one.name for one in registry.listed(Scope.PRIVATE)
             if allowed.refusal(ask, one) is None]  # fmt: skip
    near = registry.nearest(name, known)
    code = "unknown_command_near" if near else "unknown_command"
    raise NotFound(f"There is no /{name}.", code=code, name=name, near=near)


def _answer(ask: Ask) -> Plan | None:
    """Text that is no command belongs to the conversation the person is in."""
    if ask.person is None:
        return _of_nobody(ask)
    talk = talks.current(ask.person.pk, ask.now)
    conversation = registry.conversation(talk.name) if talk else None
    if talk is None or conversation is None:
        if spilled.likely(ask):
            return _spilled(ask)
        return Plan("text", lambda: Reply(ask.say("first.only_commands")))
    held = ask.standing
    secret = talk.step in conversation.secret_steps
    if not secret and spilled.surely(ask):
        return _spilled(ask)
    if not secret and (held is None or not held.has_session(ask.now)) and not talk.data.get("open"):
        raise Forbidden("You have no active session. Send /start to begin one.", code="no_session")
    return Plan(
        f"talk:{talk.name}"[:32],
        lambda: conversation.handler(ask, talk),
        outside=secret,
        forgets=secret,
    )


def _spilled(ask: Ask) -> Plan:
    """A key where nobody asked for one is taken out of the chat."""
    return Plan("spilled", lambda: spilled.warning(ask), forgets=True)


def _of_nobody(ask: Ask) -> Plan:
    """Somebody new may send the code he was given just so."""
    start = registry.find("start")
    if start is not None and _CODE.fullmatch(ask.said.strip()):
        return of_command(ask, start, ask.said.strip())
    return Plan("text", lambda: Reply(ask.say("first.only_commands")))


def _really(ask: Ask, command: Command, line: str) -> Reply:
    """Asks once more before what costs or cannot be undone."""
    if ask.person is None:
        raise Forbidden("Send this as yourself.", code="as_yourself")
    shown = {name: "" if value is None else value for name, value in ask.args.items()}
    text = ask.say(f"{command.topic}.{command.name}.confirm", **shown)
    return Reply(text, asked(ask, line), new=not ask.pressed)


def asked(ask: Ask, line: str) -> tuple[tuple[Button, ...], ...]:
    """The buttons yes and no of a question about a line; it is kept with them."""
    nonce = questions.ask(ask.user.pk, ask.place.chat_id, line, ask.now)
    return ((Button(ask.say("first.yes"), f"{YES} {nonce}"),
             Button(ask.say("first.no"), f"{NO} {nonce}")),)  # fmt: skip


def _answered(ask: Ask, word: str, nonce: str) -> Plan:
    """A yes or no. What is done outside a transaction is answered after it, for it may repeat."""
    if ask.person is None:
        raise Forbidden("Somebody else was asked this.", code="question_of_another")
    user_id, chat_id = ask.person.pk, ask.place.chat_id

    def finish() -> None:
        questions.answer(nonce, user_id, chat_id, ask.now)

    line = questions.look(nonce, user_id, chat_id, ask.now)
    if word == NO:
        return Plan(NO, lambda: Reply(ask.say("first.left_as_it_was")), finish=finish)
    name, _, rest = line.partition(" ")
    command = registry.find(name)
    if command is None:
        raise NotFound(f"There is no /{name}.", code="unknown_command", name=name)
    made = of_command(ask, command, rest, confirmed=True)
    return replace(made, finish=finish)
