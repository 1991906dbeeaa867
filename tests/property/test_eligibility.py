"""Whoever the people and whatever the events: the statement says what the rules say, one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts import tiers
from accounts.models import Audience
from accounts.standing import Standing, effective_tier, ms
from accounts.tiers import ADMINS, HAVE_ADMINS_COLUMN
from arbedge.choices import HORIZONS_HOURS, NOTIONALS_USD, VENUES, Frequency, mask
from arbedge.names import AccountState, Kind, Language, Risk, Role, Shelf, Tier
from notifications.bundling import digest_hours
from notifications.choosing import eligibility
from notifications.choosing.eligibility import Due, Held
from notifications.codes import Why
from notifications.models import Delivery, DigestItem, Message
from notifications.writing.cohort_figures import figures_for, venues_of
from tests.notifications.factories import facts
from tests.opportunities.factories import cohorts

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=ZoneInfo("UTC"))
ZONES = ("UTC", "Europe/Berlin", "Asia/Kathmandu", "America/New_York", "Nowhere/Atall")
COINS = ("WIF", "BTC", "ETH")
NETS = (0.0, 0.001, 0.002, 0.004, 0.0042)
PEOPLE = 25

moments = st.sampled_from([NOW + timedelta(hours=hours) for hours in (-48, -1, 0, 1, 48)])
minutes = st.integers(0, 47).map(lambda half: half * 30)
hours = st.one_of(st.just((None, None)), st.tuples(minutes, minutes))
venue_masks = st.just(-1) | st.lists(st.sampled_from(VENUES[:4])).map(
    lambda some: mask(some, VENUES)
)
coins = st.none() | st.lists(st.sampled_from(COINS), min_size=1, max_size=2)
levels = st.lists(st.integers(0, 9), min_size=4, max_size=4).map(
    lambda each: sum(level << 4 * place for place, level in enumerate(each))
)


def mostly(usual: Any, other: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """The usual in six of seven, so that people come through to the last rules."""
    return st.integers(0, 6).flatmap(lambda chance: other if chance == 3 else st.just(usual))


@st.composite
def a_person(draw: st.DrawFn) -> dict[str, Any]:
    """A row of the audience of which a few columns are unusual."""
    no_hours = (None, None)
    active, quiet = draw(mostly(no_hours, hours)), draw(mostly(no_hours, hours))
    unusual: dict[str, tuple[Any, st.SearchStrategy[Any]]] = {
        "session_until": (NOW + timedelta(days=1), moments),
        "tier_until": (None, moments),
        "beta_until": (None, moments),
        "venues": (-1, venue_masks),
        "vip_levels": (0, levels),
        "min_net": (-0.1, st.sampled_from(NETS)),
        "min_apr": (-1.0, st.sampled_from([0.0, 0.3, 0.5])),
        "min_confidence": (0.0, st.sampled_from([0.5, 0.82])),
        "kinds": (-1, st.sampled_from([1, 2, 9])),
        "shelves": (-1, st.sampled_from([7, 1023, ~(1 << 9), 512])),
        "role": (0, st.integers(1, 3)),
        "max_risk": (2, st.integers(0, 1)),
        "notices": (127, st.just(126)),
        "frequency": (0, st.sampled_from([1, 3, 5])),
        "quiet_to_digest": (False, st.just(True)),
        "executable_only": (False, st.just(True)),
        "country": ("DE", st.just("US")),
        "channels": ([0], st.sampled_from([[], [1, 0]])),
        "assets_in": (None, coins),
        "assets_out": (None, coins),
    }
    return {
        "seen_at": NOW, "leverage": 2.0, "focus": 0, "experience": 0, "automation": 0, "silent": 0,
        "spread": 0, "digest_at_min": 480, "language": "en",
        "keys": draw(st.sampled_from([0, 3, 15])),
        "notional_usd": draw(st.sampled_from(NOTIONALS_USD)),
        "horizon_hours": draw(st.sampled_from(HORIZONS_HOURS)),
        "tier": draw(st.integers(0, 4)),
        "ai_key": draw(st.booleans()),
        "zone": draw(st.sampled_from(ZONES)),
        "active_from_min": active[0], "active_to_min": active[1],
        "quiet_from_min": quiet[0], "quiet_to_min": quiet[1],
        **{name: draw(mostly(*values)) for name, values in unusual.items()},
    }  # fmt: skip


@st.composite
def an_event(draw: st.DrawFn) -> dict[str, Any]:
    """Facts of an opportunity."""
    long, short = draw(st.permutations(["okx", "bybit", "binance", "hyperliquid"]))[:2]
    nets = draw(st.lists(st.sampled_from(NETS), min_size=4, max_size=4))
    at_size = draw(st.lists(st.none() | st.sampled_from(NETS), min_size=5, max_size=5))
    table = cohorts(nets, at_size)
    more = draw(st.sampled_from([[], [2], [1, 5]]))
    table["vip_levels"] = [0, *more]
    for name in ("net", "net_at_size"):
        table[name] = [
            [rows[0], *([None if one is None else one + level / 1_000 for one in rows[0]]
                        for level in more)]
            for rows in table[name]
        ]  # fmt: skip
    return facts(
        long={"venue": long}, short=draw(st.none() | st.just({"venue": short})),
        kind=draw(st.sampled_from(["funding", "funding", "spot", "spot", "technical"])),
        asset=draw(st.sampled_from(COINS)), risk=draw(st.sampled_from(["low", "medium", "high"])),
        score=draw(st.none() | st.sampled_from([0.4, 0.6, 0.9])),
        shelves=draw(mostly(7, st.sampled_from([0, 1, 1 << 5, 512]))),
        net=draw(st.sampled_from(NETS)), cohorts=draw(st.none() | st.just(table)),
    )  # fmt: skip


def rules(row: Audience, own: dict[str, Any]) -> Iterator[tuple[Why, bool]]:
    """Every rule in its order, and whether it holds this event back from this person."""
    table = tiers.table()
    may = ADMINS if list(Role)[row.role] in HAVE_ADMINS_COLUMN else table[list(Tier)[rank(row)]]
    shelves = own["shelves"] or 1 << list(Shelf).index(Shelf.ADVANCED)
    kind = 1 << list(Kind).index(Kind(own["kind"]))
    venues = mask(venues_of(own), VENUES)
    figures = figures_for(own, row.notional_usd, row.horizon_hours, row.vip_levels, row.leverage)
    yield Why.NO_SESSION, row.session_until <= NOW
    yield Why.TIER_KIND, not kind & may.kinds
    yield Why.TIER_SHELF, not shelves & may.shelves
    yield Why.SWITCHED_OFF, not row.notices & 1
    yield Why.KIND_UNWANTED, not kind & row.kinds
    yield Why.SHELF_UNWANTED, not shelves & row.shelves
    yield Why.VENUE_UNWANTED, bool(venues & ~row.venues)
    wanted = row.assets_in is None or own["asset"] in row.assets_in
    yield Why.ASSET_UNWANTED, not wanted or own["asset"] in (row.assets_out or ())
    yield Why.NET_TOO_LOW, figures.pays < row.min_net
    yield Why.APR_TOO_LOW, figures.apr_net is not None and figures.apr_net < row.min_apr
    yield Why.RISK_TOO_HIGH, list(Risk).index(Risk(own["risk"])) > row.max_risk
    yield Why.CONFIDENCE_TOO_LOW, (own["score"] or 0.0) < row.min_confidence
    yield Why.NO_CHANNEL, not row.channels
    bundled = row.quiet_to_digest or row.frequency == list(Frequency).index(Frequency.DAILY)
    yield Why.DO_NOT_DISTURB, disturbed(row) and not bundled
    yield Why.COOLDOWN, row.user_id % 11 == 0
    yield Why.HOUR_FULL, row.user_id % 7 == 0
    yield Why.DAY_FULL, row.user_id % 13 == 0
    yield Why.KEYS_MISSING, row.executable_only and bool(venues & ~row.keys)
    needs = shelves >> list(Shelf).index(Shelf.AI) & 1
    yield Why.AI_KEY_MISSING, bool(needs and not row.ai_key and may.ai_platform_per_day == 0)
    yield Why.REGION_BLOCKED, row.country == "US" and own["kind"] == "spot"
    yield Why.FOR_DIGEST, row.frequency > 0 or disturbed(row)


def rank(row: Audience) -> int:
    return effective_tier(standing(row), NOW).rank


def standing(row: Audience) -> Standing:
    return Standing(
        row.user_id, 1, list(Role)[row.role], AccountState.ACTIVE, list(Tier)[row.tier],
        None if row.tier_until is None else ms(row.tier_until),
        None if row.beta_until is None else ms(row.beta_until),
        0, 0, False, Language.EN, "UTC", "", 0, 1, ms(row.session_until),
    )  # fmt: skip


def disturbed(row: Audience) -> bool:
    """By the clock of a zone that may not exist, over midnight, all day where the hours are one."""
    zone = "UTC" if row.zone == "Nowhere/Atall" else row.zone
    local = NOW.astimezone(ZoneInfo(zone))
    minute = local.hour * 60 + local.minute
    quiet = within(minute, row.quiet_from_min, row.quiet_to_min)
    return bool(quiet) or within(minute, row.active_from_min, row.active_to_min) is False


def within(minute: int, since: int | None, until: int | None) -> bool | None:
    if since is None or until is None:
        return None
    return since <= minute < until if since < until else minute >= since or minute < until


@settings(max_examples=60)
@given(
    st.lists(a_person(), min_size=1, max_size=PEOPLE), st.lists(an_event(), min_size=1, max_size=5)
)
def test_the_statement_says_of_everybody_what_the_rules_say_one_by_one(
    people: list[dict[str, Any]], events: list[dict[str, Any]]
) -> None:
    with transaction.atomic():
        rows = Audience.objects.bulk_create(
            [Audience(user_id=101 + number, **person) for number, person in enumerate(people)]
        )
        due = due_for_all(events)
        found = with_regions(due, held(rows, due))
        assert_told(rows, events, found)
        transaction.set_rollback(True)


def due_for_all(events: list[dict[str, Any]]) -> list[Due]:
    """Every event for every tier; events are numbered from 1."""
    Message.objects.bulk_create(
        [Message(pk=number, topic="opened", at=NOW) for number in range(1, len(events) + 1)]
    )
    return [
        Due(
            slice_id=10 * number + tier, message_id=number, facts_of_id=number, tier=tier,
            topic="opened", facts=own, priority=2, expires_at=None, opportunity_id=number,
            fingerprint=f"print{number}", kind=own["kind"], asset=own["asset"],
        )
        for number, own in enumerate(events, 1)
        for tier in range(len(Tier))
    ]  # fmt: skip


def held(rows: list[Audience], due: list[Due]) -> Held:
    """Every seventh, eleventh and thirteenth is at a limit."""
    cool = [row.user_id for row in rows if row.user_id % 11 == 0]
    return Held(
        hour=[row.user_id for row in rows if row.user_id % 7 == 0],
        day=[row.user_id for row in rows if row.user_id % 13 == 0],
        cooling={one.fingerprint: cool for one in due},
    )


def with_regions(due: list[Due], limits: Held) -> dict[int, dict[str, int]]:
    from django.test import override_settings

    with override_settings(REGIONS_BLOCKED=["spot:US"], TELEGRAM_PER_SECOND=30):
        return eligibility.match(due, NOW, held=limits)


def assert_told(
    rows: list[Audience], events: list[dict[str, Any]], found: dict[int, dict[str, int]]
) -> None:
    expected: dict[int, Counter[str]] = {slice_id: Counter() for slice_id in found}
    told, kept = set(), set()
    for number, own in enumerate(events, 1):
        for row in rows:
            why = next((why for why, stops in rules(row, own) if stops), Why.ELIGIBLE)
            admin = list(Role)[row.role] in HAVE_ADMINS_COLUMN
            if why is not Why.NO_SESSION:
                expected[10 * number + (4 if admin else rank(row))][why.code] += 1
            if why is Why.ELIGIBLE:
                told.add((row.user_id, number))
            if why is Why.FOR_DIGEST:
                kept.add((row.user_id, number))
    assert found == {slice_id: dict(counts) for slice_id, counts in expected.items()}
    assert set(Delivery.objects.values_list("recipient_id", "message_id")) == told
    assert set(DigestItem.objects.values_list("recipient_id", "message_id")) == kept


# Tiers


@given(st.integers(0, 4), st.integers(0, 3), st.none() | moments, st.none() | moments)
def test_the_tier_in_the_statement_is_the_one_that_counts_everywhere(
    tier: int, role: int, tier_until: datetime | None, beta_until: datetime | None
) -> None:
    from notifications.choosing.eligibility_rules import ADMINS_COLUMN, COLUMN_OF_TIER

    row = Audience(
        user_id=1, tier=tier, role=role, tier_until=tier_until, beta_until=beta_until,
        session_until=NOW,
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {COLUMN_OF_TIER} FROM (SELECT %(tier)s::int AS tier, %(role)s::int AS role,"
            " %(paid)s::timestamptz AS tier_until, %(beta)s::timestamptz AS beta_until) a",
            {"tier": tier, "role": role, "paid": tier_until, "beta": beta_until, "now": NOW},
        )
        [(column,)] = cursor.fetchall()
    admin = list(Role)[role] in HAVE_ADMINS_COLUMN
    assert column == (ADMINS_COLUMN if admin else rank(row))


# Hours of digests, over the nights when clocks are changed


NIGHTS = {
    "Europe/Berlin": [(2026, 3, 29), (2026, 10, 25)],
    "America/New_York": [(2026, 3, 8), (2026, 11, 1)],
    "Australia/Lord_Howe": [(2026, 4, 5), (2026, 10, 4)],
    "Asia/Kathmandu": [(2026, 6, 1)],
    "Nowhere/Atall": [(2026, 10, 25)],
}


@st.composite
def nights(draw: st.DrawFn) -> tuple[str, datetime]:
    zone = draw(st.sampled_from(sorted(NIGHTS)))
    year, month, day = draw(st.sampled_from(NIGHTS[zone]))
    start = datetime(year, month, day, tzinfo=ZoneInfo("UTC")) - timedelta(hours=30)
    return zone, start + timedelta(seconds=draw(st.integers(0, 60 * 3_600)))


def due_at(now: datetime, zone: str, **columns: Any) -> datetime:
    """When the digest of such a person is due."""
    row = {
        "zone": zone, "frequency": 5, "digest_at_min": 480, "active_from_min": None,
        "active_to_min": None, "quiet_from_min": None, "quiet_to_min": None, **columns,
    }  # fmt: skip
    listed = ", ".join(
        f"%({name})s::{'text' if name == 'zone' else 'smallint'} AS {name}" for name in row
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT digest.due_at FROM (SELECT {listed}) a {digest_hours.DUE}",
            {**row, "now": now, "offsets": digest_hours.offsets(now)},
        )
        [(found,)] = cursor.fetchall()
    assert isinstance(found, datetime)
    return found


def shown(at: datetime, zone: str) -> int:
    """The minute of the day a clock there shows."""
    local = at.astimezone(ZoneInfo("UTC" if zone == "Nowhere/Atall" else zone))
    return local.hour * 60 + local.minute


@given(nights(), st.integers(0, 1_439))
def test_a_daily_digest_is_due_at_the_minute_asked_for_by_the_clock_of_that_night(
    night: tuple[str, datetime], minute: int
) -> None:
    zone, now = night
    found = due_at(now, zone, digest_at_min=minute)
    assert now < found <= now + timedelta(hours=25)
    if shown(found, zone) != minute:  # the clock never shows it: due when the clock is changed
        just_before = shown(found - timedelta(minutes=1), zone)
        assert just_before < minute < shown(found, zone)


@given(nights(), st.integers(0, 1_439), st.integers(1, 1_439))
def test_what_quiet_hours_keep_is_due_when_the_clock_of_that_night_ends_them(
    night: tuple[str, datetime], since: int, length: int
) -> None:
    zone, now = night
    until = (since + length) % 1_440
    if not within(shown(now, zone), since, until):
        return
    found = due_at(now, zone, frequency=0, quiet_from_min=since, quiet_to_min=until)
    assert now < found <= now + timedelta(hours=25)
    assert not within(shown(found, zone), since, until) or shown(found, zone) == until


@given(nights(), st.sampled_from([(1, 5), (2, 15), (3, 30), (4, 60)]))
def test_bundles_are_due_at_the_next_full_multiple(
    night: tuple[str, datetime], every: tuple[int, int]
) -> None:
    zone, now = night
    frequency, step_min = every
    found = due_at(now, zone, frequency=frequency)
    assert timedelta(0) < found - now <= timedelta(minutes=step_min)
    assert found.timestamp() % (step_min * 60) == 0


@pytest.mark.parametrize(
    ("now", "minute", "due"),
    [
        ("2026-03-28T12:00+00:00", 150, "2026-03-29T01:00+00:00"),  # 02:30 is left out
        ("2026-10-24T12:00+00:00", 150, "2026-10-25T00:30+00:00"),  # 02:30 comes twice
        ("2026-10-25T00:30+00:00", 150, "2026-10-26T01:30+00:00"),
        ("2026-03-28T07:00+00:00", 480, "2026-03-29T06:00+00:00"),
        ("2026-10-24T06:00+00:00", 480, "2026-10-25T07:00+00:00"),
    ],
)
def test_nights_in_berlin(now: str, minute: int, due: str) -> None:
    found = due_at(datetime.fromisoformat(now), "Europe/Berlin", digest_at_min=minute)
    assert found == datetime.fromisoformat(due)


def test_outside_active_hours_and_in_quiet_ones_the_later_end_counts() -> None:
    at_three = datetime(2026, 6, 1, 3, tzinfo=ZoneInfo("UTC"))
    found = due_at(
        at_three, "UTC", frequency=0, quiet_from_min=1_320, quiet_to_min=420, active_from_min=540,
        active_to_min=1_200,
    )  # fmt: skip
    assert found == at_three.replace(hour=9)
