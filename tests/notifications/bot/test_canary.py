"""Keys typed to the bot are searched in everything that is left of them: only the vault has them.

Updates come in by the real webhook from the Bot API's double, venues check the keys over HTTP, and
workers are killed wherever it could hurt. Tables, cache, log, metrics, the bot's own calls, the
phone and the files of PostgreSQL are searched afterwards.
"""

from __future__ import annotations

import itertools
import secrets
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.views.debug import ExceptionReporter
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from accounts import ai_keys, vault, vault_rows
from accounts.models import StoredKey, User
from arbedge import cache
from arbedge.names import Door
from notifications.bot import answering, dispatch, intake
from notifications.bot.keys import key_talk
from notifications.models import BotUpdate, Chat
from notifications.receivers.bot_world import USERNAME
from notifications.sending import pacing
from tests.accounts.canaries import database_text, everything_logged, spellings
from tests.accounts.factories import SessionFactory
from tests.notifications.bot.canary_keys import Canaries, came, in_files, lines, worked
from tests.notifications.bot.handling import Killed
from tests.notifications.bot.stage import NOW, Phone
from tests.notifications.receiving import TOKEN, Running, running
from tests.simulated import simulated_venues

pytestmark = pytest.mark.django_db(transaction=True)
WITH_PASSPHRASE = ("okx", "bitget")
_groups = itertools.count(5_000)


@pytest.fixture
def telegram(
    settings: Settings, live_server: LiveServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Running]:
    """The Bot API's double, posting to the webhook, and venues that check keys."""
    monkeypatch.setattr(pacing, "_marks", {})
    monkeypatch.setattr(pacing, "TO_CHAT", 1000.0)  # nobody here waits for the pace of a chat
    cache.client().flushdb()
    with running(TOKEN) as at, simulated_venues(settings):
        settings.BOT_TOKEN, settings.BOT_NAME = TOKEN, USERNAME
        settings.TELEGRAM_API_URL, settings.SITE_URL = at.url, live_server.url
        settings.TELEGRAM_PER_SECOND = 1000
        hook = f"{live_server.url}/telegram/webhook"
        at.call("setWebhook", url=hook, secret_token=intake.secret_token())
        yield at
    cache.client().flushdb()


@pytest.fixture
def phone(telegram: Running) -> Phone:
    """The phone of somebody with a session."""
    found = Phone(telegram, "en")
    person: User = SessionFactory(
        user__telegram_id=found.id, user__language="en", expires_at=NOW + timedelta(days=7)
    ).user
    assert person.telegram_id == found.id
    return found


@pytest.fixture
def canaries(phone: Phone, monkeypatch: pytest.MonkeyPatch) -> Canaries:
    return Canaries(phone, monkeypatch)


def asked_for(phone: Phone, venue: str) -> None:
    phone.type("/setup_exchange")
    phone.press(f"key_venue {venue}")
    phone.press(f"key_network {venue} real")


def held() -> StoredKey:
    return StoredKey.objects.select_related("user").get()


def own_messages(phone: Phone) -> list[Any]:
    return [one for one in phone.messages() if one["who"] != "bot"]


def test_the_search_finds_what_is_there(canaries: Canaries) -> None:
    told = canaries.text("canary-0123456789abcdef")
    with everything_logged() as log:
        canaries.phone.type(f"/feedback {told}")

    assert canaries.found_in(database_text()) == [told]
    assert "notifications_botupdate" in log.getvalue()
    for spelling in spellings(told):
        assert canaries.found_in(f"before {spelling} after") == [told]


