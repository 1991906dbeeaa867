"""Admins of a chat register it, choose what is posted there, and see what comes of it."""

from __future__ import annotations

from typing import Any

import pytest
from auditlog.models import LogEntry
from pytest_django import Settings

from accounts import people
from accounts.models import User
from arbedge import limits
from arbedge.choices import VENUES, mask
from arbedge.names import Door, Kind, Shelf, Tier
from notifications.bot import dispatch, words
from notifications.bot.groups import chat_admins
from notifications.models import Chat
from notifications.telegram import chat_figures
from tests.accounts.factories import UserFactory
from tests.notifications.bot.asking import Said, ask, group, member, newcomer, press
from tests.notifications.factories import HOUR, NOON, ChatFactory, DeliveryFactory

pytestmark = pytest.mark.django_db
GROUP = group(-1_001_777, "Traders")
FORUM = GROUP | {"is_forum": True}
LANGUAGES = ("en", "es", "fr")
ALLOW = limits.allow


@pytest.fixture(autouse=True)
def _bot(settings: Settings) -> None:
    settings.BOT_TOKEN, settings.BOT_NAME = "7000000001:secret", "arbedge_bot"


@pytest.fixture(autouse=True)
def admins(monkeypatch: pytest.MonkeyPatch) -> set[int | None]:
    """The accounts Telegram names as admins of every group."""
    found: set[int | None] = set()
    monkeypatch.setattr(chat_admins, "is_admin", lambda _, who: who in found)
    return found


@pytest.fixture
def ada(admins: set[int | None]) -> User:
    """She registered the group and runs it."""
    found = member(name="Ada Lovelace", tier=Tier.PRO, tier_until=NOON + 240 * HOUR)
    admins.add(found.telegram_id)
    return found


@pytest.fixture
def chat(ada: User) -> Chat:
    found: Chat = ChatFactory(telegram_id=GROUP["id"], title="Traders", registered_by=ada)
    return found


