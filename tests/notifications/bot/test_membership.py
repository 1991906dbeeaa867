"""The bot comes to chats and goes; people block it; groups move: told by Telegram's own updates."""

from __future__ import annotations

import gzip
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from auditlog.models import LogEntry
from pytest_django import Settings

from accounts import people
from accounts.models import User
from arbedge.names import Door
from notifications.bot.groups import chat_admins, joins
from notifications.bot.groups.joins import Registering
from notifications.models import Address, Chat
from tests.notifications.bot.asking import (
    Said,
    answered,
    ask,
    group,
    member,
    newcomer,
    press,
    sender,
)
from tests.notifications.factories import NOON, ChatFactory, DeliveryFactory

pytestmark = pytest.mark.django_db
GROUP = -1_001_555_296_434
BOT = {"id": 7_000_000_001, "is_bot": True, "first_name": "ArbEdge", "username": "arbedge_bot"}
SUPERGROUP = group(GROUP, "test")
CHANNEL = group(-1_009, "Signals", kind="channel")


@pytest.fixture(autouse=True)
def _bot(settings: Settings) -> None:
    settings.BOT_TOKEN, settings.BOT_NAME = f"{BOT['id']}:secret", "arbedge_bot"


@pytest.fixture
def ada() -> User:
    return member(name="Ada Lovelace", email="ada@example.org", time_zone="Europe/London")


def became(new: str, by: Any, *, old: str = "left", chat: Any = SUPERGROUP, **rights: Any) -> Said:
    """The bot's own place in a chat changed."""
    change = {
        "chat": chat, "from": sender(by), "date": 1_644_677_726,
        "old_chat_member": {"user": BOT, "status": old,},
        "new_chat_member": {"user": BOT, "status": new, **rights},
    }  # fmt: skip
    return answered({"my_chat_member": change})


def told(by: Any, chat: Any = SUPERGROUP, **what: Any) -> Said:
    """A service message."""
    return answered({"message": {"message_id": 9, "from": sender(by), "chat": chat,
                                 "date": 1_629_404_938, **what}})  # fmt: skip


def the_chat() -> Chat:
    return Chat.objects.get()


class TestAddingTheBot:
    def test_a_group_is_registered_for_who_added_it(self, ada: User) -> None:
        said = became("member", ada)
        chat = the_chat()
        assert (chat.telegram_id, chat.type, chat.title) == (GROUP, "supergroup", "test")
        assert (chat.registered_by, chat.zone) == (ada, "Europe/London")
        assert said.messages[0]["chat_id"] == GROUP
        assert "up to 10 an hour" in said.text

    def test_it_is_told_once_though_telegram_tells_it_twice(self, ada: User) -> None:
        assert became("member", ada).messages
        assert not told(ada, new_chat_members=[BOT]).messages
        assert not became("member", ada).messages
        assert LogEntry.objects.filter(additional_data__what="chat.registered").count() == 1

    def test_the_service_message_alone_registers_too(self, ada: User) -> None:
        assert told(ada, new_chat_members=[BOT]).messages
        assert the_chat().registered_by == ada

    @pytest.mark.parametrize("what", ["group_chat_created", "supergroup_chat_created"])
    def test_a_group_made_with_the_bot_in_it_is_registered(self, ada: User, what: str) -> None:
        told(ada, group(-77, kind="group"), **{what: True})
        assert the_chat().registered_by == ada

    def test_other_people_who_join_are_nothing_new(self, ada: User) -> None:
        assert not told(ada, new_chat_members=[newcomer()]).calls
        assert not Chat.objects.exists()

    def test_a_channel_is_registered_and_told_in_private(self, ada: User) -> None:
        said = became("administrator", ada, chat=CHANNEL, can_post_messages=True)
        assert the_chat().type == "channel"
        assert said.messages[0]["chat_id"] == ada.telegram_id
        assert "Signals" in said.text

    def test_a_channel_where_it_may_not_post_is_not_registered(self, ada: User) -> None:
        became("administrator", ada, chat=CHANNEL, can_post_messages=False)
        assert not Chat.objects.exists()

    def test_back_again_it_posts_with_what_was_chosen(self, ada: User) -> None:
        chat = ChatFactory(telegram_id=GROUP, registered_by=ada, gone="blocked", min_net=0.003)
        assert became("member", ada).messages
        chat.refresh_from_db()
        assert (chat.gone, chat.min_net) == ("", 0.003)

    def test_somebody_else_may_bring_it_back(self, ada: User) -> None:
        ChatFactory(telegram_id=GROUP, gone="blocked")
        became("member", ada)
        assert the_chat().registered_by == ada

    def test_a_registered_group_stays_its_owners(self, ada: User) -> None:
        chat = ChatFactory(telegram_id=GROUP)
        assert not became("member", ada).messages
        assert the_chat().registered_by == chat.registered_by


