"""The console's pages of the bot: updates, feedback, conversations, people's own names."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from arbedge import aio, breaker, status
from arbedge.names import Fault, Role
from notifications.bot import aliases, ears, loading, talks
from notifications.bot.staff import told_us
from notifications.models import Alias, BotUpdate, Feedback, Talk
from notifications.models.bot import UpdateState
from notifications.panels import NOT_RUNNING
from tests.accounts.console import audited, desk, told
from tests.accounts.factories import UserFactory
from tests.notifications.admin.pages import CONSOLE, page

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_cache")]
LISTS = ("botupdate", "feedback", "talk", "alias")
SECRET = "what somebody typed"
loading.load()


def update(number: int = 77, *, failed: bool = False, ago: float = 0, **more: Any) -> BotUpdate:
    """An update that waits, or failed."""
    now = timezone.now() - timedelta(seconds=ago)
    ended = {
        "state": UpdateState.FAILED,
        "sealed": "",
        "settled_at": now,
        "problem": "failed_often",
    }
    given = {"sealed": SECRET, **(ended if failed else {}), **more}
    row: BotUpdate = BotUpdate.objects.create(
        update_id=number, lane=555_001, kind="callback_query", due_at=now, received_at=now, **given
    )
    return row


def feedback(text: str = "More coins,\nplease <b>") -> Feedback:
    row: Feedback = Feedback.objects.create(user=UserFactory(), text=text)
    return row


FILLED: dict[str, Any] = {
    "botupdate": lambda: update(BotUpdate.objects.count()),
    "feedback": feedback,
    "talk": lambda: talks.put(UserFactory().pk, "onboarding", "risk", timezone.now()),
    "alias": lambda: aliases.put(UserFactory(), "mine", "status"),
}


@pytest.mark.parametrize("model", LISTS)
def test_lists_ask_as_often_for_many_rows_as_for_few(model: str) -> None:
    client, _ = desk()
    asked = []
    for rows in (1, 12):
        for _ in range(rows):
            FILLED[model]()
        with CaptureQueriesContext(connection) as sent:
            page(client, f"{model}/")
        asked.append(len(sent))
    assert asked[0] == asked[1]


@pytest.mark.parametrize("model", LISTS)
@pytest.mark.parametrize("role", [Role.SUPPORT, Role.ADMIN, Role.SUPER_ADMIN])
def test_staff_sees_every_list_and_row(model: str, role: Role) -> None:
    row = FILLED[model]()
    client, _ = desk(role)
    assert page(client, f"{model}/")
    assert page(client, f"{model}/{row.pk}/change/")


@pytest.mark.parametrize("model", LISTS)
def test_nothing_is_made_or_deleted_there(model: str) -> None:
    row = FILLED[model]()
    client, _ = desk()
    for path in ("add/", f"{row.pk}/delete/"):
        assert client.get(f"{CONSOLE}/{model}/{path}").status_code in (403, 404)


class TestUpdates:
    def test_tell_kind_state_tries_and_what_went_wrong(self) -> None:
        update(failed=True, attempts=5)
        text = page(desk()[0], "botupdate/")
        assert "callback query" in text
        assert "failed: failed often" in text

    def test_tell_for_how_long_they_wait(self) -> None:
        update(ago=90)
        assert "waits for 1\u2009min" in page(desk()[0], "botupdate/")

    def test_an_update_that_is_tried_again_says_why(self) -> None:
        row = update(state=UpdateState.ANSWERING, problem="telegram_silent")
        assert "answering: telegram silent" in page(desk()[0], f"botupdate/{row.pk}/change/")

    def test_nobody_reads_what_was_typed_or_answered(self) -> None:
        row = update(calls=[{"method": "sendMessage", "told": {"text": "your balance"}}])
        client, _ = desk()
        with CaptureQueriesContext(connection) as sent:
            texts = page(client, "botupdate/") + page(client, f"botupdate/{row.pk}/change/")
        assert SECRET not in texts
        assert "your balance" not in texts
        assert not any('"sealed"' in query["sql"] for query in sent)

    def test_lead_to_the_person_who_sent_them(self) -> None:
        person = UserFactory(telegram_id=555_001, name="Ada")
        row = update()
        text = page(desk()[0], f"botupdate/{row.pk}/change/")
        assert f"/user/{person.pk}/change/" in text

    @pytest.mark.parametrize(
        ("q", "found"), [("77", True), ("555001", True), ("5550", False), ("x", False), ("", True)]
    )
    def test_are_found_by_number_and_by_who_sent_them(self, q: str, *, found: bool) -> None:
        row = update()
        assert (f"botupdate/{row.pk}/change/" in page(desk()[0], f"botupdate/?q={q}")) is found

    def test_are_filtered_by_state(self) -> None:
        update(1)
        update(2, failed=True)
        text = page(desk()[0], f"botupdate/?state={UpdateState.FAILED.value}")
        assert "botupdate/2/change/" in text
        assert "botupdate/1/change/" not in text


class TestFeedback:
    def test_is_shown_in_full_and_harmless(self) -> None:
        row = feedback()
        text = page(desk()[0], f"feedback/{row.pk}/change/")
        assert "More coins,\nplease &lt;b&gt;" in text

    def test_is_marked_as_read_after_a_yes(self) -> None:
        row = feedback()
        client, operator = desk(Role.ADMIN)
        path = f"{CONSOLE}/feedback/{row.pk}/do/read/"
        assert "Mark" in told(client.get(path))
        assert told_us.unread() == 1
        client.post(path, {"sure": "1"})
        assert told_us.unread() == 0
        assert audited(row.user, "feedback.read").actor == operator

    def test_many_are_marked_together(self) -> None:
        rows = [feedback(f"Thing {number}") for number in range(3)]
        client, _ = desk()
        sent = {"action": "read", "_selected_action": [row.pk for row in rows], "sure": 3}
        answer = client.post(f"{CONSOLE}/feedback/", sent, follow=True)
        assert "3 marked as read." in told(answer)

    def test_support_reads_and_marks_nothing(self) -> None:
        row = feedback()
        client, _ = desk(Role.SUPPORT)
        assert (
            client.post(f"{CONSOLE}/feedback/{row.pk}/do/read/", {"sure": "1"}).status_code == 403
        )
        row.refresh_from_db()
        assert row.read_at is None

    def test_is_filtered_by_whether_it_was_read(self) -> None:
        new = feedback("New words")
        Feedback.objects.filter(pk=feedback("Old words").pk).update(read_at=timezone.now())
        text = page(desk()[0], "feedback/?read=no")
        assert new.text in text
        assert "Old words" not in text

    def test_is_found_by_whose_it_is(self) -> None:
        row = feedback("Mine")
        User.objects.filter(pk=row.user_id).update(name="Ada")
        feedback("Another's")
        text = page(desk()[0], "feedback/?q=ada")
        assert "Mine" in text
        assert "Another" not in text


def test_conversations_tell_the_step_and_not_what_was_said() -> None:
    talks.put(UserFactory().pk, "onboarding", "min_net", timezone.now(), {"said": SECRET})
    client, _ = desk()
    text = page(client, "talk/") + page(client, f"talk/{Talk.objects.get().pk}/change/")
    assert "min net" in text
    assert SECRET not in text


def test_own_names_are_shown_with_what_they_stand_for() -> None:
    aliases.put(UserFactory(), "mine", "invite new")
    text = page(desk()[0], f"alias/{Alias.objects.get().pk}/change/")
    assert "/mine" in text
    assert "/invite new" in text


class TestFirstPage:
    def first(self, role: Role = Role.SUPER_ADMIN) -> str:
        return told(desk(role)[0].get("/console/"))

    def test_says_that_the_bot_is_late(self) -> None:
        update(ago=120)
        assert "The bot is late; somebody waits for" in self.first()

    def test_says_what_could_not_be_answered(self) -> None:
        update(failed=True)
        assert "Updates the bot could not answer in 24 h" in self.first()

    def test_says_that_there_is_feedback_to_read(self) -> None:
        feedback()
        assert "Feedback to read" in self.first(Role.SUPPORT)

    def test_says_that_the_bot_hears_nothing_and_what_to_do(self) -> None:
        now = timezone.now()
        ears.tell(now - timedelta(minutes=9), now, "BOT_TOKEN is not a bot's.")
        ears.tell(now, now + timedelta(minutes=1), "BOT_TOKEN is not a bot's.")
        text = self.first()
        assert "The bot hears nothing. BOT_TOKEN is not a bot&#x27;s." in text
        assert "for 9\u2009min" in text

    def test_says_that_nobody_asks_for_updates(self, settings: Settings) -> None:
        settings.BOT_TOKEN, settings.TELEGRAM_WEBHOOK = "1:x", False
        assert NOT_RUNNING in self.first()

    def test_says_that_nobody_asks_any_more(self, settings: Settings) -> None:
        settings.BOT_TOKEN = "1:x"
        now = timezone.now()
        ears.tell(now - timedelta(minutes=5), now - timedelta(minutes=4))
        text = self.first()
        assert NOT_RUNNING in text
        assert "for 5\u2009min" in text

    def test_a_channel_that_is_not_asked_is_broken(self) -> None:
        async def refuse() -> None:
            board = await breaker.board()
            now_ms = timezone.now().timestamp() * 1000
            await board.failed("channel:telegram", "api.telegram.org", Fault.FORBIDDEN, now_ms)

        aio.run(refuse())
        assert "Telegram: our account is refused, look at BOT_TOKEN" in self.first()

    def test_is_silent_where_all_is_well(self, settings: Settings) -> None:
        settings.BOT_TOKEN, settings.TELEGRAM_WEBHOOK = "1:x", False
        ears.tell(timezone.now(), timezone.now() + timedelta(minutes=1))
        text = self.first()
        assert "The bot is late" not in text
        assert "The bot hears nothing" not in text
        assert "Feedback to read" not in text


def test_the_screen_has_a_line_of_the_bot() -> None:
    assert [line.label for line in status.sources["Bot"]()] == ["bot"]
