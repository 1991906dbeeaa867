"""/digest and /quiet: what they show, what they change, and sending what waits."""

from __future__ import annotations

from typing import Any

import pytest

from accounts import preferences
from accounts.models import User
from arbedge.choices import Frequency
from arbedge.names import Door
from notifications.bundling import digest_now, digests
from notifications.models import Delivery, DigestItem
from notifications.names import Topic
from tests.notifications.bot.asking import ask, member, press
from tests.notifications.bundling.waiting import opening
from tests.notifications.factories import HOUR, NOON

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> User:
    return member(name="Ada", time_zone="Europe/Berlin")


def waits(user: User, number: int = 2) -> None:
    for _ in range(number):
        DigestItem.objects.create(
            recipient="user", recipient_id=user.pk, message=opening(), due_at=NOON + 5 * HOUR,
            created_at=NOON,
        )  # fmt: skip


def wishes(user: User, *names: str) -> tuple[Any, ...]:
    row = preferences.of(user.pk)
    return tuple(getattr(row, name) for name in names)


# /digest


@pytest.mark.parametrize(
    ("line", "frequency", "at_min"),
    [
        ("/digest daily", Frequency.DAILY, 480),
        ("/digest daily 07:30", Frequency.DAILY, 450),
        ("/digest 18:00", Frequency.DAILY, 1080),
        ("/digest 21h", Frequency.DAILY, 1260),
        ("/digest 15", Frequency.EVERY_15_MIN, 480),
        ("/digest HOURLY", Frequency.HOURLY, 480),
    ],
)
def test_how_messages_are_bundled_is_chosen(
    ada: User, line: str, frequency: Frequency, at_min: int
) -> None:
    ask(ada, line)

    assert wishes(ada, "frequency", "digest_at_min") == (frequency, at_min)


def test_without_words_it_only_shows(ada: User) -> None:
    said = ask(ada, "/digest")

    assert said.text.startswith("Opportunities come at once")
    assert preferences.of(ada.pk).version == preferences.NEVER_CHANGED


@pytest.mark.parametrize("frequency", list(Frequency))
def test_every_way_has_a_button_that_chooses_it(ada: User, frequency: Frequency) -> None:
    said = press(ada, f"digest {frequency.value}")

    assert wishes(ada, "frequency") == (frequency,)
    chosen = [line for label, line in said.buttons.items() if label.startswith("✓")]
    assert chosen[0] == f"digest {frequency.value}"


def test_the_hour_of_a_daily_digest_is_by_the_persons_clock(ada: User) -> None:
    said = press(ada, "digest 18:00")

    assert "once a day at 18:00 (Europe/Berlin)" in said.text
    assert said.buttons["✓ 18:00"] == "digest 18:00"


@pytest.mark.parametrize("line", ["/digest 25:00", "/digest sometimes", "/digest daily 8 am"])
def test_what_is_no_way_is_refused(ada: User, line: str) -> None:
    ask(ada, line)

    assert wishes(ada, "frequency") == (Frequency.IMMEDIATE,)


def test_what_waits_is_told_and_can_be_sent(ada: User) -> None:
    press(ada, "digest daily")
    waits(ada)

    said = ask(ada, "/digest")

    assert "Waiting for it now: 2" in said.text
    assert said.buttons["Send what waits (2)"] == "digest now"


def test_what_waits_is_sent_now_in_one_message(ada: User) -> None:
    waits(ada)

    said = ask(ada, "/digest now")
    digests.run(NOON)

    assert "On its way: 2, in one message" in said.text
    assert Delivery.objects.get(recipient_id=ada.pk).topic == Topic.DIGEST


def test_nothing_to_send_says_so(ada: User) -> None:
    assert "Nothing waits" in ask(ada, "/digest now").text


def test_in_quiet_hours_what_waits_comes_at_their_end(ada: User) -> None:
    waits(ada)
    ask(ada, "/quiet 12-16")

    said = ask(ada, "/digest now")
    digests.run(NOON)

    assert "when your quiet hours end" in said.text
    assert not Delivery.objects.exists()


def test_somebody_elses_digest_waits_on(ada: User) -> None:
    other = member()
    waits(other)

    ask(ada, "/digest now")

    assert DigestItem.objects.filter(due_at__gt=NOON).count() == 2
    assert digest_now.waiting(other.pk) == 2


def test_who_wants_messages_at_once_gets_what_waited(ada: User) -> None:
    press(ada, "digest daily")
    waits(ada, 1)

    press(ada, "digest immediate")
    digests.run(NOON)

    assert Delivery.objects.get(recipient_id=ada.pk).topic == Topic.OPENED


# /quiet


@pytest.mark.parametrize(
    ("hours", "first", "last"),
    [("23-07", 1380, 420), ("22:30-7", 1350, 420), ("0-8", 0, 480), ("23h–7h", 1380, 420),
     ("22-24", 1320, 0), ("2300-0700", 1380, 420)],
)  # fmt: skip
def test_quiet_hours_are_read_as_people_write_them(
    ada: User, hours: str, first: int, last: int
) -> None:
    ask(ada, f"/quiet {hours}")

    assert wishes(ada, "quiet_from_min", "quiet_to_min") == (first, last)


def test_quiet_hours_are_told_by_the_persons_clock(ada: User) -> None:
    said = ask(ada, "/quiet 23-07")

    assert "Quiet from 23:00 to 07:00 by your clock (Europe/Berlin)." in said.text
    assert "is left out" in said.text


def test_quiet_hours_end_by_off(ada: User) -> None:
    ask(ada, "/quiet 23-07")

    said = ask(ada, "/quiet off")

    assert wishes(ada, "quiet_from_min", "quiet_to_min") == (None, None)
    assert "You have no quiet hours" in said.text


def test_what_came_then_is_kept_or_left_out(ada: User) -> None:
    said = ask(ada, "/quiet 23-07 keep")
    assert wishes(ada, "quiet_to_digest") == (True,)
    assert "comes in one message at the end" in said.text

    press(ada, said.buttons["Leave them out"])
    assert wishes(ada, "quiet_to_digest") == (False,)


@pytest.mark.parametrize(
    "hours", ["23", "23-23", "23-7-8", "25-07", "23-07:60", "night", "24:30-7"]
)
def test_what_are_no_hours_is_refused(ada: User, hours: str) -> None:
    assert "is no time" in ask(ada, f"/quiet {hours}").text
    assert wishes(ada, "quiet_from_min") == (None,)


def test_hours_that_end_where_they_begin_are_refused(ada: User) -> None:
    ask(ada, "/quiet 7-7")

    assert wishes(ada, "quiet_from_min") == (None,)


def test_active_hours_are_told_too(ada: User) -> None:
    hours = {"active_from_min": "09:00", "active_to_min": "17:00"}
    preferences.change(ada.pk, hours, door=Door.WEB)

    assert "only from 09:00 to 17:00" in ask(ada, "/quiet").text


@pytest.mark.parametrize("language", ["es", "fr"])
def test_every_answer_is_told_in_the_readers_language(language: str) -> None:
    user, english = member(language=language), member()
    waits(user)
    waits(english)

    for line in (*(f"digest {one.value}" for one in Frequency), "digest now", "quiet",
                 "quiet 23-07 keep", "quiet drop"):  # fmt: skip
        assert press(user, line).text != press(english, line).text, line
    assert press(user, "quiet night").toast != press(english, "quiet night").toast
