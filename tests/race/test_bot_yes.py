"""A yes that several presses say at the same moment, and things people say twice at once."""

from __future__ import annotations

import pytest
from auditlog.models import LogEntry

from accounts.models import Subscription
from notifications.bot import aliases, loading
from notifications.bot.staff import told_us
from notifications.models import Alias, Broadcast, Delivery, Feedback
from notifications.names import DeliveryState
from tests.accounts.factories import UserFactory
from tests.notifications.bot.asking import Said, ask, press
from tests.notifications.bot.staff import staff
from tests.notifications.factories import NOON, DeliveryFactory
from tests.race.together import at_once

pytestmark = pytest.mark.django_db(transaction=True)
loading.load()


def yes_at_once(who: object, asked: Said) -> list[Said]:
    """Four presses of the same yes."""
    line = asked.buttons["Yes"]
    return at_once(*[lambda: press(who, line)] * 4)  # type: ignore[arg-type]


def refused(answers: list[Said]) -> int:
    return sum("This was answered before." in one.toast for one in answers)


def test_a_tier_is_given_once() -> None:
    person, boss = UserFactory.create(), staff()
    answers = yes_at_once(boss, ask(boss, f"/admin_users #{person.pk} tier premium 30"))
    assert refused(answers) == 3
    assert Subscription.objects.filter(user=person).count() == 1
    assert LogEntry.objects.filter(additional_data__what="tier.granted").count() == 1


def test_a_broadcast_begins_once() -> None:
    boss = staff()
    ask(boss, "/admin_broadcast Hello\nYou")
    row = Broadcast.objects.get()
    answers = yes_at_once(boss, press(boss, f"broadcast {row.pk} send"))
    assert refused(answers) + sum("moved on" in one.toast for one in answers) == 3
    assert LogEntry.objects.filter(additional_data__what="broadcast.started").count() == 1


def test_dead_letters_are_sent_again_once() -> None:
    boss = staff()
    DeliveryFactory(state=DeliveryState.DEAD, settled_at=NOON)
    yes_at_once(boss, ask(boss, "/queue replay"))
    assert Delivery.objects.filter(state=DeliveryState.PENDING).count() == 1
    assert LogEntry.objects.filter(additional_data__what="deliveries.replayed").count() == 1


def test_the_same_feedback_is_kept_once() -> None:
    person = UserFactory.create()
    at_once(*[lambda: told_us.keep(person, "More coins", NOON)] * 4)
    assert Feedback.objects.filter(user=person).count() == 1


def test_no_more_than_five_feedbacks_come_through_together() -> None:
    person = UserFactory.create()
    at_once(*(lambda n=n: told_us.keep(person, f"Thing {n}", NOON) for n in range(8)))
    assert Feedback.objects.filter(user=person).count() == 5


def test_no_more_than_twenty_names_are_made_together() -> None:
    person = UserFactory.create()
    Alias.objects.bulk_create([Alias(user=person, name=f"n{n}", line="status") for n in range(18)])
    at_once(*(lambda n=n: aliases.put(person, f"m{n}", "status") for n in range(4)))
    assert Alias.objects.filter(user=person).count() == 20
