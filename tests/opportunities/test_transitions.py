"""What product §4 says of an opportunity's life, one sentence a test."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from arbedge.names import Reason
from opportunities.handover import observe
from opportunities.transitions import Rules
from tests.opportunities.stories import NOON_MS, Story, candidate, frame

MINUTE = 60.0


@pytest.fixture
def story() -> Story:
    """Nothing seen yet."""
    return Story()


@pytest.fixture
def opened() -> Story:
    """WIF opened at 20 bp, 30 s after noon."""
    told = Story()
    told.open(candidate())
    return told


class TestOpening:
    def test_three_observations_over_thirty_seconds_open(self, story: Story) -> None:
        assert story.scan(0, candidate()) == []
        assert story.scan(15, candidate()) == []
        assert story.scan(30, candidate()) == ["opened"]

    def test_three_quick_observations_wait_for_the_thirty_seconds(self, story: Story) -> None:
        for at_s in (0, 5, 10, 29):
            assert story.scan(at_s, candidate()) == []
        assert story.scan(34, candidate()) == ["opened"]

    def test_two_observations_are_not_enough_however_far_apart(self, story: Story) -> None:
        story.scan(0, candidate())
        assert story.scan(120, candidate()) == []

    def test_spot_opens_at_the_second_observation(self, story: Story) -> None:
        story.scan(0, candidate(kind="spot"))
        assert story.scan(5, candidate(kind="spot")) == ["opened"]

    def test_exactly_the_threshold_counts(self, story: Story) -> None:
        story.open(candidate(net=0.0015, measured=0.0015))
        assert story.state == "open"

    def test_the_measured_figure_decides_not_the_net(self, story: Story) -> None:
        story.open(candidate(net=-0.001, measured=0.002))
        assert story.state == "open"

    def test_an_observation_below_the_threshold_starts_the_count_anew(self, story: Story) -> None:
        story.scan(0, candidate())
        story.scan(15, candidate())
        story.scan(30, candidate(bp=14))
        assert story.scan(45, candidate()) == []
        assert story.sightings["seen"].to_list() == [1]

    def test_a_missed_observation_starts_the_count_anew(self, story: Story) -> None:
        story.scan(0, candidate())
        story.scan(15)
        assert story.sightings.is_empty()

    def test_an_observation_missed_by_a_blind_venue_does_not_count(self, story: Story) -> None:
        story.scan(0, candidate())
        story.scan(15, candidate())
        story.scan(30, blind=("binance",))
        assert story.scan(45, candidate()) == ["opened"]

    def test_a_blind_venue_confirms_nothing(self, story: Story) -> None:
        story.scan(0, candidate())
        story.scan(15, candidate())
        assert story.scan(30, candidate(), blind=("bybit",)) == []

    def test_sightings_of_long_ago_are_forgotten(self, story: Story) -> None:
        story.scan(0, candidate())
        story.scan(15, candidate())
        story.scan(20 * MINUTE, candidate())
        assert story.sightings["seen"].to_list() == [1]

    @pytest.mark.parametrize("gate", [gate for gate in Reason if gate.rejects])
    def test_a_row_any_gate_rejects_never_opens(self, story: Story, gate: Reason) -> None:
        story.open(candidate(reasons=(gate,)))
        assert story.told() == []

    def test_opening_waits_for_both_order_books(self, story: Story) -> None:
        unread = candidate(reasons=(Reason.DEPTH_UNKNOWN,))
        story.open(unread)
        assert story.scan(45, unread) == []
        assert story.scan(50, candidate()) == ["opened"]

    @pytest.mark.parametrize(("kind", "wait_s"), [("funding", 60), ("basis", 60), ("spot", 15)])
    def test_an_order_book_that_never_comes_is_not_waited_for_for_ever(
        self, story: Story, kind: str, wait_s: float
    ) -> None:
        unread = candidate(kind=kind, reasons=(Reason.DEPTH_UNKNOWN,))
        for at_s in (0, wait_s / 2, wait_s - 1):
            assert story.scan(at_s, unread) == []
        assert story.scan(wait_s, unread) == ["opened"]

    NOTES = [note for note in Reason if not note.rejects and note is not Reason.DEPTH_UNKNOWN]

    @pytest.mark.parametrize("note", NOTES)
    def test_a_note_lets_it_open(self, story: Story, note: Reason) -> None:
        story.open(candidate(reasons=(note,)))
        assert story.told() == ["opened"]

    @pytest.mark.parametrize("wrong", [0.0, -1.0, math.nan, math.inf, None])
    @pytest.mark.parametrize("column", ["long_bid", "short_ask", "net", "measured"])
    def test_figures_that_are_no_numbers_never_open(
        self, story: Story, column: str, wrong: float | None
    ) -> None:
        changes: dict[str, Any] = {column: wrong}
        bad = candidate(**changes)
        if column in ("net", "measured") and wrong in (0.0, -1.0):
            bad["measured"] = wrong
        story.open(bad)
        assert story.told() == []

    def test_it_opens_once_and_then_is_only_updated(self, opened: Story) -> None:
        for step in range(1, 6):
            assert opened.scan(30 + 15 * step, candidate()) == []
        assert opened.live.height == 1
        assert opened.sightings.is_empty()

    def test_what_the_history_gate_holds_back_is_followed_in_shadow_once(
        self, story: Story
    ) -> None:
        followed = []
        for step in range(6):
            story.scan(15.0 * step, candidate(reasons=(Reason.HISTORY,)))
            assert story.decision is not None
            followed.append(story.decision.shadow.height)
        assert followed == [0, 0, 1, 0, 0, 0]
        assert story.told() == []


class TestFading:
    def test_below_the_threshold_it_fades(self, opened: Story) -> None:
        assert opened.scan(45, candidate(bp=14.9)) == ["fading"]
        assert opened.state == "fading"

    def test_back_above_it_is_restored_in_silence(self, opened: Story) -> None:
        opened.scan(45, candidate(bp=10))
        assert opened.scan(60, candidate()) == ["restored"]
        assert opened.state == "open"
        assert opened.decision is not None
        assert opened.decision.events["silent"].to_list() == [True]

    def test_between_half_and_whole_it_fades_for_as_long_as_it_likes(self, opened: Story) -> None:
        for step in range(1, 60):
            opened.scan(30 + 60.0 * step, candidate(bp=8))
        assert opened.state == "fading"
        assert opened.told() == ["opened", "fading"]


class TestClosing:
    def test_below_half_for_sixty_seconds_closes(self, opened: Story) -> None:
        opened.scan(40, candidate(bp=7))
        assert opened.scan(99, candidate(bp=7)) == []
        assert opened.scan(100, candidate(bp=7)) == ["closed"]
        assert opened.why() == "below_half"

    def test_exactly_half_is_not_below_half(self, opened: Story) -> None:
        opened.scan(40, candidate(net=0.00075, measured=0.00075))
        opened.scan(200, candidate(net=0.00075, measured=0.00075))
        assert opened.state == "fading"

    def test_a_moment_above_half_stops_that_clock(self, opened: Story) -> None:
        opened.scan(40, candidate(bp=7))
        opened.scan(70, candidate(bp=8))
        opened.scan(80, candidate(bp=7))
        assert opened.scan(130, candidate(bp=7)) == []

    def test_negative_in_two_observations_closes_at_once(self, opened: Story) -> None:
        assert opened.scan(40, candidate(bp=-1)) == ["fading"]
        assert opened.scan(45, candidate(bp=-1)) == ["closed"]
        assert opened.why() == "negative"

    def test_negative_twice_with_a_better_one_between_does_not(self, opened: Story) -> None:
        opened.scan(40, candidate(bp=-1))
        opened.scan(45, candidate(bp=1))
        opened.scan(50, candidate(bp=-1))
        assert opened.state == "fading"

    @pytest.mark.parametrize(
        "gate", [Reason.STALE, Reason.THIN_DEPTH, Reason.DIVERGENT, Reason.VOLATILE, Reason.HISTORY]
    )
    def test_a_gate_that_stays_for_sixty_seconds_closes(self, opened: Story, gate: Reason) -> None:
        held_back = candidate(reasons=(gate,))
        opened.scan(40, held_back)
        assert opened.scan(99, held_back) == []
        assert opened.scan(100, held_back) == ["closed"]
        assert opened.why() == f"gate:{gate.code}"

    def test_a_gate_that_goes_again_does_no_harm(self, opened: Story) -> None:
        opened.scan(40, candidate(reasons=(Reason.WIDE,)))
        opened.scan(70, candidate())
        opened.scan(110, candidate(reasons=(Reason.WIDE,)))
        assert opened.told() == ["opened"]

    def test_the_threshold_is_no_gate_of_a_live_row(self, opened: Story) -> None:
        low = candidate(bp=10, reasons=(Reason.BELOW_THRESHOLD,))
        opened.scan(40, low)
        opened.scan(200, low)
        assert opened.state == "fading"

    def test_absent_although_both_venues_answered_closes_after_sixty_seconds(
        self, opened: Story
    ) -> None:
        opened.scan(40)
        opened.scan(70)
        assert opened.scan(100) == ["closed"]
        assert opened.why() == "gate:missing"

    def test_figures_under_a_gate_of_level_one_are_not_believed(self, opened: Story) -> None:
        for at_s in (40, 45):
            assert opened.scan(at_s, candidate(bp=-50, reasons=(Reason.CROSSED,))) == []
        assert opened.row()["net"] == pytest.approx(0.002)

    def test_its_end_closes_it(self, opened: Story) -> None:
        ends = NOON_MS + 50_000
        opened.scan(40, candidate(ends_at_ms=ends))
        assert opened.scan(50, candidate(ends_at_ms=ends)) == ["closed"]
        assert opened.why() == "ended"


class TestImproving:
    @pytest.mark.parametrize(("bp", "improves"), [(24.9, False), (25.0, True), (40.0, True)])
    def test_a_quarter_and_five_points_above_the_promise(
        self, opened: Story, bp: float, improves: bool
    ) -> None:
        assert (opened.scan(45, candidate(bp=bp)) == ["improved"]) is improves

    def test_a_quarter_alone_is_not_enough(self) -> None:
        story = Story()
        small: dict[str, Any] = {"threshold": 0.0005}
        story.open(candidate(bp=10, **small))
        assert story.scan(45, candidate(bp=14.9, **small)) == []
        assert story.scan(60, candidate(bp=15, **small)) == ["improved"]

    def test_the_next_improvement_is_measured_from_the_last_one_told(self, opened: Story) -> None:
        opened.scan(45, candidate(bp=25))
        assert opened.scan(60, candidate(bp=31)) == []
        assert opened.scan(75, candidate(bp=31.25)) == ["improved"]

    def test_falling_does_not_lower_the_promise(self, opened: Story) -> None:
        opened.scan(45, candidate(bp=16))
        assert opened.scan(60, candidate(bp=24)) == []

    def test_improvements_are_counted_over_four_hours(self, opened: Story) -> None:
        counts = []
        for hours, bp in ((0.1, 30), (1, 40), (2, 60), (4.05, 80), (9, 120)):
            opened.scan(hours * 3600, candidate(bp=bp))
            counts.append(opened.row()["improved_count"])
        assert counts == [1, 2, 3, 3, 1]

    def test_no_improvement_under_a_gate(self, opened: Story) -> None:
        assert opened.scan(45, candidate(bp=90, reasons=(Reason.THIN_DEPTH,))) == []


class TestHeld:
    def test_a_blind_venue_holds_its_rows_in_silence(self, opened: Story) -> None:
        assert opened.scan(45, blind=("binance",)) == ["held"]
        assert opened.state == "held"
        assert opened.decision is not None
        assert opened.decision.events["silent"].to_list() == [True]

    def test_a_blind_venue_of_others_holds_nothing(self, opened: Story) -> None:
        assert opened.scan(45, candidate(), blind=("okx",)) == []

    def test_seeing_again_resumes_in_silence(self, opened: Story) -> None:
        opened.scan(45, blind=("bybit",))
        assert opened.scan(60, candidate()) == ["resumed"]
        assert opened.state == "open"

    def test_what_it_missed_while_blind_is_told_afterwards(self, opened: Story) -> None:
        opened.scan(45, blind=("bybit",))
        assert opened.scan(60, candidate(bp=10)) == ["fading"]

    def test_it_resumes_as_what_it_was(self, opened: Story) -> None:
        opened.scan(40, candidate(bp=10))
        opened.scan(45, blind=("bybit",))
        opened.scan(60, candidate(bp=10))
        assert opened.state == "fading"
        assert opened.told() == ["opened", "fading", "held", "resumed"]

    def test_ten_minutes_blind_closes_without_a_message_of_its_own(self, opened: Story) -> None:
        opened.scan(45, blind=("bybit",))
        assert opened.scan(45 + 599, blind=("bybit",)) == []
        assert opened.scan(45 + 600, blind=("bybit",)) == ["closed"]
        assert opened.why() == "no_data"
        assert opened.decision is not None
        assert opened.decision.events["silent"].to_list() == [True]

    @pytest.mark.parametrize("blind", [("bybit",), ("binance",), ("bybit", "binance")])
    def test_who_did_not_answer_is_told_with_the_closing(
        self, opened: Story, blind: tuple[str, ...]
    ) -> None:
        opened.scan(45, blind=blind)
        opened.scan(45 + 600, blind=blind)
        assert opened.decision is not None
        (new,) = opened.decision.events["new"]
        assert json.loads(new)["blind"] == list(blind)

    def test_no_venue_is_called_blind_where_a_row_closes_of_itself(self, opened: Story) -> None:
        opened.scan(45)
        opened.scan(105, blind=("okx",))
        assert opened.decision is not None
        (new,) = opened.decision.events["new"]
        assert json.loads(new)["blind"] is None

    def test_clocks_do_not_run_while_blind(self, opened: Story) -> None:
        opened.scan(40, candidate(bp=5))
        opened.scan(50, candidate(bp=5), blind=("bybit",))
        assert opened.scan(200, candidate(bp=5)) == ["resumed"]
        assert opened.scan(259, candidate(bp=5)) == []
        assert opened.scan(260, candidate(bp=5)) == ["closed"]

    def test_a_venue_nobody_asks_any_more_is_blind(self) -> None:
        story = Story()
        gate: dict[str, Any] = {"long_venue": "gate", "answered": True}
        story.open(candidate(**gate))
        assert story.scan(45) == ["held"]


class TestSettlementGuard:
    @pytest.mark.parametrize("bp", [100, 10, 1, -20])
    def test_nothing_moves_while_settling(self, opened: Story, bp: float) -> None:
        for at_s in (40, 60, 100, 200):
            assert opened.scan(at_s, candidate(bp=bp, settling=True)) == []
        assert opened.state == "open"
        assert opened.row()["net"] == pytest.approx(0.002)

    def test_nothing_opens_while_settling_and_the_count_waits(self, story: Story) -> None:
        story.scan(0, candidate())
        story.scan(15, candidate())
        assert story.scan(30, candidate(settling=True)) == []
        assert story.scan(200, candidate()) == ["opened"]

    def test_the_gates_own_bit_means_the_same(self, opened: Story) -> None:
        settling = candidate(bp=-5, reasons=(Reason.SETTLING,))
        for at_s in (40, 100, 200):
            assert opened.scan(at_s, settling) == []

    def test_absence_around_the_last_known_settlement_is_not_missed(self, opened: Story) -> None:
        due: dict[str, Any] = {"long_next_ms": NOON_MS + 100_000}
        opened.scan(38, candidate(**due))
        for at_s in (45, 100, 160, 279):
            assert opened.scan(at_s) == []
        opened.scan(280)
        assert opened.scan(340) == ["closed"]

    def test_clocks_start_anew_after_the_guard(self, opened: Story) -> None:
        opened.scan(35, candidate(bp=5))
        opened.scan(60, candidate(bp=5, settling=True))
        assert opened.scan(200, candidate(bp=5)) == []
        assert opened.scan(260, candidate(bp=5)) == ["closed"]

    def test_blind_in_the_guard_is_held_but_closes_only_after_it(self, opened: Story) -> None:
        due = candidate(settling=True)
        opened.scan(40, due, blind=("bybit",))
        assert opened.state == "held"
        assert opened.scan(700, due, blind=("bybit",)) == []
        assert opened.scan(701, blind=("bybit",)) == ["closed"]


class TestReturning:
    def shut(self, story: Story) -> None:
        story.scan(40, candidate(bp=-1))
        story.scan(45, candidate(bp=-1))

    def test_back_within_a_quarter_of_an_hour_revives_the_row(self, opened: Story) -> None:
        was = opened.row()["id"]
        self.shut(opened)
        opened.at_s = 45 + 14 * MINUTE
        opened.open(candidate(bp=22))
        assert opened.told()[-1] == "recovered"
        assert opened.row()["id"] == was

    def test_back_later_it_is_a_new_row(self, opened: Story) -> None:
        was = opened.row()["id"]
        self.shut(opened)
        opened.at_s = 45 + 15 * MINUTE + 1
        opened.open(candidate())
        assert opened.told()[-1] == "opened"
        assert opened.row()["id"] != was

    def test_a_revival_renews_the_promise(self, opened: Story) -> None:
        self.shut(opened)
        opened.at_s = 100
        opened.open(candidate(bp=40))
        assert opened.row()["promise_measured"] == pytest.approx(0.004)


class TestMemory:
    def test_a_confirmation_is_good_for_as_long_as_its_risk_allows(self, opened: Story) -> None:
        hours = {"low": 4.0, "medium": 2.0, "high": 0.5}
        for at_s, (risk, valid) in enumerate(hours.items(), start=40):
            opened.scan(at_s, candidate(risk=risk))
            left = opened.row()["expires_at_ms"] - (NOON_MS + at_s * 1000)
            assert left == valid * 3_600_000

    def test_fading_and_held_rows_are_not_confirmed(self, opened: Story) -> None:
        opened.scan(40, candidate())
        confirmed = opened.row()["confirmed_at_ms"]
        opened.scan(50, candidate(bp=10))
        opened.scan(60, blind=("bybit",))
        assert opened.row()["confirmed_at_ms"] == confirmed

    def test_history_takes_a_point_a_minute_and_only_of_a_basis_point(self, opened: Story) -> None:
        points = []
        for at_s, bp in ((60, 22), (90, 22), (95, 23), (140, 22), (150, 22.9), (160, 24)):
            opened.scan(at_s, candidate(bp=bp))
            assert opened.decision is not None
            points.append(opened.decision.live["chart"].item())
        assert points == [False, True, False, False, False, True]

    def test_the_best_of_a_family_is_flagged(self, story: Story) -> None:
        legs = [
            candidate("A", bp=20, family="funding:WIF"),
            candidate("B", bp=30, family="funding:WIF"),
            candidate("C", bp=18, family="funding:ZEC"),
        ]
        story.open(*legs)
        assert story.decision is not None
        best = story.decision.opening.filter("best")["asset"].to_list()
        assert sorted(best) == ["B", "C"]

    def test_a_fading_row_is_not_the_best_while_another_is_open(self, story: Story) -> None:
        family: dict[str, Any] = {"family": "funding:WIF"}
        story.open(candidate("A", bp=20, **family), candidate("B", bp=30, **family))
        story.scan(60, candidate("A", bp=20, **family), candidate("B", bp=14, **family))
        assert story.decision is not None
        flags = dict(story.decision.live.select("id", "best").iter_rows())
        assert flags[story.row("A")["id"]] is True
        assert flags[story.row("B")["id"]] is False


class TestEvents:
    def test_an_event_tells_the_figures_before_and_after(self, opened: Story) -> None:
        opened.scan(45, candidate(bp=30))
        assert opened.decision is not None
        event = opened.decision.events.row(0, named=True)
        assert '"net":0.002' in event["old"]
        assert '"net":0.003' in event["new"]

    def test_figures_nobody_believes_are_not_told(self, opened: Story) -> None:
        opened.scan(40, candidate(bp=77, reasons=(Reason.STALE,)))
        opened.scan(100, candidate(bp=77, reasons=(Reason.STALE,)))
        assert opened.decision is not None
        assert '"net":null' in opened.decision.events["new"].item()


class TestRules:
    def test_limits_are_settings(self) -> None:
        story = Story(Rules(observations=1, open_after_s=0, negative_observations=1))
        assert story.scan(0, candidate()) == ["opened"]
        assert story.scan(5, candidate(bp=-1)) == ["closed"]

    def test_of_twins_the_better_is_taken(self) -> None:
        rows = observe(frame(candidate(bp=20), candidate(bp=30)))
        assert rows["net"].to_list() == [pytest.approx(0.003)]