class TestWhoCannotRegister:
    def who_added(self, said: Said) -> Registering | None:
        [url] = said.lines
        return joins.read(url.partition("start=")[2], NOON).registers

    def test_somebody_unknown_is_led_to_the_private_chat(self) -> None:
        nora = newcomer()
        said = became("member", nora)
        assert not Chat.objects.exists()
        assert "private chat" in said.text
        assert self.who_added(said) == Registering(GROUP, "supergroup", nora["id"])

    def test_he_reads_it_in_his_language(self) -> None:
        assert "chat privado" in became("member", newcomer("es-AR")).text
        assert "conversation privée" in became("member", newcomer("fr")).text

    def test_of_a_channel_he_is_told_in_private(self) -> None:
        nora = newcomer()
        said = became("administrator", nora, chat=CHANNEL, can_post_messages=True)
        assert said.messages[0]["chat_id"] == nora["id"]
        assert self.who_added(said) == Registering(-1_009, "channel", nora["id"])

    def test_an_anonymous_admin_is_nobody(self) -> None:
        anonymous = {"id": chat_admins.ANONYMOUS, "is_bot": True, "first_name": "Group"}
        found = self.who_added(became("member", anonymous))
        assert found is not None
        assert found.added_by == 0

    @pytest.mark.parametrize("why", ["suspended", "too many"])
    def test_why_is_nothing_for_the_group(self, ada: User, why: str) -> None:
        if why == "suspended":
            people.suspend(ada, "spam", door=Door.TASK, by=None)
        else:
            ChatFactory.create_batch(5, registered_by=ada)
        said = became("member", ada)
        assert not Chat.objects.filter(telegram_id=GROUP).exists()
        assert "private chat" in said.text
        assert not any(word in said.text.lower() for word in ("suspend", "five", "5", "ada"))

    def test_without_a_name_of_the_bot_the_command_is_named(self, settings: Settings) -> None:
        settings.BOT_NAME = ""
        said = became("member", newcomer())
        assert "/register" in said.text
        assert not said.buttons

    def test_it_is_said_once_though_telegram_tells_it_twice(self) -> None:
        nora = newcomer()
        assert became("member", nora).messages
        assert not told(nora, new_chat_members=[BOT]).messages


