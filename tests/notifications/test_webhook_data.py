"""What programs get: numbers with units in their names, of the reader's own cohort."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest
from pytest_django import Settings

from notifications.names import Topic
from notifications.webhook_data import VERSION, data_of
from tests.notifications.factories import NOON, facts
from tests.notifications.writing.reading import reader, told

ABOUT_ONE = (Topic.OPENED, Topic.IMPROVED, Topic.RECOVERED, Topic.FADING, Topic.CLOSED)


def data(topic: Topic, **changes: Any) -> dict[str, Any]:
    """The data as JSON would carry them."""
    who = changes.pop("who", reader())
    carried: dict[str, Any] = json.loads(json.dumps(data_of(topic, told(topic, **changes), who)))
    return carried


@pytest.mark.parametrize("topic", ABOUT_ONE)
def test_they_carry_their_version_and_time(topic: Topic) -> None:
    found = data(topic)
    assert found["data_version"] == VERSION == 1
    assert datetime.fromisoformat(found["at"]).tzinfo is not None


def test_figures_are_the_cohort_s_own_fractions() -> None:
    found = data(Topic.OPENED, who=reader(horizon_hours=168, notional_usd=5_000))["figures"]
    assert found["net"] == pytest.approx(0.0092)
    assert found["horizon_hours"] == 168
    assert found["notional_usd"] == 5_000
    assert found["net_at_size"] == pytest.approx(0.0031)
    assert found["gross"] - found["cost"] == pytest.approx(found["net"])


def test_unknown_is_null_not_nought() -> None:
    found = data(Topic.OPENED, facts=facts(net_at_size=None, cohorts=None, score=None))
    assert found["figures"]["net_at_size"] is None
    assert found["score"] is None


def test_legs_are_told_as_they_were() -> None:
    found = data(Topic.OPENED)
    assert found["long"]["venue"] == "okx"
    assert found["short"]["rate"] == 0.0009
    assert found["short"]["interval_hours"] == 8.0
    assert data(Topic.OPENED, facts=facts(short=None))["short"] is None


def test_masks_are_told_as_words() -> None:
    found = data(Topic.OPENED, facts=facts(reasons=1 << 41))
    assert found["reasons"] == ["no_history"]
    assert "beginner" in found["shelves"]


def test_the_page_is_of_this_site(settings: Settings) -> None:
    settings.SITE_URL = "https://arbedge.example/"
    assert data(Topic.OPENED)["page"] == "https://arbedge.example/o/1"


def test_a_closing_tells_promise_paper_and_reason() -> None:
    found = data(Topic.CLOSED)
    assert found["net_promised"] == pytest.approx(0.0042)
    assert found["net_on_paper"] == 0.0031
    assert found["close_reason"] == "negative"


def test_a_promise_nobody_kept_a_record_of_is_the_event_s_own() -> None:
    assert data(Topic.FADING, facts=facts(old_net=0.003), before=None)["net_promised"] == 0.003


def test_a_digest_is_a_list_of_trades() -> None:
    found = data(Topic.DIGEST)["opportunities"]
    assert [one["asset"] for one in found] == ["WIF", "SXP"]
    assert found[1]["figures"]["net"] == pytest.approx(0.009)


def test_an_alert_tells_trigger_and_value() -> None:
    found = data(Topic.ALERT)
    assert found["trigger"]["kind"] == "price_above"
    assert found["value"] == 2.5312


def test_a_blind_venue_is_named_with_its_time() -> None:
    found = data(Topic.VENUE_BLIND)
    assert found["venue"] == "okx"
    assert datetime.fromisoformat(found["since"]) < NOON


@pytest.mark.parametrize("topic", [Topic.BROADCAST, Topic.CODE, Topic.TEST])
def test_what_has_no_figures_has_no_data(topic: Topic) -> None:
    assert data(topic) == {}
