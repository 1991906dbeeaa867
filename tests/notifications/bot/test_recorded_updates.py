"""Every recorded update goes the whole way, to the real Bot API's double, without an error."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from pytest_django import Settings
from structlog.testing import capture_logs

from notifications.bot import intake, lanes
from notifications.models import BotUpdate
from notifications.models.bot import UpdateState
from tests.accounts.web import fresh_cache
from tests.notifications.bot.updates import raw, recorded
from tests.notifications.factories import NOON
from tests.notifications.receiving import TOKEN, Running, running

pytestmark = pytest.mark.django_db
ERRORS = {"error", "critical", "exception"}


@pytest.fixture
def telegram(settings: Settings) -> Iterator[Running]:
    fresh_cache()
    with running(TOKEN) as begun:
        settings.BOT_TOKEN, settings.TELEGRAM_API_URL = TOKEN, begun.url
        yield begun
    fresh_cache()


def test_every_recorded_update_is_digested(recordings: Path, telegram: Running) -> None:
    found = recorded(recordings)
    for number, body in enumerate(found.values()):
        assert intake.store(raw({**json.loads(body), "update_id": number}), NOON)

    with capture_logs() as lines:
        while lanes.due(NOON, after=timedelta()):
            for lane in lanes.due(NOON, after=timedelta()):
                lanes.work(lane, NOON)

    ends = dict(BotUpdate.objects.values_list("update_id", "state"))
    assert {name: ends[number] for number, name in enumerate(found)} == dict.fromkeys(
        found, UpdateState.DONE
    )
    assert [line for line in lines if line["log_level"] in ERRORS] == []
    assert {one.status for one in telegram.receivers.book.calls} <= {200, 400}


def test_a_command_among_them_is_answered(recordings: Path, telegram: Running) -> None:
    update = json.loads(recorded(recordings)["command_message"])
    who = update["message"]["from"]["id"]
    intake.store(raw(update), NOON)
    assert lanes.work(who, NOON) == 1
    [answer] = telegram.texts(who)
    assert answer
