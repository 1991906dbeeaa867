"""What an ask tells of itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from notifications.bot.asks import Ask, Place, Sender
from notifications.bot.registry import Scope
from tests.notifications.factories import NOON


def counting(answer: bool, asked: list[int]) -> Callable[[], bool]:
    """Who runs the chat, and how often that was asked."""

    def is_admin() -> bool:
        asked.append(1)
        return answer

    return is_admin


@pytest.mark.parametrize(("admin", "scope"), [(True, Scope.CHAT_ADMINS), (False, Scope.GROUP)])
def test_telegram_is_asked_once_who_runs_a_chat(admin: bool, scope: Scope) -> None:
    asked: list[int] = []
    one = Ask(NOON, Sender(7), Place(-1, "group", is_admin=counting(admin, asked)))

    assert [one.scope, one.scope, replace(one, confirmed=True).scope] == [scope] * 3
    assert len(asked) == 1


def test_nobody_is_asked_in_private() -> None:
    asked: list[int] = []

    assert Ask(NOON, Sender(7), Place(7, is_admin=counting(True, asked))).scope is Scope.PRIVATE
    assert not asked
