"""A person's day, and what became of the openings he was sent."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import Session, User
from arbedge import cache
from notifications.bot.market import openings_sent
from notifications.bot.market.openings_sent import Record
from opportunities.models import Followed, Opportunity
from tests.notifications.alerts.watching import alert
from tests.notifications.bot.asking import ask, member
from tests.notifications.factories import (
    HOUR,
    MINUTE,
    NOON,
    DeliveryFactory,
    DeliveryLogFactory,
    MessageFactory,
)
from tests.opportunities.factories import FollowedFactory, OpportunityFactory, OutcomeFactory

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
MONTH = 30 * DAY
LANGUAGES = pytest.mark.parametrize("language", ["en", "es", "fr"])


@pytest.fixture(autouse=True)
def nothing_shown() -> None:
    """What was shown within the hour is the cache's."""
    client = cache.client()
    for name in client.scan_iter(f"{cache.key('shown', '')}*"):
        client.delete(name)


def living(**columns: Any) -> Opportunity:
    """One that lives, opened two hours ago; its legs settle in 38 minutes."""
    row: Opportunity = OpportunityFactory(
        as_of=NOON - timedelta(seconds=4), shelves=0b111, **columns
    )
    return row


def sent(person: User, opportunity_id: int, at: Any = NOON - HOUR, *, state: str = "sent") -> None:
    """The person's delivery of the opening, still in the queue."""
    message = MessageFactory(opportunity_id=opportunity_id)
    DeliveryFactory(message=message, recipient_id=person.pk, state=state, due_at=at)


def logged(person: User, opportunity_id: int, at: Any = NOON - HOUR) -> None:
    """The same, moved to the log."""
    DeliveryLogFactory(recipient_id=person.pk, opportunity_id=opportunity_id, due_at=at)


def bundled(person: User, *opportunity_ids: int, kept: bool = False, **told: Any) -> None:
    """A bundle of these openings, in the queue or in the log."""
    items = [MessageFactory(opportunity_id=number, **told).pk for number in opportunity_ids]
    values = {"recipient_id": person.pk, "items": items, "due_at": NOON - HOUR, "state": "sent"}
    if kept:
        DeliveryLogFactory(topic="digest", **values)
    else:
        bundle = MessageFactory(topic="digest", opportunity_id=None)
        DeliveryFactory(message=bundle, **values)


def followed(number: int, **columns: Any) -> Followed:
    """A trade on paper of the opportunity of that number, opened three days ago."""
    columns.setdefault("opened_at", NOON - 3 * DAY)
    row: Followed = FollowedFactory(opportunity_id=number, **columns)
    return row


def judged(trade: Followed, total: float, promised: float = 0.004) -> None:
    OutcomeFactory(followed=trade, checkpoint="horizon", promised=promised, total=total,
                   success=total >= 0)  # fmt: skip


def record(person: User) -> Record:
    return openings_sent.record(person.pk, NOON - MONTH)


