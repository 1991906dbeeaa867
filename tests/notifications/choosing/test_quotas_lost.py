"""What the cache has lost of places is read from the tables before anything counted is sent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from accounts.models import User
from arbedge import cache
from arbedge.errors import NoData
from notifications.choosing import quota_keys as keys
from notifications.choosing import quota_rebuild, quota_rows, quotas
from notifications.codes import Code
from notifications.names import DeliveryState
from tests.notifications.choosing.places import PER_DAY, PER_HOUR, Wish, allowed, fill
from tests.notifications.factories import (
    HOUR,
    MINUTE,
    NOON,
    ChatFactory,
    DeliveryFactory,
    DeliveryLogFactory,
    MessageFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_cache")]


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
