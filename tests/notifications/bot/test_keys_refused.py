"""Keys that are not taken, and keys typed where none belongs."""

from __future__ import annotations

from typing import Any

import pytest

from accounts import vault
from accounts.models import StoredKey
from exchanges.simulator.accounts import account
from exchanges.simulator.faults import Board, Kind, Wish
from tests.notifications.bot.asking import answered, ask, group, member, message, press
from tests.notifications.bot.typing_keys import (
    Phone,
    asked_for,
    lines,
    only_key,
    owner,
    step,
    typed,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("venues", "phone")]
LANGUAGES = pytest.mark.parametrize("language", ["en", "es", "fr"])


class TestRefusing:
    @pytest.mark.parametrize(
        ("venue", "name", "other", "told"),
        [
            ("okx", "withdrawer", {}, "untick “Withdraw”"),
            ("binance", "withdrawer", {}, "untick “Enable Withdrawals”"),
            ("okx", "reader", {"secret": "another-secret"}, "does not belong to this key"),
            ("okx", "reader", {"passphrase": "another"}, "one chosen with the key"),
            ("okx", "elsewhere", {}, "other addresses only"),
            ("binance", "elsewhere", {}, "tied to addresses"),
            ("bybit", "expired", {}, "has expired"),
            ("okx", "odd", {}, "cannot be told for sure"),
            ("okx", "reader", {"key": "short"}, "8–256 plain characters"),
            ("okx", "reader", {"secret": "día-de-hoy"}, "8–4096 plain characters"),
        ],
    )  # fmt: skip
    def test_a_refusal_says_why_and_what_to_do(
        self, venue: str, name: str, other: dict[str, str], told: str
    ) -> None:
        person = member()
        said = typed(person, venue, name, **other)

        assert "Not added" in said.text
        assert told in said.text
        assert not StoredKey.objects.exists()
        assert step(person) == "secret"

    def test_the_next_key_may_be_right(self) -> None:
        person = member()
        typed(person, "okx", "withdrawer")
        ask(person, lines(account("okx", "reader")))

        assert only_key().last4 == account("okx", "reader").key[-4:]

    def test_a_wrong_number_of_lines(self, phone: Phone) -> None:
        person = member()
        asked_for(person)
        said = ask(person, "only-one-line-of-a-key")

        assert "3 lines" in said.text
        assert len(phone.deleted) == 1

    def test_a_venue_that_cannot_be_asked(self, faults: Board) -> None:
        person = member()
        asked_for(person)
        faults.add(Wish("okx", Kind.SERVER))
        said = ask(person, lines(account("okx", "reader")))

        assert "OKX cannot be asked now" in said.text
        assert not StoredKey.objects.exists()

    def test_too_many_checks(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(vault, "CHECKS", "1/hour")
        person = member()
        typed(person, "okx", "withdrawer")
        said = ask(person, lines(account("okx", "reader")))

        assert "many keys checked" in said.text

    def test_a_key_one_has_already_ends_the_conversation(self) -> None:
        person = owner("trader")
        said = typed(person, "okx", "trader")

        assert "already" in said.text
        assert step(person) == ""

    @LANGUAGES
    def test_every_refusal_has_words(self, language: str) -> None:
        said = typed(member(language=language), "okx", "withdrawer")

        assert "ArbEdge does not take it" not in said.text
        assert "OKX" in said.text


class TestTypingAtTheWrongMoment:
    @pytest.mark.parametrize("before", ["setup_exchange", "setup_exchange okx"])
    def test_a_key_that_comes_too_early_is_deleted(self, phone: Phone, before: str) -> None:
        person = member()
        ask(person, f"/{before}")
        said = ask(person, lines(account("okx", "trader")))

        assert "looked like a key" in said.text
        assert len(phone.deleted) == 1
        assert not StoredKey.objects.exists()

    def test_a_key_after_the_end_is_deleted(self, phone: Phone) -> None:
        person = member()
        typed(person)
        said = ask(person, lines(account("okx", "reader")))

        assert "not waiting for one" in said.text
        assert len(phone.deleted) == 2
        assert StoredKey.objects.count() == 1

    def test_other_words_after_the_end(self) -> None:
        person = member()
        typed(person)

        assert "/setup_status" in ask(person, "thanks").text
        assert step(person) == ""

    def test_a_key_within_the_command_is_deleted_and_not_repeated(
        self, phone: Phone, django_capture_on_commit_callbacks: Any
    ) -> None:
        who = account("bybit", "trader")
        with django_capture_on_commit_callbacks(execute=True):
            said = ask(member(), f"/setup_exchange bybit {who.key}")

        assert "looked like a key" in said.text
        assert who.key not in str(said.calls)
        assert len(phone.deleted) == 1
        assert not StoredKey.objects.exists()

    def test_a_key_nobody_asked_for_is_deleted(self, phone: Phone) -> None:
        said = ask(member(), lines(account("okx", "trader")))

        assert "looked like a key" in said.text
        assert len(phone.deleted) == 1

    @LANGUAGES
    def test_a_key_in_a_group_is_deleted_and_to_be_made_anew(
        self, phone: Phone, language: str
    ) -> None:
        said = ask(member(language=language), lines(account("okx", "trader")), chat=group())

        assert "/setup_exchange" in said.text
        assert len(phone.deleted) == 1
        assert account("okx", "trader").key not in str(said.calls)

    @pytest.mark.parametrize("command", ["feedback", "alias x mute", "risk_assessment"])
    def test_a_key_within_any_command_is_deleted_and_kept_nowhere(
        self, phone: Phone, command: str
    ) -> None:
        said = ask(member(), f"/{command} sk-proj-AbCdEfGhIjKlMnOpQrStUvWx")

        assert "looked like a key" in said.text
        assert len(phone.deleted) == 1

    def test_a_key_in_another_conversation_is_deleted(self, phone: Phone) -> None:
        person = owner("trader")
        press(person, f"key_name {only_key().pk}")
        said = ask(person, lines(account("okx", "reader")))

        assert "looked like a key" in said.text
        assert len(phone.deleted) == 1
        assert only_key().label == ""

    def test_talk_of_a_group_is_let_alone(self, phone: Phone) -> None:
        said = ask(member(), "7xKXtg2CW87d97TXJSDpbD5jBkheTqA83TZRuJosgAsU", chat=group())

        assert said.calls == []
        assert phone.deleted == []

    def test_a_group_is_warned_and_not_flooded(self, phone: Phone) -> None:
        person, text = member(), lines(account("okx", "trader"))
        told = [ask(person, text, chat=group(-1_777)).text for _ in range(5)]

        assert [bool(one) for one in told] == [True, True, True, False, False]
        assert len(phone.deleted) == 5

    def test_an_unknown_exchange_is_asked_for_again(self) -> None:
        assert "key_venue okx" in ask(member(), "/setup_exchange mtgox").lines

    def test_an_edited_message_is_not_read(self) -> None:
        person = member()
        asked_for(person)
        edited = message(person, lines(account("okx", "trader")))
        said = answered({"edited_message": edited})

        assert said.calls == []
        assert not StoredKey.objects.exists()

    def test_no_keys_in_a_group(self) -> None:
        person = member()
        said = ask(person, "/setup_exchange", chat=group())

        assert "private" in said.text
        assert step(person) == ""
