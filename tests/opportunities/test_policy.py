"""Limits: defaults, profiles, overrides, and what operators may write."""

from __future__ import annotations

import numpy as np
import pytest

from arbedge.errors import BadSetting
from arbedge.names import Kind, Profile
from opportunities.limits import LIMITS
from opportunities.policy import Override, Policy, limit, parse
from opportunities.rules import Rules
from opportunities.universe import Universe
from tests.opportunities.markets import market, perp

STRICT = Policy()
PERMISSIVE = Policy(profile=Profile.PERMISSIVE)


@pytest.fixture
def seen() -> Universe:
    """Rows 0 okx WIF, 1 okx BTC, 2 bybit WIF, 3 bybit BTC."""
    return market(
        perp("okx", "WIF"), perp("okx", "BTC"), perp("bybit", "WIF"), perp("bybit", "BTC")
    )


# -- defaults and profiles


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("threshold", 0.0015),
        ("horizon", 72),
        ("notional", 1000),
        ("max_age", 30),
        ("max_leg_skew", 10),
        ("max_ahead", 2),
        ("frozen_scans", 20),
        ("frozen_move", 0.002),
        ("cap_share", 0.95),
        ("max_rate", 0.05),
        ("min_volume", 200_000),
        ("min_interest", 500_000),
        ("max_spread", 0.01),
        ("max_depeg", 0.005),
        ("delisting_margin", 24),
        ("max_volatility", 0.6),
        ("min_success", 0.6),
        ("min_followed", 20),
        ("near_misses", 200),
        ("tier_one", 10),
        ("tier_two", 20),
    ],
)
def test_strict_limits_are_the_contracts_defaults(name: str, value: float) -> None:
    assert STRICT.value(name, Kind.FUNDING) == value


def test_spot_opens_at_ten_basis_points() -> None:
    assert STRICT.value("threshold", Kind.SPOT) == 0.0010
    assert STRICT.value("threshold", Kind.BASIS) == 0.0015


@pytest.mark.parametrize("name", sorted(LIMITS))
def test_permissive_is_never_stricter(name: str) -> None:
    strict, loose = STRICT.value(name), PERMISSIVE.value(name)
    floors = {"threshold", "min_volume", "min_interest", "min_success"}
    assert loose <= strict if name in floors else loose >= strict


def test_a_kinds_own_default_moves_with_the_profile() -> None:
    assert PERMISSIVE.value("threshold", Kind.SPOT) == pytest.approx(0.0010 * 8 / 15)


@pytest.mark.parametrize("name", sorted(LIMITS))
@pytest.mark.parametrize("policy", [STRICT, PERMISSIVE], ids=["strict", "permissive"])
def test_every_default_lies_within_its_own_bounds(name: str, policy: Policy) -> None:
    for kind in (None, Kind.FUNDING, Kind.SPOT, Kind.BASIS):
        LIMITS[name].check(policy.value(name, kind))


# -- overrides


def test_an_override_for_a_kind_leaves_the_others() -> None:
    policy = Policy(overrides=(Override("threshold", 0.003, Kind.BASIS),))
    assert policy.value("threshold", Kind.BASIS) == 0.003
    assert policy.value("threshold", Kind.FUNDING) == 0.0015


def test_an_override_for_all_kinds_beats_a_kinds_default() -> None:
    policy = Policy(overrides=(Override("threshold", 0.0005),))
    assert policy.value("threshold", Kind.SPOT) == 0.0005


def test_a_kinds_override_beats_the_general_one_in_any_order() -> None:
    general, own = Override("max_age", 10), Override("max_age", 50, Kind.SPOT)
    for overrides in [(general, own), (own, general)]:
        assert Policy(overrides=overrides).value("max_age", Kind.SPOT) == 50
        assert Policy(overrides=overrides).value("max_age", Kind.BASIS) == 10


def test_without_aim_a_limit_is_one_number(seen: Universe) -> None:
    assert STRICT.column("max_age", Kind.FUNDING, seen) == 30


def test_an_override_for_a_venue_holds_for_its_instruments(seen: Universe) -> None:
    policy = Policy(overrides=(Override("max_age", 90, venue="okx"),))
    assert np.asarray(policy.column("max_age", Kind.FUNDING, seen)).tolist() == [90, 90, 30, 30]


def test_an_override_for_an_instrument_beats_its_venues(seen: Universe) -> None:
    policy = Policy(
        overrides=(
            Override("max_age", 5, venue="okx", symbol="BTCUSDT"),
            Override("max_age", 90, venue="okx"),
        )
    )
    assert np.asarray(policy.column("max_age", Kind.FUNDING, seen)).tolist() == [90, 5, 30, 30]


def test_an_aimed_override_of_another_kind_is_left_aside(seen: Universe) -> None:
    policy = Policy(overrides=(Override("max_age", 90, Kind.SPOT, venue="okx"),))
    assert policy.column("max_age", Kind.FUNDING, seen) == 30


def test_a_pair_takes_what_aims_at_one_of_its_legs(seen: Universe) -> None:
    lower = Policy(overrides=(Override("threshold", 0.0005, venue="okx"),))
    pair = (np.array([0, 2]), np.array([2, 3]))  # okx-bybit, bybit-bybit
    chosen = lower.of_pairs("threshold", Kind.FUNDING, seen, pair)
    assert np.asarray(chosen).tolist() == [0.0005, 0.0015]


@pytest.mark.parametrize(("name", "stricter"), [("threshold", 0.004), ("max_leg_skew", 0.002)])
def test_of_two_aims_the_stricter_counts(seen: Universe, name: str, stricter: float) -> None:
    policy = Policy(
        overrides=(Override(name, 0.002, venue="okx"), Override(name, 0.004, venue="bybit"))
    )
    pair = (np.array([0]), np.array([2]))
    assert np.asarray(policy.of_pairs(name, Kind.FUNDING, seen, pair)).tolist() == [stricter]