@pytest.fixture(autouse=True)
def _freely(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody asks too much, but where a test is about that."""
    plenty = limits.Allowed(ok=True)
    monkeypatch.setattr(limits, "allow", lambda *_, **__: plenty)


def set_(who: Any, chat: Chat, line: str, where: Any = GROUP, **more: Any) -> Said:
    """Presses a button of the menu in the group."""
    return press(who, f"group_set {chat.pk} {line}", chat=where, **more)


def read(said: Said) -> str:
    """The text with blanks of one kind."""
    return said.text.replace("\u2009", " ").replace("\u202f", " ")


def fresh(chat: Chat) -> Chat:
    return Chat.objects.get(pk=chat.pk)


def anonymous() -> dict[str, Any]:
    """An admin who writes as the group."""
    return {"id": chat_admins.ANONYMOUS, "is_bot": True, "first_name": "Group"}


class TestRegistering:
    def test_an_admin_with_a_session_registers_his_group(self, ada: User) -> None:
        said = ask(ada, "/register", chat=GROUP)
        chat = Chat.objects.get()
        assert (chat.telegram_id, chat.title, chat.registered_by) == (-1_001_777, "Traders", ada)
        assert "up to 100 an hour" in said.text

    def test_twice_the_tier_of_who_registered_it(self, admins: set[int | None]) -> None:
        free = member()
        admins.add(free.telegram_id)
        assert "up to 10 an hour" in ask(free, "/register", chat=GROUP).text

    @pytest.mark.usefixtures("chat")
    def test_a_registered_group_says_so(self, ada: User) -> None:
        assert "is registered" in ask(ada, "/register", chat=GROUP).text

    def test_whoever_runs_no_group_registers_none(self) -> None:
        assert "Only admins" in ask(member(), "/register", chat=GROUP).text
        assert not Chat.objects.exists()

    def test_in_private_there_is_nothing_to_register(self, ada: User) -> None:
        assert "only in a group" in ask(ada, "/register").text

    def test_an_anonymous_admin_comes_as_himself(self) -> None:
        said = ask(anonymous(), "/register", chat=GROUP, sender_chat=GROUP)
        assert "You write here as the group" in said.text
        assert said.buttons["Register"].startswith("https://t.me/arbedge_bot?start=g")
        assert not Chat.objects.exists()

    def test_an_admin_without_an_account_is_led_to_one(self, admins: set[int | None]) -> None:
        nora = newcomer()
        admins.add(nora["id"])
        assert "Register" in ask(nora, "/register", chat=GROUP).buttons

    @pytest.mark.parametrize("why", ["no session", "suspended", "too many"])
    def test_what_is_missing_is_not_told_in_the_group(self, ada: User, why: str) -> None:
        if why == "no session":
            ada.sessions.update(expires_at=NOON - HOUR)
        elif why == "suspended":
            people.suspend(ada, "spam", door=Door.TASK, by=None)
        else:
            ChatFactory.create_batch(5, registered_by=ada)
        said = ask(ada, "/register", chat=GROUP)
        assert list(said.buttons) == ["Register"]
        assert not any(word in said.text.lower() for word in ("session", "suspend", "5 ", "ada"))

    def test_nothing_is_shown_in_a_group_nobody_registered(self, ada: User) -> None:
        said = ask(ada, "/admin_group_config", chat=GROUP)
        assert "not registered yet" in said.text


class TestTheMenu:
    @pytest.mark.usefixtures("chat")
    def test_it_tells_everything_as_it_is(self, ada: User) -> None:
        said = ask(ada, "/admin_group_config", chat=GROUP)
        assert read(said).splitlines() == [
            "What is posted in Traders",
            "",
            "Posting: yes",
            "Kinds: all",
            "Shelves: for beginners",
            "Exchanges: all",
            "Least net: 0.00 %",
            "Size: $1 k",
            "Horizon: 72 h",
            "Language: English",
            "Time zone: UTC 12:00",
            "Topic: General",
            "",
            "At most 100 posts an hour and 1000 a day.",
        ]

    @pytest.mark.parametrize("language", LANGUAGES)
    @pytest.mark.usefixtures("chat")
    def test_its_lines_fit_a_phone(self, ada: User, language: str) -> None:
        Chat.objects.update(language=language, zone="America/Argentina/Buenos_Aires")
        said = ask(ada, "/admin_group_config", chat=GROUP)
        figures, _, limits_ = said.text.rpartition("\n\n")
        assert max(len(line) for line in figures.splitlines()) <= 40
        assert "{" not in limits_

    @pytest.mark.parametrize("language", LANGUAGES)
    @pytest.mark.usefixtures("chat")
    def test_every_button_of_every_screen_leads_somewhere(self, ada: User, language: str) -> None:
        Chat.objects.update(language=language)
        seen: set[str] = set()
        waits = ask(ada, "/admin_group_config", chat=GROUP).lines
        while waits:
            line = waits.pop()
            if line in seen or line.endswith("remove yes") or " set_zone " in line:
                continue
            seen.add(line)
            Chat.objects.update(language=language, kinds=None, shelves=None, venues=None)
            said = press(ada, line, chat=GROUP)
            assert said.methods == ["answerCallbackQuery", "editMessageText"], line
            if line.count(" ") < 3 or " zone " in line:
                waits += said.lines
        assert len(seen) > 40

    def test_a_press_edits_the_message_in_place(self, ada: User, chat: Chat) -> None:
        said = set_(ada, chat, "min_net 0.002")
        assert said.methods == ["answerCallbackQuery", "editMessageText"]
        assert said.toast == "Saved"
        assert "Least net: +0.20 %" in read(said)

    @pytest.mark.parametrize(
        ("line", "name", "value"),
        [
            ("min_net 0.005", "min_net", 0.005),
            ("notional_usd 10000", "notional_usd", 10_000),
            ("horizon_hours 24", "horizon_hours", 24),
            ("language fr", "language", "fr"),
            ("set_zone Europe/Lisbon", "zone", "Europe/Lisbon"),
            ("pause", "paused", True),
            ("kinds spot", "kinds", mask(set(Kind) - {Kind.SPOT}, Kind)),
            ("venues okx", "venues", mask([one for one in VENUES if one != "okx"], VENUES)),
        ],
    )
    def test_a_button_changes_one_thing(
        self, ada: User, chat: Chat, line: str, name: str, value: Any
    ) -> None:
        set_(ada, chat, line)
        assert getattr(fresh(chat), name) == value

    def test_a_new_language_is_read_at_once(self, ada: User, chat: Chat) -> None:
        assert "Langue : Français" in set_(ada, chat, "language fr").text

    def test_what_was_pressed_out_can_be_pressed_in(self, ada: User, chat: Chat) -> None:
        said = set_(ada, chat, "kinds spot")
        assert {"spot", "✓ funding"} <= set(said.buttons)
        set_(ada, chat, "kinds spot")
        assert fresh(chat).kinds is None

    def test_shelves_begin_with_the_beginners(self, ada: User, chat: Chat) -> None:
        said = set_(ada, chat, "shelves")
        ticked = [label for label in said.buttons if label.startswith("✓")]
        assert ticked == ["✓ low risk", "✓ high confidence", "✓ for beginners"]
        set_(ada, chat, "shelves hybrid")
        assert fresh(chat).shelves == mask(
            (Shelf.LOW_RISK, Shelf.HIGH_CONFIDENCE, Shelf.BEGINNER, Shelf.HYBRID), Shelf
        )
        set_(ada, chat, "shelves all")
        assert fresh(chat).shelves is None

    def test_the_last_one_stays(self, ada: User, chat: Chat) -> None:
        Chat.objects.update(kinds=mask([Kind.SPOT], Kind))
        assert "At least one" in set_(ada, chat, "kinds spot").toast
        assert fresh(chat).kinds == mask([Kind.SPOT], Kind)

    def test_only_what_the_tier_has_is_offered(self, admins: set[int | None]) -> None:
        free = member()
        admins.add(free.telegram_id)
        chat = ChatFactory(telegram_id=GROUP["id"], registered_by=free)
        assert "signals" not in " ".join(set_(free, chat, "kinds").buttons)
        assert len(set_(free, chat, "shelves").buttons) == 3 + 2
        assert set_(free, chat, "kinds technical").toast
        assert fresh(chat).kinds is None

    def test_zones_are_found_by_region_and_page(self, ada: User, chat: Chat) -> None:
        first = set_(ada, chat, "zone Europe")
        second = set_(ada, chat, "zone Europe 2")
        assert len(first.buttons) == 12 + 2
        assert [name[0] for name in second.buttons if "/" in name] == ["‹", "›"]
        assert not set(first.lines) & set(second.lines) - {f"group_set {chat.pk} menu"}

    def test_pausing_offers_to_go_on(self, ada: User, chat: Chat) -> None:
        said = set_(ada, chat, "pause")
        assert "Posting: paused" in said.text
        assert "Go on posting" in said.buttons
        set_(ada, chat, "resume")
        assert not fresh(chat).paused


class TestTyping:
    @pytest.mark.parametrize(
        ("text", "name", "value"),
        [
            ("min_net 0.25%", "min_net", 0.0025),
            ("min_net 0,3", "min_net", 0.003),
            ("kinds funding, spot", "kinds", mask([Kind.FUNDING, Kind.SPOT], Kind)),
            ("venues all", "venues", None),
            ("zone Lisbon", "zone", "Europe/Lisbon"),
            ("pause", "paused", True),
        ],
    )
    def test_one_thing_is_changed_by_a_line(
        self, ada: User, chat: Chat, text: str, name: str, value: Any
    ) -> None:
        ask(ada, f"/admin_group_config {text}", chat=GROUP)
        assert getattr(fresh(chat), name) == value

    @pytest.mark.parametrize(
        "text", ["min_net much", "kinds stocks", "zone Atlantis", "colour red"]
    )
    @pytest.mark.usefixtures("chat")
    def test_what_is_wrong_is_told_and_changes_nothing(self, ada: User, text: str) -> None:
        before = Chat.objects.values().get()
        said = ask(ada, f"/admin_group_config {text}", chat=GROUP)
        assert said.text
        assert words.say("en", "errors.internal") not in said.text
        assert Chat.objects.values().get() == before

    @pytest.mark.parametrize(
        ("language", "text", "told"),
        [
            ("en", "min_net 60%", "Least net: a number from \u221210.00\u2009% to +50.00\u2009%."),
            ("es", "min_net mucho", "escribe un número"),
            ("fr", "notional_usd 7", "choisissez"),
        ],
    )
    def test_a_refusal_tells_the_bounds_in_the_groups_language(
        self, ada: User, chat: Chat, language: str, text: str, told: str
    ) -> None:
        chat.language = language
        chat.save()
        assert told in ask(ada, f"/admin_group_config {text}", chat=GROUP).text

    def test_parts_of_the_world_are_named_in_the_readers_language(
        self, ada: User, chat: Chat
    ) -> None:
        chat.language = "es"
        chat.save()
        assert "África" in ask(ada, "/admin_group_config zone", chat=GROUP).buttons


class TestTopics:
    def test_posts_go_where_the_button_was_pressed(self, ada: User, chat: Chat) -> None:
        said = set_(ada, chat, "topic here", FORUM, message_thread_id=33, is_topic_message=True)
        assert fresh(chat).thread_id == 33
        assert "Topic: one of its own" in said.text

    def test_a_line_said_in_a_topic_does_the_same(self, ada: User, chat: Chat) -> None:
        ask(ada, "/admin_group_config topic here", chat=FORUM, message_thread_id=34,
            is_topic_message=True)  # fmt: skip
        assert fresh(chat).thread_id == 34

    @pytest.mark.usefixtures("chat")
    def test_answers_come_into_the_topic_that_was_asked_in(self, ada: User) -> None:
        said = ask(ada, "/group_stats", chat=FORUM, message_thread_id=34, is_topic_message=True)
        assert said.messages[0]["message_thread_id"] == 34

    @pytest.mark.parametrize("line", ["topic general", "topic here"])
    def test_outside_of_topics_posts_come_to_the_general_one(
        self, ada: User, chat: Chat, line: str
    ) -> None:
        Chat.objects.update(thread_id=33)
        set_(ada, chat, line)
        assert fresh(chat).thread_id is None

    def test_from_private_no_topic_can_be_chosen(self, ada: User, chat: Chat) -> None:
        said = press(ada, f"group_set {chat.pk} topic")
        assert "Post in this topic" not in said.buttons
        assert "in the group" in said.text


class TestRemoving:
    def test_it_asks_once_more(self, ada: User, chat: Chat) -> None:
        said = set_(ada, chat, "remove")
        assert "Remove Traders?" in said.text
        assert Chat.objects.exists()

    def test_then_it_is_forgotten(self, ada: User, chat: Chat) -> None:
        assert "is removed" in set_(ada, chat, "remove yes").text
        assert not Chat.objects.exists()

    def test_a_button_of_what_was_removed_says_so(self, ada: User, chat: Chat) -> None:
        set_(ada, chat, "remove yes")
        assert "not registered" in set_(ada, chat, "menu").toast


class TestWhoMay:
    def test_others_in_the_group_are_told_no_on_the_button(self, chat: Chat) -> None:
        said = set_(member(), chat, "pause")
        assert said.methods == ["answerCallbackQuery"]
        assert "Only admins" in said.toast
        assert not fresh(chat).paused

    def test_another_admin_may_and_is_the_one_who_did_it(
        self, chat: Chat, admins: set[int | None]
    ) -> None:
        bob = member()
        admins.add(bob.telegram_id)
        set_(bob, chat, "pause")
        assert LogEntry.objects.get(additional_data__what="chat.paused").actor == bob

    def test_an_admin_nobody_knows_may_and_is_nobody(
        self, chat: Chat, admins: set[int | None]
    ) -> None:
        nora = newcomer()
        admins.add(nora["id"])
        set_(nora, chat, "pause")
        assert LogEntry.objects.get(additional_data__what="chat.paused").actor is None

    @pytest.mark.usefixtures("chat")
    def test_an_anonymous_admin_configures_too(self) -> None:
        said = ask(anonymous(), "/admin_group_config pause", chat=GROUP, sender_chat=GROUP)
        assert "Posting: paused" in said.text

    @pytest.mark.usefixtures("chat")
    def test_one_group_s_admin_does_not_reach_another_s_chat(self, ada: User) -> None:
        other = ChatFactory()
        assert "not this group" in set_(ada, other, "pause").toast
        assert not fresh(other).paused

    def test_in_private_nobody_reaches_a_chat_of_another(self, ada: User) -> None:
        other = ChatFactory()
        assert press(ada, f"group_set {other.pk} pause").toast
        assert not fresh(other).paused

    @pytest.mark.usefixtures("chat")
    def test_while_telegram_does_not_say_who_runs_it_that_is_told(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(chat_admins, "unanswered", lambda _: True)
        said = ask(member(), "/admin_group_config", chat=GROUP)
        assert "Telegram does not say" in said.text


class TestInPrivate:
    def test_the_registrar_finds_his_chat_there(self, ada: User, chat: Chat) -> None:
        assert "What is posted in Traders" in ask(ada, "/admin_group_config").text
        press(ada, f"group_set {chat.pk} min_net 0.003")
        assert fresh(chat).min_net == 0.003

    @pytest.mark.usefixtures("chat")
    def test_of_several_he_chooses_one(self, ada: User) -> None:
        ChatFactory(registered_by=ada, title="Signals", type="channel")
        ChatFactory(registered_by=ada, title="Gone", gone="blocked")
        said = ask(ada, "/admin_group_config")
        assert list(said.buttons) == ["Traders", "Signals"]
        assert "Traders" in press(ada, said.buttons["Traders"]).text

    def test_whoever_has_none_is_told_how(self) -> None:
        for line in ("/admin_group_config", "/group_stats"):
            assert "Add me to one" in ask(member(), line).text

    def test_a_channel_has_no_topics(self, ada: User) -> None:
        ChatFactory(registered_by=ada, type="channel")
        said = ask(ada, "/admin_group_config")
        assert "Topic" not in said.text
        assert "Topic" not in said.buttons

    def test_a_chat_it_may_not_write_to_says_so(self, ada: User, chat: Chat) -> None:
        Chat.objects.update(gone="refused")
        assert "may not write" in press(ada, f"group_set {chat.pk} menu").text


class TestFigures:
    def test_posts_presses_and_people_stand_in_columns(self, ada: User, chat: Chat) -> None:
        DeliveryFactory.create_batch(3, recipient="chat", recipient_id=chat.pk, state="sent")
        chat_figures.pressed_in(chat.pk, NOON - 8 * 24 * HOUR)
        chat_figures.joined(UserFactory(), chat.pk, NOON)
        assert ask(ada, "/group_stats", chat=GROUP).text.splitlines()[:5] == [
            "Traders",
            "                7 d 30 d",
            "Posts             3    3",
            "Links pressed     1    2",
            "People who came   1    1",
        ]

    @pytest.mark.parametrize("language", LANGUAGES)
    @pytest.mark.usefixtures("chat")
    def test_the_table_fits_a_phone(self, ada: User, language: str) -> None:
        Chat.objects.update(language=language)
        table = ask(ada, "/group_stats", chat=GROUP).text.splitlines()[1:5]
        assert len({len(line) for line in table}) == 1
        assert len(table[0]) <= 40

    @pytest.mark.usefixtures("chat")
    def test_they_are_for_admins(self) -> None:
        assert "Only admins" in ask(member(), "/group_stats", chat=GROUP).text

    @pytest.mark.usefixtures("chat")
    def test_in_private_all_of_ones_chats_are_told(self, ada: User) -> None:
        ChatFactory(registered_by=ada, title="Signals")
        said = ask(ada, "/group_stats").text
        assert "Traders" in said
        assert "Signals" in said

    def test_a_button_of_the_menu_leads_there_and_back(self, ada: User, chat: Chat) -> None:
        assert list(set_(ada, chat, "figures").buttons) == ["‹ Back"]


class TestFlood:
    @pytest.fixture(autouse=True)
    def _counted(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(limits, "allow", ALLOW)
        limits.forget("bot-groups", str(GROUP["id"]), dispatch.GROUP_RATE)
        limits.forget("bot-warnings", str(GROUP["id"]), dispatch.WARNINGS_RATE)

    @pytest.mark.usefixtures("chat")
    def test_a_group_that_asks_too_much_is_told_once_and_then_nothing(self) -> None:
        crowd = [newcomer() for _ in range(25)]
        said = [ask(one, "/help", chat=GROUP) for one in crowd]
        told = [one.text for one in said]
        assert sum("more than I can answer" in text for text in told) == 1
        assert told[-1] == ""
        assert all(told[:20])

    @pytest.mark.usefixtures("chat")
    def test_others_are_answered_in_private(self) -> None:
        for _ in range(25):
            ask(newcomer(), "/help", chat=GROUP)
        assert ask(member(), "/help").text
