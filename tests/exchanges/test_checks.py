"""What stops the start: a configured venue whose fees nobody knows."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connections

from exchanges.checks import fee_tables
from exchanges.models import FeeRate
from tests.factories import FeeRateFactory


@pytest.fixture(autouse=True)
def venues(db: None, settings: Any) -> Any:
    """One venue is configured, and its fees are known."""
    settings.VENUES, settings.EXTRA_VENUES = ["okx"], []
    FeeRate.objects.all().delete()
    FeeRateFactory(venue="okx", market="spot")
    FeeRateFactory(venue="okx", market="perp")
    return settings


def ids(databases: list[str] | None = None) -> list[str | None]:
    """The ids of the messages."""
    return [message.id for message in fee_tables(databases=databases or ["default"])]


def test_known_fees_pass() -> None:
    assert ids() == []


@pytest.mark.parametrize("setting", ["VENUES", "EXTRA_VENUES"])
def test_a_venue_without_fees_stops_the_start(venues: Any, setting: str) -> None:
    setattr(venues, setting, ["kraken"])
    (message,) = (one for one in fee_tables(databases=["default"]) if one.id == "exchanges.E001")
    assert "kraken" in str(message.msg)
    assert "Fees" in str(message.hint)


def test_the_check_is_part_of_the_start(venues: Any) -> None:
    venues.VENUES = ["kraken"]
    with pytest.raises(SystemCheckError, match="kraken"):
        call_command("check", databases=["default"])


def test_half_a_table_is_a_warning(venues: Any) -> None:
    FeeRate.objects.filter(market="perp").delete()
    assert ids() == ["exchanges.W001"]


def test_without_the_database_nothing_is_said(venues: Any) -> None:
    venues.VENUES = ["kraken"]
    assert fee_tables(databases=None) == []


def test_before_migrations_nothing_is_said(venues: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    venues.VENUES = ["kraken"]
    monkeypatch.setattr(connections["default"].introspection, "table_names", list)
    assert ids() == []
