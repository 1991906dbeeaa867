"""Keys in the bot: asked for in steps, checked by their venue, told of, never shown."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from pytest_django import Settings

from accounts import preferences, vault
from accounts.models import KeyState, StoredKey, User
from arbedge.names import Door
from exchanges.simulator import accounts as simulated
from exchanges.simulator.accounts import account
from exchanges.simulator.faults import Board, Kind, Wish
from notifications.bot import talks
from tests.notifications.bot.asking import Said, answered, ask, group, member, message, press
from tests.notifications.bot.typing_keys import Phone, asked_for, lines, typed
from tests.notifications.factories import NOON
from tests.simulated import simulated_venues

pytestmark = pytest.mark.django_db
VENUES = pytest.mark.parametrize("venue", ["binance", "bybit", "okx", "bitget"])
LANGUAGES = pytest.mark.parametrize("language", ["en", "es", "fr"])


@pytest.fixture
def faults() -> Board:
    return Board()


@pytest.fixture(autouse=True)
def venues(settings: Settings, faults: Board) -> Iterator[None]:
    with simulated_venues(settings, faults):
        yield


@pytest.fixture(autouse=True)
def phone(monkeypatch: pytest.MonkeyPatch) -> Phone:
    return Phone().connect(monkeypatch)


def owner(*names: str, venue: str = "okx") -> User:
    """Somebody with keys of these simulated customers."""
    person = member()
    for name in names:
        who = account(venue, name)
        vault.add_exchange(person, venue, who.key, who.secret, who.passphrase, door=Door.WEB)
    return person


def only_key() -> StoredKey:
    return StoredKey.objects.get()


def step(person: User) -> str:
    talk = talks.current(person.pk, NOON)
    return talk.step if talk else ""


class TestAdding:
    def test_the_exchange_is_chosen_by_a_button(self) -> None:
        said = ask(member(), "/setup_exchange")

        assert said.buttons == {
            "Binance": "key_venue binance", "Bybit": "key_venue bybit", "OKX": "key_venue okx",
            "Bitget": "key_venue bitget", "Stop": "stop",
        }  # fmt: skip

    def test_the_command_may_name_it(self) -> None:
        said = ask(member(), "/setup_exchange OKX")

        assert said.lines == ["key_network okx real", "key_network okx test", "stop"]

    @pytest.mark.parametrize(("venue", "asks"), [("okx", True), ("bitget", True),
                                                 ("bybit", False), ("binance", False)])  # fmt: skip
    def test_a_passphrase_is_asked_for_where_there_is_one(self, venue: str, asks: bool) -> None:
        said = press(member(), f"key_network {venue} real")

        assert ("passphrase" in said.text) is asks
        assert "withdraw is refused" in said.text

    @pytest.mark.parametrize("word", ["okx", "OKX "])
    def test_words_do_as_well_as_buttons(self, word: str) -> None:
        person = member()
        ask(person, "/setup_exchange")
        ask(person, word)
        said = ask(person, "real")

        assert "one per line" in said.text

    def test_a_wrong_word_is_asked_again(self) -> None:
        person = member()
        ask(person, "/setup_exchange")

        assert "key_venue okx" in ask(person, "kraken").lines
        ask(person, "okx")
        assert "key_network okx test" in ask(person, "both").lines

    @VENUES
    def test_a_key_is_kept_and_told_of(self, venue: str) -> None:
        person = member()
        said = typed(person, venue)

        row = only_key()
        assert (row.user, row.provider, row.can_trade, row.testnet) == (person, venue, True, False)
        assert f"{vault.provider_name(venue)} …{account(venue, 'trader').key[-4:]}" in said.text
        assert "May read: yes\nMay trade: yes\nMay withdraw: no" in said.text
        assert "Tied to addresses: yes" in said.text
        assert said.lines == [f"key_name {row.pk}", "setup_status"]

    def test_a_key_that_only_reads(self) -> None:
        said = typed(member(), "okx", "reader")

        assert "May trade: no" in said.text
        assert "Ends: no end known" in said.text

    def test_an_end_the_venue_tells_is_told(self) -> None:
        said = typed(member(), "bybit", "reader")
        ends = only_key().expires_at

        assert ends is not None
        assert f"{ends.year} " in said.text.partition("Ends: ")[2]

    def test_a_key_of_the_test_network(self) -> None:
        said = typed(member(), "okx", "paper")

        assert only_key().testnet
        assert "(test network)" in said.text

    def test_the_message_is_deleted_and_the_person_sees_that_work_is_done(
        self, phone: Phone
    ) -> None:
        typed(member())

        assert len(phone.deleted) == 1
        assert phone.shown == ["sendChatAction"]

    @LANGUAGES
    def test_nothing_of_the_key_is_said(self, language: str) -> None:
        who = account("okx", "trader")
        said = typed(member(language=language))

        assert not any(part in str(said.calls) for part in (who.key, who.secret, who.passphrase))

    def test_the_conversation_lasts_a_quarter_of_an_hour(self) -> None:
        person = member()
        asked_for(person)
        later = NOON + timedelta(minutes=15, seconds=1)
        ask(person, lines(account("okx", "trader")), now=later)

        assert not StoredKey.objects.exists()

    def test_ten_keys_are_enough(self, monkeypatch: pytest.MonkeyPatch) -> None:
        person = owner("trader")
        monkeypatch.setattr("notifications.bot.key_talk.MOST_KEYS", 1)

        for said in (ask(person, "/setup_exchange"), press(person, "key_venue okx"),
                     press(person, "key_provider openai")):  # fmt: skip
            assert "Remove one first" in said.text
        assert step(person) == ""

    def test_a_terminated_session_keeps_nothing(self, phone: Phone) -> None:
        person = member(session_until=NOON - timedelta(seconds=1))
        asked = {"provider": "okx", "testnet": False}
        talks.put(person.pk, "setup_exchange", "secret", NOON, asked)
        said = ask(person, lines(account("okx", "trader")))

        assert "/start" in said.text
        assert phone.deleted
        assert not StoredKey.objects.exists()


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
            said = ask(member(), f"/setup_exchange bybit {who.key} {who.secret}")

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


class TestRepeating:
    """The process was killed after the vault's commit: the same update comes again."""

    def update(self, person: User) -> dict[str, object]:
        return {"message": message(person, lines(account("okx", "trader")))}

    def test_before_the_conversation_knew(self) -> None:
        person = member()
        asked_for(person)
        who = account("okx", "trader")
        vault.add_exchange(person, "okx", who.key, who.secret, who.passphrase, door=Door.TELEGRAM)
        said = answered(self.update(person))

        assert "Added" in said.text
        assert StoredKey.objects.count() == 1

    def test_after_the_conversation_knew(self) -> None:
        person = member()
        asked_for(person)
        update = self.update(person)
        first, second = answered(update), answered(update)

        assert first.text == second.text
        assert StoredKey.objects.count() == 1

    def test_a_key_that_was_removed_meanwhile(self) -> None:
        person = member()
        asked_for(person)
        update = self.update(person)
        answered(update)
        vault.delete(person, only_key().pk, door=Door.WEB)

        assert "/setup_status" in answered(update).text


