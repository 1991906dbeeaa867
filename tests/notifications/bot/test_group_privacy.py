"""Nothing about a person is ever written in a group, whatever is asked there and by whom."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from pytest_django import Settings

from accounts import referrals
from accounts.models import User
from arbedge import limits
from arbedge.choices import mask
from arbedge.errors import BadInput
from arbedge.names import Role, Shelf, Tier
from notifications.bot import loading, registry
from notifications.bot.grammar import Arg
from notifications.bot.groups import chat_admins
from notifications.bot.registry import Command
from notifications.models import Alias, Chat, Message
from notifications.writing.content import Content
from notifications.writing.rendering import render
from tests.notifications.bot.asking import Said, ask, group, member, press
from tests.notifications.factories import (
    HOUR,
    NOON,
    ChatFactory,
    DeliveryFactory,
    MessageFactory,
    facts,
)
from tests.opportunities.factories import OpportunityFactory

pytestmark = pytest.mark.django_db
loading.load()
COMMANDS = registry.every()
GROUP = group(-1_001_888, "Traders")
TRADE = 555
WORDS = ("WIF", str(TRADE), "okx", "1", "on", "24", "0.5", "BTC/USDT", "en", "23-07", "AB12CD34",
         "menu", "Zebulonia")  # fmt: skip


class Secrets:
    """Two people with everything a person may have, and what must not be read of them."""

    def __init__(self) -> None:
        self.registrar = self._person("Zebulonia", Tier.ENTERPRISE, 930_000_001)
        self.reader = self._person("Oktavianus", Tier.PRO, 930_000_002, role=Role.SUPER_ADMIN)
        self.chat: Chat = ChatFactory(
            telegram_id=GROUP["id"], title="Traders", registered_by=self.registrar
        )

    def _person(self, name: str, tier: Tier, pk: int, **more: Any) -> User:
        found = member(
            id=pk, name=f"{name} Quux", username=f"{name.lower()}_q", tier=tier,
            telegram_name=f"{name.lower()}_t", email=f"{name.lower()}@secret.example",
            tier_until=NOON + 240 * HOUR, country="NZ", **more,
        )  # fmt: skip
        referrals.code_of(found)
        Alias.objects.create(user=found, name=f"{name.lower()}alias", line="help")
        return found

    def told_by(self, answer: str) -> list[str]:
        """What of these an answer tells."""
        low = answer.lower()
        return [mark for mark in self._marks() if mark.lower() in low]

    def _marks(self) -> Iterator[str]:
        yield from (Tier.ENTERPRISE.value, "quux", "secret.example", "new zealand")
        for person in (self.registrar, self.reader):
            yield from (person.name.split()[0], str(person.pk), str(person.telegram_id))
            yield referrals.code_of(person)


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Secrets:
    settings.BOT_TOKEN, settings.BOT_NAME = "7000000001:secret", "arbedge_bot"
    plenty = limits.Allowed(ok=True)
    monkeypatch.setattr(limits, "allow", lambda *_, **__: plenty)
    made = Secrets()
    runs = {made.registrar.telegram_id}
    monkeypatch.setattr(chat_admins, "is_admin", lambda _, who: who in runs)
    OpportunityFactory(
        pk=TRADE, asset="WIF", as_of=NOON, shelves=mask((Shelf.LOW_RISK, Shelf.BEGINNER), Shelf)
    )
    return made


def sample(arg: Arg) -> str:
    """A word this argument takes, if there is one."""
    for word in WORDS:
        with suppress(BadInput):
            arg.read(word)
            return word
    return "x"


def lines_of(command: Command) -> list[str]:
    """The command alone, with what it needs, and with all it takes."""
    needed = [sample(one) for one in command.args if not one.optional]
    every = [sample(one) for one in command.args]
    found = [[], needed, every, [str(TRADE)]]
    return list(dict.fromkeys(" ".join([command.name, *args]) for args in found))


def buttons_of(said: Said, who: User) -> list[Said]:
    """What comes of pressing each of its buttons."""
    return [press(who, line, chat=GROUP) for line in said.lines if "://" not in line]


def shown(said: Said) -> str:
    """All that an answer writes into the group, its buttons and pictures too."""
    told = [call["told"] | {"picture": call.get("picture")} for call in said.calls]
    return json.dumps(told, ensure_ascii=False)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda one: one.name)
def test_whatever_is_asked_in_a_group_no_answer_names_anybody(
    command: Command, secrets: Secrets
) -> None:
    for who in (secrets.registrar, secrets.reader):
        for line in lines_of(command):
            asked, pressed = ask(who, f"/{line}", chat=GROUP), press(who, line, chat=GROUP)
            for said in (asked, pressed, *buttons_of(asked, who)):
                assert secrets.told_by(shown(said)) == [], line


def test_what_pays_is_told_in_a_group(secrets: Secrets) -> None:
    for line in ("opportunities", f"opportunity {TRADE}", f"why {TRADE}"):
        assert "WIF" in ask(secrets.reader, f"/{line}", chat=GROUP).text


@pytest.mark.parametrize("language", ["en", "es", "fr"])
def test_a_registrar_who_lost_his_rights_is_not_talked_about(
    secrets: Secrets, language: str
) -> None:
    Chat.objects.update(language=language)
    User.objects.filter(pk=secrets.registrar.pk).update(tier=Tier.FREE, tier_until=None)
    secrets.registrar.sessions.update(expires_at=NOON - HOUR)
    for command in COMMANDS:
        for line in lines_of(command):
            said = ask(secrets.reader, f"/{line}", chat=GROUP)
            assert secrets.told_by(shown(said)) == [], line


def test_the_marks_are_found_where_they_are_told(secrets: Secrets) -> None:
    said = ask(secrets.registrar, "/profile")
    assert "Zebulonia" in secrets.told_by(shown(said))
    assert Tier.ENTERPRISE.value in secrets.told_by(shown(ask(secrets.registrar, "/subscription")))


@pytest.mark.parametrize("topic", ["opened", "improved", "fading", "recovered", "closed"])
def test_posts_tell_of_the_trade_alone(secrets: Secrets, topic: str) -> None:
    message: Message = MessageFactory(topic=topic, facts=facts(close_reason="below_half"))
    row = DeliveryFactory(message=message, recipient="chat", recipient_id=secrets.chat.pk)
    content = render([row], {}, NOON)[row.pk]
    assert isinstance(content, Content)
    links = json.dumps([(one.label, one.url, one.callback) for one in content.actions])
    assert secrets.told_by(content.body + links) == []
    assert all(one.url and not one.callback for one in content.actions)
