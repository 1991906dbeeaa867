"""The audience follows every change of a person, and says so when it does not."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from accounts import audience
from accounts.models import Audience, Outcome, Preferences, Session, StoredKey, User
from arbedge import choices as wish
from arbedge.names import AccountState, Channel, Door, Risk, Role, Shelf, Tier
from tests.accounts.factories import NOON, SessionFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> User:
    """A person with a session, without preferences and keys."""
    person: User = SessionFactory(user__country="AT", user__time_zone="Europe/Vienna").user
    return person


def row(person: User) -> Audience:
    """The person's row, which equals the truth."""
    assert not audience.verify()
    return Audience.objects.get(user_id=person.pk)


def is_in(person: User) -> bool:
    assert not audience.verify()
    return Audience.objects.filter(user_id=person.pk).exists()


def change(person: User, **values: Any) -> None:
    assert User.objects.filter(pk=person.pk).update(**values) == 1


def prefer(person: User, **values: Any) -> None:
    Preferences.objects.update_or_create(user=person, defaults=values)


def give_key(person: User, provider: str = "okx", slot: int = 1, **values: Any) -> StoredKey:
    facts = {"kind": "exchange", "can_trade": True, "last4": "abcd", "sealed": "x", **values}
    return StoredKey.objects.create(
        user=person, slot=slot, provider=provider, digest=slot.to_bytes(32, "big"), **facts
    )


def end(session: Session) -> None:
    session.state, session.ended_at, session.outcome = "terminated", NOON, Outcome.LOGOUT
    session.save()


