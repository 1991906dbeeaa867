"""Keys a person has: shown, checked, switched off and on, named, removed."""

from __future__ import annotations

import pytest

from accounts import preferences, vault
from accounts.models import KeyState, StoredKey, User
from arbedge.names import Door
from exchanges.simulator import accounts as simulated
from exchanges.simulator.accounts import account
from exchanges.simulator.faults import Board, Kind, Wish
from tests.notifications.bot.asking import Said, ask, member, press
from tests.notifications.bot.typing_keys import only_key, owner, step, typed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("venues", "phone")]
LANGUAGES = pytest.mark.parametrize("language", ["en", "es", "fr"])


class TestStatus:
    def test_nobody_has_keys_at_first(self) -> None:
        said = ask(member(onboarding="", onboarded_at=None), "/setup_status")

        assert "(0 of 10)" in said.text
        for command in ("/onboard", "/setup_exchange", "/setup_ai"):
            assert command in said.text

    def test_a_key_stands_with_what_it_may_and_how_it_is(self) -> None:
        person = owner("trader")
        vault.relabel(person, only_key().pk, "<main>", door=Door.WEB)
        said = ask(person, "/setup_status")

        assert f"OKX …{only_key().last4} “<main>”\nmay read and trade, in use, checked" in said.text
        assert "&lt;main&gt;" in said.html
        assert f"key {only_key().pk}" in said.lines

    def test_a_channel_that_does_not_work_is_named_in_the_readers_language(self) -> None:
        person = member(language="es", email="ada@example.org")
        preferences.change(person.pk, {"channels": ["telegram", "email"]}, door=Door.WEB)

        assert "Correo" in ask(person, "/setup_status").text

    def test_messages_that_are_off_are_told(self) -> None:
        person = member()
        preferences.change(person.pk, {"switches": {"opened": "off"}}, door=Door.WEB)

        assert "/preferences" in ask(person, "/setup_status").text

    @LANGUAGES
    def test_in_every_language(self, language: str) -> None:
        person = member(language=language)
        typed(person)

        assert "OKX" in ask(person, "/setup_status").text


class TestOneKey:
    def pressed(self, person: User, what: str) -> Said:
        return press(person, f"{what} {only_key().pk}")

    def test_what_can_be_done(self) -> None:
        person = owner("trader")
        number = only_key().pk

        assert self.pressed(person, "key").lines == [
            f"key_check {number}", f"key_off {number}", f"key_name {number}", f"key_drop {number}",
            "setup_status",
        ]  # fmt: skip

    def test_switched_off_and_on(self) -> None:
        person = owner("trader")

        assert "switched off" in self.pressed(person, "key_off").text
        assert only_key().state == KeyState.DISABLED
        assert "in use" in self.pressed(person, "key_on").text
        assert only_key().state == KeyState.ACTIVE

    @LANGUAGES
    def test_a_key_that_may_withdraw_since_is_told(
        self, monkeypatch: pytest.MonkeyPatch, language: str
    ) -> None:
        person = owner("trader")
        User.objects.filter(pk=person.pk).update(language=language)
        who = account("okx", "trader")
        monkeypatch.setitem(
            simulated.ACCOUNTS["okx"], "trader",
            simulated.Account("okx", "trader", who.key, who.secret, who.passphrase,
                              simulated.ROLES["withdrawer"]),
        )  # fmt: skip
        said = self.pressed(person, "key_check")

        assert only_key().state == KeyState.INVALID
        assert "Withdraw" in said.text
        assert "ArbEdge does not take it" not in said.text

    def test_a_silent_venue_changes_nothing(self, faults: Board) -> None:
        person = owner("trader")
        faults.add(Wish("okx", Kind.SERVER))
        said = self.pressed(person, "key_check")

        assert "cannot be asked now" in said.text
        assert "in use" in said.text

    def test_removing_asks_first(self) -> None:
        person = owner("trader")
        said = self.pressed(person, "key_drop")
        assert "for good?" in said.text
        assert StoredKey.objects.exists()

        yes = next(line for line in said.lines if line.startswith("yes "))
        done = press(person, yes)
        assert "is removed" in done.text
        assert not StoredKey.objects.exists()

    def test_removing_can_be_left(self) -> None:
        person = owner("trader")
        said = self.pressed(person, "key_drop")
        press(person, next(line for line in said.lines if line.startswith("no ")))

        assert StoredKey.objects.exists()

    def test_a_name_is_typed(self) -> None:
        person = owner("trader")
        self.pressed(person, "key_name")
        said = ask(person, "main account")

        assert only_key().label == "main account"
        assert "“main account”" in said.text
        assert step(person) == ""

    @pytest.mark.parametrize(("name", "told"), [("n" * 41, "too long"), ("a\nb", "one line")])
    def test_a_wrong_name_is_asked_again(self, name: str, told: str) -> None:
        person = owner("trader")
        self.pressed(person, "key_name")

        assert told in ask(person, name).text
        assert step(person) == "label"

    def test_a_key_is_no_name(self) -> None:
        person = owner("trader")
        self.pressed(person, "key_name")
        secret = account("okx", "reader").secret

        assert "looked like a key" in ask(person, secret[:40]).text
        assert only_key().label == ""

    @pytest.mark.parametrize("what", ["key", "key_check", "key_on", "key_off", "key_name",
                                      "key_drop"])  # fmt: skip
    def test_a_key_of_another_is_unknown(self, what: str) -> None:
        owner("trader")
        said = self.pressed(member(), what)

        assert said.toast
        assert only_key().state == KeyState.ACTIVE
        assert said.messages == []