class TestOpeningsSent:
    def test_queue_and_log_are_read_and_nothing_counts_twice(self) -> None:
        person = member()
        sent(person, 1)
        logged(person, 1)
        logged(person, 2)

        assert openings_sent.number(person.pk, NOON - DAY) == 2

    def test_what_did_not_arrive_was_not_sent(self) -> None:
        person = member()
        sent(person, 1, state="failed")
        sent(person, 2, state="cancelled")

        assert openings_sent.number(person.pk, NOON - DAY) == 0

    @pytest.mark.parametrize("kept", [False, True])
    def test_what_came_in_a_bundle_counts(self, kept: bool) -> None:
        person = member()
        sent(person, 1)
        bundled(person, 1, 2, 3, kept=kept)
        judged(followed(2), 0.006)

        assert openings_sent.number(person.pk, NOON - DAY) == 3
        assert record(person).paid == 1

    def test_a_bundles_line_may_tell_the_latest_figures(self) -> None:
        person = member()
        bundled(person, 1, topic="improved")
        bundled(person, 2, topic="fading")

        assert openings_sent.number(person.pk, NOON - DAY) == 2

    def test_what_a_bundle_only_counts_did_not_reach_him(self) -> None:
        person = member()
        bundled(person, *range(1, 13))

        assert openings_sent.number(person.pk, NOON - DAY) == 10

    def test_an_alert_in_a_bundle_opens_nothing(self) -> None:
        person = member()
        bundled(person, 1, topic="alert")

        assert openings_sent.number(person.pk, NOON - DAY) == 0

    def test_the_improvement_he_first_heard_of_it_by_counts_and_no_later_one(self) -> None:
        person = member()
        better = MessageFactory(opportunity_id=1, topic="improved")
        DeliveryFactory(message=better, recipient_id=person.pk, state="sent")
        told_before = MessageFactory(opportunity_id=2, topic="improved")
        DeliveryFactory(message=told_before, recipient_id=person.pk, state="sent", opening_id=7)

        assert openings_sent.number(person.pk, NOON - DAY) == 1

    def test_others_are_others(self) -> None:
        sent(member(), 1)

        assert openings_sent.number(member().pk, NOON - DAY) == 0

    def test_older_ones_are_not_of_the_time_asked_for(self) -> None:
        person = member()
        sent(person, 1, NOON - 2 * DAY)

        assert openings_sent.number(person.pk, NOON - DAY) == 0

    def test_the_record_is_of_the_own_horizon(self) -> None:
        person = member()
        for number, total in ((1, 0.006), (2, -0.002), (3, 0.002)):
            sent(person, number)
            trade = followed(number, asset=f"COIN{number}")
            judged(trade, total)
            OutcomeFactory(followed=trade, checkpoint="8h", total=0.5)
        found = record(person)

        assert (found.followed, found.judged, found.paid) == (3, 3, 2)
        assert found.total == pytest.approx(0.002)
        assert found.promised == pytest.approx(0.004)
        assert (found.best, found.worst) == (
            openings_sent.Best("COIN1", 0.006), openings_sent.Best("COIN2", -0.002),
        )  # fmt: skip

    def test_what_is_not_judged_runs_or_is_unknown(self) -> None:
        person = member()
        for number in (1, 2, 3):
            sent(person, number)
        judged(followed(1), 0.001)
        OutcomeFactory(followed=followed(2), checkpoint="horizon", status="no_data", total=None,
                       settled=None, gap_change=None, success=None)  # fmt: skip
        followed(3, opened_at=NOON - HOUR, horizon_hours=8.0)
        found = record(person)

        assert (found.running, found.no_data) == (1, 1)
        assert found.next_at == NOON + 7 * HOUR

    def test_shadows_were_sent_to_nobody(self) -> None:
        judged(followed(1, shadow=True), 0.001)

        assert openings_sent.record_of_all(NOON - MONTH).followed == 0

    def test_payments_come_soonest_first(self) -> None:
        soon = living(asset="WIF", long_next_at=NOON + 10 * MINUTE, short_next_at=NOON + 5 * HOUR)
        late = living(asset="SXP", long_next_at=NOON - MINUTE, short_next_at=NOON + HOUR)
        due = openings_sent.payments([soon, late], NOON)

        assert [(one.asset, one.venue) for one in due] == [
            ("WIF", "okx"), ("SXP", "bybit"), ("WIF", "bybit"),
        ]  # fmt: skip


