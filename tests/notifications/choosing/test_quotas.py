"""Places in the hour and the day: taken once, given back, and known to eligibility."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from accounts import tiers, usage
from accounts.models import TierSetting, User
from accounts.signals import TierChange
from arbedge.names import Tier
from notifications.choosing import quota_keys as keys
from notifications.choosing import quotas
from notifications.codes import Code
from tests.notifications.choosing.places import (
    ENTERPRISE,
    PER_DAY,
    PER_HOUR,
    PRO,
    Wish,
    allowed,
    fill,
)
from tests.notifications.factories import (
    HOUR,
    MINUTE,
    NOON,
    DeliveryFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_cache")]


class TestPlaces:
    """What fits into the hour and the day."""

    def test_a_tier_has_its_places_in_an_hour(self) -> None:
        wishes = [Wish(n) for n in range(1, PER_HOUR + 3)]
        answers = quotas.reserve(wishes, NOON)
        assert [answers[one.id] for one in wishes] == [None] * PER_HOUR + [Code.HOUR_FULL] * 2

    def test_the_first_of_a_batch_get_the_last_places(self) -> None:
        fill(PER_HOUR - 1)
        assert allowed(Wish(90), Wish(91)) == [90]

    def test_places_come_free_one_by_one_as_the_hour_slides(self) -> None:
        for n in range(PER_HOUR):
            fill(1, NOON + n * MINUTE, first=n + 1)
        assert allowed(Wish(50), now=NOON + HOUR - MINUTE) == []
        assert allowed(Wish(50), Wish(51), now=NOON + HOUR) == [50]

    def test_the_same_delivery_takes_one_place(self) -> None:
        fill(PER_HOUR)
        assert allowed(Wish(1), Wish(PER_HOUR)) == [1, PER_HOUR]
        assert allowed(Wish(60)) == []

    def test_a_delivery_tried_again_after_the_hour_keeps_its_place(self) -> None:
        fill(PER_HOUR)
        later = NOON + HOUR + MINUTE
        fill(PER_HOUR, later, first=100)
        assert allowed(Wish(1), now=later) == [1]

    def test_a_day_has_its_places_too(self) -> None:
        for hour in range(PER_DAY // PER_HOUR):
            fill(PER_HOUR, NOON - 4 * HOUR + hour * 2 * HOUR, first=10 * hour + 1)
        late = NOON - 4 * HOUR + 8 * HOUR
        assert quotas.reserve([Wish(500)], late) == {500: Code.DAY_FULL}

    def test_a_day_is_the_recipients_own(self) -> None:
        evening = datetime(2026, 11, 21, 21, 30, tzinfo=UTC)  # half an hour before Kyiv's midnight
        for hour in range(PER_DAY // PER_HOUR):
            fill(PER_HOUR, evening - (8 - 2 * hour) * HOUR, first=10 * hour + 1, zone="Europe/Kyiv")
        night = datetime(2026, 11, 21, 22, 1, tzinfo=UTC)
        assert allowed(Wish(900, zone="UTC"), now=night) == []
        assert allowed(Wish(901, zone="Europe/Kyiv"), now=night) == [901]

    def test_a_tier_without_a_cap_on_the_day_has_only_its_hour(self) -> None:
        for hour in range(10):
            fill(100, NOON + hour * HOUR, first=1000 * hour + 1, tier=ENTERPRISE)
        assert keys.limits("user", ENTERPRISE) == (100, -1)

    def test_recipients_do_not_share(self) -> None:
        fill(PER_HOUR)
        assert allowed(Wish(70, recipient_id=8)) == [70]

    def test_a_chat_has_twice_the_places_and_a_name_of_its_own(self) -> None:
        fill(PER_HOUR)
        fill(2 * PER_HOUR, first=200, recipient="chat")
        assert allowed(Wish(300, recipient="chat")) == []

    def test_a_place_that_was_given_back_is_free(self) -> None:
        row = DeliveryFactory(recipient_id=7)
        fill(PER_HOUR - 1, first=10_000_000)
        fill(1, first=row.pk)
        assert allowed(Wish(4)) == []

        assert quotas.release([row.pk]) == 1

        assert quotas.exhausted(NOON) == quotas.Exhausted()
        assert allowed(Wish(4)) == [4]

    def test_what_took_no_place_gives_none_back(self) -> None:
        row = DeliveryFactory(recipient_id=7)
        fill(PER_HOUR, first=10_000_000)
        assert quotas.release([row.pk]) == 0
        assert allowed(Wish(row.pk)) == []

    def test_a_large_batch_is_answered_whole_and_in_order(self) -> None:
        wishes = [Wish(n, recipient_id=n) for n in range(1, 2 * quotas.AT_ONCE + 20)]
        assert allowed(*wishes) == [one.id for one in wishes]


class TestExceptions:
    """Who is full and who cools down, for eligibility."""

    def test_who_is_full_is_known_until_a_place_comes_free(self) -> None:
        fill(PER_HOUR)
        assert quotas.exhausted(NOON + 59 * MINUTE).hour == [7]
        assert quotas.exhausted(NOON + HOUR) == quotas.Exhausted()

    def test_who_has_a_place_left_is_not_full(self) -> None:
        fill(PER_HOUR - 1)
        assert quotas.exhausted(NOON) == quotas.Exhausted()

    def test_a_full_day_ends_with_the_day(self) -> None:
        for hour in range(PER_DAY // PER_HOUR):
            fill(PER_HOUR, NOON + hour * 2 * HOUR, first=10 * hour + 1)
        midnight = datetime(2026, 11, 22, tzinfo=UTC)
        assert quotas.exhausted(midnight - MINUTE).day == [7]
        assert quotas.exhausted(midnight).day == []

    def test_full_chats_stand_apart_from_people(self) -> None:
        fill(2 * PER_HOUR, recipient="chat")
        found = quotas.exhausted(NOON)
        assert (found.hour, found.chats_hour) == ([], [7])

    def test_who_was_told_cools_down_for_four_hours(self) -> None:
        fill(1, fingerprint="wif")
        assert quotas.cooling(["wif", "btc"], NOON) == {"wif": [7], "btc": []}
        assert quotas.cooling(["wif"], NOON + 4 * HOUR - MINUTE) == {"wif": [7]}
        assert quotas.cooling(["wif"], NOON + 4 * HOUR) == {"wif": []}

    def test_a_cooling_chat_has_a_minus(self) -> None:
        fill(1, fingerprint="wif", recipient="chat")
        assert quotas.cooling(["wif"], NOON) == {"wif": [-7]}

    def test_who_was_refused_does_not_cool_down(self) -> None:
        fill(PER_HOUR)
        assert allowed(Wish(80, fingerprint="wif")) == []
        assert quotas.cooling(["wif"], NOON) == {"wif": []}

    def test_a_place_given_back_ends_the_cooldown_it_began(self) -> None:
        row = DeliveryFactory(recipient_id=7)
        fill(1, first=row.pk, fingerprint=row.message.fingerprint)
        quotas.release([row.pk])
        assert quotas.cooling([row.message.fingerprint], NOON) == {row.message.fingerprint: []}

    def test_a_cooldown_another_message_began_stays(self) -> None:
        row = DeliveryFactory(recipient_id=7)
        print_ = row.message.fingerprint
        fill(1, first=row.pk, fingerprint=print_)
        fill(1, NOON + HOUR, first=10_000_000, fingerprint=print_)
        quotas.release([row.pk])
        assert quotas.cooling([print_], NOON + 2 * HOUR) == {print_: [7]}

    def test_a_new_tier_makes_nobody_wait_for_the_old_ones_hour(
        self, django_capture_on_commit_callbacks: Any
    ) -> None:
        fill(PER_HOUR)
        change = TierChange(7, Tier.FREE, Tier.PRO, None, "granted")
        with django_capture_on_commit_callbacks(execute=True):
            quotas.tier_changed(changes=[change])
        assert quotas.exhausted(NOON) == quotas.Exhausted()
        assert allowed(Wish(30), now=NOON) == []
        assert allowed(Wish(31, tier=PRO)) == [31]

    def test_new_limits_of_a_tier_are_asked_for_anew(
        self, django_capture_on_commit_callbacks: Any
    ) -> None:
        fill(PER_HOUR)
        with django_capture_on_commit_callbacks(execute=True):
            TierSetting.objects.create(
                tier=Tier.FREE, name="opportunities_per_hour", value=Decimal(PER_HOUR + 1)
            )
        assert quotas.exhausted(NOON) == quotas.Exhausted()


class TestUsed:
    """What a person sees of his limit."""

    def test_messages_of_his_day_are_counted(self) -> None:
        person = User.objects.create(username="anna", time_zone="Europe/Kyiv")
        early = datetime(2026, 11, 20, 21, 59, tzinfo=UTC)  # yesterday there
        fill(2, early, first=1, recipient_id=person.pk)
        fill(3, early + 2 * MINUTE, first=11, recipient_id=person.pk)
        assert quotas.used(person.pk, NOON) == 3

    def test_it_is_not_known_before_the_memory_is_whole(self) -> None:
        person = User.objects.create(username="anna")
        assert quotas.used(person.pk, NOON) is None

    def test_the_account_page_shows_it(self) -> None:
        person = User.objects.create(username="anna")
        fill(2, recipient_id=person.pk)
        lines = usage.lines(person.pk, tiers.DEFAULTS[Tier.FREE], NOON)
        assert {line.name: line.used for line in lines}["pushes_per_day"] == 2


@pytest.mark.parametrize(
    ("at", "hours"),
    [
        (datetime(2026, 10, 25, 12, tzinfo=UTC), 25),
        (datetime(2026, 3, 29, 12, tzinfo=UTC), 23),
        (NOON, 24),
    ],
)
def test_a_day_is_as_long_as_the_clocks_make_it(at: datetime, hours: int) -> None:
    start, end = keys.day_of("Europe/Berlin", at)
    assert end - start == hours * 3_600_000


def test_somebody_in_a_zone_nobody_knows_lives_by_utc() -> None:
    assert keys.day_of("Mars/Olympus", NOON) == keys.day_of("UTC", NOON)
