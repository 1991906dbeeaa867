"""An alert about a coin follows the best opportunity its owner may see, in his own figures."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import User
from arbedge.choices import VENUES, mask
from arbedge.names import Role, Shelf, Tier
from notifications.alerts import trigger_nets
from notifications.alerts.trigger_nets import NOTHING, Own
from notifications.names import TriggerKind
from opportunities.models import Opportunity
from tests.notifications.alerts.watching import alert
from tests.notifications.factories import MINUTE, NOON, reachable_person
from tests.opportunities.factories import OpportunityFactory, cohorts

pytestmark = pytest.mark.django_db

BEGINNER = mask((Shelf.BEGINNER,), Shelf)
ADVANCED = mask((Shelf.ADVANCED,), Shelf)


def watcher(**wishes: Any) -> User:
    """Somebody of tier pro who watches WIF."""
    person = reachable_person(**{"tier": Tier.PRO, **wishes})
    alert(person, kind=TriggerKind.NET_ABOVE, subject="WIF", level=0.005)
    return person


def wif(**more: Any) -> Opportunity:
    """An hour old opportunity in WIF that pays 0.4 % in 72 h, 0.2 % of it at 50,000 dollars."""
    usual: dict[str, Any] = {
        "asset": "WIF",
        "as_of": NOON - MINUTE,
        "shelves": BEGINNER,
        "net": 0.004,
        "net_at_size": 0.004,
        "cohorts": cohorts([0.001, 0.002, 0.004, 0.009], [0.004, 0.004, 0.003, 0.003, 0.002]),
    }
    row: Opportunity = OpportunityFactory(**usual | more)
    return row


def told() -> Own:
    [own] = trigger_nets.nets(NOON)
    return own


def test_the_best_live_opportunity_of_the_coin_counts() -> None:
    watcher()
    wif(net=0.003, net_at_size=0.003, cohorts=None, long_venue="binance")
    best = wif(net=0.006, net_at_size=0.006, cohorts=None)
    wif(net=0.009, net_at_size=0.009, cohorts=None, asset="SXP")

    assert told().value == 0.006
    assert told().more["opportunity_id"] == best.pk


def test_the_figure_is_that_of_the_persons_own_size() -> None:
    watcher(notional_usd=50_000)
    wif()
    assert told().value == 0.002


def test_a_coin_without_an_opportunity_pays_nothing() -> None:
    watcher()
    assert told() == Own(told().trigger_id, NOTHING)


def test_what_is_closed_or_held_does_not_count() -> None:
    watcher()
    wif(closed=True)
    wif(long_venue="binance", state="held", held_from="open", held_since=NOON - MINUTE)
    assert told().value == NOTHING


def test_a_tiers_delay_holds_for_alerts_too() -> None:
    watcher(tier=Tier.FREE)
    wif(opened_at=NOON - timedelta(seconds=299))
    assert told().value == NOTHING

    Opportunity.objects.update(opened_at=NOON - timedelta(seconds=301))
    assert told().value == 0.004


def test_a_tiers_shelves_hold_for_alerts_too() -> None:
    watcher(tier=Tier.FREE)
    wif(shelves=ADVANCED)
    assert told().value == NOTHING


@pytest.mark.parametrize(
    "more",
    [
        {"tier": Tier.FREE, "role": Role.ADMIN},
        {"tier": Tier.FREE, "beta_until": NOON + timedelta(days=1)},
        {"tier": Tier.PRO, "tier_until": NOON + timedelta(days=1)},
    ],
)
def test_what_lifts_a_person_above_free_lifts_his_alerts(more: dict[str, Any]) -> None:
    watcher(**more)
    wif(shelves=ADVANCED)
    assert told().value == 0.004


@pytest.mark.parametrize("more", [{"tier_until": NOON}, {"beta_until": NOON, "tier": Tier.FREE}])
def test_what_is_over_lifts_nobody(more: dict[str, Any]) -> None:
    watcher(**more)
    wif(shelves=ADVANCED)
    assert told().value == NOTHING


def test_both_venues_must_be_the_persons() -> None:
    watcher(venues=mask(["okx"], VENUES))
    wif()
    assert told().value == NOTHING


def test_whoever_has_no_session_is_not_looked_at() -> None:
    watcher(session_until=NOON)
    wif()
    assert trigger_nets.nets(NOON) == []


def test_the_number_of_queries_does_not_grow(django_assert_num_queries: Any) -> None:
    for _ in range(10):
        watcher()
    wif()
    trigger_nets.nets(NOON)  # reads the tier table once a process
    with django_assert_num_queries(2):
        assert len(trigger_nets.nets(NOON)) == 10
