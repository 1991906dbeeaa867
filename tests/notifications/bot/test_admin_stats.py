"""/admin_stats, and the bot's own load."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from arbedge.names import Role
from arbedge.status import Level
from notifications.bot.staff import load
from notifications.models import BotUpdate, Feedback
from notifications.models.bot import UpdateState
from notifications.names import DeliveryState
from tests.notifications.bot.asking import ask, member
from tests.notifications.bot.staff import staff
from tests.notifications.factories import (
    HOUR,
    MINUTE,
    NOON,
    DeliveryFactory,
    DeliveryLogFactory,
)
from tests.opportunities.factories import OpportunityFactory

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


def update(
    number: int, state: UpdateState, received: datetime, *, took: timedelta = SECOND
) -> BotUpdate:
    """An update that came then and, where it ended, ended so long after."""
    ended = state in (UpdateState.DONE, UpdateState.FAILED)
    row: BotUpdate = BotUpdate.objects.create(
        update_id=number, lane=number, kind="message", sealed="" if ended else "…", state=state,
        due_at=received, received_at=received, settled_at=received + took if ended else None,
    )  # fmt: skip
    return row


class TestLoad:
    def test_nothing_has_come_yet(self) -> None:
        assert load.load(NOON) == load.Load(0, None, 0, None, 0)

    def test_what_waits_is_counted_with_the_age_of_the_oldest(self) -> None:
        update(1, UpdateState.WAITING, NOON - 50 * SECOND)
        update(2, UpdateState.ANSWERING, NOON - 5 * SECOND)
        found = load.load(NOON)
        assert (found.waiting, found.oldest_s, found.slow) == (2, 50.0, True)

    def test_what_is_tried_again_later_is_not_late(self) -> None:
        row = update(1, UpdateState.ANSWERING, NOON - 50 * SECOND)
        BotUpdate.objects.filter(pk=row.pk).update(due_at=NOON + MINUTE)
        assert not load.load(NOON).slow

    def test_answers_of_the_hour_are_counted_with_their_time(self) -> None:
        update(1, UpdateState.DONE, NOON - MINUTE, took=SECOND)
        update(2, UpdateState.DONE, NOON - MINUTE, took=3 * SECOND)
        update(3, UpdateState.DONE, NOON - 2 * HOUR)
        found = load.load(NOON)
        assert (found.answered, found.took_ms) == (2, 2_000.0)

    def test_failures_of_the_day_are_counted(self) -> None:
        update(1, UpdateState.FAILED, NOON - 20 * HOUR)
        update(2, UpdateState.FAILED, NOON - 25 * HOUR)
        assert load.failed(NOON) == 1


class TestLine:
    @pytest.fixture(autouse=True)
    def _bot(self, settings: object) -> None:
        settings.BOT_TOKEN = "1:token"  # type: ignore[attr-defined]

    def test_is_good_while_answers_come(self) -> None:
        update(1, UpdateState.DONE, NOON - MINUTE)
        [line] = load.lines(NOON)
        assert line.level is Level.GOOD
        assert line.text == "1 answered within the hour in 1000 ms on average, 0 waiting"

    @pytest.mark.parametrize(
        ("state", "text"),
        [(UpdateState.WAITING, "the oldest for 60 s"), (UpdateState.FAILED, "1 failed in 24 h")],
    )
    def test_warns_of_the_late_and_the_failed(self, state: UpdateState, text: str) -> None:
        update(1, state, NOON - MINUTE)
        [line] = load.lines(NOON)
        assert line.level is Level.WARN
        assert text in line.text

    def test_says_that_there_is_no_bot(self, settings: object) -> None:
        settings.BOT_TOKEN = ""  # type: ignore[attr-defined]
        [line] = load.lines(NOON)
        assert line.level is Level.UNKNOWN
        assert "BOT_TOKEN" in line.text


class TestStats:
    def test_counts_people_who_are_here_and_who_came(self) -> None:
        boss = staff(Role.SUPPORT)
        member(date_joined=NOON - HOUR)
        text = ask(boss, "/admin_stats").text
        assert "People active now 2, in 24 h 2, in 7 d 2\nNew in 24 h: 1" in text

    def test_counts_what_is_live_and_what_was_opened(self) -> None:
        OpportunityFactory(opened_at=NOON - HOUR)
        text = ask(staff(), "/admin_stats").text
        assert "Opportunities live: 1\nOpened in 24 h: 1 funding\n" in text

    def test_counts_messages_that_arrived_failed_and_wait(self) -> None:
        DeliveryLogFactory(settled_at=NOON - HOUR)
        DeliveryLogFactory(settled_at=NOON - HOUR, state=DeliveryState.FAILED)
        DeliveryFactory(state=DeliveryState.DEAD)
        DeliveryFactory(due_at=NOON - 2 * MINUTE)
        text = ask(staff(), "/admin_stats").text
        assert "Messages in 24 h: 1 arrived, 2 failed\n" in text
        assert "Waiting: 1, the oldest for 2\u2009min\n⚠ Dead letters: 1. /queue" in text

    def test_is_calm_where_nothing_is(self) -> None:
        text = ask(staff(), "/admin_stats").text
        assert "Opportunities live: 0\nOpened in 24 h: nothing\n⚠ No scan has finished yet." in text
        assert "Nothing waits." in text
        assert "Feedback" not in text

    def test_tells_of_feedback_to_read(self) -> None:
        Feedback.objects.create(user=member(), text="More coins")
        assert "Feedback to read: 1" in ask(staff(), "/admin_stats").text

    def test_tells_how_the_bot_does(self) -> None:
        update(1, UpdateState.DONE, NOON - MINUTE)
        update(2, UpdateState.FAILED, NOON - MINUTE)
        text = ask(staff(), "/admin_stats").text
        assert "Bot, in 1 h: 1 answered, 0 waiting; 1 failed in 24 h" in text
        assert "An answer takes 1,000 ms on average." in text

    def test_asks_the_database_as_often_for_much_as_for_little(
        self, django_assert_max_num_queries: object
    ) -> None:
        boss = staff()
        for number in range(5):
            OpportunityFactory(opened_at=NOON - HOUR, asset=f"COIN{number}")
        with django_assert_max_num_queries(40):  # type: ignore[operator]
            ask(boss, "/admin_stats")
