"""Whatever is changed of people, in whatever order, the audience is the truth."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts import audience
from accounts.models import MOST_KEYS, Preferences, Session, StoredKey, User
from arbedge import choices as wish
from arbedge.names import AccountState, Channel, Door, Language, Risk, Role, Tier
from tests.accounts.factories import NOON

pytestmark = pytest.mark.django_db

PEOPLE = 4
EXAMPLES = 50
Change = tuple[Callable[..., None], dict[str, Any]]

moments = st.integers(-20, 20).map(lambda days: NOON + timedelta(days=days))
minutes = st.integers(0, 1439)
masks = st.integers(0, (1 << 40) - 1)
coins = st.lists(st.sampled_from(["BTC", "ETH", "WIF", "Ünïcode🦊"]), max_size=3)
hours = st.one_of(st.just((None, None)), st.tuples(minutes, minutes))


def everybody(who: list[int]) -> Any:
    return User.objects.filter(telegram_id__in=[1 + number for number in who])


def change_people(who: list[int], **values: Any) -> None:
    everybody(who).update(**values)


def change_role(who: list[int], role: Role) -> None:
    is_super = role is Role.SUPER_ADMIN
    everybody(who).update(role=role, is_staff=role is not Role.USER, is_superuser=is_super)


def change_state(who: list[int], state: AccountState) -> None:
    everybody(who).update(state=state, is_active=state is AccountState.ACTIVE)


def begin(who: list[int], number: int, expires_at: Any) -> None:
    Session.objects.bulk_create(
        [
            Session(
                user=person, door=Door.WEB, digest=bytes([number % 251, place]) * 16,
                started_at=NOON, seen_at=NOON, expires_at=expires_at,
            )
            for place, person in enumerate(everybody(who))
        ],
        ignore_conflicts=True,
    )  # fmt: skip


def slide(who: list[int], expires_at: Any) -> None:
    Session.objects.filter(user__in=everybody(who)).update(expires_at=expires_at, seen_at=NOON)


def end(who: list[int], outcome: str) -> None:
    rows = Session.objects.filter(user__in=everybody(who), state="active")
    rows.update(state="terminated", outcome=outcome, ended_at=NOON)


def forget_sessions(who: list[int]) -> None:
    Session.objects.filter(user__in=everybody(who)).delete()


def prefer(who: list[int], active: Any, quiet: Any, **values: Any) -> None:
    values |= {"active_from_min": active[0], "active_to_min": active[1]}
    values |= {"quiet_from_min": quiet[0], "quiet_to_min": quiet[1]}
    Preferences.objects.bulk_create(
        [Preferences(user=person, **values) for person in everybody(who)],
        update_conflicts=True, unique_fields=["user"], update_fields=[*values],
    )  # fmt: skip


def prefer_nothing(who: list[int]) -> None:
    Preferences.objects.filter(user__in=everybody(who)).delete()


def bring_key(who: list[int], slot: int, **values: Any) -> None:
    StoredKey.objects.bulk_create(
        [
            StoredKey(user=person, slot=slot, digest=bytes([slot]) * 32, sealed="x", **values)
            for person in everybody(who)
        ],
        ignore_conflicts=True,
    )


def change_keys(who: list[int], **values: Any) -> None:
    StoredKey.objects.filter(user__in=everybody(who)).update(**values)


def take_keys(who: list[int], slot: int) -> None:
    StoredKey.objects.filter(user__in=everybody(who), slot__lte=slot).delete()


def leave(who: list[int]) -> None:
    everybody(who).delete()


def step(
    change: Callable[..., None], **values: st.SearchStrategy[Any]
) -> st.SearchStrategy[Change]:
    who = st.lists(st.integers(0, PEOPLE - 1), min_size=1, max_size=PEOPLE, unique=True)
    drawn = st.fixed_dictionaries({"who": who, **values})
    return st.tuples(st.just(change), drawn)


steps = st.one_of(
    step(begin, number=st.integers(0, 99), expires_at=moments),
    step(begin, number=st.integers(0, 99), expires_at=moments),
    step(slide, expires_at=moments),
    step(end, outcome=st.sampled_from(["logout", "by_staff"])),
    step(forget_sessions),
    step(leave),
    step(change_state, state=st.sampled_from(AccountState)),
    step(change_role, role=st.sampled_from(Role)),
    step(change_people, tier=st.sampled_from(Tier), beta_until=st.none() | moments),
    step(change_people, tier_since=st.none(), tier_until=st.none() | moments),
    step(change_people, language=st.sampled_from(Language), country=st.sampled_from(["", "DE"])),
    step(change_people, time_zone=st.sampled_from(["UTC", "Asia/Tokyo", "Europe/Berlin"])),
    step(change_people, name=st.text(max_size=9).map(lambda text: text.replace("\0", ""))),
    step(change_people, seen_at=moments),
    step(
        prefer, active=hours, quiet=hours,
        kinds=st.none() | st.integers(0, 15), shelves=st.none() | st.integers(0, 1023),
        venues=st.none() | masks, assets_in=coins, assets_out=coins,
        min_net=st.floats(-1, 1), min_apr=st.floats(-10, 100), min_confidence=st.floats(0, 1),
        max_risk=st.sampled_from(Risk), executable_only=st.booleans(),
        notional_usd=st.sampled_from(wish.NOTIONALS_USD),
        horizon_hours=st.sampled_from(wish.HORIZONS_HOURS), leverage=st.floats(1, 125),
        vip_levels=st.dictionaries(st.sampled_from(wish.VENUES), st.integers(0, 9), max_size=3),
    ),
    step(
        prefer, active=hours, quiet=hours,
        focus=st.sampled_from(wish.Focus), experience=st.sampled_from(wish.Experience),
        automation=st.sampled_from(wish.Automation), spread=st.sampled_from(wish.Spread),
        switches=st.dictionaries(st.sampled_from(wish.Notice), st.sampled_from(wish.Switch)),
        channels=st.lists(st.sampled_from(Channel), unique=True, max_size=4),
        frequency=st.sampled_from(wish.Frequency), digest_at_min=minutes,
        quiet_to_digest=st.booleans(),
    ),
    step(prefer_nothing),
    step(
        bring_key, slot=st.integers(1, MOST_KEYS), kind=st.sampled_from(["exchange", "ai"]),
        provider=st.sampled_from([*wish.VENUES, "openai", "nowhere"]), can_trade=st.booleans(),
        testnet=st.booleans(), state=st.sampled_from(["active", "disabled", "invalid"]),
    ),
    step(change_keys, state=st.sampled_from(["active", "disabled", "invalid"])),
    step(change_keys, can_trade=st.booleans(), testnet=st.booleans()),
    step(take_keys, slot=st.integers(1, MOST_KEYS)),
)  # fmt: skip


@settings(max_examples=EXAMPLES)
@given(st.lists(steps, min_size=5, max_size=15))
def test_no_sequence_of_changes_makes_the_audience_lie(changes: list[Change]) -> None:
    with transaction.atomic():
        User.objects.bulk_create(
            [User(username=f"p{n}", telegram_id=1 + n, date_joined=NOON) for n in range(PEOPLE)]
        )
        begin(list(range(PEOPLE)), 1_000, NOON)
        assert audience.size() == PEOPLE
        for change, values in changes:
            change(**values)
            assert not audience.verify(), (change.__name__, values)
        assert_the_truth_is_what_python_says()
        transaction.set_rollback(True)


def assert_the_truth_is_what_python_says() -> None:
    """The view itself, told once more in another language."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT user_id, session_until, tier, keys, ai_key FROM accounts_audience")
        held = {row[0]: row[1:] for row in cursor.fetchall()}
    told = {}
    for person in User.objects.filter(state="active").prefetch_related("sessions", "keys"):
        ends = [one.expires_at for one in person.sessions.all() if one.state == "active"]
        if ends:
            told[person.pk] = (max(ends), Tier(person.tier).rank, *_keys(person))
    assert held == told


def _keys(person: User) -> tuple[int, bool]:
    keys = [key for key in person.keys.all() if key.state == "active"]
    trading = {key.provider for key in keys
               if key.kind == "exchange" and key.can_trade and not key.testnet}  # fmt: skip
    known = trading & set(wish.VENUES)
    return wish.mask(known, wish.VENUES), any(key.kind == "ai" for key in keys)
