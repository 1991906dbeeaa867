"""Registering groups and channels, what they are posted, and who may say so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from auditlog.models import LogEntry

from accounts.models import User
from arbedge.choices import VENUES, mask
from arbedge.errors import ArbEdgeError, BadInput, Conflict, NotFound
from arbedge.names import Channel, Door, Kind, Shelf
from notifications.addressing import addresses
from notifications.models import Chat
from notifications.telegram import chats
from tests.accounts.factories import UserFactory
from tests.notifications.addressing.places import wanted
from tests.notifications.factories import ChatFactory

pytestmark = pytest.mark.django_db
GROUP = -1_001_234_567_890


@pytest.fixture
def ada() -> User:
    return UserFactory(language="es", time_zone="Europe/Madrid")


def register(user: User, telegram_id: int = GROUP, **more: Any) -> Chat:
    told: dict[str, Any] = {"kind": "supergroup", "title": "Traders", "door": Door.TELEGRAM}
    return chats.register(user, telegram_id, **told | more)


def change(user: User, chat: Chat, **changes: Any) -> Chat:
    return chats.change(user, chat.pk, changes, door=Door.TELEGRAM)


def audited(what: str) -> LogEntry:
    return LogEntry.objects.get(additional_data__what=what)


def test_a_chat_begins_with_its_owners_language_and_zone_and_no_filter(ada: User) -> None:
    chat = register(ada)
    assert (chat.language, chat.zone, chat.title) == ("es", "Europe/Madrid", "Traders")
    assert (chat.kinds, chat.shelves, chat.venues, chat.min_net) == (None, None, None, 0)
    line = audited("chat.registered")
    assert (line.actor, line.additional_data["whom"]) == (ada, ada.pk)
    assert line.additional_data["door"] == "telegram"


@pytest.mark.parametrize("telegram_id", [0, 42, -(1 << 52), -(1 << 70)])
def test_people_and_nonsense_are_no_chats(ada: User, telegram_id: int) -> None:
    with pytest.raises(BadInput) as told:
        register(ada, telegram_id)
    assert told.value.code == "bad_chat"


@pytest.mark.parametrize("kind", ["private", "", "GROUP"])
def test_only_groups_and_channels_are_registered(ada: User, kind: str) -> None:
    with pytest.raises(BadInput):
        register(ada, kind=kind)


def test_a_title_keeps_what_can_be_seen(ada: User) -> None:
    assert register(ada, title="  Tra\u202eders\n\x00 🦊 ").title == "Traders 🦊"
    assert len(register(ada, title="x" * 400).title) == 255


def test_registering_again_changes_nothing_but_the_title(ada: User) -> None:
    first = change(ada, register(ada), min_net="0.3%")
    again = register(ada, title="Traders 2")
    assert (again.pk, again.title, again.min_net) == (first.pk, "Traders 2", 0.003)


def test_nobody_takes_over_a_chat_the_bot_is_in(ada: User) -> None:
    register(ada)
    with pytest.raises(Conflict):
        register(UserFactory())
    assert Chat.objects.get().registered_by == ada


def test_a_chat_the_bot_was_thrown_out_of_can_be_registered_by_another(ada: User) -> None:
    register(ada)
    assert chats.lost(GROUP, "blocked")
    eve = UserFactory()
    chat = register(eve)
    assert (chat.registered_by, chat.gone) == (eve, "")


def test_a_person_has_five_chats_at_most_and_lost_ones_do_not_count(ada: User) -> None:
    for number in range(chats.MOST):
        register(ada, GROUP - number)
    with pytest.raises(BadInput) as told:
        register(ada, GROUP - 99)
    assert (told.value.code, told.value.details["limit"]) == ("chat_limit", 5)
    assert register(ada, GROUP).title == "Traders"
    chats.lost(GROUP, "gone")
    assert register(ada, GROUP - 99).pk


def test_a_chat_is_paused_and_resumed_and_said_so_once(ada: User) -> None:
    chat = register(ada)
    for _ in range(2):
        assert chats.pause(ada, chat.pk, door=Door.WEB).paused
    assert audited("chat.paused").actor == ada
    assert not chats.resume(ada, chat.pk, door=Door.WEB).paused
    assert audited("chat.resumed").additional_data["door"] == "web"


@pytest.mark.parametrize(
    ("field", "written", "kept"),
    [
        ("kinds", "funding, spot", mask(["funding", "spot"], Kind)),
        ("kinds", "all", None),
        ("shelves", ["low_risk"], mask(["low_risk"], Shelf)),
        ("venues", "okx bybit", mask(["okx", "bybit"], VENUES)),
        ("min_net", "0.2%", 0.002),
        ("notional_usd", "5000", 5_000),
        ("horizon_hours", 24, 24),
        ("language", "fr", "fr"),
        ("zone", "europe/paris", "Europe/Paris"),
        ("title", "Les traders", "Les traders"),
    ],
)
def test_filters_are_written_as_in_preferences(
    ada: User, field: str, written: Any, kept: Any
) -> None:
    chat = register(ada)
    change(ada, chat, **{field: written})
    chat.refresh_from_db()
    assert getattr(chat, field) == kept


@pytest.mark.parametrize(
    ("field", "written"),
    [
        ("kinds", "lottery"), ("kinds", []), ("venues", "mtgox"), ("min_net", "much"),
        ("min_net", float("nan")), ("min_net", -1), ("notional_usd", 7), ("horizon_hours", 0),
        ("language", "de"), ("zone", "Europe/Madird"), ("registered_by", 1), ("gone", ""),
        ("telegram_id", -1), ("tier", "pro"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_by_its_field_and_nothing_changes(
    ada: User, field: str, written: Any
) -> None:
    chat = register(ada)
    with pytest.raises(ArbEdgeError) as told:
        change(ada, chat, title="another", **{field: written})
    assert "field" in told.value.details
    chat.refresh_from_db()
    assert chat.title == "Traders"


def test_a_change_is_written_down_with_both_values(ada: User) -> None:
    chat = register(ada)
    change(ada, chat, min_net="0.2%", language="es")
    assert audited("chat.changed").changes == {"min_net": ["0.0", "0.002"]}


def test_a_change_of_nothing_is_not_written_down(ada: User) -> None:
    chat = register(ada)
    change(ada, chat, language="es")
    assert not LogEntry.objects.filter(additional_data__what="chat.changed").exists()


@pytest.mark.parametrize(
    "deed",
    [
        chats.find,
        lambda user, pk: chats.pause(user, pk, door=Door.WEB),
        lambda user, pk: chats.resume(user, pk, door=Door.WEB),
        lambda user, pk: chats.change(user, pk, {"title": "mine"}, door=Door.WEB),
        lambda user, pk: chats.remove(user, pk, door=Door.WEB),
    ],
)
def test_nobody_touches_what_somebody_else_registered(
    ada: User, deed: Callable[[User, int], object]
) -> None:
    chat = register(ada)
    with pytest.raises(NotFound):
        deed(UserFactory(), chat.pk)
    assert chats.listed(ada) == [chat]


def test_a_chat_that_is_lost_is_not_posted_to_and_keeps_its_reason(ada: User) -> None:
    chat = register(ada)
    assert chats.lost(GROUP, "blocked")
    assert not chats.lost(GROUP, "gone")
    one = wanted(chat, Channel.TELEGRAM)
    assert addresses.reach([one])[one.id] == "blocked"
    assert audited("chat.gone").additional_data["whom"] == ada.pk


def test_losing_an_unknown_chat_is_no_news() -> None:
    assert not chats.lost(GROUP, "gone")


def test_a_removed_chat_is_forgotten(ada: User) -> None:
    chat, other = register(ada), ChatFactory()
    chats.remove(ada, chat.pk, door=Door.WEB)
    assert list(Chat.objects.all()) == [other]
    assert audited("chat.removed").actor == ada


def test_staff_acts_for_a_person_by_name(ada: User) -> None:
    staff = UserFactory()
    chats.pause(ada, register(ada).pk, door=Door.CONSOLE, by=staff)
    assert audited("chat.paused").actor == staff


# Coming back, moving, topics


def test_a_chat_that_may_be_written_to_again_is_back(ada: User) -> None:
    register(ada)
    chats.lost(GROUP, "refused")
    assert chats.may_write_again(GROUP)
    assert not chats.may_write_again(GROUP)
    assert Chat.objects.get().gone == ""
    assert audited("chat.back").changes_dict["gone"] == ["refused", ""]


def test_a_chat_that_threw_the_bot_out_is_not_back_by_itself(ada: User) -> None:
    register(ada)
    chats.lost(GROUP, "blocked")
    assert not chats.may_write_again(GROUP)


def test_a_group_that_became_a_supergroup_keeps_what_it_had(ada: User) -> None:
    chat = change(ada, register(ada, -77, kind="group"), min_net="0.3%")
    assert chats.migrated(-77, GROUP)
    chat.refresh_from_db()
    assert (chat.telegram_id, chat.type, chat.min_net) == (GROUP, "supergroup", 0.003)


def test_a_move_that_is_told_twice_happens_once(ada: User) -> None:
    register(ada, -77, kind="group")
    assert chats.migrated(-77, GROUP)
    assert not chats.migrated(-77, GROUP)
    assert LogEntry.objects.filter(additional_data__what="chat.moved").count() == 1


def test_what_was_registered_after_the_move_gives_way_to_what_was_before(ada: User) -> None:
    old, new = register(ada, -77, kind="group"), register(ada, GROUP)
    chats.lost(-77, "blocked")
    assert chats.migrated(-77, GROUP)
    assert [chat.pk for chat in Chat.objects.all()] == [old.pk]
    assert Chat.objects.get().gone == ""
    assert new.pk != old.pk


def test_a_new_title_is_news_once(ada: User) -> None:
    register(ada)
    assert chats.renamed(GROUP, "  New\u202e name ")
    assert not chats.renamed(GROUP, "New name")
    assert not chats.renamed(-5, "New name")
    assert Chat.objects.get().title == "New name"


def test_posts_go_to_a_topic_and_back(ada: User) -> None:
    chat = register(ada)
    assert chats.post_to(ada, chat.pk, 33, door=Door.TELEGRAM).thread_id == 33
    assert chats.post_to(ada, chat.pk, None, door=Door.TELEGRAM).thread_id is None


def test_a_topic_that_was_deleted_is_forgotten_unless_another_was_chosen(ada: User) -> None:
    chat = register(ada)
    chats.post_to(ada, chat.pk, 34, door=Door.TELEGRAM)
    assert not chats.topic_lost(chat.pk, 33)
    assert chats.topic_lost(chat.pk, 34)
    assert Chat.objects.get().thread_id is None


def test_what_an_admin_we_do_not_know_did_is_nobodys(ada: User) -> None:
    chat = register(ada)
    chats.pause(ada, chat.pk, door=Door.TELEGRAM, by=chats.AN_ADMIN)
    line = audited("chat.paused")
    assert line.actor is None
    assert line.changes_dict["by"] == ["", "an admin of the chat"]


def test_what_another_admin_did_is_his(ada: User) -> None:
    chat, bob = register(ada), UserFactory()
    chats.pause(ada, chat.pk, door=Door.TELEGRAM, by=bob)
    line = audited("chat.paused")
    assert (line.actor, line.additional_data["whom"]) == (bob, ada.pk)
