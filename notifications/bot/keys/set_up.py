"""What a person has still to set up, each with the command that does it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from accounts import preferences
from accounts.models import KeyKind
from accounts.vault_rows import Shown
from arbedge.choices import Notice, Switch
from notifications.addressing import channel_list
from notifications.bot.asks import Ask


def missing(ask: Ask, keys: Sequence[Shown]) -> list[str]:
    """Lines as HTML, what matters most first; none where all is done."""
    return [*_first_steps(ask), *_of_keys(ask, keys), *_of_messages(ask)]


def _first_steps(ask: Ask) -> Iterator[str]:
    if ask.user.onboarded_at is None:
        yield ask.say("keys.missing.onboarding")


def _of_keys(ask: Ask, keys: Sequence[Shown]) -> Iterator[str]:
    if not any(key.kind == KeyKind.EXCHANGE for key in keys):
        yield ask.say("keys.missing.exchange")
    if not any(key.kind == KeyKind.AI for key in keys):
        yield ask.say("keys.missing.ai")


def _of_messages(ask: Ask) -> Iterator[str]:
    entries, _ = channel_list.entries(ask.user, ask.now)
    for entry in entries:
        if entry.place is not None and not entry.works:
            channel = ask.say(f"channels.names.{entry.channel.value}")
            yield ask.say("keys.missing.channel", channel=channel)
    if preferences.of(ask.user.pk).switches.get(Notice.OPENED.value) == Switch.OFF:
        yield ask.say("keys.missing.openings")
