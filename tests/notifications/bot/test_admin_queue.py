"""/queue: what waits, and dead letters."""

from __future__ import annotations

from typing import Any

import pytest

from arbedge.names import Channel, Door, Role
from notifications.codes import Code
from notifications.models import Attempt, Delivery
from notifications.names import CHANNEL_NUMBERS, DeliveryState
from tests.accounts.factories import UserFactory
from tests.notifications.bot.asking import ask, member, press
from tests.notifications.bot.staff import done, staff, sure, yes
from tests.notifications.factories import HOUR, MINUTE, NOON, DeliveryFactory

pytestmark = pytest.mark.django_db


def dead(**more: Any) -> Delivery:
    row: Delivery = DeliveryFactory(
        state=DeliveryState.DEAD, code=Code.WORKER_LOST, settled_at=NOON - HOUR, **more
    )
    return row


def test_nothing_waits() -> None:
    said = ask(staff(Role.SUPPORT), "/queue")
    assert "Nothing waits, nothing was tried.\n\nDead letters: 0" in said.text
    assert said.lines == ["queue"]


def test_every_channel_tells_what_waits_and_for_how_long() -> None:
    mail = CHANNEL_NUMBERS[Channel.EMAIL]
    for _ in range(2):
        DeliveryFactory(due_at=NOON - 3 * MINUTE)
    DeliveryFactory(channels=[mail], due_at=NOON + HOUR)
    text = ask(staff(), "/queue").text
    assert "telegram: 2 waiting, 0 sent, 0 failed\n  the oldest for 3\u2009min\n" in text
    assert "email: 1 waiting, 0 sent, 0 failed\n" in text


def test_tries_of_the_last_minutes_are_counted() -> None:
    row = DeliveryFactory()
    for outcome in ("sent", "permanent"):
        Attempt.objects.create(
            delivery_id=row.pk, recipient=row.recipient, recipient_id=row.recipient_id,
            channel=Channel.TELEGRAM, outcome=outcome, at=NOON - MINUTE,
        )  # fmt: skip
    assert "telegram: 1 waiting, 1 sent, 1 failed" in ask(staff(), "/queue").text


def test_dead_letters_are_listed_with_whom_they_were_for() -> None:
    row = dead(recipient_id=UserFactory(name="Ada").pk)
    said = ask(staff(), "/queue dead")
    assert f"#{row.pk} opened to Ada, telegram: worker lost (21 Nov" in said.text.replace(
        "1\u2009h ago", "21 Nov"
    )
    assert "queue replay" in said.lines


def test_dead_letters_have_pages() -> None:
    for _ in range(9):
        dead()
    boss = staff()
    first, second = ask(boss, "/queue dead"), press(boss, "queue dead 2")
    assert "queue dead 2" in first.lines
    assert first.text.count("worker lost") == 8
    assert "queue dead 1" in second.lines
    assert press(boss, "queue dead 9").text == second.text
    assert second.text.count("worker lost") == 1


def test_there_are_none() -> None:
    boss = staff()
    assert ask(boss, "/queue dead").text == "There are no dead letters."
    assert ask(boss, "/queue replay").text == "There are no dead letters."


def test_sending_them_again_is_asked_for_with_their_number() -> None:
    for _ in range(3):
        dead()
    said = ask(staff(), "/queue replay")
    assert "Send all dead letters (3) once more" in said.text
    assert Delivery.objects.filter(state=DeliveryState.DEAD).count() == 3


def test_they_are_sent_again_after_a_yes() -> None:
    dead(expires_at=NOON + HOUR)
    dead(expires_at=NOON - MINUTE)
    said = sure(staff(Role.ADMIN), "/queue replay")
    assert said.text == "Waiting again: 1. Expired, left as they are: 1."
    assert Delivery.objects.filter(state=DeliveryState.PENDING).count() == 1


def test_one_yes_sends_them_once() -> None:
    dead()
    boss = staff()
    asked = ask(boss, "/queue replay")
    yes(boss, asked)
    Delivery.objects.update(state=DeliveryState.DEAD, settled_at=NOON)
    assert "This was answered before." in yes(boss, asked).toast
    assert not Delivery.objects.filter(state=DeliveryState.PENDING).exists()


def test_it_is_audited_with_person_and_door() -> None:
    row, boss = dead(), staff()
    sure(boss, "/queue replay")
    written = done("deliveries.replayed")
    assert (written.actor, written.additional_data["door"]) == (boss, Door.TELEGRAM)
    assert str(row.pk) in written.changes["deliveries"][1]


def test_support_looks_and_does_nothing() -> None:
    dead()
    helper = staff(Role.SUPPORT)
    assert "queue replay" not in ask(helper, "/queue dead").lines
    assert ask(helper, "/queue replay").text == "Only the staff of ArbEdge may use this."


def test_others_see_nothing() -> None:
    assert ask(member(), "/queue").text == "Only the staff of ArbEdge may use this."
