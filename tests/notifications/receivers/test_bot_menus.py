"""The bot's menus and words about itself, set and read by the library."""

from __future__ import annotations

from typing import Any

import pytest
from telegram import (
    Bot,
    BotCommand,
    BotCommandScopeAllChatAdministrators,
    BotCommandScopeAllGroupChats,
    BotCommandScopeChat,
    BotCommandScopeDefault,
)

from tests.notifications.receiving import Running, says, told

ANA, BOB, GROUP = 7, 8, -1001555296434


def menu(*names: str) -> list[BotCommand]:
    return [BotCommand(name, f"what {name} does") for name in names]


def names(commands: Any) -> list[str]:
    return [one["command"] if isinstance(one, dict) else one.command for one in commands]


def test_menus_are_kept_by_scope_and_language(bot: Running) -> None:
    async def set_and_get(library: Bot) -> Any:
        await library.set_my_commands(menu("start"), BotCommandScopeDefault())
        await library.set_my_commands(menu("inicio"), language_code="es")
        await library.set_my_commands(menu("room"), BotCommandScopeAllGroupChats())
        return [
            names(await library.get_my_commands(language_code=code)) for code in ("", "es", "fr")
        ]

    assert says(bot, set_and_get) == [["start"], ["inicio"], []]
    told = bot.see("/_menus")["commands"]
    assert [(one["scope"]["type"], one["language"]) for one in told] == [
        ("all_group_chats", ""), ("default", ""), ("default", "es"),
    ]  # fmt: skip


def test_readers_see_the_narrowest_menu(bot: Running) -> None:
    async def set_all(library: Bot) -> None:
        await library.set_my_commands(menu("all"))
        await library.set_my_commands(menu("todos"), language_code="es")
        await library.set_my_commands(menu("room"), BotCommandScopeAllGroupChats())
        await library.set_my_commands(menu("rule"), BotCommandScopeAllChatAdministrators())
        await library.set_my_commands(menu("staff"), BotCommandScopeChat(BOB))

    says(bot, set_all)
    bot.ask("/_members", chat=GROUP, member=BOB, status="administrator")
    seen = [
        names(bot.see("/_menu", **asked))
        for asked in (
            {"chat": ANA}, {"chat": ANA, "language": "es"}, {"chat": BOB, "language": "es"},
            {"chat": GROUP, "user": ANA}, {"chat": GROUP, "user": BOB},
        )
    ]  # fmt: skip
    assert seen == [["all"], ["todos"], ["staff"], ["room"], ["rule"]]
    says(bot, lambda library: library.delete_my_commands(BotCommandScopeChat(BOB)))
    assert names(bot.see("/_menu", chat=BOB)) == ["all"]


@pytest.mark.parametrize(
    ("commands", "words"),
    [
        ([{"command": "Start", "description": "x"}], "BOT_COMMAND_INVALID"),
        ([{"command": "start", "description": " "}], "command description must be non-empty"),
        ([{"command": "start", "description": "x" * 257}], "BOT_COMMAND_DESCRIPTION_INVALID"),
        ([{"command": f"c{at}", "description": "x"} for at in range(101)],
         "BOT_COMMANDS_TOO_MUCH"),
        (["start"], "can't parse BotCommand: Expected an Object"),
    ],
)  # fmt: skip
def test_a_menu_telegram_would_not_take_is_refused(
    bot: Running, commands: list[Any], words: str
) -> None:
    assert told(bot.call("setMyCommands", commands=commands)) == f"Bad Request: {words}"


@pytest.mark.parametrize(
    "asked",
    [{"scope": {"type": "everybody"}}, {"scope": {"type": "chat"}}, {"language_code": "english"}],
)
def test_a_scope_or_language_nobody_knows_is_refused(bot: Running, asked: dict[str, Any]) -> None:
    assert bot.call("getMyCommands", **asked).status_code == 400


def test_the_bot_says_what_it_is_in_each_language(bot: Running) -> None:
    async def describe(library: Bot) -> Any:
        await library.set_my_description("Arbitrage that pays after costs.")
        await library.set_my_description("Arbitraje neto.", language_code="es")
        await library.set_my_short_description("Net, not gross.")
        await library.set_my_name("ArbEdge")
        found = [await library.get_my_description(code) for code in ("es", "fr")]
        return [one.description for one in found], await library.get_my_short_description()

    described, short = says(bot, describe)
    assert described == ["Arbitraje neto.", "Arbitrage that pays after costs."]
    assert short.short_description == "Net, not gross."
    assert bot.see("/_menus")["name"] == {"": "ArbEdge"}
    assert bot.call("setMyShortDescription", short_description="x" * 121).status_code == 400
