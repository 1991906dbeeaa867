"""What a tier shows of the board: delay, shelves, the hour's limit, and words for the rest."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from pytest_django import Settings

from accounts import activity, doors, preferences, sessions, usage
from accounts.models import Session, User
from arbedge import cache, choices
from arbedge.names import Door, Shelf, Tier
from opportunities import board, readers
from opportunities.models import Opportunity
from tests.accounts.factories import UserFactory
from tests.opportunities.factories import OpportunityFactory
from tests.opportunities.test_views import coins, page

pytestmark = pytest.mark.django_db
BEGINNERS = choices.mask([Shelf.BEGINNER], Shelf)


@pytest.fixture(autouse=True)
def _public(settings: Settings) -> Iterator[None]:
    settings.VISITORS_SEE_ALL = False
    cache.client().flushdb()
    yield
    cache.client().flushdb()


def opened(asset: str, ago_s: float = 3_600, *, shelves: int = BEGINNERS) -> Opportunity:
    """One that opened so long ago."""
    now = datetime.now(UTC)
    return OpportunityFactory(
        asset=asset, as_of=now, opened_at=now - timedelta(seconds=ago_s), shelves=shelves
    )


def logged_in(tier: Tier) -> tuple[Client, User]:
    """A browser in which somebody of this tier is logged in."""
    person = UserFactory(tier=tier)
    client = Client()
    token = sessions.start(person, Door.WEB, datetime.now(UTC)).token
    client.cookies[doors.cookie_name()] = token
    return client, person


def test_visitors_see_with_the_delay_of_the_free_tier(client: Client) -> None:
    opened("NEW", ago_s=290)
    opened("OLD", ago_s=310)
    text = page(client)
    assert coins(text) == ["OLD"]
    assert "1 that opened less than 5\u2009min ago" in text


@pytest.mark.parametrize(
    ("tier", "seen"),
    [
        (Tier.FREE, ["A5"]),
        (Tier.BASIC, ["A5", "A2"]),
        (Tier.PREMIUM, ["A5", "A2", "A1"]),
        (Tier.PRO, ["A5", "A2", "A1", "A0"]),
    ],
)
def test_every_tier_waits_for_its_own_delay(tier: Tier, seen: list[str]) -> None:
    for asset, ago_s in (("A0", 2), ("A1", 15), ("A2", 90), ("A5", 400)):
        opened(asset, ago_s)
    assert sorted(coins(page(logged_in(tier)[0]))) == sorted(seen)


@pytest.mark.parametrize("shelves", [0, choices.mask([Shelf.ADVANCED], Shelf)])
def test_free_shows_the_beginners_shelves_only(shelves: int) -> None:
    opened("RISK", shelves=shelves)
    text = page(logged_in(Tier.FREE)[0])
    assert coins(text) == []
    assert "1 outside the beginners' shelves" in text
    assert coins(page(logged_in(Tier.BASIC)[0])) == ["RISK"]


def test_no_more_than_the_hours_limit_are_shown_best_first(client: Client) -> None:
    for number in range(8):
        OpportunityFactory(asset=f"C{number}", net=0.001 * (number + 2), shelves=BEGINNERS)
    text = page(client)
    assert coins(text) == ["C7", "C6", "C5", "C4", "C3"]
    assert "3 beyond 5 an hour" in text


def test_what_was_shown_stays_and_what_comes_later_waits(client: Client) -> None:
    for number in range(5):
        opened(f"C{number}")
    before = coins(page(client))
    OpportunityFactory(asset="BEST", net=0.09, shelves=BEGINNERS)
    assert coins(page(client)) == before


def test_after_an_hour_others_are_shown() -> None:
    reader, now = readers.anybody(), datetime.now(UTC)
    assert readers.admit(reader, [1, 2, 3, 4, 5, 6], now) == {1, 2, 3, 4, 5}
    assert readers.admit(reader, [6, 7], now + timedelta(minutes=59)) == set()
    assert readers.admit(reader, [6, 7], now + timedelta(minutes=61)) == {6, 7}


def test_people_are_counted_apart_and_see_what_they_used() -> None:
    mine, me = logged_in(Tier.FREE)
    opened("WIF")
    page(mine)
    now = datetime.now(UTC)
    assert readers.used(me.pk, now) == 1
    assert readers.used(me.pk + 1, now) == 0
    shown = {one.name: one.used for one in usage.lines(me.pk, readers.anybody().allowance, now)}
    assert shown["opportunities_per_hour"] == 1


@pytest.mark.parametrize("path", ["/o/{pk}", "/o/{pk}/waterfall-light.svg"])
def test_an_address_typed_by_hand_shows_no_more_than_the_board(client: Client, path: str) -> None:
    young = opened("NEW", ago_s=60)
    answer = client.get(path.format(pk=young.pk))
    assert answer.status_code == 403
    assert "come back in 4\u2009min" in answer.content.decode()


def test_history_is_everybodys(client: Client) -> None:
    gone = OpportunityFactory(closed=True, shelves=0)
    assert client.get(f"/o/{gone.pk}").status_code == 200


def test_without_the_cache_the_best_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, now = readers.anybody(), datetime.now(UTC)
    with monkeypatch.context() as gone:
        gone.setattr("django.conf.settings.CACHE_URL", "redis://127.0.0.1:1/0")
        assert readers.admit(reader, [1, 2, 3, 4, 5, 6], now) == {1, 2, 3, 4, 5}
        assert readers.used(1, now) is None


def test_staff_see_everything(admin_client: Client) -> None:
    opened("NEW", ago_s=1, shelves=0)
    assert coins(page(admin_client)) == ["NEW"]


def test_ones_own_machine_shows_everything(client: Client, settings: Settings) -> None:
    settings.VISITORS_SEE_ALL = True
    opened("NEW", ago_s=1, shelves=0)
    assert coins(page(client)) == ["NEW"]


def test_a_person_sees_the_figures_of_his_own_economics() -> None:
    mine, me = logged_in(Tier.PRO)
    opened("WIF")
    preferences.change(me.pk, {"notional_usd": 10_000, "horizon_hours": 24}, door=Door.WEB)
    text = page(mine)
    assert re.search(r'<option value="10000" selected>', text)
    assert re.search(r'<option value="24" selected>', text)


@pytest.mark.parametrize(
    ("levels", "net"),
    [
        ({}, 0.001),
        ({"bybit": 5}, 0.001),
        ({"okx": 2, "bybit": 5}, 0.002),
        ({"okx": 9, "bybit": 9}, 0.003),
    ],
)
def test_the_lower_vip_level_of_both_venues_counts(levels: dict[str, int], net: float) -> None:
    table = {
        "horizons_hours": [72.0], "vip_levels": [0, 2, 3], "notionals_usd": [1_000.0],
        "net": [[[0.001], [0.002], [0.003]]],
    }  # fmt: skip
    one = OpportunityFactory(cohorts=table)
    assert {one.long_venue, one.short_venue} == {"okx", "bybit"}
    assert board.cohort(one, board.Wish(vip=levels))[0] == net


def test_an_opened_page_counts_as_seen_in_the_session() -> None:
    mine, me = logged_in(Tier.PRO)
    one = opened("WIF")
    assert mine.get(f"/o/{one.pk}").status_code == 200
    activity.flush(datetime.now(UTC), everything=True)
    assert Session.objects.get(user=me).opportunities_seen == 1