class TestAiKeys:
    @pytest.fixture(autouse=True)
    def models(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """What providers were asked with; all of them take every key but "sk-wrong-…"."""
        asked: list[str] = []

        async def get(url: str, headers: dict[str, str]) -> tuple[int, bytes]:
            asked.append(url)
            wrong = any("sk-wrong" in value for value in headers.values())
            return (401, b"{}") if wrong else (200, b'{"data": [{"id": "m"}]}')

        monkeypatch.setattr("accounts.ai_keys._get", get)
        return asked

    def test_a_provider_is_chosen_by_a_button(self) -> None:
        said = ask(member(), "/setup_ai")

        assert said.lines == [
            "key_provider openai", "key_provider anthropic", "key_provider compatible", "stop",
        ]  # fmt: skip

    def test_a_key_is_kept(self, models: list[str]) -> None:
        person = member()
        ask(person, "/setup_ai openai")
        said = ask(person, "sk-right-0123456789")

        assert "Added" in said.text
        assert (only_key().kind, only_key().provider) == ("ai", "openai")
        assert models == ["https://api.openai.com/v1/models"]

    def test_a_wrong_key(self) -> None:
        person = member()
        ask(person, "/setup_ai anthropic")
        said = ask(person, "sk-wrong-0123456789")

        assert "does not accept this key" in said.text
        assert not StoredKey.objects.exists()

    def test_another_service_is_asked_at_its_address(self, models: list[str]) -> None:
        person = member()
        ask(person, "/setup_ai compatible")
        ask(person, "https://ai.example.com/v1/")
        ask(person, "sk-right-0123456789")

        assert only_key().base_url == "https://ai.example.com/v1"
        assert models == ["https://ai.example.com/v1/models"]

    @pytest.mark.parametrize("address", ["ai.example.com", "http://ai.example.com",
                                         "https://me:pw@example.com/v1"])  # fmt: skip
    def test_a_wrong_address_is_asked_again(self, address: str) -> None:
        person = member()
        ask(person, "/setup_ai compatible")

        assert "https://" in ask(person, address).text
        assert step(person) == "address"

    def test_a_repeated_update_finds_its_key(self) -> None:
        person = member()
        ask(person, "/setup_ai openai")
        vault.add_ai(person, "openai", "sk-right-0123456789", door=Door.TELEGRAM)

        assert "Added" in ask(person, "sk-right-0123456789").text


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