class TestExchangeKeys:
    @pytest.mark.parametrize("venue", ["binance", "bybit", "okx", "bitget"])
    def test_accepted(self, canaries: Canaries, phone: Phone, venue: str) -> None:
        who = canaries.key(venue, "trader")
        with everything_logged() as log:
            asked_for(phone, venue)
            phone.type(lines(who))

        canaries.searched(log.getvalue())
        opened = vault.open_exchange(held().pk, held().user)
        assert (opened.key.reveal(), opened.secret.reveal()) == (who.key, who.secret)
        assert own_messages(phone)[-1]["deleted"]

    @pytest.mark.parametrize("venue", ["bybit", "okx"])
    @pytest.mark.parametrize("role", ["withdrawer", "expired", "elsewhere", "odd"])
    def test_refused(self, canaries: Canaries, phone: Phone, venue: str, role: str) -> None:
        who = canaries.key(venue, role)
        with everything_logged() as log:
            asked_for(phone, venue)
            phone.type(lines(who))

        canaries.searched(log.getvalue())
        assert not StoredKey.objects.exists()
        assert own_messages(phone)[-1]["deleted"]

    def test_wrong_secret(self, canaries: Canaries, phone: Phone) -> None:
        who = canaries.key("okx", "trader")
        wrong = canaries.text(f"wrong-{secrets.token_hex(16)}")
        with everything_logged() as log:
            asked_for(phone, "okx")
            phone.type(lines(who, secret=wrong))

        canaries.searched(log.getvalue())

    @pytest.mark.parametrize("shape", ["{0}", "{0}\n{1}\n{1}\n{1}", "{0} is it\n{1}é\nü",
                                       "<b>{0}</b>\n{1}\n&", "{0}\x00\n{1}\n{0}"])  # fmt: skip
    def test_malformed(self, canaries: Canaries, phone: Phone, shape: str) -> None:
        who = canaries.key("okx", "trader")
        with everything_logged() as log:
            asked_for(phone, "okx")
            phone.type(shape.format(who.key, who.secret))

        canaries.searched(log.getvalue())
        assert not StoredKey.objects.exists()

    def test_too_early_and_too_late(self, canaries: Canaries, phone: Phone) -> None:
        who = canaries.key("okx", "trader")
        with everything_logged() as log:
            phone.type(lines(who))
            phone.type("/setup_exchange")
            phone.type(lines(who))
            phone.press("key_venue okx")
            phone.type(lines(who))
            phone.press("stop")
            phone.type(lines(who))

        canaries.searched(log.getvalue())
        assert not StoredKey.objects.exists()
        typed = [one for one in own_messages(phone) if not one["text"].startswith("/")]
        assert [one["deleted"] for one in typed] == [True] * 4

    def test_within_the_command(self, canaries: Canaries, phone: Phone) -> None:
        who = canaries.key("bybit", "trader")
        with everything_logged() as log:
            phone.type(f"/setup_exchange bybit {who.key} {who.secret}")
            phone.type(f"/setup_exchange {lines(who)}")

        canaries.searched(log.getvalue())
        assert all(one["deleted"] for one in own_messages(phone))

    def test_as_a_name(self, canaries: Canaries, phone: Phone) -> None:
        who, other = canaries.key("okx", "trader"), canaries.text(secrets.token_hex(16))
        with everything_logged() as log:
            asked_for(phone, "okx")
            phone.type(lines(who))
            phone.press("key_name ")
            phone.type(other)

        canaries.searched(log.getvalue())
        assert held().label == ""

    @pytest.mark.parametrize("status", ["administrator", "member"])
    def test_in_a_group(
        self, canaries: Canaries, phone: Phone, telegram: Running, status: str
    ) -> None:
        chat = -1_002_000_000_000 - next(_groups)
        who = canaries.key("okx", "trader")
        person = User.objects.get(telegram_id=phone.id)
        telegram.ask("/_chats", chat=chat, type="supergroup", title="Traders")
        telegram.ask("/_bot", chat=chat, status=status, silent=True)
        Chat.objects.create(telegram_id=chat, type="supergroup", title="Traders",
                            registered_by=person)  # fmt: skip
        with everything_logged() as log:
            for text in (f"/setup_exchange@{USERNAME} okx {' '.join(lines(who).split())}",
                         f"/setup_exchange@{USERNAME} {lines(who)}"):  # fmt: skip
                update = telegram.type(chat, text, by={"id": phone.id, "name": "Nora"})["update"]
                came(update)
                worked(update, phone)

        canaries.searched(log.getvalue())
        told = telegram.chat(chat)["messages"]
        assert [one["deleted"] for one in told if one["who"] != "bot"] == [
            status == "administrator"
        ] * 2
        assert sum("make a new key" in one["text"] for one in told if one["who"] == "bot") == 2


