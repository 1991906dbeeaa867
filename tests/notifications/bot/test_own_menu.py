"""Staff see the commands of their role in the bot's menu as soon as they have it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from celery import current_app
from celery.exceptions import Retry
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings
from structlog.testing import capture_logs

from accounts import people
from accounts.models import User
from arbedge.names import Door, Role
from notifications import tasks
from notifications.bot import setup
from notifications.receivers.faults import Kind
from notifications.sending import waking
from tests.accounts.factories import UserFactory
from tests.notifications.receiving import TOKEN, Running, running

pytestmark = pytest.mark.django_db
ADA = 7_000_102
Commits = DjangoCaptureOnCommitCallbacks


@pytest.fixture
def bot(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """The Bot API, and a worker that is there at once."""
    monkeypatch.setenv("PTB_TIMEDELTA", "true")
    monkeypatch.setattr(waking, "menu", tasks.set_menu)
    settings.BOT_TOKEN = TOKEN
    with running(TOKEN) as begun:
        settings.TELEGRAM_API_URL = begun.url
        yield begun


@pytest.fixture
def ada() -> User:
    person: User = UserFactory(telegram_id=ADA, language="es")
    return person


@pytest.fixture
def woken(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Whose menus a worker is to set."""
    settings.BOT_TOKEN = TOKEN
    asked: list[int] = []
    monkeypatch.setattr(waking, "menu", asked.append)
    return asked


def becomes(person: User, role: Role) -> None:
    people.set_role(person, role, door=Door.CONSOLE, by=None)


def menu(bot: Running) -> set[str]:
    """The commands Ada's chat shows beside those of everybody."""
    told = bot.see("/_menu", chat=ADA, user=ADA, language="")
    return {one["command"] for one in told}


def test_who_becomes_staff_sees_staffs_commands(bot: Running, ada: User, commits: Commits) -> None:
    with commits(execute=True):
        becomes(ada, Role.ADMIN)
    assert {"admin_users", "admin_broadcast"} <= menu(bot)


def test_another_role_is_another_menu(bot: Running, ada: User, commits: Commits) -> None:
    for role in (Role.ADMIN, Role.SUPPORT):
        with commits(execute=True):
            becomes(ada, role)
    assert "admin_users" in menu(bot)
    assert "admin_broadcast" not in menu(bot)


def test_who_is_staff_no_more_has_no_menu_of_his_own(
    bot: Running, ada: User, commits: Commits
) -> None:
    for role in (Role.ADMIN, Role.USER):
        with commits(execute=True):
            becomes(ada, role)
    assert menu(bot) == set()


def test_a_suspended_admin_loses_it_and_a_reinstated_one_has_it_again(
    bot: Running, ada: User, commits: Commits
) -> None:
    with commits(execute=True):
        becomes(ada, Role.ADMIN)
        people.suspend(ada, "away", door=Door.CONSOLE, by=None)
    assert menu(bot) == set()
    with commits(execute=True):
        people.reinstate(ada, "back", door=Door.CONSOLE, by=None)
    assert "admin_users" in menu(bot)


def test_set_twice_it_is_told_once(bot: Running, ada: User) -> None:
    becomes(ada, Role.ADMIN)  # nobody commits
    for _ in range(2):
        tasks.set_menu(ada.pk)
    methods = [call.method for call in bot.receivers.book.calls]
    assert methods.count("setMyCommands") == 1


# What does not wait for Telegram


def test_a_worker_is_asked_after_the_commit(woken: list[int], ada: User, commits: Commits) -> None:
    with commits(execute=True):
        becomes(ada, Role.SUPPORT)
        assert woken == []
    assert woken == [ada.pk]


def test_no_change_asks_for_nothing(woken: list[int], ada: User, commits: Commits) -> None:
    with commits(execute=True):
        becomes(ada, Role.USER)
        people.suspend(ada, "", door=Door.CONSOLE, by=None)  # who is no staff has no menu
    assert woken == []


def test_without_a_bot_nobody_is_asked(
    woken: list[int], ada: User, settings: Settings, commits: Commits
) -> None:
    settings.BOT_TOKEN = ""
    with commits(execute=True):
        becomes(ada, Role.ADMIN)
    assert woken == []


def test_a_role_is_given_though_no_worker_can_be_asked(
    ada: User, settings: Settings, monkeypatch: pytest.MonkeyPatch, commits: Commits
) -> None:
    def gone(*_: Any, **__: Any) -> None:
        raise OSError("connection refused")

    settings.BOT_TOKEN = TOKEN
    monkeypatch.setattr(current_app, "send_task", gone)
    monkeypatch.setattr(waking, "_broker", waking._Broker())
    with capture_logs() as lines, commits(execute=True):
        becomes(ada, Role.ADMIN)
    assert User.objects.get(pk=ada.pk).role == Role.ADMIN
    assert [(line["event"], line["task"]) for line in lines] == [
        ("wake_lost", "notifications.menu")
    ]


def test_a_wake_names_the_person(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Any] = []
    monkeypatch.setattr(current_app, "send_task", lambda *args, **how: sent.append((args, how)))
    monkeypatch.setattr(waking, "_broker", waking._Broker())
    assert waking.menu(ada.pk)
    [((task, args), how)] = sent
    assert (task, args) == (tasks.set_menu.name, (ada.pk,))
    assert how["expires"] == waking.MENU_LAPSE_S


# What Telegram does not take


def test_where_telegram_is_not_reached_it_is_tried_again(
    bot: Running, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []

    def retry(*, exc: Exception, countdown: float) -> Retry:
        assert isinstance(exc, setup.Unreachable)
        waits.append(countdown)
        return Retry()

    monkeypatch.setattr(tasks.set_menu, "retry", retry)
    bot.wish(Kind.STATUS, status=502)
    with pytest.raises(Retry):
        tasks.set_menu(ada.pk)
    assert waits == [tasks.MENU_AGAIN_S]


def test_a_bot_telegram_does_not_know_is_logged(
    bot: Running, ada: User, settings: Settings
) -> None:
    settings.BOT_TOKEN = "7000000001:another"
    with capture_logs() as lines:
        tasks.set_menu(ada.pk)
    [line] = [one for one in lines if one["event"] == "menu_not_set"]
    assert "does not know BOT_TOKEN" in line["hint"]


def test_who_never_wrote_to_the_bot_is_left_out(bot: Running, ada: User) -> None:
    becomes(ada, Role.ADMIN)  # nobody commits
    bot.wish(Kind.MISSING, to=str(ADA))
    with capture_logs() as lines:
        tasks.set_menu(ada.pk)
    [line] = [one for one in lines if one["event"] == "menu_of_staff"]
    assert line["done"] == "left out"


def test_who_has_no_telegram_needs_no_menu(bot: Running) -> None:
    tasks.set_menu(UserFactory(telegram_id=None).pk)
    assert list(bot.receivers.book.calls) == []


@pytest.fixture
def commits(django_capture_on_commit_callbacks: Commits) -> Commits:
    """What waits for a commit is done at the end of the block."""
    return django_capture_on_commit_callbacks
