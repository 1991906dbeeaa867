"""/alias: people's own names for command lines."""

from __future__ import annotations

import pytest

from arbedge.errors import BadInput, Conflict, NotFound
from notifications.bot import aliases, loading
from notifications.models import Alias
from tests.accounts.factories import UserFactory
from tests.notifications.bot.asking import ask, member

pytestmark = pytest.mark.django_db
loading.load()


def test_a_name_is_set_and_does_what_it_stands_for() -> None:
    who = member()
    assert "/mine is now /alias." in ask(who, "/alias mine /alias").text
    assert aliases.of(who.pk) == {"mine": "alias"}
    assert "/mine = /alias" in ask(who, "/mine").text


def test_a_name_set_again_leads_elsewhere() -> None:
    who = member()
    for line in ("status", "invite new"):
        ask(who, f"/alias now {line}")
    assert aliases.of(who.pk) == {"now": "invite new"}


def test_all_names_are_listed_with_a_way_to_forget_each() -> None:
    who = member()
    for name in ("b", "a"):
        aliases.put(who, name, "status")
    said = ask(who, "/alias")
    assert "Your own names: 2 of at most 20\n/a = /status\n/b = /status" in said.text
    assert said.lines == ["alias a off", "alias b off"]


def test_one_name_is_told() -> None:
    who = member()
    aliases.put(who, "a", "status")
    assert ask(who, "/alias /A").text == "/a = /status"
    assert ask(who, "/alias b").text == "You call nothing /b."


def test_a_name_is_forgotten() -> None:
    who = member()
    aliases.put(who, "a", "status")
    assert "/a is forgotten." in ask(who, "/alias a off").text
    assert aliases.of(who.pk) == {}
    assert "You call nothing /a." in ask(who, "/alias a off").text


def test_names_belong_to_one_person() -> None:
    aliases.put(member(), "mine", "status")
    other = member()
    assert "I do not know /mine" in ask(other, "/mine").text
    with pytest.raises(NotFound):
        aliases.remove(other, "mine")


def test_no_name_hides_a_command() -> None:
    who = member()
    assert "/status is a command already." in ask(who, "/alias status invite").text
    with pytest.raises(Conflict):
        aliases.put(who, "/STATUS", "invite")


def test_no_name_hides_a_hidden_command() -> None:
    with pytest.raises(Conflict):
        aliases.put(UserFactory(), "points", "status")


@pytest.mark.parametrize("name", ["", "ä", "a-b", "x" * 33, "a b"])
def test_names_are_such_as_telegram_marks(name: str) -> None:
    with pytest.raises(BadInput):
        aliases.put(UserFactory(), name, "status")


@pytest.mark.parametrize("line", ["nothing_such", "mine", "points basic"])
def test_a_name_leads_to_commands_alone(line: str) -> None:
    """Nor to another name, so that none leads in a circle, nor to what only buttons say."""
    who = UserFactory()
    aliases.put(who, "mine", "status")
    with pytest.raises(NotFound):
        aliases.put(who, "other", line)


@pytest.mark.parametrize("line", ["", "feedback " + "x" * 200])
def test_lines_have_a_length(line: str) -> None:
    with pytest.raises(BadInput):
        aliases.put(UserFactory(), "mine", line)


def test_twenty_are_the_most() -> None:
    who = member()
    Alias.objects.bulk_create([Alias(user=who, name=f"n{n}", line="status") for n in range(20)])
    assert "You have 20 names of your own" in ask(who, "/alias more status").text
    assert "/n7 is now /invite." in ask(who, "/alias n7 invite").text


def test_an_alias_gives_no_right() -> None:
    who = member()
    aliases.put(who, "stats", "admin_stats")
    assert "Only the staff of ArbEdge may use this." in ask(who, "/stats").text