class TestPerformance:
    def test_nothing_was_sent(self) -> None:
        said = ask(member(), "/performance")

        assert "Your last 30 days" in said.text
        assert "No opening was sent to you" in said.text
        assert "there is no hit rate" in said.text

    def test_nothing_is_judged_yet(self) -> None:
        person = member()
        sent(person, 1)
        followed(1, opened_at=NOON - HOUR)

        assert "The first does" in ask(person, "/performance").text

    def test_the_figures_beside_the_promise(self) -> None:
        person = member()
        for number, total in ((1, 0.006), (2, -0.002)):
            sent(person, number)
            judged(followed(number, asset=f"COIN{number}"), total)
        said = ask(person, "/performance").text.replace("\u2009", " ").replace("\u202f", " ")

        assert "Openings sent to you: 2" in said
        assert "+0.20 % on average, on paper" in said
        assert "+0.40 % was promised" in said
        assert "1 of 2 paid (50 %)" in said
        assert "Best: COIN1 +0.60 %\nWorst: COIN2 −0.20 %" in said
        assert "Of all openings in that time 50 % paid (2 judged)." in said

    def test_what_was_acted_on_is_told(self) -> None:
        person = member()
        sent(person, 1)
        Session.objects.filter(user=person).update(opportunities_acted=3)

        assert "You acted on 3" in ask(person, "/performance").text

    def test_another_time_is_a_press_away(self) -> None:
        person = member()
        sent(person, 1, NOON - 10 * DAY)

        assert ask(person, "/performance").lines == ["performance 7", "performance 90"]
        assert "No opening was sent" in ask(person, "/performance 7").text

    @pytest.mark.parametrize("days", ["0", "91", "many"])
    def test_wrong_days_are_asked_again(self, days: str) -> None:
        assert "from 1 to 90" in ask(member(), f"/performance {days}").text

    @LANGUAGES
    def test_in_every_language(self, language: str) -> None:
        person = member(language=language)
        sent(person, 1)
        judged(followed(1), 0.006)

        assert "0,60" in (said := ask(person, "/performance").text) or "0.60" in said


class TestDashboard:
    def test_an_empty_day(self) -> None:
        said = ask(member(), "/dashboard")

        assert "Live for you now: 0" in said.text
        assert "Openings sent to you today: 0" in said.text
        assert "Nothing you were sent still lives." in said.text
        assert said.lines == ["opportunities", "dashboard"]

    def test_what_lives_and_the_best_of_it(self) -> None:
        best, _ = living(asset="WIF", net=0.0042), living(asset="SXP", net=0.0020)
        said = ask(member(), "/dashboard").text

        assert "Live for you now: 2" in said
        assert f"WIF funding\nOKX / Bybit, risk low, /opportunity {best.pk}" in said

    def test_it_costs_one_place_of_the_hour(self) -> None:
        for coin in ("WIF", "SXP", "PEPE"):
            living(asset=coin)
        person = member()
        ask(person, "/dashboard")

        assert "this hour: 1 of 5" in ask(person, "/dashboard").text

    def test_the_hour_is_kept(self) -> None:
        person = member()
        for number in range(5):
            row = living(asset=f"COIN{number}", net=0.002)
            ask(person, f"/risk_assessment {row.pk}")
        living(asset="BEST", net=0.009)
        said = ask(person, "/dashboard").text

        assert "used up" in said
        assert "BEST" not in said

    def test_today_is_the_persons_own(self) -> None:
        person = member(time_zone="Asia/Tokyo")  # where it is 21:00
        sent(person, 1, NOON - 20 * HOUR)
        sent(person, 2, NOON - 22 * HOUR)

        assert "Openings sent to you today: 1" in ask(person, "/dashboard").text

    def test_alerts_that_watch(self) -> None:
        person = member()
        alert(person)
        alert(person, subject="ETH/USDT", active=False)

        assert "Alerts watching: 1" in ask(person, "/dashboard").text

    def test_the_next_payments_of_what_was_sent(self) -> None:
        person, row = member(), living(asset="WIF")
        sent(person, row.pk)
        said = ask(person, "/dashboard").text

        assert "Sent to you and still live: 1" in said
        assert "WIF on OKX: next payment in 37" in said

    @LANGUAGES
    def test_in_every_language(self, language: str) -> None:
        person, row = member(language=language), living(asset="WIF")
        sent(person, row.pk)

        assert "WIF" in ask(person, "/dashboard").text
