"""Every command, asked by everybody, in private and in a group: made from the registry itself."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from accounts import tiers
from accounts.models import User
from accounts.permissions import Permission
from arbedge import limits
from arbedge.errors import BadInput
from arbedge.names import Role, Tier
from notifications.bot import loading, registry, words
from notifications.bot.grammar import Arg
from notifications.bot.groups import chat_admins
from notifications.bot.registry import Command, Scope
from notifications.models import Chat
from tests.notifications.bot.asking import Said, ask, group, member, press
from tests.notifications.factories import NOON

pytestmark = pytest.mark.django_db
loading.load()
COMMANDS = [one for one in registry.every() if not one.hidden]
HIDDEN = [one for one in registry.every() if one.hidden]
PEOPLE = ("nobody", "no session", *(tier.value for tier in Tier), "support", "admin", "super_admin")
GROUP = group()
SAMPLES = ("WIF", "okx", "1", "24", "0.5", "BTC/USDT", "on", "en", "23-07", "AB12CD34", "words",
           "menu")  # fmt: skip
INTERNAL = words.say("en", "errors.internal")
CODES = ("no_session", "only_private", "only_group", "only_chat_admins")
REFUSED = {code: words.say("en", f"errors.{code}") for code in CODES}


@pytest.fixture(autouse=True)
def never_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "allow", lambda *_, **__: limits.Allowed(ok=True))


@pytest.fixture(autouse=True)
def telegram_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever another test has left of a Telegram that was silent about the same group."""
    monkeypatch.setattr(chat_admins, "unanswered", lambda *_: False)


def sample(arg: Arg) -> str:
    """A word this argument takes; what takes but some words names them."""
    named: list[str] = []
    for word in SAMPLES:
        try:
            arg.read(word)
        except BadInput as refused:
            named += refused.details.get("choices") or []
        else:
            return word
    assert named, f"no sample is taken as {arg.name}"
    return named[0]


def line_of(command: Command) -> str:
    return " ".join([command.name, *(sample(arg) for arg in command.args if not arg.optional)])


def somebody(who: str) -> User | dict[str, Any]:
    if who == "nobody":
        return {"id": 6_999_001, "is_bot": False, "first_name": "Nora", "language_code": "en"}
    if who == "no session":
        return member(session_until=NOON - timedelta(days=1))
    if who in {tier.value for tier in Tier}:
        return member(tier=who, tier_until=NOON + timedelta(days=9))
    return member(role=Role(who))


def registered_group() -> None:
    Chat.objects.create(
        telegram_id=GROUP["id"],
        type="supergroup",
        title="Traders",
        registered_by=member(tier=Tier.PRO, tier_until=NOON + timedelta(days=9)),
    )


def is_staff_with(who: str, permission: Permission | None) -> bool:
    return who in {role.value for role, held in tiers.BY_ROLE.items() if permission in held}


def refused(said: Said, code: str) -> bool:
    return REFUSED[code] in (said.text, said.toast)


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("command", COMMANDS, ids=lambda one: one.name)
class TestEveryCommand:
    def test_in_private(self, command: Command, who: str) -> None:
        person = somebody(who)
        said = ask(person, f"/{line_of(command)}")
        assert said.calls
        assert INTERNAL not in said.text
        if Scope.PRIVATE not in command.scopes:
            assert refused(said, "only_group")
        elif command.session and who in ("nobody", "no session"):
            assert refused(said, "no_session")
        else:
            assert not refused(said, "no_session")
        if command.permission in tiers.OF_ROLES and not is_staff_with(who, command.permission):
            assert not said.buttons
        for line in said.lines:
            self.leads_on(person, line)

    def leads_on(self, person: Any, line: str) -> None:
        """A button that was shown leads to no refusal."""
        name = line.removeprefix("+").partition(" ")[0]
        if "://" not in line and name not in ("yes", "no"):
            assert registry.find(name) is not None, line
            pressed = press(person, line)
            assert not any(refused(pressed, code) for code in REFUSED), line
            assert INTERNAL not in (pressed.toast, pressed.text), line

    def test_in_a_group(self, command: Command, who: str, monkeypatch: pytest.MonkeyPatch) -> None:
        registered_group()
        monkeypatch.setattr(chat_admins, "is_admin", lambda *_: False)
        said = ask(somebody(who), f"/{line_of(command)}", chat=GROUP)
        assert INTERNAL not in said.text
        if Scope.GROUP not in command.scopes:
            admins = Scope.CHAT_ADMINS in command.scopes
            assert refused(said, "only_chat_admins" if admins else "only_private")
        else:
            assert not refused(said, "no_session")

    def test_as_admin_of_the_group(
        self, command: Command, who: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        registered_group()
        monkeypatch.setattr(chat_admins, "is_admin", lambda *_: True)
        said = ask(somebody(who), f"/{line_of(command)}", chat=GROUP)
        assert INTERNAL not in said.text
        if not command.scopes & {Scope.GROUP, Scope.CHAT_ADMINS}:
            assert refused(said, "only_private")


@pytest.mark.parametrize("who", ["nobody", "no session", "free", "admin"])
@pytest.mark.parametrize("command", [*COMMANDS, *HIDDEN], ids=lambda one: one.name)
def test_a_payload_somebody_made_up_gives_no_more_than_typing(command: Command, who: str) -> None:
    person = somebody(who)
    for line in (line_of(command), command.name, f"{command.name} 999999999 x y z"):
        said = press(person, line)
        assert said.methods[0] == "answerCallbackQuery"
        assert INTERNAL not in (said.toast, said.text)
        if command.session and who in ("nobody", "no session"):
            assert refused(said, "no_session")


@pytest.mark.parametrize(
    "data", ["", " ", "yes", "no", "yes x", "+", "++help", "\x00", "help " * 12]
)
def test_payloads_that_mean_nothing_are_answered_with_nothing_worse(data: str) -> None:
    said = press(member(), data)
    assert said.methods[0] == "answerCallbackQuery"
    assert INTERNAL not in (said.toast, said.text)
