"""What the database itself refuses, whoever writes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F, ProtectedError

from opportunities.models import Followed, Opportunity, OpportunityEvent, Outcome, Sighting
from tests.opportunities.rows import Pair, at, scan

pytestmark = pytest.mark.django_db


@pytest.fixture
def row() -> Opportunity:
    """WIF, open."""
    return Pair.make().open()


def refused(check: str, **changes: Any) -> None:
    """Writing the changes to the only row breaks the check."""
    with pytest.raises(IntegrityError, match=check), transaction.atomic():
        Opportunity.objects.update(**changes)


@pytest.mark.usefixtures("row")
class TestOpportunity:
    @pytest.mark.parametrize("side", ["long", "short"])
    @pytest.mark.parametrize("price", [0.0, -1.0, float("nan"), float("inf")])
    def test_a_price_is_a_positive_number(self, side: str, price: float) -> None:
        refused(f"{side}_prices", **{f"{side}_bid": price})
        refused(f"{side}_prices", **{f"{side}_ask": price})

    def test_a_crossed_leg_is_no_price(self) -> None:
        refused("long_prices", long_bid=F("long_ask"))

    def test_legs_are_two_instruments(self) -> None:
        refused("two_distinct_legs", short=F("long"))

    def test_only_a_technical_row_has_one_leg(self) -> None:
        refused("two_distinct_legs", short=None)
        assert Opportunity.objects.update(short=None, kind="technical") == 1

    @pytest.mark.parametrize(
        ("field", "check"), [("state", "state_is_named"), ("risk", "risk_is_named")]
    )
    def test_names_are_names(self, field: str, check: str) -> None:
        refused(check, **{field: "odd"})

    def test_a_live_row_has_its_key(self) -> None:
        refused("live_key", live_key=None)
        refused("live_key", live_key="another")

    def test_a_closed_row_has_none(self) -> None:
        refused("live_key", state="closed", closed_at=at(60), close_reason="negative")

    def test_a_closed_row_says_when_and_why(self) -> None:
        refused("closing_is_told", state="closed", live_key=None, close_reason="negative")
        refused("closing_is_told", state="closed", live_key=None, closed_at=at(60))

    def test_only_a_held_row_is_held_since(self) -> None:
        refused("held_since", held_since=at(60))
        refused("held_since", state="held")

    @pytest.mark.parametrize(
        "times",
        [
            {"as_of": at(-1)},
            {"confirmed_at": at(31)},
            {"expires_at": at(30)},
            {"promise_at": at(0)},
        ],
    )
    def test_times_follow_each_other(self, times: dict[str, Any]) -> None:
        refused("times_are_sane", **times)

    @pytest.mark.parametrize(
        "figures", [{"threshold": 0}, {"net": float("nan")}, {"measured": 100}, {"score": 1.1}]
    )
    def test_figures_are_fractions(self, figures: dict[str, Any]) -> None:
        refused("figures_are_sane", **figures)


class TestOneLife:
    def test_one_row_lives_per_fingerprint(self, row: Opportunity) -> None:
        row.pk = None
        with pytest.raises(IntegrityError, match="lives_once"):
            row.save()

    def test_any_number_of_them_may_be_closed(self) -> None:
        pair = Pair.make()
        for start_s in (0, 3600, 7200):
            pair.open(start_s=start_s)
            scan(start_s + 40, pair.seen(bp=-1))
            scan(start_s + 45, pair.seen(bp=-1))
        assert Opportunity.objects.filter(live_key=None).count() == 3

    def test_an_instrument_in_use_stays(self, row: Opportunity) -> None:
        with pytest.raises(ProtectedError):
            row.long.delete()  # type: ignore[union-attr]

    def test_a_leg_that_does_not_exist_is_refused(self, row: Opportunity) -> None:
        Opportunity.objects.filter(pk=row.pk).update(long_id=999_999)
        with pytest.raises(IntegrityError):
            connection.check_constraints()


class TestOthers:
    def test_an_event_has_a_known_type(self, row: Opportunity) -> None:
        with pytest.raises(IntegrityError, match="type_is_named"):
            OpportunityEvent.objects.create(opportunity=row, type="odd", at=at(1), new={})

    def test_a_sighting_was_seen_and_ends_after_it_began(self) -> None:
        with pytest.raises(IntegrityError, match="sighting_is_sane"):
            Sighting.objects.create(fingerprint="f", seen=1, first_at=at(1), last_at=at(0))

    @pytest.mark.usefixtures("row")
    def test_a_judged_outcome_has_its_figures(self) -> None:
        with pytest.raises(IntegrityError, match="settled_has_figures"):
            Outcome.objects.create(
                followed=Followed.objects.get(),
                checkpoint="1h",
                due_at=at(0),
                status="settled",
                promised=0,
                cost=0,
            )

    @pytest.mark.usefixtures("row")
    def test_a_checkpoint_has_one_outcome(self) -> None:
        paper = Followed.objects.get()
        same = {"checkpoint": "1h", "due_at": at(0), "promised": 0, "cost": 0}
        Outcome.objects.create(followed=paper, **same)
        with pytest.raises(IntegrityError, match="once_per_checkpoint"):
            Outcome.objects.create(followed=paper, **same)

    def test_a_trade_on_paper_ends_after_it_began(self, row: Opportunity) -> None:
        early = row.opened_at - timedelta(seconds=1)
        with pytest.raises(IntegrityError, match="followed_is_sane"):
            Followed.objects.update(closed_at=early)