class TestAiKeys:
    @pytest.fixture
    def provider(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A provider that takes every key."""

        async def get(*_: object) -> tuple[int, bytes]:
            return 200, b'{"data": []}'

        monkeypatch.setattr(ai_keys, "_get", get)

    @pytest.mark.usefixtures("provider")
    def test_accepted(self, canaries: Canaries, phone: Phone) -> None:
        key = canaries.text(f"sk-{secrets.token_urlsafe(24)}")
        with everything_logged() as log:
            phone.type("/setup_ai openai")
            phone.type(key)

        canaries.searched(log.getvalue())
        assert vault.open_ai(held().pk, held().user).key.reveal() == key

    def test_refused(self, canaries: Canaries, phone: Phone) -> None:
        key = canaries.text(f"sk-{secrets.token_urlsafe(24)}")
        with everything_logged() as log:
            phone.type("/setup_ai compatible")
            phone.type("https://localhost/v1")
            phone.type(key)
            phone.type(f"{key} and {key}")

        canaries.searched(log.getvalue())
        assert not StoredKey.objects.exists()

    def test_in_place_of_the_address(self, canaries: Canaries, phone: Phone) -> None:
        key = canaries.text(f"sk-{secrets.token_urlsafe(24)}")
        with everything_logged() as log:
            phone.type("/setup_ai compatible")
            phone.type(key)
            phone.type(f"https://user:{key}@ai.example.com/v1")

        canaries.searched(log.getvalue())


# Where a worker dies, and whether what is named there is done before.
DEATHS: Mapping[str, tuple[Any, str, bool]] = {
    "before the vault": (key_talk, "_added", False),
    "within the vault": (vault_rows, "sealed", False),
    "after the vault": (vault, "add_exchange", True),
    "before the answer is kept": (key_talk, "_told", True),
    "before the answer is sent": (answering, "send", False),
}


@pytest.fixture(params=DEATHS)
def killed(request: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[], bool]:
    """A worker dies there, once. Returns whether it has."""
    where, name, after = DEATHS[request.param]
    real, deaths = getattr(where, name), list[str]()

    def once(*given: Any, **more: Any) -> Any:
        if deaths or (name == "send" and not StoredKey.objects.exists()):
            return real(*given, **more)
        if after:
            real(*given, **more)
        deaths.append(name)
        raise Killed

    monkeypatch.setattr(where, name, once)
    return lambda: bool(deaths)


def test_a_worker_killed_anywhere_keeps_the_key_once_and_tells_it_nowhere(
    canaries: Canaries, phone: Phone, telegram: Running, killed: Callable[[], bool]
) -> None:
    who = canaries.key("okx", "trader")
    with everything_logged() as log:
        asked_for(phone, "okx")
        with suppress(Killed):
            phone.type(lines(who))
        assert killed()
        assert canaries.found_in(canaries.everywhere() + log.getvalue()) == []
        worked(BotUpdate.objects.order_by("-update_id")[0].pk, phone)

    canaries.searched(log.getvalue())
    assert held().last4 == who.key[-4:]
    assert sum("Added:" in text for text in telegram.texts(phone.id)) == 1
    assert not any("already" in text for text in telegram.texts(phone.id))
    assert own_messages(phone)[-1]["deleted"]


@pytest.mark.parametrize(
    "where",
    ["accounts.vault_rows.mark", "arbedge.sealing._ring", "exchanges.rights._only",
     "exchanges.keys._listening"],
)  # fmt: skip
def test_a_crash_tells_nothing(
    canaries: Canaries, phone: Phone, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = canaries.key("okx", "trader")
    asked_for(phone, "okx")

    reports = list[str]()

    def breaks(*_: object) -> None:
        raise RuntimeError("it broke")

    def report(*_: object, **__: object) -> None:
        kind, error, trace = sys.exc_info()
        whole = ExceptionReporter(None, kind, error, trace, is_email=True)
        reports.extend([whole.get_traceback_html(), whole.get_traceback_text()])

    monkeypatch.setattr(dispatch.log, "exception", report)
    with everything_logged() as log:
        update = phone.telegram.type(phone.id, lines(who), by={"id": phone.id, "name": "Nora"})
        came(update["update"])
        with monkeypatch.context() as broken:
            broken.setattr(where, breaks)
            worked(update["update"], phone)
        worked(update["update"], phone)

    assert "it broke" in "".join(reports) or where == "arbedge.sealing._ring"
    canaries.searched(log.getvalue() + "".join(reports))
    assert own_messages(phone)[-1]["deleted"]


def test_an_edited_message_with_a_key_is_forgotten(canaries: Canaries, phone: Phone) -> None:
    who = canaries.key("okx", "trader")
    with everything_logged() as log:
        asked_for(phone, "okx")
        raw = {"update_id": 9_000_000_001, "edited_message": {
            "message_id": 1, "date": 1, "edit_date": 2, "from": {"id": phone.id, "is_bot": False,
            "first_name": "Nora"}, "chat": {"id": phone.id, "type": "private"},
            "text": lines(who)}}  # fmt: skip
        intake.store(raw, phone.now)
        worked(9_000_000_001, phone)

    canaries.searched(log.getvalue())


def test_the_files_of_the_database_have_nothing(canaries: Canaries, phone: Phone) -> None:
    """Rows that died, the log of writes and the server's own log are in them too."""
    good, bad = canaries.key("okx", "trader"), canaries.key("bybit", "withdrawer")
    marker = f"marker-{secrets.token_hex(16)}"
    for who in (good, bad):
        asked_for(phone, who.venue)
        phone.type(lines(who))
    vault.relabel(held().user, held().pk, marker[:40], door=Door.WEB)
    with connection.cursor() as cursor:
        cursor.execute("CHECKPOINT")
        cursor.execute("SHOW data_directory")
        folder = Path(cursor.fetchone()[0])

    wanted = [marker[:40].encode(), *(text.encode() for text in canaries.typed)]
    assert in_files(folder, wanted) == {wanted[0]}
