"""People who type keys of the simulated venues into the bot."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from accounts import vault
from accounts.models import StoredKey, User
from arbedge.names import Door
from exchanges.simulator.accounts import Account, account
from notifications.bot import answering, planning, talks
from notifications.bot.answering import Sent
from tests.notifications.bot.asking import Said, ask, member, press
from tests.notifications.factories import NOON

WITH_PASSPHRASE = ("okx", "bitget")


@dataclass
class Phone:
    """What happens at Telegram beside the answers: messages deleted, "typing…" shown."""

    deleted: list[int] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)

    def connect(self, monkeypatch: pytest.MonkeyPatch) -> Phone:
        """Takes the place of the Bot API."""

        def send(calls: list[dict[str, Any]]) -> Sent:
            for call in calls:
                self.shown.append(call["method"])
                if call["method"] == "deleteMessage":
                    self.deleted.append(call["told"]["message_id"])
            return Sent()

        monkeypatch.setattr(planning, "forget_message", self._forget)
        monkeypatch.setattr(answering, "send", send)
        return self

    def _forget(self, asked: Any) -> list[Any]:
        self.deleted.append(asked.message_id)
        return []


def lines(who: Account, **other: str) -> str:
    """The key as its owner sends it: one part a line."""
    parts = [other.get("key", who.key), other.get("secret", who.secret)]
    if who.venue in WITH_PASSPHRASE:
        parts.append(other.get("passphrase", who.passphrase))
    return "\n".join(parts)


def asked_for(person: User, venue: str = "okx", network: str = "real") -> None:
    """The bot waits for the key of this venue."""
    ask(person, "/setup_exchange")
    press(person, f"key_venue {venue}")
    press(person, f"key_network {venue} {network}")


def typed(person: User, venue: str = "okx", name: str = "trader", **other: Any) -> Said:
    """Goes all the way and sends the key of one of the simulated customers."""
    network = "test" if name == "paper" else "real"
    asked_for(person, venue, network)
    return ask(person, lines(account(venue, name), **other))


def owner(*names: str, venue: str = "okx") -> User:
    """Somebody with keys of these simulated customers."""
    person = member()
    for name in names:
        who = account(venue, name)
        vault.add_exchange(person, venue, who.key, who.secret, who.passphrase, door=Door.WEB)
    return person


def only_key() -> StoredKey:
    """The one key there is."""
    return StoredKey.objects.get()


def step(person: User) -> str:
    """Where the conversation stands, "" where there is none."""
    talk = talks.current(person.pk, NOON)
    return talk.step if talk else ""
