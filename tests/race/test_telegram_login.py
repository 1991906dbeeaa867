"""One log-in of Telegram presented by several at once."""

from __future__ import annotations

from functools import partial

import pytest
from pytest_django import Settings

from accounts import telegram_login
from accounts.telegram_login import Identity
from tests.accounts.test_telegram_login import BOT_TOKEN, NOW, told
from tests.race.together import at_once


@pytest.mark.django_db(transaction=True)
def test_of_many_with_the_same_data_one_gets_in(settings: Settings) -> None:
    settings.BOT_TOKEN, settings.BOT_NAME = BOT_TOKEN, "arbedge_bot"
    pairs = list(told().items())
    outcomes = at_once(*(partial(telegram_login.take, pairs, NOW) for _ in range(8)))
    assert [isinstance(one, Identity) for one in outcomes].count(True) == 1
    refused = {one.code for one in outcomes if not isinstance(one, Identity)}
    assert refused == {"login_replayed"}
