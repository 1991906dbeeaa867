"""From events of a scan to messages and slices: what is told, to which tiers, for how long."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from accounts import tiers
from accounts.models import TierSetting
from arbedge.names import Event, Tier
from notifications import births
from notifications.models import Message, Slice
from notifications.names import Priority, Topic
from opportunities.models import Opportunity, Outcome
from tests.notifications.events import (
    EVERY_TIER,
    born,
    event,
    family,
    opportunity,
    slices,
    told,
    told_of,
)
from tests.notifications.factories import HOUR, MINUTE, NOON
from tests.opportunities.factories import FollowedFactory, OutcomeFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def opened() -> Opportunity:
    return told_of()


def test_facts_are_frozen_as_they_were() -> None:
    row = opportunity(asset="WIF", net=0.0042)
    message = told(row, Event.OPENED)
    Opportunity.objects.update(net=0.9)
    facts = message.facts
    assert {
        "opportunity_id": row.pk, "fingerprint": row.fingerprint, "kind": "funding",
        "asset": "WIF", "quote": "USDT", "family": "funding:WIF", "net": 0.0042,
        "net_announced": row.net_announced, "net_at_size": 0.0040, "risk": "low", "score": 0.82,
        "gross_announced": row.gross_announced, "first": row.first, "later": row.later,
        "k": row.k, "cost": row.cost, "gap": 0.0004, "apr_net": row.apr_net, "state": "open",
        "return_on_capital": row.return_on_capital, "horizon_hours": 72.0, "shelves": 0,
        "reasons": 0, "cohorts": row.cohorts, "also": [], "old_net": None, "paper_net": None,
        "close_reason": "", "opened_at": (NOON - 2 * HOUR).isoformat(),
        "break_even_at": (NOON + 24 * HOUR + 38 * MINUTE).isoformat(),
        "long": facts["long"], "short": facts["short"],
    } == facts  # fmt: skip
    assert facts["short"] == {
        "venue": "bybit", "symbol": row.short_symbol, "market": "perp", "rate": 0.0009,
        "interval_hours": 8.0, "next_at": (NOON + 38 * MINUTE).isoformat(), "bid": 2.0008,
        "ask": 2.0012, "age_ms": 1_400.0, "fee_bps": 5.5,
    }  # fmt: skip


def test_columns_say_what_the_facts_say() -> None:
    row = opportunity()
    message = told(row, Event.OPENED)
    assert (message.topic, message.kind, message.asset) == (Topic.OPENED, "funding", row.asset)
    assert (message.opportunity_id, message.fingerprint) == (row.pk, row.fingerprint)
    assert (message.at, message.created_at) == (NOON, NOON)
    assert message.opening is None


def test_a_single_leg_has_no_other() -> None:
    row = opportunity(
        kind="technical", short=None, short_venue="", short_symbol="", short_market="",
        short_bid=None, short_ask=None, short_fee_bps=0.0, first=0.0, later=0.0, k=1.0, cost=0.001,
    )  # fmt: skip
    assert told(row, Event.OPENED).facts["short"] is None


class TestSlices:
    def test_every_tier_has_its_own_held_back_by_its_delay(self) -> None:
        due = {tier: one.due_at for tier, one in slices(told(opportunity(), Event.OPENED)).items()}
        assert due == {
            0: NOON + timedelta(seconds=300),
            1: NOON + timedelta(seconds=60),
            2: NOON + timedelta(seconds=10),
            3: NOON,
            4: NOON,
        }

    def test_a_delay_changed_by_operators_counts(self) -> None:
        TierSetting.objects.create(tier=Tier.FREE, name="delay_s", value=Decimal(42))
        tiers._announce()
        try:
            first = slices(told(opportunity(), Event.OPENED))[0]
            assert first.due_at == NOON + timedelta(seconds=42)
        finally:
            TierSetting.objects.all().delete()
            tiers._announce()

    def test_a_follow_up_has_one_more_for_those_who_were_sent_the_opening(
        self, opened: Opportunity
    ) -> None:
        improved = slices(told(opened, Event.IMPROVED, new={"improved_count": 1}))
        assert set(improved) == {*EVERY_TIER, None}
        assert improved[None].due_at == NOON

    @pytest.mark.parametrize("kind", [Event.FADING, Event.CLOSED])
    def test_bad_news_are_for_nobody_else(self, opened: Opportunity, kind: Event) -> None:
        assert set(slices(told(opened, kind))) == {None}

    def test_what_comes_back_is_for_everybody(self, opened: Opportunity) -> None:
        told(opened, Event.CLOSED)
        Opportunity.objects.update(
            state="open", live_key=opened.fingerprint, closed_at=None, close_reason=""
        )
        back = told(opened, Event.RECOVERED)
        assert set(slices(back)) == {*EVERY_TIER, None}
        assert back.opening == Message.objects.get(topic=Topic.OPENED)


class TestWhatIsTold:
    @pytest.mark.parametrize("kind", [Event.HELD, Event.RESUMED, Event.RESTORED])
    def test_silent_events_make_no_message(self, opened: Opportunity, kind: Event) -> None:
        assert born(event(opened, kind, silent=True)) == []

    @pytest.mark.parametrize("kind", [Event.FADING, Event.CLOSED])
    def test_the_end_of_what_nobody_was_told_of_makes_no_message(self, kind: Event) -> None:
        assert born(event(opportunity(), kind)) == []

    def test_an_improvement_of_what_nobody_was_told_of_is_an_opening(self) -> None:
        message = told(opportunity(), Event.IMPROVED, new={"improved_count": 1})
        assert message.opening is None
        assert set(slices(message)) == EVERY_TIER

    @pytest.mark.parametrize(("count", "messages"), [(1, 1), (2, 1), (3, 0)])
    def test_two_improvements_in_four_hours_are_told(
        self, opened: Opportunity, count: int, messages: int
    ) -> None:
        improved = event(opened, Event.IMPROVED, new={"improved_count": count})
        assert len(born(improved)) == messages

    def test_an_event_makes_one_message_however_often_it_is_received(self) -> None:
        opening = event(opportunity(), Event.OPENED)
        assert born(opening) == born(opening)
        assert Slice.objects.count() == len(Tier)

    def test_the_promise_that_stood_is_told_with_an_improvement(self, opened: Opportunity) -> None:
        better = told(opened, Event.IMPROVED, old={"net": 0.003}, new={"improved_count": 1})
        assert better.facts["old_net"] == 0.003

    def test_a_closing_says_why_and_what_was_paid_on_paper(self, opened: Opportunity) -> None:
        followed = FollowedFactory(opportunity=opened)
        OutcomeFactory(followed=followed, checkpoint="1h", total=0.001, due_at=NOON - HOUR)
        OutcomeFactory(followed=followed, checkpoint="8h", total=0.002, due_at=NOON)
        Outcome.objects.create(
            followed=followed, checkpoint="24h", due_at=NOON + HOUR, promised=0.004, cost=0.001
        )
        facts = told(opened, Event.CLOSED, reason="gate:thin_depth").facts
        assert (facts["close_reason"], facts["paper_net"]) == ("gate:thin_depth", 0.002)
        assert facts["state"] == "closed"

    def test_an_end_is_more_urgent_than_the_rest(self, opened: Opportunity) -> None:
        assert told(opened, Event.FADING).priority == Priority.MEDIUM
        assert told(opened, Event.CLOSED).priority == Priority.HIGH


class TestValidity:
    def test_an_opening_lapses_with_the_opportunity(self) -> None:
        row = opportunity(expires_at=NOON + 30 * MINUTE)
        assert told(row, Event.OPENED).expires_at == NOON + 30 * MINUTE

    def test_data_of_another_day_is_valid_for_as_long(self) -> None:
        row = opportunity(expires_at=NOON + 30 * MINUTE)
        (message,) = born(event(row, Event.OPENED), now=NOON + 90 * HOUR)
        assert message.at == NOON
        assert message.expires_at == NOON + 90 * HOUR + 30 * MINUTE

    def test_an_end_is_worth_telling_for_hours(self, opened: Opportunity) -> None:
        assert told(opened, Event.CLOSED).expires_at == NOON + births.CLOSING_KEPT


class TestFamilies:
    def test_the_best_is_pushed_with_the_others_beside_it(self) -> None:
        best = opportunity(asset="WIF", net=0.005)
        others = [
            opportunity(asset="WIF", long_venue=venue, net=net, best=False)
            for venue, net in (("gate", 0.003), ("mexc", 0.004))
        ]
        messages = born(*(event(row, Event.OPENED) for row in (*others, best)))
        assert [message.opportunity_id for message in messages] == [best.pk]
        assert messages[0].facts["also"] == [
            {"long_venue": "mexc", "short_venue": "bybit", "net": 0.004},
            {"long_venue": "gate", "short_venue": "bybit", "net": 0.003},
        ]

    def test_what_is_closed_or_fading_is_not_named_beside_it(self) -> None:
        best = opportunity(asset="WIF")
        opportunity(asset="WIF", long_venue="gate", best=False, state="fading")
        opportunity(asset="WIF", long_venue="mexc", best=False, closed=True)
        opportunity(asset="PEPE", long_venue="kucoin", best=False)
        assert told(best, Event.OPENED).facts["also"] == []

    def test_no_more_are_named_than_can_be_read(self) -> None:
        best = opportunity(asset="WIF")
        for venue in ("gate", "mexc", "htx", "kucoin", "bitget", "kraken"):
            opportunity(asset="WIF", long_venue=venue, best=False)
        assert len(told(best, Event.OPENED).facts["also"]) == 5

    def test_no_longer_the_best_it_is_followed_up_but_not_pushed(self, opened: Opportunity) -> None:
        Opportunity.objects.update(best=False)
        better = told(opened, Event.IMPROVED, new={"improved_count": 1})
        assert set(slices(better)) == {None}

    def test_twenty_are_pushed_in_a_scan_the_best_first(self) -> None:
        rows = [family(number, score=0.5 + number / 100) for number in range(25)]
        messages = born(*(event(row, Event.OPENED) for row in rows))
        best_first = [row.pk for row in reversed(rows)]
        assert [message.opportunity_id for message in messages] == best_first[:20]

    def test_of_equal_scores_the_higher_net_is_first(self) -> None:
        less, more = family(1, net=0.004), family(2, net=0.005)
        messages = born(event(less, Event.OPENED), event(more, Event.OPENED))
        assert [message.opportunity_id for message in messages] == [more.pk, less.pk]

    def test_ends_are_told_beside_the_twenty(self, opened: Opportunity) -> None:
        openings = [event(family(number), Event.OPENED) for number in range(25)]
        messages = born(event(opened, Event.CLOSED), *openings)
        assert [message.topic for message in messages] == ["opened"] * 20 + ["closed"]
