"""Checks at start: whoever scans a venue must know what a trade costs there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage
from django.db import connections

from arbedge.names import Market
from exchanges.fees import current

NEEDED = (Market.SPOT, Market.PERP)
FEE_TABLE = "exchanges_feerate"


@checks.register(checks.Tags.database)
def fee_tables(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """An error for each configured venue without any fee in force, a warning for half a table.

    Runs with `check --database default` and before migrations; a database that has no fee table
    yet is not judged.
    """
    if "default" not in (databases or ()) or not _migrated():
        return []
    fees = current(datetime.now(tz=UTC)).venues()
    messages: list[CheckMessage] = []
    for venue in dict.fromkeys((*settings.VENUES, *settings.EXTRA_VENUES)):
        missing = [market.value for market in NEEDED if (venue, market.value) not in fees]
        if len(missing) == len(NEEDED):
            messages.append(_without_fees(venue))
        elif missing:
            messages.append(_half_known(venue, missing[0]))
    return messages


def _migrated() -> bool:
    return FEE_TABLE in connections["default"].introspection.table_names()


def _without_fees(venue: str) -> checks.Error:
    return checks.Error(
        f"No fee is known for the venue {venue}: every row of it would be rejected (no_fee).",
        hint=f"Add fees of {venue} under Fees in the console, or take it out of VENUES.",
        id="exchanges.E001",
    )


def _half_known(venue: str, market: str) -> checks.Warning:
    return checks.Warning(
        f"No {market} fee is known for the venue {venue}: its {market} rows are rejected (no_fee).",
        hint=f"Add the {market} fees of {venue} under Fees in the console if it has such a market.",
        id="exchanges.W001",
    )
