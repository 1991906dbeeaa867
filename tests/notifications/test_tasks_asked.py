"""What people asked for is looked after by tasks that only call the rooms below."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from accounts.credentials import Unchecked
from arbedge import schedule
from arbedge.errors import ArbEdgeError, NoData
from notifications import tasks
from notifications.alerts import trigger_accounts, triggers
from notifications.alerts.triggers import Checked
from notifications.bot import questions, talks
from notifications.broadcasting import broadcasts
from notifications.bundling import digests
from notifications.bundling.digests import Bundled
from notifications.models import BotUpdate, Question, Talk
from notifications.sending import waking
from tests.accounts.factories import UserFactory
from tests.accounts.web import fresh_cache
from tests.notifications.bot.updates import stored, text


@pytest.fixture
def fresh() -> None:
    """Nobody holds a lock."""
    fresh_cache()


@pytest.mark.parametrize(
    "task", ["notifications.alerts", "notifications.digests", "notifications.broadcast"]
)
def test_each_is_repeated_by_the_clock(task: str) -> None:
    [entry] = [one for one in schedule.entries.values() if one.task == task]
    assert 0 < entry.every_s <= 15


def test_what_the_bot_need_not_know_any_more_is_forgotten_by_the_clock() -> None:
    [entry] = [one for one in schedule.entries.values() if one.task == tasks.tidy_bot.name]
    assert entry.every_s <= 3600


@pytest.mark.django_db
def test_tidying_forgets_ended_updates_conversations_and_questions() -> None:
    person, now = UserFactory(), timezone.now()
    week_ago = now - timedelta(days=8)
    update = stored(text("/start"), week_ago)
    BotUpdate.objects.filter(pk=update.pk).update(state=2, sealed="", settled_at=week_ago)
    talks.put(person.pk, "onboarding", "venues", week_ago)
    questions.ask(person.pk, 1, "logout", week_ago)
    tasks.tidy_bot()
    kept = (BotUpdate.objects.exists(), Talk.objects.exists(), Question.objects.exists())
    assert kept == (False, False, False)


def test_a_market_without_data_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def silent() -> Checked:
        raise NoData("market book: no answer of any venue is in the cache")

    monkeypatch.setattr(triggers, "check", silent)
    tasks.check_alerts()


def test_accounts_are_read_every_five_minutes() -> None:
    [entry] = [one for one in schedule.entries.values() if one.task == "notifications.accounts"]
    assert entry.every_s == 300


@pytest.mark.usefixtures("fresh")
@pytest.mark.parametrize("error", [NoData("no prices"), Unchecked("ccxt is not installed")])
def test_accounts_that_cannot_be_read_are_no_error(
    monkeypatch: pytest.MonkeyPatch, error: ArbEdgeError
) -> None:
    def unread(_now: datetime) -> int:
        raise error

    monkeypatch.setattr(trigger_accounts, "check", unread)
    tasks.check_accounts()


@pytest.mark.usefixtures("fresh")
def test_one_reads_accounts_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[datetime] = []

    def read(now: datetime) -> int:
        reads.append(now)
        if len(reads) == 1:
            tasks.check_accounts()
        return 0

    monkeypatch.setattr(trigger_accounts, "check", read)
    tasks.check_accounts()
    assert len(reads) == 1
    tasks.check_accounts()
    assert len(reads) == 2


@pytest.mark.usefixtures("fresh")
def test_a_reading_that_failed_does_not_hold_the_next_one_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reads: list[datetime] = []

    def read(now: datetime) -> int:
        reads.append(now)
        raise NoData("no prices")

    monkeypatch.setattr(trigger_accounts, "check", read)
    tasks.check_accounts()
    tasks.check_accounts()
    assert len(reads) == 2


def test_bundling_goes_on_while_people_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = iter([Bundled(more=True), Bundled(more=True), Bundled()])
    moments: list[datetime] = []

    def run(now: datetime) -> Bundled:
        moments.append(now)
        return next(runs)

    monkeypatch.setattr(digests, "run", run)
    tasks.bundle()
    assert len(moments) == 3
    assert timezone.now() - moments[-1] < timedelta(minutes=1)


@pytest.mark.parametrize("more", [True, False])
def test_a_long_broadcast_wakes_its_next_run(monkeypatch: pytest.MonkeyPatch, more: bool) -> None:
    woken: list[bool] = []
    monkeypatch.setattr(broadcasts, "run", lambda _now: more)
    monkeypatch.setattr(waking, "broadcast", lambda: woken.append(True))
    tasks.broadcast()
    assert bool(woken) is more
