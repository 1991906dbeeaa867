"""Finding one's way, leaving a conversation, going: what everybody can say to the bot."""

from __future__ import annotations

from accounts import sessions, tiers
from accounts.models.session import Outcome
from arbedge.errors import NotFound
from notifications.bot import allowed, grammar, registry, talks
from notifications.bot.asks import Ask
from notifications.bot.grammar import Arg
from notifications.bot.newcomers import arriving
from notifications.bot.registry import EVERYWHERE, Command, Section
from notifications.bot.replies import Button, Reply, rows


def help_(ask: Ask) -> Reply:
    """What the sender can say here, a section at a time, or one command at length."""
    about = (ask.args["topic"] or "").lstrip("/").lower()
    if not about:
        return _sections(ask)
    if about in {one.value for one in Section}:
        return _section(ask, Section(about))
    command = registry.find(about)
    if command is None or command.hidden:
        raise NotFound(f"There is no /{about}.", code="unknown_command", name=about[:32])
    return _command(ask, command)


def _usable(ask: Ask) -> list[Command]:
    where = ask.scope
    return [one for one in registry.every()
            if not one.hidden and _listed(ask, one, where)]  # fmt: skip


def _listed(ask: Ask, command: Command, where: registry.Scope) -> bool:
    """What a session, a tier or a key would open is listed too: people see what there is. What is
    the staff's is not."""
    refused = allowed.refusal(ask, command, where=where)
    staff = command.permission in tiers.OF_ROLES
    return refused is None or (refused.code in _COULD_BE and not staff)


_COULD_BE = frozenset({"no_session", "missing_tier", "beta_over", "key_missing"})


def _sections(ask: Ask) -> Reply:
    """The whole list: sections with their commands' names, and buttons to read more."""
    usable = _usable(ask)
    parts, buttons = [ask.say("first.help.intro")], []
    for section in Section:
        names = [one.name for one in usable if one.section is section]
        if names:
            title = ask.say(f"first.sections.{section.value}")
            parts.append(f"<b>{title}</b>\n" + "\n".join(f"/{name}" for name in names))
            buttons.append(Button(title, f"help {section.value}"))
    return Reply("\n\n".join(parts), rows(buttons))


def _section(ask: Ask, section: Section) -> Reply:
    """Its commands by their titles, and at length the one that is called as the section is."""
    inside = [one for one in _usable(ask) if one.section is section]
    lines = [f"/{one.name} – {ask.say(f'{one.topic}.{one.name}.title')}" for one in inside]
    for one in inside:
        if one.name == section.value:
            lines += ["", f"<code>{one.usage}</code>", ask.say(f"{one.topic}.{one.name}.help")]
    if not lines:
        return _sections(ask)
    title = ask.say(f"first.sections.{section.value}")
    back = Button(ask.say("first.help.back"), "help")
    return Reply("\n".join([f"<b>{title}</b>", *lines]), ((back,),))


def _command(ask: Ask, command: Command) -> Reply:
    """Its usage, what it does, and what is missing to use it."""
    told = ask.say(f"{command.topic}.{command.name}.help")
    parts = [f"<code>{command.usage}</code>", told]
    refused = allowed.refusal(ask, command)
    if refused is not None:
        parts.append(ask.problem(refused))
    back = Button(ask.say("first.help.back"), f"help {command.section.value}")
    return Reply("\n\n".join(parts), ((back,),))


def stop(ask: Ask) -> Reply:
    """Leaves the conversation the person is in."""
    if ask.person is not None:
        talks.end(ask.person.pk)
    return Reply(ask.say("first.stop.done"))


def logout(ask: Ask) -> Reply:
    """Ends the session in Telegram: nothing is pushed any more until the next /start."""
    held = ask.standing
    talks.end(ask.user.pk)
    if held is None or held.session_id is None:
        return Reply(ask.say("first.logout.was_out"))
    sessions.end(held.session_id, Outcome.LOGOUT, ask.now, by=ask.user)
    return Reply(ask.say("first.logout.done"))


registry.add(
    Command("start", arriving.start, topic="first", section=Section.FIRST,
            args=(Arg("code", grammar.text, optional=True, rest=True),), session=False),
    Command("help", help_, topic="first", reads=True, section=Section.FIRST,
            args=(Arg("topic", grammar.text, optional=True, rest=True),),
            scopes=EVERYWHERE, session=False),
    Command("logout", logout, topic="first", section=Section.ACCOUNT),
    Command("stop", stop, topic="first", section=Section.FIRST, session=False, hidden=True),
)  # fmt: skip
