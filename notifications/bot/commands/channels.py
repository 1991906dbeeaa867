"""/channels: by which channels messages come, in which order, and a test message.

Addresses are added and proven on the web page: what is typed there is in no chat.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from django.conf import settings
from django.urls import reverse

from accounts import preferences
from accounts.wishes import wish
from arbedge.choices import Spread
from arbedge.errors import Conflict
from arbedge.names import Channel, Door
from notifications.addressing import channel_list, order, trying
from notifications.addressing.channel_list import Entry, Place
from notifications.bot import grammar, registry, words
from notifications.bot.asks import Ask
from notifications.bot.grammar import Arg
from notifications.bot.registry import Command, Section
from notifications.bot.replies import Button, Reply, rows

ALL, FIRST = Spread.ALL.value, Spread.FIRST.value


def channels(ask: Ask) -> Reply:
    """The person's channels in his order, each with how it stands."""
    entries, free = channel_list.entries(ask.user, ask.now)
    to_all = wish(preferences.of(ask.user.pk)).spread is Spread.ALL
    parts = [ask.say("channels.all" if to_all else "channels.first")]
    parts += ["\n".join(_entry(ask, one)) for one in entries]
    if not any(one.works and one.place for one in entries):
        parts.append(ask.say("channels.none_works"))
    if free:
        parts.append(ask.say("channels.more", names=", ".join(_name(ask, one) for one in free)))
    parts.append(ask.say("channels.web", url=_page()))
    buttons = [Button(_name(ask, one.channel), f"channel {one.channel.value}") for one in entries]
    spread = Button(ask.say("channels.to_first" if to_all else "channels.to_all"),
                    f"channel_spread {FIRST if to_all else ALL}")  # fmt: skip
    return Reply("\n\n".join(parts), (*rows(buttons, 3), (spread,)))


def channel(ask: Ask) -> Reply:
    """One channel with what can be done about it."""
    return _one(ask, Channel(ask.args["channel"]))


def act(ask: Ask) -> Reply:
    """Moves a channel, uses it or not, or tries it."""
    wanted = Channel(ask.args["channel"])
    told = _DEEDS[ask.args["deed"]](ask, wanted)
    reply = _one(ask, wanted)
    return Reply(f"{told}\n\n{reply.text}" if told else reply.text, reply.rows)


def spread(ask: Ask) -> Reply:
    """Sends to the first channel that works, or to all of them."""
    changes = {"spread": ask.args["way"]}
    preferences.change(ask.user.pk, changes, door=Door.TELEGRAM, now=ask.now)
    return channels(ask)


def _one(ask: Ask, wanted: Channel) -> Reply:
    entries, _ = channel_list.entries(ask.user, ask.now)
    back = Button(ask.say("channels.back"), "channels")
    found = next((one for one in entries if one.channel is wanted), None)
    if found is None:
        text = ask.say("channels.not_yours", name=_name(ask, wanted), url=_page())
        return Reply(text, ((back,),))
    lines = [*_entry(ask, found), *_attempt(ask, found)]
    return Reply("\n".join(lines), (*rows(_buttons(ask, found)), (back,)))


def _entry(ask: Ask, one: Entry) -> list[str]:
    key = "unused" if one.place is None else "placed"
    head = ask.say(f"channels.{key}", place=one.place or 0, name=_name(ask, one.channel))
    return [head, *(_place(ask, place) for place in one.places)]


def _place(ask: Ask, place: Place) -> str:
    state = ask.say(f"channels.states.{place.code}")
    return ask.say("channels.address", address=place.shown, state=state)


def _attempt(ask: Ask, one: Entry) -> list[str]:
    """What became of the last message there."""
    if one.attempt is None:
        return []
    at = ask.style().when(one.attempt.at, ask.now)
    if not one.attempt.code:
        return [ask.say("channels.sent", at=at)]
    key = f"channels.why.{one.attempt.code}"
    why = ask.say(key) if words.known(key) else one.attempt.code.replace("_", " ")
    return [ask.say("channels.not_sent", at=at, why=why)]


def _buttons(ask: Ask, one: Entry) -> list[Button]:
    deeds: list[str] = []
    if one.place is None:
        deeds.append("use")
    else:
        deeds += [] if one.first else ["up"]
        deeds += [] if one.last else ["down"]
        deeds += [] if one.first and one.last else ["leave"]
    deeds += ["test"] if one.works else []
    return [Button(ask.say(f"channels.deeds.{deed}"), f"channel_do {one.channel.value} {deed}")
            for deed in deeds]  # fmt: skip


def _up(ask: Ask, wanted: Channel) -> str:
    order.move(ask.user, wanted, up=True, door=Door.TELEGRAM)
    return ""


def _down(ask: Ask, wanted: Channel) -> str:
    order.move(ask.user, wanted, up=False, door=Door.TELEGRAM)
    return ""


def _use(ask: Ask, wanted: Channel) -> str:
    if not _has_address(ask, wanted):
        text = "There is no address on this channel yet. Add one on the web page."
        raise Conflict(text, code="channel_without_address")
    order.use(ask.user, wanted, door=Door.TELEGRAM)
    return ask.say("channels.used", name=_name(ask, wanted))


def _leave(ask: Ask, wanted: Channel) -> str:
    order.leave(ask.user, wanted, door=Door.TELEGRAM)
    if wanted in order.of(ask.user):
        text = "Without another channel this is the one that is used."
        raise Conflict(text, code="last_channel")
    return ask.say("channels.left", name=_name(ask, wanted))


def _test(ask: Ask, wanted: Channel) -> str:
    trying.send(ask.user, wanted, ask.now)
    return ask.say("channels.testing", name=_name(ask, wanted))


_DEEDS: Final[Mapping[str, Callable[[Ask, Channel], str]]] = {
    "up": _up, "down": _down, "use": _use, "leave": _leave, "test": _test,
}  # fmt: skip


def _has_address(ask: Ask, wanted: Channel) -> bool:
    entries, _ = channel_list.entries(ask.user, ask.now)
    return any(one.channel is wanted and one.places for one in entries)


def _name(ask: Ask, one: Channel) -> str:
    return ask.say(f"channels.names.{one.value}")


def _page() -> str:
    return f"{str(settings.SITE_URL).rstrip('/')}{reverse('notifications:channels')}"


_CHANNEL: Final = Arg("channel", grammar.one_of(*(one.value for one in Channel)))

registry.add(
    Command("channels", channels, topic="channels", section=Section.ALERTS),
    Command("channel", channel, topic="channels", args=(_CHANNEL,), hidden=True),
    Command("channel_do", act, topic="channels", hidden=True,
            args=(_CHANNEL, Arg("deed", grammar.one_of(*_DEEDS)))),
    Command("channel_spread", spread, topic="channels", hidden=True,
            args=(Arg("way", grammar.one_of(FIRST, ALL)),)),
)  # fmt: skip