def version_of(person: User) -> str:
    """The transaction that last wrote the person's row."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT xmin::text || ctid::text FROM accounts_audience WHERE user_id = %s", [person.pk]
        )
        [(told,)] = cursor.fetchall()
    return str(told)


# Who is in


def test_nobody_is_in_before_his_consent() -> None:
    assert not is_in(UserFactory())


def test_a_session_brings_in_and_its_end_takes_out(ada: User) -> None:
    assert is_in(ada)
    end(ada.sessions.get())
    assert not is_in(ada)


def test_one_of_two_sessions_is_enough(ada: User) -> None:
    end(SessionFactory(user=ada, door=Door.WEB))
    assert is_in(ada)


@pytest.mark.parametrize("state", [s for s in AccountState if s is not AccountState.ACTIVE])
def test_who_may_not_use_the_account_is_out_until_he_may(ada: User, state: str) -> None:
    change(ada, state=state, is_active=False)
    assert not is_in(ada)
    change(ada, state=AccountState.ACTIVE, is_active=True)
    assert is_in(ada)


def test_who_is_deleted_is_out(ada: User) -> None:
    give_key(ada)
    prefer(ada, min_net=0.01)
    ada.delete()
    assert not is_in(ada)


def test_a_deleted_session_takes_out(ada: User) -> None:
    ada.sessions.all().delete()
    assert not is_in(ada)


def test_a_session_that_moves_to_another_person_is_his(ada: User) -> None:
    bob = UserFactory()
    ada.sessions.update(user=bob)
    assert not is_in(ada)
    assert is_in(bob)


def test_what_was_rolled_back_did_not_happen(ada: User) -> None:
    with transaction.atomic():
        ada.sessions.all().delete()
        transaction.set_rollback(True)
    assert is_in(ada)


# What each change does

SOON = NOON + timedelta(days=3)
OF_THE_PERSON: list[tuple[dict[str, Any], str, Any]] = [
    ({"tier": Tier.PRO}, "tier", 3),
    ({"tier_until": SOON}, "tier_until", SOON),
    ({"beta_until": SOON}, "beta_until", SOON),
    ({"role": Role.ADMIN, "is_staff": True}, "role", 2),
    ({"language": "fr"}, "language", "fr"),
    ({"country": "BR"}, "country", "BR"),
    ({"time_zone": "Asia/Tokyo"}, "zone", "Asia/Tokyo"),
]
OF_THE_WISHES: list[tuple[dict[str, Any], str, Any]] = [
    ({"kinds": 5}, "kinds", 5),
    ({"shelves": 12}, "shelves", 12),
    ({"venues": 1 << 39}, "venues", 1 << 39),
    ({"assets_in": ["BTC", "ETH"]}, "assets_in", ["BTC", "ETH"]),
    ({"assets_out": ["LUNA"]}, "assets_out", ["LUNA"]),
    ({"min_net": 0.0015}, "min_net", 0.0015),
    ({"min_apr": 0.25}, "min_apr", 0.25),
    ({"max_risk": Risk.LOW}, "max_risk", 0),
    ({"min_confidence": 0.9}, "min_confidence", 0.9),
    ({"executable_only": True}, "executable_only", True),
    ({"notional_usd": 50_000}, "notional_usd", 50_000),
    ({"horizon_hours": 168}, "horizon_hours", 168),
    ({"leverage": 3.5}, "leverage", 3.5),
    ({"vip_levels": {"binance": 1, "okx": 9}}, "vip_levels", 0x901),
    ({"focus": wish.Focus.HYBRID}, "focus", 2),
    ({"experience": wish.Experience.INTERMEDIATE}, "experience", 1),
    ({"automation": wish.Automation.FULL}, "automation", 2),
    ({"switches": {"opened": "off", "news": "silent"}}, "notices", 0b1111110),
    ({"switches": {"opened": "off", "news": "silent"}}, "silent", 0b1000000),
    ({"channels": ["email", "telegram"]}, "channels", [1, 0]),
    ({"spread": wish.Spread.ALL}, "spread", 1),
    ({"frequency": wish.Frequency.DAILY}, "frequency", 5),
    ({"digest_at_min": 1_200}, "digest_at_min", 1_200),
    ({"active_from_min": 540, "active_to_min": 1_020}, "active_from_min", 540),
    ({"active_from_min": 540, "active_to_min": 1_020}, "active_to_min", 1_020),
    ({"quiet_from_min": 1_320, "quiet_to_min": 420}, "quiet_from_min", 1_320),
    ({"quiet_from_min": 1_320, "quiet_to_min": 420}, "quiet_to_min", 420),
    ({"quiet_to_digest": True}, "quiet_to_digest", True),
]


@pytest.mark.parametrize(("values", "column", "expected"), OF_THE_PERSON)
def test_a_change_of_the_person_is_followed(
    ada: User, values: dict[str, Any], column: str, expected: Any
) -> None:
    before = getattr(row(ada), column)
    change(ada, **values)
    assert before != getattr(row(ada), column) == expected


@pytest.mark.parametrize(("values", "column", "expected"), OF_THE_WISHES)
def test_a_change_of_wishes_is_followed(
    ada: User, values: dict[str, Any], column: str, expected: Any
) -> None:
    prefer(ada)
    before = getattr(row(ada), column)
    prefer(ada, **values)
    assert before != getattr(row(ada), column) == expected


def test_every_column_has_its_change() -> None:
    elsewhere = {"user_id", "session_until", "seen_at", "keys", "ai_key"}
    followed = {column for _, column, _ in OF_THE_PERSON + OF_THE_WISHES}
    assert followed | elsewhere == set(audience.COLUMNS)


def test_a_session_that_slides_is_followed(ada: User) -> None:
    SessionFactory(user=ada, door=Door.WEB, expires_at=SOON)
    later = NOON + timedelta(days=8)
    ada.sessions.filter(door=Door.TELEGRAM).update(expires_at=later, seen_at=SOON)
    assert (row(ada).session_until, row(ada).seen_at) == (later, SOON)


def test_keys_that_may_trade_on_real_markets_count(ada: User) -> None:
    give_key(ada, "okx", 1)
    give_key(ada, "bybit", 2, can_trade=False)
    give_key(ada, "bitget", 3, testnet=True)
    give_key(ada, "gate", 4, state="disabled")
    give_key(ada, "nowhere", 5)
    assert row(ada).keys == 1 << wish.VENUE_BITS["okx"]
    ada.keys.filter(slot=4).update(state="active")
    assert row(ada).keys == 1 << wish.VENUE_BITS["okx"] | 1 << wish.VENUE_BITS["gate"]
    ada.keys.all().delete()
    assert row(ada).keys == 0


def test_a_key_to_an_ai_counts_while_it_is_active(ada: User) -> None:
    key = give_key(ada, "openai", kind="ai")
    assert (row(ada).ai_key, row(ada).keys) == (True, 0)
    key.state = "invalid"
    key.save()
    assert row(ada).ai_key is False


def test_who_has_no_preferences_has_the_defaults(ada: User) -> None:
    without = row(ada)
    Preferences.objects.create(user=ada)
    with_defaults = row(ada)
    for column in audience.COLUMNS:
        assert getattr(without, column) == getattr(with_defaults, column), column


def test_preferences_that_are_deleted_are_the_defaults_again(ada: User) -> None:
    prefer(ada, min_net=0.5)
    Preferences.objects.all().delete()
    assert row(ada).min_net == 0.0


def test_levels_that_make_no_sense_are_cut_to_what_there_is(ada: User) -> None:
    prefer(ada, vip_levels={"binance": 77, "bybit": -3, "okx": "high", "nowhere": 4, "gate": 1e30})
    assert row(ada).vip_levels == 0x90009


def test_who_never_chose_a_channel_is_reached_where_he_came_from() -> None:
    by_mail = UserFactory(telegram_id=None, email="a@example.com")
    SessionFactory(user=by_mail, door=Door.WEB)
    assert row(by_mail).channels == []
    change(by_mail, email_verified_at=NOON)
    assert row(by_mail).channels == [1]
    change(by_mail, telegram_id=77)
    assert row(by_mail).channels == [0]


# Positions and bits are those of the names


@pytest.mark.parametrize(
    ("field", "column", "known"),
    [
        ("max_risk", "max_risk", Risk),
        ("focus", "focus", wish.Focus),
        ("experience", "experience", wish.Experience),
        ("automation", "automation", wish.Automation),
        ("spread", "spread", wish.Spread),
        ("frequency", "frequency", wish.Frequency),
    ],
)
def test_wishes_are_stored_by_position(ada: User, field: str, column: str, known: Any) -> None:
    for position, name in enumerate(known):
        prefer(ada, **{field: name})
        assert getattr(row(ada), column) == position


def test_tiers_are_stored_by_rank(ada: User) -> None:
    for tier in Tier:
        change(ada, tier=tier)
        assert row(ada).tier == tier.rank


def test_roles_are_stored_by_position(ada: User) -> None:
    for position, role in enumerate(Role):
        boss = role is Role.SUPER_ADMIN
        change(ada, role=role, is_staff=role is not Role.USER, is_superuser=boss)
        assert row(ada).role == position


def test_every_venue_has_its_bit(ada: User) -> None:
    key = give_key(ada)
    for venue, bit in wish.VENUE_BITS.items():
        StoredKey.objects.filter(pk=key.pk).update(provider=venue)
        assert row(ada).keys == 1 << bit, venue


def test_every_notice_has_its_bit(ada: User) -> None:
    for bit, notice in enumerate(wish.Notice):
        prefer(ada, switches={notice: wish.Switch.SILENT})
        assert (row(ada).notices, row(ada).silent) == ((1 << len(wish.Notice)) - 1, 1 << bit)
        prefer(ada, switches={notice: wish.Switch.OFF})
        assert (row(ada).notices, row(ada).silent) == ((1 << len(wish.Notice)) - 1 - (1 << bit), 0)


def test_channels_keep_their_order(ada: User) -> None:
    backwards = list(reversed(Channel))
    prefer(ada, channels=backwards)
    assert row(ada).channels == [list(Channel).index(channel) for channel in backwards]


def test_the_first_fifteen_venues_have_their_levels(ada: User) -> None:
    prefer(ada, vip_levels=dict.fromkeys(wish.VENUES, 9))
    assert row(ada).vip_levels == sum(9 << 4 * place for place in range(15))


@pytest.mark.parametrize(
    ("experience", "hidden"),
    [
        ("beginner", set(Shelf) - {Shelf.LOW_RISK, Shelf.HIGH_CONFIDENCE, Shelf.BEGINNER}),
        ("intermediate", {Shelf.ADVANCED}),
        ("advanced", set()),
    ],
)
def test_experience_chooses_the_shelves(ada: User, experience: str, hidden: set[Shelf]) -> None:
    prefer(ada, experience=experience)
    shown = row(ada).shelves
    assert {shelf for bit, shelf in enumerate(Shelf) if not shown >> bit & 1} == hidden


# What it costs


def test_changes_that_do_not_matter_write_nothing(ada: User) -> None:
    prefer(ada)
    before = version_of(ada)
    change(ada, seen_at=NOON, name="Ada 🦊", last_login=NOON)
    prefer(ada, currency="EUR", preset="balanced")
    ada.sessions.update(interactions=5, commands={"help": 2})
    give_key(ada, state="disabled")
    assert version_of(ada) == before
    assert not audience.verify()


def many(number: int) -> list[User]:
    """People with a session each, without a query per person."""
    people = User.objects.bulk_create(
        [UserFactory.build(telegram_id=None) for _ in range(number)], batch_size=1_000
    )
    Session.objects.bulk_create(
        [SessionFactory.build(user=one) for one in people], batch_size=1_000
    )
    return people


def test_a_change_of_ten_thousand_people_is_one_refresh() -> None:
    many(10_000)
    assert audience.size() == 10_000
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (ANALYZE, TIMING OFF) UPDATE accounts_user SET tier = 'basic'")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "Trigger audience_follows_update: calls=1" in plan
    assert Audience.objects.filter(tier=1).count() == 10_000
    assert not audience.verify()


def test_a_loader_may_hold_the_triggers_back_and_refresh_once() -> None:
    with transaction.atomic():
        audience.hold_triggers_back()
        people = many(3)
        assert audience.size() == 0
        audience.refresh(one.pk for one in people)
    assert audience.size() == 3
    assert not audience.verify()


# Verify and repair


def spoil(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def test_differences_are_counted_and_shown_by_kind() -> None:
    anna, bert, carl = many(3)
    spoil(f"DELETE FROM accounts_audience WHERE user_id = {anna.pk}")
    spoil(f"UPDATE accounts_audience SET tier = 4, zone = 'Mars' WHERE user_id = {bert.pk}")
    spoil("INSERT INTO accounts_audience SELECT (jsonb_populate_record(held, '{\"user_id\": 0}')).*"
          f" FROM accounts_audience held WHERE user_id = {carl.pk}")  # fmt: skip
    found = audience.verify()
    assert (found.missing, found.superfluous, found.different) == (1, 1, 1)
    assert [(one.user_id, one.kind) for one in found.examples] == [
        (0, "superfluous"), (anna.pk, "missing"), (bert.pk, "different"),
    ]  # fmt: skip
    assert found.examples[2].fields == {"tier": (4, 0), "zone": ("Mars", "UTC")}


@pytest.mark.parametrize(
    "harm",
    [
        "DELETE FROM accounts_audience",
        "UPDATE accounts_audience SET venues = 1, assets_in = '{BTC}', session_until = now()",
        "UPDATE accounts_audience SET user_id = -user_id",
        "TRUNCATE accounts_audience",
    ],
)
def test_repair_makes_the_table_true_again(harm: str) -> None:
    many(20)
    spoil(harm)
    assert audience.verify()
    heard: list[int] = []
    audience.repair(heard.append)
    assert sum(heard) >= 20
    assert not audience.verify()
    assert audience.repair() == 0


@pytest.mark.parametrize("table", ["user", "session", "preferences", "storedkey"])
def test_a_table_emptied_at_once_is_followed(ada: User, table: str) -> None:
    prefer(ada, min_net=0.5)
    give_key(ada)
    spoil("SET CONSTRAINTS ALL IMMEDIATE")
    spoil(f"TRUNCATE accounts_{table} CASCADE")
    assert not audience.verify()


def run(*words: str) -> str:
    out = StringIO()
    call_command("audience", *words, stdout=out)
    return out.getvalue()


def test_the_command_says_that_all_is_well(ada: User) -> None:
    assert "1 person" in run()


def test_the_command_fails_where_table_and_truth_differ(ada: User) -> None:
    spoil("UPDATE accounts_audience SET tier = 4")
    out = StringIO()
    with pytest.raises(CommandError, match="--repair") as failed:
        call_command("audience", stdout=out)
    assert failed.value.returncode == 1
    assert str(ada.pk) in out.getvalue()
    assert "tier" in out.getvalue()


def test_the_command_repairs(ada: User) -> None:
    spoil("DELETE FROM accounts_audience")
    assert "1 row" in run("--repair")
    assert is_in(ada)


# Hours of the day

BERLIN = {"user__time_zone": "Europe/Berlin"}
NEW_YORK = {"user__time_zone": "America/New_York"}
NIGHT = {"quiet_from_min": 22 * 60, "quiet_to_min": 7 * 60}
OFFICE = {"active_from_min": 9 * 60, "active_to_min": 17 * 60}


def is_awake(person: User, now: datetime) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {audience.AWAKE} FROM accounts_audience a WHERE user_id = %(id)s",
            {"clocks": audience.clocks(now), "id": person.pk},
        )
        [(awake,)] = cursor.fetchall()
    return bool(awake)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("where", "hours", "now", "awake"),
    [
        # The night in which Berlin's clocks go back is ten hours long, from 20:00 to 06:00 UTC.
        (BERLIN, NIGHT, "2026-10-24 19:59", True),
        (BERLIN, NIGHT, "2026-10-24 20:00", False),
        (BERLIN, NIGHT, "2026-10-25 05:59", False),
        (BERLIN, NIGHT, "2026-10-25 06:00", True),
        # The nights around it are nine hours long, and not the same nine hours.
        (BERLIN, NIGHT, "2026-10-24 05:00", True),
        (BERLIN, NIGHT, "2026-10-25 20:59", True),
        (BERLIN, NIGHT, "2026-10-25 21:00", False),
        # The night in which New York's clocks go forward is eight hours long.
        (NEW_YORK, NIGHT, "2026-03-08 02:59", True),
        (NEW_YORK, NIGHT, "2026-03-08 03:00", False),
        (NEW_YORK, NIGHT, "2026-03-08 10:59", False),
        (NEW_YORK, NIGHT, "2026-03-08 11:00", True),
        # Hours within the day.
        (BERLIN, OFFICE, "2026-11-20 07:59", False),
        (BERLIN, OFFICE, "2026-11-20 08:00", True),
        (BERLIN, OFFICE, "2026-11-20 16:00", False),
        (BERLIN, OFFICE | NIGHT, "2026-11-20 12:00", True),
        (BERLIN, {}, "2026-11-20 02:00", True),
    ],
)
def test_hours_are_those_of_the_persons_own_clock(
    where: dict[str, str], hours: dict[str, int], now: str, awake: bool
) -> None:
    person = SessionFactory(**where).user
    prefer(person, **hours)
    assert is_awake(person, utc(now)) is awake


def test_who_lives_nowhere_lives_by_utc() -> None:
    person = SessionFactory(user__time_zone="Mars/Olympus").user
    prefer(person, **NIGHT)
    assert is_awake(person, utc("2026-11-20 21:59"))
    assert not is_awake(person, utc("2026-11-20 22:00"))


def test_clocks_show_every_zone_to_the_minute() -> None:
    clocks = json.loads(audience.clocks(utc("2026-11-21 23:50:59")))
    assert clocks["UTC"] == 23 * 60 + 50
    assert clocks["Asia/Kathmandu"] == 5 * 60 + 35
    assert clocks["Pacific/Marquesas"] == 14 * 60 + 20
    assert len(clocks) > 400


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "America/New_York", "UTC"])
def test_one_zones_clock_shows_what_all_clocks_show(zone: str) -> None:
    now = utc("2026-11-21 23:50:59")
    assert json.loads(audience.clock_of(zone, now)) == {
        zone: json.loads(audience.clocks(now))[zone]
    }


def test_a_zone_nobody_knows_has_no_clock() -> None:
    assert audience.clock_of("Atlantis/Poseidonis", utc("2026-11-21 23:50")) == "{}"
