"""Keys added in the bot: asked for in steps, checked by their venue, told of, never shown."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts import vault
from accounts.models import StoredKey, User
from arbedge.names import Door
from exchanges.simulator.accounts import account
from notifications.bot import talks
from tests.notifications.bot.asking import answered, ask, member, message, press
from tests.notifications.bot.typing_keys import (
    Phone,
    asked_for,
    lines,
    only_key,
    owner,
    step,
    typed,
)
from tests.notifications.factories import NOON

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("venues", "phone")]
VENUES = pytest.mark.parametrize("venue", ["binance", "bybit", "okx", "bitget"])
LANGUAGES = pytest.mark.parametrize("language", ["en", "es", "fr"])


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
        monkeypatch.setattr("notifications.bot.keys.key_talk.MOST_KEYS", 1)

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
