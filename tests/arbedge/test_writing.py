"""How figures are written: signs, units, ages and what is not known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbedge import writing

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("fraction", "text"),
    [
        (0.0018, "+0.18\u2009%"),
        (-0.0018, "\u22120.18\u2009%"),
        (0.0, "0.00\u2009%"),
        (-0.00001, "0.00\u2009%"),
        (0.511, "+51.10\u2009%"),
        (1.534, "+153\u2009%"),
        (-12.5, "\u22121,250\u2009%"),
        (None, "unknown"),
        (float("nan"), "unknown"),
        (float("inf"), "unknown"),
    ],
)
def test_per_cent_has_a_sign_a_real_minus_and_a_thin_space(
    fraction: float | None, text: str
) -> None:
    assert writing.percent(fraction) == text


@given(st.floats(min_value=-50, max_value=50, allow_nan=False))
def test_no_figure_ever_carries_a_hyphen_for_a_minus(fraction: float) -> None:
    assert "-" not in writing.percent(fraction) + writing.basis_points(fraction)


@given(st.floats(min_value=0.0001, max_value=50))
def test_opposite_figures_differ_in_their_sign_alone(fraction: float) -> None:
    assert writing.percent(fraction)[1:] == writing.percent(-fraction)[1:]


def test_a_share_has_no_sign() -> None:
    assert writing.share(0.9912) == "99.12\u2009%"


def test_basis_points_for_pros() -> None:
    assert writing.basis_points(0.0018) == "+18.0\u2009bp"


@pytest.mark.parametrize(
    ("usd", "text"),
    [
        (12_412, "$12.4\u2009k"),
        (1_000, "$1\u2009k"),
        (999.99, "$1\u2009k"),
        (124_000_000, "$124\u2009M"),
        (999_900, "$1\u2009M"),
        (2.5e9, "$2.50\u2009B"),
        (5, "$5"),
        (-12_412, "\u2212$12.4\u2009k"),
        (Decimal(1500), "$1.50\u2009k"),
        (None, "unknown"),
    ],
)
def test_money_is_compact(usd: float | None, text: str) -> None:
    assert writing.money(usd) == text


def test_exact_money_keeps_the_cents() -> None:
    assert writing.exact_money(12_412.081) == "$12,412.08"


@pytest.mark.parametrize(
    ("price", "tick", "text"),
    [
        (2.0, Decimal("0.0001"), "2.0000"),
        (67_123.456, Decimal("0.1"), "67,123.5"),
        (67_123.456, Decimal(10), "67,123"),
        (0.0000071234, Decimal("1E-10"), "0.0000071234"),
        (0.0000071234, None, "0.0000071234"),
        (67_123.456, None, "67,123.5"),
        (0.32993400330000001, Decimal("1E-18"), "0.3299340033"),
        (0.0, Decimal("0.01"), "0.00"),
        (None, Decimal("0.1"), "unknown"),
    ],
)
def test_prices_have_the_places_of_their_tick(
    price: float | None, tick: Decimal | None, text: str
) -> None:
    assert writing.price(price, tick) == text


@pytest.mark.parametrize(
    ("away", "text"),
    [
        (timedelta(seconds=-42), "42\u2009s ago"),
        (timedelta(minutes=-59), "59\u2009min ago"),
        (timedelta(hours=-2), "21 Nov 2026 10:00 UTC"),
        (timedelta(minutes=38), "in 38\u2009min"),
        (timedelta(hours=2, minutes=10), "in 2\u2009h 10\u2009min"),
        (timedelta(hours=30), "22 Nov 2026 18:00 UTC"),
        (timedelta(), "now"),
    ],
)
def test_near_times_are_relative_and_far_ones_carry_their_zone(away: timedelta, text: str) -> None:
    assert writing.relative(NOW + away, NOW) == text


def test_an_unknown_time_is_said_to_be_unknown() -> None:
    assert writing.relative(None, NOW) == writing.moment(None) == "unknown"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (42, "42\u2009s"),
        (7_800, "2\u2009h 10\u2009min"),
        (7_200, "2\u2009h"),
        (273_600, "3\u2009d 4\u2009h"),
        (172_800, "2\u2009d"),
        (-5, "0\u2009s"),
    ],
)
def test_lengths_of_time_in_their_two_largest_units(seconds: float, text: str) -> None:
    assert writing.duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "word"),
    [
        (0, "fresh"),
        (9.9, "fresh"),
        (10, "ageing"),
        (29.9, "ageing"),
        (30, "stale"),
        (None, "unknown"),
    ],
)
def test_an_age_has_a_word(seconds: float | None, word: str) -> None:
    assert writing.freshness(seconds) == word


def test_an_unknown_age_is_never_nought() -> None:
    assert writing.age(None) == "unknown"


def test_hours() -> None:
    assert (writing.hours(72.0), writing.hours(1.5), writing.hours(None)) == (
        "72\u2009h",
        "1.5\u2009h",
        "unknown",
    )
