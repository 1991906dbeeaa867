"""Telegram is told where updates go and what menus show: once, and again only what changed."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from typing import Any

import httpx
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from pytest_django import Settings

from accounts import people
from accounts.models import User
from arbedge.names import Door, Role
from notifications.bot import intake, loading, menus, registry, words
from notifications.bot.registry import Scope
from notifications.bot.setup import Done, Step
from notifications.management.commands.bot_setup import table
from notifications.receivers.faults import Kind
from tests.accounts.factories import UserFactory
from tests.notifications.receiving import TOKEN, Running, running

pytestmark = pytest.mark.django_db
ADA = 7_000_101
SITE = "http://127.0.0.1:8000"


@pytest.fixture
def bot(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    monkeypatch.setenv("PTB_TIMEDELTA", "true")
    settings.BOT_TOKEN, settings.BOT_NAME, settings.SITE_URL = TOKEN, "arbedge_bot", SITE
    settings.TELEGRAM_WEBHOOK = False
    with running(TOKEN) as begun:
        settings.TELEGRAM_API_URL = begun.url
        yield begun


def set_up(*options: str) -> str:
    """What the command prints."""
    out = StringIO()
    call_command("bot_setup", *options, stdout=out)
    return out.getvalue()


def trouble(*options: str) -> str:
    with pytest.raises(CommandError) as raised:
        set_up(*options)
    return str(raised.value)


def seen(bot: Running, chat: int, user: int = 0, language: str = "") -> dict[str, str]:
    """The menu of a reader: titles by command."""
    told = bot.see("/_menu", chat=chat, user=user or chat, language=language)
    return {one["command"]: one["description"] for one in told}


def staff(role: Role, **columns: Any) -> User:
    person = UserFactory(telegram_id=ADA, **columns)
    people.set_role(person, role, door=Door.TASK, by=None)
    return person


def info(bot: Running) -> dict[str, Any]:
    told: dict[str, Any] = bot.call("getWebhookInfo").json()["result"]
    return told


# Where updates go


def test_telegram_brings_updates_to_the_site(bot: Running) -> None:
    assert f"updates      {SITE}/telegram/webhook" in set_up("--webhook")
    told, hook = info(bot), bot.receivers.bot.updates.webhook
    assert told["url"] == f"{SITE}/telegram/webhook"
    assert hook.secret == intake.secret_token()
    assert told["allowed_updates"] == [
        "callback_query", "channel_post", "chat_member", "edited_message", "message",
        "my_chat_member",
    ]  # fmt: skip


def test_the_setting_decides_where_nobody_says(bot: Running, settings: Settings) -> None:
    settings.TELEGRAM_WEBHOOK = True
    set_up()
    assert info(bot)["url"]
    settings.TELEGRAM_WEBHOOK = False
    assert "removed" in set_up()
    assert info(bot)["url"] == ""


def test_updates_that_wait_are_not_dropped(bot: Running) -> None:
    bot.type(ADA, "/start")
    set_up("--polling")
    assert info(bot)["pending_update_count"] == 1


def test_what_went_wrong_with_the_webhook_is_told(bot: Running) -> None:
    set_up("--webhook")
    hook = bot.receivers.bot.updates.webhook
    hook.error = {"last_error_date": 1, "last_error_message": "Connection refused"}
    assert "last trouble: Connection refused" in set_up("--webhook")


@pytest.mark.parametrize(
    ("site", "api", "words"),
    [
        ("http://arbedge.example", None, "https addresses only"),
        ("https://arbedge.example:8000", None, "only the ports 443, 80, 88, 8443"),
        ("https://127.0.0.1", "https://api.telegram.org", "cannot reach an address of this"),
        ("http://127.0.0.1:8000", "https://api.telegram.org", "https addresses only"),
    ],
)
def test_an_address_telegram_cannot_use_is_refused_before_it_is_told(
    bot: Running, settings: Settings, site: str, api: str | None, words: str
) -> None:
    settings.SITE_URL, settings.TELEGRAM_API_URL = site, api or bot.url
    told = trouble("--webhook")
    assert words in told
    assert "--polling" in told
    assert list(bot.receivers.book.calls) == []


# Menus


def test_everybody_sees_the_commands_in_their_language(bot: Running) -> None:
    set_up()
    loading.load()
    assert set(seen(bot, ADA)) <= {one.name for one in registry.listed(Scope.PRIVATE)}
    for language in ("en", "es", "fr"):
        assert seen(bot, ADA, language=language)["help"] == words.say(language, "first.help.title")
    assert seen(bot, ADA, language="pt") == seen(bot, ADA, language="en")


def test_groups_have_their_own_menus(bot: Running) -> None:
    bot.ask("/_members", chat=-1007, member=ADA, status="creator")
    set_up()
    in_group, of_admin = seen(bot, -1007, user=8), seen(bot, -1007, user=ADA)
    assert set(in_group) == {one.name for one in registry.listed(Scope.GROUP)}
    admins = {one.name for one in registry.listed(Scope.CHAT_ADMINS)}
    assert set(of_admin) == set(in_group) | admins


def test_commands_of_staff_are_in_no_menu_but_theirs(bot: Running) -> None:
    staff(Role.SUPER_ADMIN, language="es")
    set_up()
    theirs, others = seen(bot, ADA), seen(bot, 8)
    assert theirs["admin_users"] == words.say("es", "admin.admin_users.title")
    assert set(others) < set(theirs)
    assert {"admin_users", "admin_config", "queue", "pause"} <= set(theirs) - set(others)


def test_staff_see_only_what_their_role_may_do(bot: Running) -> None:
    staff(Role.SUPPORT)
    set_up()
    assert "admin_users" in seen(bot, ADA)
    assert "admin_broadcast" not in seen(bot, ADA)


def test_who_is_staff_no_more_loses_the_menu(bot: Running) -> None:
    person = staff(Role.ADMIN)
    set_up()
    people.set_role(person, Role.USER, door=Door.TASK, by=None)
    assert f"user #{person.pk}" in set_up()
    assert seen(bot, ADA) == seen(bot, 8)
    assert "0 changed" in set_up()


def test_staff_telegram_does_not_know_hold_nothing_up(bot: Running) -> None:
    person = staff(Role.ADMIN)
    bot.wish(Kind.MISSING, to=str(ADA))
    printed = set_up()
    (line,) = [one for one in printed.splitlines() if f"admin #{person.pk}" in one]
    assert "left out" in line
    assert "Chat not found" in line
    assert seen(bot, ADA) == seen(bot, 8)


def test_no_menu_is_longer_than_telegram_takes() -> None:
    for menu in menus.general():
        assert len(menu.commands) <= menus.MOST
        assert all(1 <= len(title) <= menus.LONGEST_TITLE for _, title in menu.commands)


# Again


def test_what_is_as_it_should_be_is_left_so(bot: Running) -> None:
    first = set_up("--webhook")
    assert "0 as they were" not in first
    bot.receivers.book.calls.clear()
    assert "0 changed" in set_up("--webhook")
    told = [call.method for call in bot.receivers.book.calls if call.method.startswith("set")]
    assert told == ["setWebhook"]  # its secret cannot be asked for


def test_a_menu_somebody_else_changed_is_set_again(bot: Running) -> None:
    set_up()
    bot.call("setMyCommands", commands=[{"command": "spam", "description": "spam"}])
    assert "1 changed" in set_up()
    assert "spam" not in seen(bot, ADA)


def test_the_bot_says_what_it_is(bot: Running) -> None:
    set_up()
    about = bot.see("/_menus")
    assert set(about["description"]) == {"", "es", "fr"}  # English is for all others
    assert about["description"]["fr"] == words.say("fr", "setup.description")
    assert all(len(text) <= 120 for text in about["short_description"].values())


# What can go wrong


def test_without_a_token_it_says_how_to_get_one(bot: Running, settings: Settings) -> None:
    settings.BOT_TOKEN = ""
    assert "@BotFather" in trouble()


def test_a_wrong_token_is_told(bot: Running, settings: Settings) -> None:
    settings.BOT_TOKEN = "7000000001:another"
    told = trouble()
    assert "does not know BOT_TOKEN" in told
    assert "another" not in told


def test_nobody_who_answers_is_told(bot: Running, settings: Settings) -> None:
    settings.TELEGRAM_API_URL = "http://127.0.0.1:9"
    told = trouble()
    assert "http://127.0.0.1:9 cannot be reached" in told
    assert TOKEN not in told


def test_what_telegram_refuses_is_told(bot: Running) -> None:
    bot.wish(Kind.MISSING, method="setMyCommands")
    assert trouble() == "Telegram refused: Chat not found."


def test_a_pause_telegram_asks_for_is_kept(bot: Running) -> None:
    bot.wish(Kind.FLOOD, method="setMyDescription", times=1, retry_after_s=1)
    set_up()
    assert bot.see("/_menus")["description"][""]


def test_another_name_than_the_settings_say_is_told(bot: Running, settings: Settings) -> None:
    settings.BOT_NAME = ""
    assert "links to the bot need BOT_NAME=arbedge_bot" in set_up()
    settings.BOT_NAME = "ArbEdge_Bot"
    assert "links" not in set_up()


def test_columns_of_the_table_are_aligned() -> None:
    steps = [Step("bot", "@x", Done.UNCHANGED), Step("menu", "groups", Done.SET, "3 commands")]
    assert table(steps) == ["bot   @x      unchanged", "menu  groups  set        3 commands"]


def test_the_limits_of_telegram_are_kept_by_the_real_answers(bot: Running) -> None:
    """The receiver refuses what Telegram refuses, and it refused nothing."""
    set_up("--webhook")
    assert {call.status for call in bot.receivers.book.calls} == {200}
    state = httpx.get(f"{bot.url}/_state").json()["answered"]["telegram"]
    assert list(state) == ["200"]