class TestLeaving:
    @pytest.mark.parametrize("status", ["left", "kicked"])
    def test_a_chat_without_the_bot_is_gone(self, ada: User, status: str) -> None:
        ChatFactory(telegram_id=GROUP)
        assert not became(status, ada, old="member").messages
        assert the_chat().gone == "blocked"

    def test_the_service_message_says_the_same(self, ada: User) -> None:
        ChatFactory(telegram_id=GROUP)
        told(ada, left_chat_member=BOT)
        became("left", ada, old="member")
        assert the_chat().gone == "blocked"
        assert LogEntry.objects.filter(additional_data__what="chat.gone").count() == 1

    def test_other_people_who_leave_are_nothing_new(self, ada: User) -> None:
        ChatFactory(telegram_id=GROUP)
        told(ada, left_chat_member=newcomer())
        assert the_chat().gone == ""

    def test_a_chat_where_it_may_not_write_waits_for_the_right(self, ada: User) -> None:
        ChatFactory(telegram_id=GROUP, min_net=0.003)
        became("restricted", ada, old="member", can_send_messages=False)
        assert the_chat().gone == "refused"
        became("member", ada, old="restricted")
        assert (the_chat().gone, the_chat().min_net) == ("", 0.003)

    def test_made_admin_it_asks_anew_who_else_is(
        self, ada: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        forgotten: list[int] = []
        monkeypatch.setattr(chat_admins, "forget", forgotten.append)
        ChatFactory(telegram_id=GROUP)
        assert not became("administrator", ada, old="member").messages
        assert forgotten == [GROUP]


class TestPrivateChats:
    def place(self, ada: User, old: str, new: str) -> Said:
        own = {"id": ada.telegram_id, "type": "private", "first_name": "Ada"}
        return became(new, ada, old=old, chat=own)

    def test_who_blocks_the_bot_is_written_to_no_more(self, ada: User) -> None:
        assert not self.place(ada, "member", "kicked").calls
        row = Address.objects.get(recipient_id=ada.pk)
        assert (row.channel, row.state, row.problem) == ("telegram", "disabled", "blocked")

    def test_who_takes_it_back_is_written_to_again(self, ada: User) -> None:
        self.place(ada, "member", "kicked")
        self.place(ada, "kicked", "member")
        row = Address.objects.get(recipient_id=ada.pk)
        assert (row.state, row.problem, row.disabled_at) == ("active", "", None)

    def test_both_are_kept_once_each(self, ada: User) -> None:
        for old, new in (("member", "kicked"), ("kicked", "member")):
            self.place(ada, old, new)
            self.place(ada, old, new)
        kept = LogEntry.objects.filter(additional_data__what__startswith="address.")
        assert [line.additional_data["what"] for line in kept.order_by("id")] == [
            "address.disabled", "address.enabled",
        ]  # fmt: skip

    def test_somebody_unknown_leaves_no_trace(self) -> None:
        nora = newcomer()
        own = {"id": nora["id"], "type": "private", "first_name": "Nora"}
        assert not became("kicked", nora, old="member", chat=own).calls
        assert not Address.objects.exists()


class TestMoving:
    def test_a_group_that_became_a_supergroup_is_followed_once(self, ada: User) -> None:
        chat = ChatFactory(telegram_id=-77, type="group")
        waits = DeliveryFactory(recipient="chat", recipient_id=chat.pk)
        told(ada, group(-77, kind="group"), migrate_to_chat_id=GROUP)
        told(ada, SUPERGROUP, migrate_from_chat_id=-77)
        moved = the_chat()
        assert (moved.pk, moved.telegram_id, moved.type) == (chat.pk, GROUP, "supergroup")
        waits.refresh_from_db()
        assert (waits.recipient_id, waits.state) == (chat.pk, "pending")
        assert LogEntry.objects.filter(additional_data__what="chat.moved").count() == 1

    def test_what_telegram_tells_before_and_after_changes_nothing(self, ada: User) -> None:
        chat = ChatFactory(telegram_id=-77, type="group", registered_by=ada)
        became("member", ada)  # of the new group, before the move is told
        became("left", ada, old="member", chat=group(-77, kind="group"))
        told(ada, SUPERGROUP, migrate_from_chat_id=-77)
        assert (the_chat().pk, the_chat().gone) == (chat.pk, "")

    def test_a_new_title_is_followed(self, ada: User) -> None:
        ChatFactory(telegram_id=GROUP)
        told(ada, new_chat_title="Traders of Lisbon")
        assert the_chat().title == "Traders of Lisbon"

    def test_of_a_channel_too(self) -> None:
        ChatFactory(telegram_id=-1_009, type="channel")
        answered({"channel_post": {"message_id": 3, "date": 1, "chat": CHANNEL,
                                   "new_chat_title": "Signals 2"}})  # fmt: skip
        assert the_chat().title == "Signals 2"


class TestRecordedUpdates:
    """Every update Telegram's own users recorded; what is in them is theirs."""

    @pytest.fixture(params=[
        "my_chat_member", "my_chat_member_added_to_group", "my_chat_member_blocked",
        "my_chat_member_removed_from_group", "my_chat_member_unblocked", "chat_member",
        "new_chat_members", "left_chat_member", "new_chat_title", "group_chat_created",
        "supergroup_chat_created", "migrate_to_chat_id", "migrate_from_chat_id",
        "migrate_to_chat_id_group", "migrate_from_chat_id_supergroup", "channel_post",
        "edited_channel_post", "message_topic", "message_general_topic", "chat_join_request",
    ])  # fmt: skip
    def name(self, request: pytest.FixtureRequest) -> str:
        return str(request.param)

    def read(self, recordings: Path, name: str) -> dict[str, Any]:
        packed = (recordings / f"telegram/updates/{name}.json.gz").read_bytes()
        found: dict[str, Any] = json.loads(gzip.decompress(packed))
        return found

    def test_it_is_handled_twice_without_a_difference(self, recordings: Path, name: str) -> None:
        for telegram_id in (-1_001_555_296_434, -599_075_523):
            ChatFactory(telegram_id=telegram_id)
        answered(self.read(recordings, name))
        before = list(Chat.objects.order_by("pk").values())
        answered(self.read(recordings, name))
        assert list(Chat.objects.order_by("pk").values()) == before

    def test_a_recorded_move_moves(self, recordings: Path) -> None:
        chat = ChatFactory(telegram_id=-599_075_523, type="group")
        answered(self.read(recordings, "migrate_to_chat_id_group"))
        answered(self.read(recordings, "migrate_from_chat_id_supergroup"))
        chat.refresh_from_db()
        assert chat.telegram_id == GROUP

    def test_a_recorded_removal_removes(self, recordings: Path) -> None:
        ChatFactory(telegram_id=GROUP)
        answered(self.read(recordings, "my_chat_member_removed_from_group"))
        assert the_chat().gone == "blocked"

    def test_a_recorded_arrival_invites(self, recordings: Path) -> None:
        said = answered(self.read(recordings, "my_chat_member_added_to_group"))
        assert said.messages[0]["chat_id"] == GROUP
        assert said.lines[0].startswith("https://t.me/arbedge_bot?start=g")


class TestTheLinkOfAGroup:
    def come(self, who: Any, asked: Registering) -> Said:
        return ask(who, f"/start {joins.registering(asked, NOON)}")

    def test_who_added_the_bot_registers_by_coming(self, ada: User) -> None:
        asked = Registering(GROUP, "supergroup", ada.telegram_id or 0)
        assert "posted" in self.come(ada, asked).text
        assert the_chat().registered_by == ada

    def test_the_title_comes_along(self) -> None:
        nora = newcomer()
        became("member", nora)
        said = self.come(nora, Registering(GROUP, "supergroup", nora["id"]))
        assert the_chat().title == "test"
        assert "test" in said.text

    def test_somebody_else_is_asked_first(self, ada: User) -> None:
        said = self.come(ada, Registering(GROUP, "supergroup", 5))
        assert not Chat.objects.exists()
        assert any(line.startswith("chat_register g") for line in said.lines)

    @pytest.mark.parametrize("runs", [True, False])
    def test_then_telegram_is_asked_whether_he_runs_it(
        self, ada: User, runs: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(chat_admins, "is_admin", lambda *_: runs)
        payload = joins.registering(Registering(GROUP, "supergroup", 0), NOON)
        said = press(ada, f"chat_register {payload}")
        assert Chat.objects.exists() == runs
        assert ("posted" in said.text) == runs
        assert ("Only admins" in said.toast) != runs

    def test_what_is_missing_is_told_him_alone(self, ada: User) -> None:
        ChatFactory.create_batch(5, registered_by=ada)
        said = self.come(ada, Registering(GROUP, "supergroup", ada.telegram_id or 0))
        assert "You have 5 groups and channels" in said.text

    def test_an_old_link_says_so(self, ada: User) -> None:
        old = joins.registering(Registering(GROUP, "group", 0), NOON - timedelta(days=8))
        assert "older than 7 days" in ask(ada, f"/start {old}").text
