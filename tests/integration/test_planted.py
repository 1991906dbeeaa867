"""The planted opportunities through time: calendars, the settlement guard, and one life each."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from functools import cache

import numpy as np
import pytest

from exchanges.simulator.listing import HOUR_MS, Coin, Leg
from exchanges.simulator.market import Market
from exchanges.simulator.planted import PLANTED, Case
from exchanges.simulator.world import LAGS_S, World
from opportunities import candidates, scan
from tests.exchanges.simulator.speaking import TEN_OCLOCK, Hands
from tests.integration import test_simulated_markets as simulated
from tests.integration.lives import Life, reading_of

SECOND = 1_000
MINUTE = 60 * SECOND
TWENTY_PAST_TEN = TEN_OCLOCK + HOUR_MS // 3
FOUR_PM = TEN_OCLOCK + 6 * HOUR_MS  # every interval has a settlement then
GUARD_FROM = FOUR_PM - MINUTE
SHOWN_BY = FOUR_PM + int(max(LAGS_S.values()) * SECOND)  # when the last venue shows the next one

MOMENTS = {
    "10:20": TWENTY_PAST_TEN,
    "15:50, minutes before": FOUR_PM - 10 * MINUTE,
    "15:59:20, settlements too near to earn": FOUR_PM - 40 * SECOND,
    "16:00:05, the next ones shown": SHOWN_BY + SECOND,
    "16:10, minutes after": FOUR_PM + 10 * MINUTE,
    "23:59:10, the day's end": TEN_OCLOCK + 14 * HOUR_MS - 50 * SECOND,
}
CARRIES = [case for case in PLANTED if case.kind != "spot"]
FIGURES = ("first", "later", "k", "cost", "gap", "net", "net_announced")


def named(case: Case) -> str:
    return case.coin.name


def case_of(coin: str) -> Case:
    return next(case for case in PLANTED if case.coin.name == coin)


@cache
def looked(now_ms: int, horizon_h: int = 72) -> simulated.Scanned:
    return simulated.scanned(now_ms, horizon_h)


class TestFigures:
    """First, later, k, cost, gap and both nets, against the scalar decimal calculation."""

    @pytest.mark.parametrize("horizon_h", [6, 12, 20, 72])
    @pytest.mark.parametrize("now_ms", MOMENTS.values(), ids=MOMENTS)
    def test_are_met_at_every_moment_and_horizon(self, now_ms: int, horizon_h: int) -> None:
        now = looked(now_ms, horizon_h)

        for case in CARRIES:
            (candidate,) = now.candidates(case.long, case.short)
            expected = case.expected(now_ms, horizon_h)
            for name in FIGURES:
                assert candidate[name] == pytest.approx(float(getattr(expected, name)), abs=1e-9), (
                    case.coin.name,
                    name,
                )

    @pytest.mark.parametrize("now_ms", MOMENTS.values(), ids=MOMENTS)
    def test_break_even_is_the_settlement_that_covers_the_cost(self, now_ms: int) -> None:
        now = looked(now_ms)

        for case in CARRIES:
            expected = case.expected(now_ms).break_even_at_ms
            told = _break_even(now, case)
            assert told == pytest.approx(np.nan if expected is None else expected, nan_ok=True), (
                case.coin.name
            )

    def test_a_flat_yearly_rate_gives_another_number(self) -> None:
        """LARQ pays every hour and receives every eight: by six hours it has only paid."""
        case = case_of("LARQ")
        flat_6h = 6 * (case.short.rate / 8 - case.long.rate)
        (candidate,) = looked(FOUR_PM + 10 * MINUTE, 6).candidates(case.long, case.short)

        gross = candidate["first"] + candidate["later"]
        assert flat_6h > 0
        assert gross == pytest.approx(-6 * float(case.long.rate))

    def test_a_payment_that_comes_in_a_minute_is_not_earned_but_is_paid(self) -> None:
        """LARQ's long leg pays at 16:00 whatever happens; its short leg's receipt is too near."""
        case = case_of("LARQ")
        (candidate,) = looked(FOUR_PM - 40 * SECOND).candidates(case.long, case.short)

        assert candidate["first"] == pytest.approx(-float(case.long.rate))

    @pytest.mark.parametrize("horizon_h", [8, 72, 168])
    def test_at_the_cap_only_the_first_payment_counts(self, horizon_h: int) -> None:
        case = case_of("KELF")
        (candidate,) = looked(TWENTY_PAST_TEN, horizon_h).candidates(case.long, case.short)

        first = case.short.rate - case.long.rate
        assert candidate["codes"] >= {"rate_at_cap"}
        assert candidate["k"] == 0
        assert candidate["first"] == pytest.approx(float(first), abs=1e-12)
        assert candidate["net"] == pytest.approx(candidate["first"] - candidate["cost"], abs=1e-12)


def _break_even(now: simulated.Scanned, case: Case) -> float:
    """When the pair has earned its cost, as the engine has it; NaN for never."""
    long, short = now.place(case.long), now.place(case.short)
    found = now.result.found
    (told,) = (
        float(candidates.break_even(part, found.universe)[row])
        for part in found.parts()
        for row in np.flatnonzero((part.long == long) & (part.short == short))
    )
    return told


class TestGuard:
    """From a minute before a settlement until both venues show the next one."""

    @pytest.mark.parametrize("case", CARRIES, ids=named)
    @pytest.mark.parametrize("from_four_s", [-59, -1])
    def test_holds_every_pair_with_a_leg_about_to_settle(
        self, case: Case, from_four_s: int
    ) -> None:
        assert "settling" in codes(case, FOUR_PM + from_four_s * SECOND)

    @pytest.mark.parametrize("case", CARRIES, ids=named)
    def test_lasts_while_a_venue_shows_the_settlement_that_has_passed(self, case: Case) -> None:
        legs = [leg for leg in (case.long, case.short) if leg.sort == "perp"]
        shown_s = max(LAGS_S[leg.venue] for leg in legs)

        assert "settling" in codes(case, FOUR_PM + int(shown_s * SECOND) - 500)
        assert "settling" not in codes(case, FOUR_PM + int(shown_s * SECOND) + 500)

    @pytest.mark.parametrize("case", CARRIES, ids=named)
    def test_is_not_there_before(self, case: Case) -> None:
        assert "settling" not in codes(case, GUARD_FROM - 2 * SECOND)

    @pytest.mark.parametrize("case", [c for c in PLANTED if c.kind == "spot"], ids=named)
    def test_spot_knows_none(self, case: Case) -> None:
        assert "settling" not in codes(case, FOUR_PM - SECOND)

    def test_a_leg_that_does_not_settle_is_free(self) -> None:
        """At 15:00 an hourly leg settles, legs of eight hours do not."""
        three_pm = FOUR_PM - HOUR_MS - 30 * SECOND
        held = {case.coin.name for case in CARRIES if "settling" in codes(case, three_pm)}

        hourly = {case.coin.name for case in CARRIES if 1 in hours_of(case)}
        assert held == hourly


def codes(case: Case, now_ms: int) -> set[str]:
    (candidate,) = looked(now_ms).candidates(case.long, case.short)
    found: set[str] = candidate["codes"]
    return found


def hours_of(case: Case) -> set[int]:
    return {leg.interval_h for leg in (case.long, case.short) if leg.sort == "perp"}


ALL = sorted(case.coin.name for case in PLANTED)
SPOT = sorted(case.coin.name for case in PLANTED if case.kind == "spot")


class TestLives:
    def test_each_opens_once_and_nothing_else_does(self) -> None:
        life = Life().scans(TWENTY_PAST_TEN + step * SECOND for step in range(0, 91, 15))

        start = TWENTY_PAST_TEN
        assert life.coins("opened", until_ms=start + 15 * SECOND) == SPOT
        assert life.coins("opened", until_ms=start + 30 * SECOND) == ALL
        assert {kind for _, kind, _ in life.told} == {"opened"}
        assert life.coins("opened") == ALL

    def test_nothing_opens_in_the_guard_and_all_that_pays_opens_after_it(self) -> None:
        guarded = range(GUARD_FROM + SECOND, SHOWN_BY, 9 * SECOND)
        after = [SHOWN_BY + SECOND + step * SECOND for step in (0, 15, 30)]

        life = Life().scans([*guarded, *after])

        assert life.coins("opened", until_ms=guarded[-1]) == SPOT
        assert life.coins("opened") == [name for name in ALL if pays(name, after[-1])]

    def test_a_settlement_lived_through_closes_nothing_and_says_nothing(self) -> None:
        """In the guard receipts are too near to count, so that the bare figures would fall."""
        opening = [FOUR_PM - 3 * MINUTE + step * SECOND for step in (0, 15, 30)]
        guarded = range(GUARD_FROM + SECOND, SHOWN_BY, 9 * SECOND)

        life = Life().scans([*opening, *guarded])

        assert life.coins("opened") == [name for name in ALL if pays(name, opening[-1])]
        assert [told for told in life.told if told[0] >= GUARD_FROM] == []

    def test_a_new_interval_is_one_and_the_same_opportunity(self) -> None:
        """From 16:00 on MORF settles every four hours: its later payments double."""
        case = case_of("MORF")
        before, after = FOUR_PM - 3 * MINUTE, SHOWN_BY + SECOND
        life = Life().scans([*(before + step * SECOND for step in (0, 15, 30)), after])

        row = life.story.live.filter(life.story.live["family"] == "funding:MORF")
        assert row.height == 1
        assert row["net"].item() == pytest.approx(float(case.expected(after).net), abs=1e-9)
        assert case.expected(after).net > Decimal("1.5") * case.expected(before).net
        assert [told for told in life.told if told[2] == "MORF"] == [
            (before + 30 * SECOND, "opened", "MORF"),
            (after, "improved", "MORF"),
        ]


def pays(coin: str, now_ms: int) -> bool:
    """Whether a planted pair reaches its threshold by the scalar calculation."""
    case = case_of(coin)
    return case.expected(now_ms).net >= Decimal("0.0010" if case.kind == "spot" else "0.0015")


class TestReset:
    """AVEN's receiving leg announces nothing more once the settlement at 16:00 has passed."""

    def test_the_rate_before_the_settlement_is_not_carried_over(self) -> None:
        after = SHOWN_BY + SECOND
        case, spoken = self.spent(after)
        reading = reading_of(spoken, after)
        now = simulated.Scanned(reading.snapshot, scan.evaluate(reading))
        (candidate,) = now.candidates(case.long, case.short)

        expected = case.expected(after)
        for name in FIGURES:
            assert candidate[name] == pytest.approx(float(getattr(expected, name)), abs=1e-9), name
        assert "below_threshold" in candidate["codes"]

    def test_it_closes_after_the_guard_never_in_it(self) -> None:
        opening = [FOUR_PM - 3 * MINUTE + step * SECOND for step in (0, 15, 30)]
        in_guard = FOUR_PM + SECOND // 2
        after = [SHOWN_BY + SECOND + step * SECOND for step in (0, 10)]
        life = Life().scans(opening)

        for now_ms in (in_guard, *after):
            life.scan(now_ms, self.spent(now_ms)[1])

        assert life.coins("closed", until_ms=in_guard) == []
        assert life.coins("closed") == ["AVEN"]

    @staticmethod
    def spent(now_ms: int) -> tuple[Case, Market]:
        """The case with its new rate, and a market in which it has it."""
        case = case_of("AVEN")
        short = replace(case.short, rate=Decimal("0.0001"))
        return (
            replace(case, short=short),
            Market(changed(now_ms, case.coin, case.short, short), limited=False),
        )


def changed(now_ms: int, coin: Coin, before: Leg, after: Leg) -> World:
    """The default world with one leg replaced."""
    world = World(clock=Hands(now_ms))
    legs = tuple(after if leg is before else leg for leg in coin.legs)
    assert legs != coin.legs
    world.coins = tuple(replace(one, legs=legs) if one is coin else one for one in world.coins)
    world._shelves = world._arrange()
    return world
