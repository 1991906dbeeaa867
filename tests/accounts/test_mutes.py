"""Mutes: what is hidden, until when, and that the end gives back what the mute took and no more."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from auditlog.models import LogEntry
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts import mutes, preferences
from accounts.models import Audience, Mute, Muted, Preferences, User
from accounts.tasks import end_mutes
from accounts.wishes import Wish, wish
from arbedge import choices
from arbedge.errors import ArbEdgeError, BadInput, Conflict
from arbedge.names import Door
from tests.accounts.factories import NOON, SessionFactory, UserFactory

pytestmark = pytest.mark.django_db

COIN, VENUE = Muted.COIN, Muted.VENUE
HOUR = timedelta(hours=1)
SOON, LATER = NOON + HOUR, NOON + 4 * HOUR


@pytest.fixture
def ada() -> User:
    made: User = UserFactory.create(name="Ada")
    return made


def mute(user: User, what: Muted, name: str, until: datetime | None = SOON) -> mutes.Made:
    return mutes.mute(user, what, name, until, door=Door.TELEGRAM, now=NOON)


def unmute(user: User, what: Muted, name: str) -> bool:
    return mutes.unmute(user, what, name, door=Door.TELEGRAM, now=NOON)


def edit(user: User, **changes: Any) -> None:
    preferences.change(user.pk, changes, door=Door.WEB, now=NOON)


def wished(user: User) -> Wish:
    return wish(preferences.of(user.pk))


def all_but(*names: str) -> tuple[str, ...]:
    return tuple(one for one in choices.VENUES if one not in names)


def lines(user: User, what: str) -> list[LogEntry]:
    return list(LogEntry.objects.filter(
        additional_data__what=what, additional_data__whom=user.pk
    ).order_by("id"))  # fmt: skip


# Hiding


def test_a_muted_coin_is_among_those_never_shown(ada: User) -> None:
    mute(ada, COIN, "WIF")

    assert wished(ada).assets_out == ("WIF",)


def test_of_all_venues_a_muted_one_is_missing(ada: User) -> None:
    mute(ada, VENUE, "okx")

    assert wished(ada).venues == all_but("okx")


def test_a_mute_reaches_the_audience_that_pushes_are_matched_with(ada: User) -> None:
    SessionFactory.create(user=ada)

    mute(ada, VENUE, "okx")
    mute(ada, COIN, "WIF")

    row = Audience.objects.get(pk=ada.pk)
    assert row.assets_out == ["WIF"]
    assert not row.venues >> choices.VENUE_BITS["okx"] & 1
    assert row.venues >> choices.VENUE_BITS["bybit"] & 1


def test_a_coin_is_muted_as_preferences_write_it(ada: User) -> None:
    assert mute(ada, COIN, " wif ").mute.name == "WIF"


def test_one_of_the_only_coins_wanted_can_be_muted(ada: User) -> None:
    edit(ada, assets_in=["BTC", "WIF"])

    mute(ada, COIN, "WIF")

    assert (wished(ada).assets_in, wished(ada).assets_out) == (("BTC", "WIF"), ("WIF",))


def test_the_lists_of_coins_can_be_changed_while_one_of_the_only_coins_is_muted(ada: User) -> None:
    edit(ada, assets_in=["BTC", "WIF"])
    mute(ada, COIN, "WIF")

    edit(ada, assets_in=["WIF", "SOL"])

    assert wished(ada).assets_in == ("WIF", "SOL")


def test_a_coin_that_is_not_muted_is_still_not_both_wanted_and_hidden(ada: User) -> None:
    mute(ada, COIN, "WIF")

    with pytest.raises(BadInput, match="BTC"):
        edit(ada, assets_in=["BTC"], assets_out=["WIF", "BTC"])


def test_the_only_venue_wanted_is_not_muted(ada: User) -> None:
    edit(ada, venues=["okx"])

    with pytest.raises(Conflict) as refused:
        mute(ada, VENUE, "okx")

    assert refused.value.code == "last_venue"
    assert (wished(ada).venues, Mute.objects.count()) == (("okx",), 0)


def test_no_more_coins_are_hidden_than_preferences_hold(ada: User) -> None:
    edit(ada, assets_out=[f"C{number}" for number in range(50)])

    with pytest.raises(BadInput) as refused:
        mute(ada, COIN, "WIF")

    assert refused.value.code == "too_many"


@pytest.mark.parametrize(
    ("what", "name", "until", "code"),
    [
        (COIN, "W I F", SOON, "bad_value"),
        (COIN, "", SOON, "bad_value"),
        (VENUE, "nowhere", SOON, "bad_venue"),
        (COIN, "WIF", NOON, "in_the_past"),
    ],
)
def test_what_makes_no_sense_is_refused_without_a_trace(
    ada: User, what: Muted, name: str, until: datetime, code: str
) -> None:
    with pytest.raises(ArbEdgeError) as refused:
        mute(ada, what, name, until)

    assert refused.value.code == code
    assert (Mute.objects.count(), Preferences.objects.count()) == (0, 0)


# Renewing and listing


def test_muting_again_moves_the_end_either_way(ada: User) -> None:
    mute(ada, COIN, "WIF", LATER)

    again = mute(ada, COIN, "WIF", SOON)

    assert (again.before, again.until_before, again.mute.until) == (True, LATER, SOON)
    assert Mute.objects.get().until == SOON


def test_a_mute_for_good_can_become_one_for_hours(ada: User) -> None:
    mute(ada, COIN, "WIF", None)

    again = mute(ada, COIN, "WIF", SOON)

    assert (again.before, again.until_before) == (True, None)
    assert mutes.expire(SOON) == 1
    assert wished(ada).assets_out == ()


def test_mutes_are_listed_by_their_end_and_those_for_good_last(ada: User) -> None:
    mute(ada, COIN, "WIF", None)
    mute(ada, VENUE, "okx", LATER)
    mute(ada, COIN, "DOGE", SOON)
    mute(UserFactory.create(), COIN, "BTC")

    assert [one.name for one in mutes.listed(ada.pk, NOON)] == ["DOGE", "okx", "WIF"]


def test_what_is_over_is_not_listed_even_before_it_is_ended(ada: User) -> None:
    mute(ada, COIN, "WIF", SOON)

    assert mutes.listed(ada.pk, SOON) == []


# The end


def test_unmuting_shows_the_coin_again(ada: User) -> None:
    mute(ada, COIN, "WIF")

    assert unmute(ada, COIN, "WIF")
    assert (wished(ada).assets_out, Mute.objects.count()) == ((), 0)


def test_what_is_not_muted_cannot_be_unmuted(ada: User) -> None:
    edit(ada, assets_out=["WIF"])

    assert not unmute(ada, COIN, "WIF")
    assert wished(ada).assets_out == ("WIF",)


def test_the_end_of_the_last_venue_muted_means_all_venues_again(ada: User) -> None:
    mute(ada, VENUE, "okx")
    mute(ada, VENUE, "bybit")

    unmute(ada, VENUE, "okx")
    assert wished(ada).venues == all_but("bybit")

    unmute(ada, VENUE, "bybit")
    assert wished(ada).venues is None


def test_chosen_venues_are_those_again(ada: User) -> None:
    edit(ada, venues=["okx", "bybit"])
    mute(ada, VENUE, "okx")
    assert wished(ada).venues == ("bybit",)

    unmute(ada, VENUE, "okx")

    assert set(wished(ada).venues or ()) == {"okx", "bybit"}


@pytest.mark.parametrize(
    ("own", "what", "name"),
    [({"assets_out": ["WIF"]}, COIN, "WIF"), ({"venues": ["bybit", "gate"]}, VENUE, "okx")],
)
def test_what_had_been_hidden_by_hand_stays_hidden(
    ada: User, own: dict[str, Any], what: Muted, name: str
) -> None:
    edit(ada, **own)
    before = wished(ada)

    assert mute(ada, what, name).by_hand
    mutes.expire(SOON)

    assert (wished(ada), Mute.objects.count()) == (before, 0)


# What the person changes meanwhile


def test_what_is_hidden_by_hand_meanwhile_stays_hidden(ada: User) -> None:
    mute(ada, COIN, "WIF")
    edit(ada, assets_out=["WIF", "DOGE"])

    mutes.expire(SOON)

    assert wished(ada).assets_out == ("DOGE",)


def test_showing_a_muted_coin_by_hand_ends_its_mute(ada: User) -> None:
    mute(ada, COIN, "WIF")

    edit(ada, assets_out=[])
    edit(ada, assets_out=["WIF"])
    mutes.expire(SOON)

    assert wished(ada).assets_out == ("WIF",)


def test_showing_a_muted_venue_by_hand_ends_its_mute_alone(ada: User) -> None:
    mute(ada, VENUE, "okx")
    mute(ada, VENUE, "bybit")

    edit(ada, venues=all_but("bybit"))

    assert [one.name for one in mutes.listed(ada.pk, NOON)] == ["bybit"]
    mutes.expire(SOON)
    assert wished(ada).venues is None


def test_who_asks_for_all_venues_has_muted_none(ada: User) -> None:
    mute(ada, VENUE, "okx")

    edit(ada, venues=None)

    assert Mute.objects.count() == 0


def test_who_chooses_venues_meanwhile_has_those_and_the_muted_one(ada: User) -> None:
    mute(ada, VENUE, "okx")
    edit(ada, venues=["bybit", "gate"])

    mutes.expire(SOON)

    assert set(wished(ada).venues or ()) == {"okx", "bybit", "gate"}


def test_a_mute_that_an_edit_ended_is_audited_too(ada: User) -> None:
    mute(ada, COIN, "WIF")

    edit(ada, assets_out=[])

    last = LogEntry.objects.filter(content_type__model="mute").latest("id")
    assert last.action == LogEntry.Action.DELETE


def test_all_preferences_put_back_end_every_mute(ada: User) -> None:
    mute(ada, VENUE, "okx", None)
    mute(ada, COIN, "WIF", None)

    preferences.reset(ada.pk, door=Door.WEB)

    assert Mute.objects.count() == 0


# Ending by the clock


def test_only_what_is_over_ends(ada: User) -> None:
    mute(ada, COIN, "WIF", SOON)
    mute(ada, COIN, "DOGE", LATER)
    mute(ada, COIN, "PEPE", None)

    assert mutes.expire(SOON) == 1
    assert wished(ada).assets_out == ("DOGE", "PEPE")


def test_ending_again_does_nothing(ada: User) -> None:
    mute(ada, COIN, "WIF")
    mutes.expire(SOON)
    version = preferences.of(ada.pk).version

    assert mutes.expire(SOON) == 0
    assert preferences.of(ada.pk).version == version


def test_who_reads_preferences_by_version_sees_the_end_as_a_change(ada: User) -> None:
    mute(ada, COIN, "WIF")
    version = preferences.of(ada.pk).version

    mutes.expire(SOON)

    with pytest.raises(Conflict) as refused:
        preferences.change(ada.pk, {"min_net": 0.01}, door=Door.WEB, expected_version=version)
    assert refused.value.details["changed"] == {"assets_out": []}


def queries_to_end(people: int) -> int:
    for _ in range(people):
        mute(UserFactory.create(), COIN, "WIF")
    with CaptureQueriesContext(connection) as asked:
        assert mutes.expire(SOON) == people
    return len(asked)


def test_ending_takes_as_many_queries_for_many_as_for_one() -> None:
    queries_to_end(1)  # what is read once per process

    assert queries_to_end(12) == queries_to_end(1)


def test_more_people_than_a_batch_are_all_served(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mutes, "BATCH", 2)
    people = [UserFactory.create() for _ in range(5)]
    for one in people:
        mute(one, COIN, "WIF")

    assert mutes.expire(SOON) == 5
    assert all(wished(one).assets_out == () for one in people)


def test_a_crash_in_the_middle_leaves_all_for_the_next_time(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    mute(ada, COIN, "WIF")
    with monkeypatch.context() as broken:
        broken.setattr("accounts.audit.record_all", _power_cut)
        with pytest.raises(OSError, match="power"):
            mutes.expire(SOON)
    assert wished(ada).assets_out == ("WIF",)

    assert mutes.expire(SOON) == 1
    assert wished(ada).assets_out == ()


def _power_cut(_lines: object) -> None:
    raise OSError("power cut")


def test_the_clock_ends_mutes_by_a_task(ada: User) -> None:
    mutes.mute(ada, COIN, "WIF", NOON - HOUR, door=Door.WEB, now=NOON - 2 * HOUR)

    end_mutes()

    assert wished(ada).assets_out == ()


# Traces


def test_a_mute_and_its_end_are_audited_with_who_did_it(ada: User) -> None:
    mute(ada, COIN, "WIF", SOON)
    unmute(ada, COIN, "WIF")

    [made], [ended] = lines(ada, "mute.set"), lines(ada, "mute.ended")
    assert made.changes == {"until": ["not muted", "2026-11-21 13:00 UTC"]}
    assert ended.changes == {"until": ["2026-11-21 13:00 UTC", "not muted"]}
    assert made.actor == ended.actor == ada
    assert made.additional_data["door"] == Door.TELEGRAM.value
    assert LogEntry.objects.filter(content_type__model="mute").count() == 2


def test_what_the_clock_ended_nobody_did(ada: User) -> None:
    mute(ada, COIN, "WIF")
    mutes.expire(SOON)

    [ended] = lines(ada, "mute.ended")
    assert (ended.actor, ended.additional_data["door"]) == (None, Door.TASK.value)


@pytest.mark.parametrize(
    "wrong",
    [
        {"what": "coin", "name": "WIF", "took": True},  # there is one already
        {"what": "kind", "name": "spot", "took": True},
        {"what": "coin", "name": "", "took": True},
        {"what": "coin", "name": "BTC", "took": True, "until": NOON - HOUR},
        {"what": "coin", "name": "BTC", "took": True, "from_all": True},
    ],
)
def test_the_database_takes_no_mute_that_makes_no_sense(ada: User, wrong: dict[str, Any]) -> None:
    mute(ada, COIN, "WIF")

    with pytest.raises(IntegrityError), transaction.atomic():
        Mute.objects.create(user=ada, since=NOON, **wrong)
