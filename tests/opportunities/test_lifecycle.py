"""What a scan leaves in the database."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import polars as pl
import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from arbedge.names import Event, Reason
from opportunities import lifecycle
from opportunities.handover import mask
from opportunities.models import (
    Figure,
    Followed,
    NearMiss,
    Opportunity,
    OpportunityEvent,
    ScanRecord,
    Sighting,
)
from opportunities.signals import opportunity_events
from tests.opportunities.rows import Pair, at, scan
from tests.opportunities.stories import NOON_MS, frame

pytestmark = pytest.mark.django_db


@pytest.fixture
def pair() -> Pair:
    """WIF, not seen yet."""
    return Pair.make()


class TestOpening:
    def test_nothing_is_live_before_it_has_earned_it(self, pair: Pair) -> None:
        scan(0, pair.seen())
        scan(15, pair.seen())
        assert not Opportunity.objects.exists()
        assert Sighting.objects.get().seen == 2

    def test_the_third_sighting_opens_one_row_and_forgets_the_sightings(self, pair: Pair) -> None:
        row = pair.open()
        assert row.state == "open"
        assert row.live_key == row.fingerprint
        assert row.opened_at == row.as_of == row.confirmed_at == at(30)
        assert not Sighting.objects.exists()

    def test_every_figure_arrives_as_it_was_found(self, pair: Pair) -> None:
        seen = pair.seen(bp=21.7, apr_net=0.26, break_even_at_ms=NOON_MS + 1_500)
        for step in (0, 15, 30):
            scan(step, seen)
        row = Opportunity.objects.get()
        exact = (
            "net",
            "first",
            "k",
            "cost",
            "gap",
            "long_bid",
            "short_ask",
            "long_rate",
            "apr_net",
        )
        assert {name: getattr(row, name) for name in exact} == {name: seen[name] for name in exact}
        assert row.break_even_at == at(1.5)
        assert row.score_parts == {"net": 0.3}
        assert row.fee_version == "2026-01"
        assert row.long == pair.long

    def test_it_is_told_with_its_figures(self, pair: Pair) -> None:
        row = pair.open()
        event = OpportunityEvent.objects.get()
        assert (event.type, event.opportunity, event.old) == ("opened", row, None)
        assert event.new["net"] == row.net
        assert event.new["best"] is True

    def test_it_is_followed_on_paper(self, pair: Pair) -> None:
        row = pair.open()
        paper = Followed.objects.get()
        assert (paper.opportunity, paper.shadow, paper.closed_at) == (row, False, None)
        assert paper.promised_net == row.net
        assert paper.long_mid == pytest.approx(1.0)
        assert paper.paper_cost == pytest.approx(2 * 0.00105 + 0.0002 + 0.0002 / 1.001)

    def test_what_the_history_gate_holds_back_is_followed_in_shadow(self, pair: Pair) -> None:
        for step in range(6):
            scan(15 * step, pair.seen(reasons=(Reason.HISTORY,)))
        assert not Opportunity.objects.exists()
        assert [paper.shadow for paper in Followed.objects.all()] == [True]

    def test_many_open_in_one_scan(self) -> None:
        pairs = [Pair.make(f"C{number}") for number in range(20)]
        for step in (0, 15, 30):
            done = scan(step, *(pair.seen() for pair in pairs))
        assert len(done.ids(Event.OPENED)) == 20
        assert Opportunity.objects.filter(best=True).count() == 20


class TestUpdating:
    def test_a_scan_updates_the_row_and_adds_none(self, pair: Pair) -> None:
        pair.open()
        scan(45, pair.seen(bp=22))
        row = Opportunity.objects.get()
        assert row.net == pytest.approx(0.0022)
        assert row.as_of == row.confirmed_at == at(45)
        assert row.expires_at == at(45) + timedelta(hours=2)

    def test_figures_nobody_trusts_change_nothing_but_the_reasons(self, pair: Pair) -> None:
        before = pair.open()
        scan(45, pair.seen(bp=90, long_bid=9.0, long_ask=9.1, reasons=(Reason.STALE,)))
        row = Opportunity.objects.get()
        assert (row.net, row.long_bid) == (before.net, before.long_bid)
        assert row.reasons == mask(Reason.STALE)
        assert row.gate_since == at(45)

    def test_an_improvement_renews_the_promise_and_tells_both(self, pair: Pair) -> None:
        row = pair.open()
        done = scan(45, pair.seen(bp=30))
        assert done.ids(Event.IMPROVED) == (row.pk,)
        event = OpportunityEvent.objects.get(type="improved")
        assert event.old is not None
        assert event.old["net"] == pytest.approx(0.002)
        assert event.new["net"] == pytest.approx(0.003)
        assert Opportunity.objects.get().promise_measured == pytest.approx(0.003)

    def test_memory_survives_from_scan_to_scan(self, pair: Pair) -> None:
        pair.open()
        scan(40, pair.seen(bp=5))
        assert Opportunity.objects.get().below_half_since == at(40)
        scan(70, pair.seen(bp=5))
        assert Opportunity.objects.get().below_half_since == at(40)
        done = scan(100, pair.seen(bp=5))
        assert len(done.ids(Event.CLOSED)) == 1

    def test_held_and_resumed(self, pair: Pair) -> None:
        pair.open()
        scan(45, blind=("bybit",))
        held = Opportunity.objects.get()
        assert (held.state, held.held_from, held.held_since) == ("held", "open", at(45))
        scan(60, pair.seen())
        assert Opportunity.objects.filter(state="open", held_since=None).exists()

    def test_history_keeps_a_point_a_minute(self, pair: Pair) -> None:
        pair.open()
        for second, bp in ((45, 22), (91, 22), (100, 25), (151, 22.05)):
            scan(second, pair.seen(bp=bp))
        points = Figure.objects.order_by("at").values_list("at", "net")
        assert [moment for moment, _ in points] == [at(30), at(91)]


class TestClosing:
    @pytest.fixture
    def closed(self, pair: Pair) -> Opportunity:
        """WIF, closed at 45 s because its net was negative twice."""
        pair.open()
        scan(40, pair.seen(bp=-1))
        scan(45, pair.seen(bp=-1))
        return Opportunity.objects.get()

    def test_a_closed_row_frees_its_key(self, closed: Opportunity) -> None:
        assert (closed.state, closed.live_key) == ("closed", None)
        assert (closed.close_reason, closed.closed_at) == ("negative", at(45))
        assert Followed.objects.get().closed_at == at(45)

    def test_back_soon_the_same_row_lives_again(self, pair: Pair, closed: Opportunity) -> None:
        again = pair.open(start_s=120, bp=25)
        assert again.pk == closed.pk
        assert (again.closed_at, again.close_reason, again.opened_at) == (None, "", at(30))
        assert OpportunityEvent.objects.latest("at").type == "recovered"
        assert Followed.objects.get().closed_at is None

    def test_back_late_it_is_another_row(self, pair: Pair, closed: Opportunity) -> None:
        again = pair.open(start_s=3600)
        assert again.pk != closed.pk
        assert Opportunity.objects.count() == Followed.objects.count() == 2

    def test_a_closed_row_is_left_alone(self, pair: Pair, closed: Opportunity) -> None:
        scan(60, pair.seen(bp=30))
        closed.refresh_from_db()
        assert closed.as_of == at(45)


class TestScans:
    def test_an_older_scan_changes_nothing(self, pair: Pair) -> None:
        pair.open()
        done = scan(20, pair.seen(bp=-5))
        assert done.stale
        assert Opportunity.objects.get().net == pytest.approx(0.002)

    def test_the_same_scan_again_changes_nothing(self, pair: Pair) -> None:
        pair.open()
        assert scan(30, pair.seen(bp=50)).stale
        assert OpportunityEvent.objects.count() == 1

    def test_each_scan_is_recorded_with_its_counts_and_versions(self, pair: Pair) -> None:
        pair.open()
        scan(45, pair.seen(), counts={"stale": 7}, policy_version="p1", took_ms=12.5)
        record = ScanRecord.objects.latest("as_of")
        assert (record.as_of, record.took_ms, record.counts) == (at(45), 12.5, {"stale": 7})
        assert (record.candidates, record.live, record.opened) == (1, 1, 0)
        assert record.versions["policy"] == "p1"

    def test_a_scan_that_finds_nothing_is_recorded_too(self) -> None:
        assert scan(0).live == 0
        assert ScanRecord.objects.count() == 1

    def test_near_misses_keep_the_best_and_the_last(self, pair: Pair) -> None:
        for second, bp in ((0, 12), (5, 9)):
            scan(second, near=frame(pair.seen(bp=bp, reasons=(Reason.BELOW_THRESHOLD,))))
        miss = NearMiss.objects.get()
        assert miss.best_net == pytest.approx(0.0012)
        assert miss.last_net == pytest.approx(0.0009)
        assert (miss.first_seen, miss.last_seen) == (at(0), at(5))

    def test_live_keys_are_what_a_scan_must_look_at(self, pair: Pair) -> None:
        pair.open()
        assert lifecycle.live_keys() == {("funding", pair.long.pk, pair.short.pk)}

    def test_the_number_of_queries_does_not_grow_with_the_rows(self) -> None:
        pairs = [Pair.make(f"C{number}") for number in range(12)]
        spent: list[int] = []
        for start_s, group in ((0, pairs[:1]), (60, pairs)):
            for step in (0, 15, 30):
                scan(start_s + step, *(pair.seen() for pair in group))
            with CaptureQueriesContext(connection) as queries:
                scan(start_s + 45, *(pair.seen() for pair in group))
            spent.append(len(queries))
        assert Opportunity.objects.filter(live_key__isnull=False).count() == 12
        assert spent[0] == spent[1]


class TestSignal:
    def test_it_is_sent_inside_the_transaction(self, pair: Pair) -> None:
        heard: list[Any] = []

        def listen(*, event_ids: list[int], as_of_ms: float, **_: Any) -> None:
            found = OpportunityEvent.objects.filter(pk__in=event_ids).count()
            heard.append((found, as_of_ms, connection.in_atomic_block))

        opportunity_events.connect(listen)
        try:
            pair.open()
        finally:
            opportunity_events.disconnect(listen)
        assert heard == [(1, NOON_MS + 30_000, True)]

    def test_an_error_of_a_receiver_undoes_the_scan(self, pair: Pair) -> None:
        def fail(**_: Any) -> None:
            raise RuntimeError("slices could not be written")

        opportunity_events.connect(fail)
        try:
            with pytest.raises(RuntimeError, match="slices"):
                pair.open()
        finally:
            opportunity_events.disconnect(fail)
        assert not Opportunity.objects.exists()
        assert Sighting.objects.get().seen == 2


class TestOddities:
    def test_numbers_json_does_not_know_stop_nothing(self, pair: Pair) -> None:
        row = pair.open(cohorts='{"net":[NaN,0.1,-Infinity]}')
        assert row.cohorts == {"net": [None, 0.1, None]}

    def test_structs_are_stored_as_json(self, pair: Pair) -> None:
        rows = frame(pair.seen()).with_columns(score_parts=pl.struct(net=pl.lit(0.25)))
        for step in (0, 15, 30):
            lifecycle.advance(
                rows, as_of_ms=NOON_MS + step * 1000, answered={"bybit": True, "binance": True}
            )
        assert Opportunity.objects.get().score_parts == {"net": 0.25}

    @pytest.mark.parametrize("never", [0.0, 1e18, float("nan")])
    def test_a_settlement_that_never_comes_is_no_time(self, pair: Pair, never: float) -> None:
        assert pair.open(long_next_ms=never).long_next_at is None

    def test_text_of_any_kind_survives(self, pair: Pair) -> None:
        odd = 'a "quoted", name\n币安人生'
        row = pair.open(long_symbol=odd)
        assert row.long_symbol == odd

    def test_a_bad_row_does_not_stop_the_others(self, pair: Pair) -> None:
        bad = Pair.make("BAD")
        for step in (0, 15, 30):
            scan(step, pair.seen(), bad.seen(long_bid=2.0, long_ask=1.0))
        assert Opportunity.objects.get().asset == "WIF"

    def test_nothing_live_is_ever_below_its_own_key(self, pair: Pair) -> None:
        pair.open()
        assert not Opportunity.objects.exclude(live_key=F("fingerprint")).exists()
        assert json.dumps(Opportunity.objects.get().cohorts) == "null"
