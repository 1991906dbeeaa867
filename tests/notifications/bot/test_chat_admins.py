"""Who runs a chat: asked from Telegram once in five minutes, and at once after a change."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from pytest_django import DjangoAssertNumQueries, Settings
from redis.exceptions import ConnectionError as CacheGone

from notifications.bot.groups import chat_admins
from notifications.receivers.faults import Kind
from tests.notifications.bot.asking import Said, answered
from tests.notifications.receiving import TOKEN, Running, running

GROUP, ADA, BOB, EVE = -1_001_555, 42, 43, 66


@pytest.fixture
def telegram(settings: Settings) -> Iterator[Running]:
    """A group that Ada made, where Bob is an anonymous admin and Eve a member."""
    settings.BOT_TOKEN = TOKEN
    with running(TOKEN) as begun:
        settings.TELEGRAM_API_URL = begun.url
        begun.ask("/_members", chat=GROUP, member=ADA, status="creator")
        begun.ask("/_members", chat=GROUP, member=BOB, status="administrator", anonymous=True)
        begun.ask("/_members", chat=GROUP, member=EVE, status="member")
        chat_admins.forget(GROUP)
        yield begun
        chat_admins.forget(GROUP)


def asked(telegram: Running) -> int:
    """How often Telegram was asked."""
    return sum(call.method == "getChatAdministrators" for call in telegram.receivers.book.calls)


@pytest.mark.parametrize(("who", "runs"), [(ADA, True), (BOB, True), (EVE, False), (7, False)])
def test_telegram_says_who_runs_a_chat(telegram: Running, who: int, runs: bool) -> None:
    assert chat_admins.is_admin(GROUP, who) is runs


def test_an_admin_who_writes_as_the_group_is_one(telegram: Running) -> None:
    assert chat_admins.is_admin(GROUP, chat_admins.ANONYMOUS)
    assert asked(telegram) == 0


def test_it_is_asked_once(telegram: Running) -> None:
    for who in (ADA, BOB, EVE, ADA):
        chat_admins.is_admin(GROUP, who)
    assert asked(telegram) == 1


def test_after_a_change_it_is_asked_anew(telegram: Running) -> None:
    assert chat_admins.is_admin(GROUP, ADA)
    telegram.ask("/_members", chat=GROUP, member=ADA, status="member")
    assert chat_admins.is_admin(GROUP, ADA)
    chat_admins.forget(GROUP)
    assert not chat_admins.is_admin(GROUP, ADA)


def test_what_was_said_is_kept_for_five_minutes(
    telegram: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert chat_admins.KEPT_S == 300
    monkeypatch.setattr(chat_admins, "KEPT_S", 0)  # the five minutes are over
    chat_admins.is_admin(GROUP, ADA)
    chat_admins.is_admin(GROUP, ADA)
    assert asked(telegram) == 2


def test_while_telegram_does_not_say_nobody_is_admin(telegram: Running) -> None:
    telegram.wish(Kind.STATUS, status=502)
    assert not chat_admins.is_admin(GROUP, ADA)
    assert chat_admins.unanswered(GROUP)


def test_not_everybody_waits_while_it_does_not_say(telegram: Running) -> None:
    telegram.wish(Kind.DROP, times=1)
    for who in (ADA, BOB, EVE):
        assert not chat_admins.is_admin(GROUP, who)
    chat_admins.forget(GROUP)
    assert chat_admins.is_admin(GROUP, ADA)
    assert not chat_admins.unanswered(GROUP)


def test_thrown_out_it_knows_no_admins(telegram: Running) -> None:
    telegram.wish(Kind.KICKED)
    assert not chat_admins.is_admin(GROUP, ADA)


def test_without_the_cache_telegram_is_asked_each_time(
    telegram: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object, **__: object) -> None:
        raise CacheGone("no cache")

    for name in ("get", "set", "delete"):
        monkeypatch.setattr(cache, name, gone)
    assert chat_admins.is_admin(GROUP, ADA)
    assert not chat_admins.is_admin(GROUP, EVE)
    assert asked(telegram) == 2
    chat_admins.forget(GROUP)


def test_without_a_bot_there_is_nobody_to_ask(settings: Settings) -> None:
    settings.BOT_TOKEN = ""
    chat_admins.forget(GROUP)
    assert not chat_admins.is_admin(GROUP, ADA)
    chat_admins.forget(GROUP)


# What Telegram tells of people's places


@pytest.fixture
def forgotten(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The chats whose admins are asked for anew."""
    chats: list[int] = []
    monkeypatch.setattr(chat_admins, "forget", chats.append)
    return chats


def moves(old: str, new: str) -> Said:
    """Somebody's place in the group changes."""
    eve = {"id": EVE, "is_bot": False, "first_name": "Eve"}
    return answered({"chat_member": {
        "chat": {"id": GROUP, "type": "supergroup", "title": "test"}, "from": eve, "date": 1,
        "old_chat_member": {"user": eve, "status": old},
        "new_chat_member": {"user": eve, "status": new, "is_anonymous": False},
    }})  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("old", "new"),
    [("member", "administrator"), ("administrator", "member"), ("administrator", "kicked"),
     ("member", "creator"), ("creator", "left")],
)  # fmt: skip
def test_who_is_made_admin_or_unmade_counts_at_once(
    forgotten: list[int], old: str, new: str
) -> None:
    assert not moves(old, new).calls
    assert forgotten == [GROUP]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("old", "new"), [("left", "member"), ("member", "left"), ("member", "restricted")]
)
def test_who_comes_and_goes_changes_nothing(
    forgotten: list[int], old: str, new: str, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(2):  # the savepoint of its transaction
        assert not moves(old, new).calls
    assert forgotten == []
