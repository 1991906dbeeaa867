"""Places in the hour and the day, cooldowns, and what is known of both after the cache was lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from accounts import tiers, usage
from accounts.models import TierSetting, User
from accounts.signals import TierChange
from arbedge import cache
from arbedge.errors import NoData
from arbedge.names import Tier
from notifications.choosing import quota_keys as keys
from notifications.choosing import quota_rebuild, quota_rows, quotas
from notifications.codes import Code
from notifications.names import DeliveryState
from tests.notifications.factories import (
    HOUR,
    MINUTE,
    NOON,
    ChatFactory,
    DeliveryFactory,
    DeliveryLogFactory,
    MessageFactory,
    rank,
)

pytestmark = pytest.mark.django_db

FREE, PRO, ENTERPRISE = rank(Tier.FREE), rank(Tier.PRO), rank(Tier.ENTERPRISE)
PER_HOUR = tiers.DEFAULTS[Tier.FREE].opportunities_per_hour
PER_DAY = tiers.DEFAULTS[Tier.FREE].pushes_per_day or 0


@pytest.fixture(autouse=True)
def empty_cache() -> Iterator[None]:
    cache.client().flushdb()
    yield
    cache.client().flushdb()


@dataclass(frozen=True)
class Wish:
    """A counted delivery that is about to be sent."""

    id: int
    recipient_id: int = 7
    tier: int = FREE
    zone: str = "UTC"
    fingerprint: str = ""
    recipient: str = "user"


def allowed(*wishes: Wish, now: datetime = NOON) -> list[int]:
    """The deliveries that got a place."""
    return [one for one, code in quotas.reserve(wishes, now).items() if code is None]


def fill(count: int, now: datetime = NOON, first: int = 1, **wish: Any) -> None:
    wishes = [Wish(first + n, **wish) for n in range(count)]
    assert allowed(*wishes, now=now) == [one.id for one in wishes]


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


class TestLoss:
    """The cache was flushed, restarted, or is gone."""

    def lose(self) -> None:
        cache.client().flushdb()

    def told(self, count: int, user: int = 7, at: datetime = NOON - MINUTE) -> None:
        message = MessageFactory()
        for _ in range(count):
            DeliveryLogFactory(
                message_id=message.pk, recipient_id=user, counted=True, sent_at=at, settled_at=at
            )

    def test_what_was_sent_counts_again(self) -> None:
        self.told(PER_HOUR - 1)
        DeliveryFactory(
            recipient_id=7, counted=True, state=DeliveryState.SENT, due_at=NOON - MINUTE
        )
        assert allowed(Wish(1)) == []
        assert quotas.exhausted(NOON).hour == [7]
        assert quotas.exhausted(NOON + HOUR - MINUTE).hour == []

    def test_cooldowns_are_known_again(self) -> None:
        row = DeliveryFactory(recipient_id=7, counted=True, state=DeliveryState.SENT)
        print_ = row.message.fingerprint
        assert quotas.cooling([print_], NOON) == {print_: [7]}
        assert quotas.cooling([print_], NOON + 4 * HOUR) == {print_: []}

    def test_what_did_not_arrive_or_does_not_count_takes_no_place(self) -> None:
        for state in (DeliveryState.FAILED, DeliveryState.CANCELLED, DeliveryState.PENDING):
            DeliveryFactory(recipient_id=7, counted=True, state=state)
        DeliveryFactory(recipient_id=7, counted=False, state=DeliveryState.SENT)
        fill(PER_HOUR, first=10_000_000)

    def test_what_is_on_its_way_keeps_its_place_and_others_get_none(self) -> None:
        self.told(PER_HOUR - 1)
        on_its_way = DeliveryFactory(recipient_id=7, counted=True, state=DeliveryState.SENDING)
        self.lose()
        assert allowed(Wish(10_000_000)) == []
        assert allowed(Wish(on_its_way.pk)) == [on_its_way.pk]

    def test_claimed_rows_beyond_the_limit_get_no_place_by_being_on_their_way(self) -> None:
        self.told(PER_HOUR)
        claimed = DeliveryFactory(recipient_id=7, counted=True, state=DeliveryState.SENDING)
        self.lose()
        assert quotas.reserve([Wish(claimed.pk)], NOON) == {claimed.pk: Code.HOUR_FULL}

    def test_a_retry_still_has_its_place(self) -> None:
        retry = DeliveryFactory(recipient_id=7, counted=True, attempts=1)
        self.told(PER_HOUR - 1)
        self.lose()
        assert allowed(Wish(retry.pk)) == [retry.pk]
        assert allowed(Wish(10_000_000)) == []

    def test_the_day_is_known_again(self) -> None:
        self.told(PER_DAY, at=NOON - 3 * HOUR)
        assert quotas.reserve([Wish(1)], NOON) == {1: Code.DAY_FULL}
        assert quotas.exhausted(NOON).day == [7]

    def test_chats_are_known_again_as_chats(self) -> None:
        chat = ChatFactory()
        DeliveryFactory(
            recipient="chat", recipient_id=chat.pk, counted=True, state=DeliveryState.SENT
        )
        print_ = str(MessageFactory._meta.model.objects.get().fingerprint)
        assert quotas.cooling([print_], NOON) == {print_: [-chat.pk]}

    def test_whoever_asks_while_another_rebuilds_waits(self) -> None:
        lock = cache.acquire("quotas", 10_000)
        assert lock
        for ask in (
            lambda: quotas.reserve([Wish(1)], NOON),
            lambda: quotas.exhausted(NOON),
            lambda: quotas.cooling(["wif"], NOON),
        ):
            with pytest.raises(NoData, match="being read"):
                ask()
        cache.release("quotas", lock)
        assert allowed(Wish(1)) == [1]

    def test_a_cache_emptied_while_it_was_filled_is_not_whole(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        read = quota_rows.taken

        def emptied(now: datetime, remembered_ms: float) -> Iterator[Any]:
            yield from read(now, remembered_ms)
            self.lose()

        with monkeypatch.context() as patch:
            patch.setattr(quota_rows, "taken", emptied)
            assert not quota_rebuild.rebuild(NOON)
        self.told(PER_HOUR)
        assert allowed(Wish(1)) == []

    def test_another_server_with_an_old_memory_is_not_believed(self) -> None:
        fill(1)
        cache.client().set(keys.marker_key(), "some-other-server")
        self.told(PER_HOUR)
        assert allowed(Wish(2)) == []

    def test_nothing_is_asked_of_the_tables_while_the_memory_is_whole(
        self, django_assert_num_queries: Any
    ) -> None:
        fill(1)
        with django_assert_num_queries(0):
            quotas.reserve([Wish(2)], NOON)
            quotas.exhausted(NOON)
            quotas.cooling(["wif"], NOON)

    def test_a_cache_that_is_gone_is_no_empty_one(self, settings: Any) -> None:
        settings.CACHE_URL = "redis://127.0.0.1:1/0"
        with pytest.raises(NoData, match="quotas"):
            quotas.reserve([Wish(1)], NOON)
        assert quotas.release([DeliveryFactory().pk]) == 0
        assert quotas.used(User.objects.get().pk, NOON) is None


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
