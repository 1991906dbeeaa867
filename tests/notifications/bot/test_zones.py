"""Time zones found by a shared place, by a list of the world's parts, by what somebody types."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbedge.errors import BadInput
from notifications.bot.preferences import zones

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("latitude", "longitude", "name"),
    [
        (40.42, -3.70, "Europe/Madrid"),
        (19.07, 72.87, "Asia/Kolkata"),  # Mumbai lies nearer to Karachi than to Kolkata
        (31.76, -106.48, "America/Denver"),  # El Paso keeps another time than its state
        (29.56, 106.55, "Asia/Shanghai"),
        (27.70, 85.32, "Asia/Kathmandu"),
        (-34.60, -58.38, "America/Argentina/Buenos_Aires"),
        (28.12, -15.43, "Atlantic/Canary"),
        (48.85, 2.35, "Europe/Paris"),
        (-33.87, 151.21, "Australia/Sydney"),
    ],
)
def test_a_shared_place_tells_its_zone(latitude: float, longitude: float, name: str) -> None:
    assert zones.at(latitude, longitude) == name


@pytest.mark.parametrize(
    ("latitude", "longitude", "clock"),
    [(0.0, -150.0, "02:00"), (30.0, -40.0, "09:00"), (0.0, 0.0, "12:00"), (85.0, 100.0, "19:00")],
)
def test_at_sea_the_nautical_zone_counts(latitude: float, longitude: float, clock: str) -> None:
    assert zones.clock(zones.at(latitude, longitude), NOON) == clock


@pytest.mark.parametrize("latitude", [90.0, -90.0])
def test_the_poles_have_a_zone_that_exists(latitude: float) -> None:
    assert zones.at(latitude, 0.0) in available_timezones()


def test_both_sides_of_the_date_line_are_a_day_apart() -> None:
    west, east = zones.clock(zones.at(0, 179.9), NOON), zones.clock(zones.at(0, -179.9), NOON)
    assert west == east == "00:00"
    assert zones.at(0, 179.9) != zones.at(0, -179.9)


@pytest.mark.parametrize(
    "point", [(91.0, 0.0), (0.0, 180.5), (float("nan"), 0.0), (0.0, float("inf"))]
)
def test_what_is_no_place_is_refused(point: tuple[float, float]) -> None:
    with pytest.raises(BadInput) as refused:
        zones.at(*point)
    assert refused.value.code == "bad_location"


@given(st.floats(-90, 90), st.floats(-180, 180))
def test_every_point_has_a_zone_that_exists(latitude: float, longitude: float) -> None:
    assert zones.at(latitude, longitude) in available_timezones()


def test_the_list_holds_every_part_of_the_world() -> None:
    assert {"Africa", "America", "Asia", "Australia", "Europe", "Pacific"} <= set(zones.regions())


def test_a_region_lists_its_zones_from_west_to_east() -> None:
    listed = zones.within("Europe", NOON)
    clocks = [one.clock for one in listed]
    assert clocks == sorted(clocks)
    assert zones.Place("Europe/Madrid", "Madrid", "13:00") in listed


def test_every_listed_zone_fits_into_a_button() -> None:
    names = [one.name for region in zones.regions() for one in zones.within(region, NOON)]
    assert len(names) > 400
    assert max(len(f"zone onboarding set {name}".encode()) for name in names) <= 64


def test_a_region_nobody_knows_has_no_zones() -> None:
    assert zones.within("Atlantis", NOON) == []


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("Madrid", "Europe/Madrid"),
        ("são paulo", "America/Sao_Paulo"),
        ("buenos aires", "America/Argentina/Buenos_Aires"),
        ("europe/paris", "Europe/Paris"),
        ("londn", "Europe/London"),
        ("buchar", "Europe/Bucharest"),
        ("UTC+3", "Etc/GMT-3"),
        ("gmt \u2212 5", "Etc/GMT+5"),
        ("+0", "UTC"),
    ],
)
def test_what_is_typed_is_understood(typed: str, name: str) -> None:
    assert zones.search(typed)[0] == name


def test_a_country_offers_all_its_zones() -> None:
    assert zones.search("Spain") == ["Europe/Madrid", "Africa/Ceuta", "Atlantic/Canary"]


@pytest.mark.parametrize("typed", ["", "   ", "xq", "UTC+15", "-13", "🟢", "a" * 500])
def test_what_nobody_can_mean_finds_nothing(typed: str) -> None:
    assert zones.search(typed) == []


@given(st.text(max_size=80))
def test_whatever_is_typed_leads_to_zones_that_exist(typed: str) -> None:
    assert set(zones.search(typed)) <= available_timezones()


@pytest.mark.parametrize(
    ("name", "city"),
    [("Etc/GMT-3", "UTC+3"), ("Etc/GMT+10", "UTC-10"), ("Asia/Ho_Chi_Minh", "Ho Chi Minh"),
     ("UTC", "UTC"), ("America/North_Dakota/New_Salem", "New Salem")],
)  # fmt: skip
def test_a_zone_is_called_by_its_city(name: str, city: str) -> None:
    assert zones.city(name) == city