def test_kinds_with_equal_limits_share_a_signature() -> None:
    names = ("max_age", "min_volume")
    assert STRICT.signature(Kind.SPOT, names) == STRICT.signature(Kind.BASIS, names)
    apart = STRICT.with_settings(["max_age.spot@okx=9"])
    assert apart.signature(Kind.SPOT, names) != apart.signature(Kind.BASIS, names)


# -- what operators write


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("max_leg_skew", "20s", 20),
        ("max_leg_skew", "2min", 120),
        ("max_leg_skew", "20", 20),
        ("threshold", "15bp", 0.0015),
        ("threshold", "0.5%", 0.005),
        ("threshold", "0.002", 0.002),
        ("threshold", "2e-3", 0.002),
        ("horizon", "3h", 3),
        ("horizon", "90min", 1.5),
        ("horizon", "24", 24),
        ("min_volume", "250k", 250_000),
        ("min_volume", "1.5M", 1_500_000),
        ("leverage", "5x", 5),
        ("frozen_scans", " 30 ", 30),
    ],
)
def test_values_are_read_with_their_units(name: str, text: str, value: float) -> None:
    assert parse(name, text) == pytest.approx(value)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("max_age", "5bp"),  # an age is no fraction
        ("threshold", "20s"),
        ("frozen_scans", "3h"),
        ("threshold", "fifteen"),
        ("threshold", ""),
        ("threshold", "nan"),
        ("threshold", "1..5"),
        ("threshold", "15 bp or so"),
    ],
)
def test_a_value_that_means_nothing_is_refused(name: str, text: str) -> None:
    with pytest.raises(BadSetting, match=name):
        parse(name, text)


@pytest.mark.parametrize("text", ["-5bp", "0", "150%"])
def test_a_value_out_of_bounds_names_the_bounds(text: str) -> None:
    with pytest.raises(BadSetting, match="threshold must lie between 1e-05 and 1 fraction"):
        parse("threshold", text)


def test_a_misspelt_limit_is_met_with_near_names() -> None:
    with pytest.raises(BadSetting, match="'max_leg_scew'; near: max_leg_skew"):
        limit("max_leg_scew")


def test_an_unheard_of_limit_is_met_with_the_known_ones() -> None:
    with pytest.raises(BadSetting, match="known: threshold, horizon"):
        limit("zzzz")


def test_settings_are_applied_in_turn() -> None:
    policy = STRICT.with_settings(["threshold=5bp", "threshold.spot=7bp", "max_leg_skew=20s"])
    assert policy.value("threshold", Kind.FUNDING) == pytest.approx(0.0005)
    assert policy.value("threshold", Kind.SPOT) == pytest.approx(0.0007)
    assert policy.value("max_leg_skew", Kind.BASIS) == 20


def test_the_last_word_on_one_limit_counts() -> None:
    assert STRICT.with_settings(["max_age=5", "max_age=7"]).value("max_age") == 7


def test_a_setting_may_aim_at_a_venue_or_an_instrument(seen: Universe) -> None:
    policy = STRICT.with_settings(["max_age@okx=90", "max_age.funding@bybit/BTCUSDT=5"])
    assert np.asarray(policy.column("max_age", Kind.FUNDING, seen)).tolist() == [90, 90, 30, 5]


def test_a_limit_for_all_cannot_be_aimed() -> None:
    with pytest.raises(BadSetting, match="horizon holds for all venues and instruments"):
        STRICT.with_settings(["horizon@okx=8h"])


def test_the_profile_can_be_set() -> None:
    assert STRICT.with_settings(["profile=permissive"]).value("max_age") == 60


def test_the_measured_figure_can_be_set_for_one_kind_or_all() -> None:
    one = STRICT.with_settings(["measure.spot=net_announced"])
    assert one.measured(Kind.SPOT) == "net_announced"
    assert one.measured(Kind.FUNDING) == "net"
    assert STRICT.with_settings(["measure=net_announced"]).measured(Kind.BASIS) == "net_announced"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("threshold", "not NAME=VALUE"),
        ("threshold.lending=5bp", "kind 'lending' is unknown; known: funding, spot, basis"),
        ("profile=loose", "profile 'loose' is unknown; known: strict, permissive"),
        ("measure=gross", "net or net_announced is expected"),
        ("nonsense=1", "no limit is named 'nonsense'"),
    ],
)
def test_a_setting_that_makes_no_sense_says_what_would(text: str, message: str) -> None:
    with pytest.raises(BadSetting, match=message):
        STRICT.with_settings([text])


def test_the_version_changes_with_anything_that_decides() -> None:
    versions = {
        STRICT.version,
        PERMISSIVE.version,
        STRICT.with_settings(["max_age=31"]).version,
        STRICT.with_settings(["measure.spot=net_announced"]).version,
    }
    assert len(versions) == 4


def test_the_version_is_the_same_for_the_same_limits() -> None:
    assert Policy(measure={Kind.SPOT: "net"}).version == STRICT.version


def test_the_rules_of_a_life_follow_the_operators_limits() -> None:
    policy = Policy().with_settings(["observations.spot=4", "blind_for=5min", "valid_low=6h"])
    rules = Rules.of(policy)
    assert (rules.observations, rules.spot_observations) == (3, 4)
    assert (rules.blind_s, rules.low_valid_s) == (300, 6 * 3600)


def test_without_an_operators_word_the_rules_are_the_products() -> None:
    assert Rules.of(Policy()) == Rules()
