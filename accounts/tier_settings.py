"""What operators change in the tier table: which figures, within which bounds, and the change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from types import MappingProxyType
from typing import Final

from auditlog.context import disable_auditlog
from django.db import connection, transaction

from accounts import audit, tiers
from accounts.models import TierSetting, User
from accounts.tiers import OF_ROLES, PERMISSION, Permission
from arbedge.errors import BadInput
from arbedge.names import Door, Tier


@dataclass(frozen=True, slots=True)
class Limit:
    """One figure an operator may set: its name in the table, its words, unit and bounds."""

    name: str
    label: str
    unit: str
    lowest: Decimal
    highest: Decimal
    decimals: int = 0
    may_be_uncapped: bool = False


def _limit(
    name: str,
    label: str,
    unit: str,
    bounds: tuple[str, str],
    *,
    decimals: int = 0,
    uncapped: bool = False,
) -> Limit:
    return Limit(name, label, unit, Decimal(bounds[0]), Decimal(bounds[1]), decimals, uncapped)


_FIGURES: Final = (
    _limit("opportunities_per_hour", "Opportunities per hour", "per hour", ("1", "10000")),
    _limit("pushes_per_day", "Pushes per day", "per day", ("0", "100000"), uncapped=True),
    _limit("delay_s", "Delivery delay", "s", ("0", "86400")),
    _limit("api_per_minute", "API requests per minute", "per minute", ("1", "100000")),
    _limit("api_per_hour", "API requests per hour", "per hour", ("1", "1000000")),
    _limit("executions_per_hour", "Executions per hour", "per hour", ("0", "10000")),
    _limit("ai_platform_per_day", "AI analyses on our key", "per day", ("0", "100000"),
           uncapped=True),
    _limit("ai_own_per_day", "AI analyses on an own key", "per day", ("0", "100000"),
           uncapped=True),
    _limit("weight", "Fairness weight", "", ("0.1", "100"), decimals=2),
    _limit("price_usd", "Price per month", "USD", ("0", "100000"), decimals=2),
)  # fmt: skip
_SWITCHES: Final = tuple(
    _limit(f"{PERMISSION}{one}", f"May: {one}", "0 or 1", ("0", "1"))
    for one in Permission
    if one not in OF_ROLES
)
LIMITS: Final[Mapping[str, Limit]] = MappingProxyType(
    {limit.name: limit for limit in (*_FIGURES, *_SWITCHES)}
)


def change(
    tier: Tier, name: str, value: Decimal | None, *, door: Door, by: User | None = None
) -> TierSetting:
    """Sets one figure of one tier; None is no cap. Returns the row; everybody knows within 2 s.

    Raises BadInput(unknown_limit | bad_limit | order_of_tiers) with the field and its bounds.
    """
    checked = check(name, value)
    with transaction.atomic(), audit.doing(door, by):
        rows = _locked_rows()
        _check_order(rows, (tier, name, checked))
        row = TierSetting.objects.filter(tier=tier, name=name).first()
        old = _shown(tiers.with_settings(rows)[tier], name)
        row = row or TierSetting(tier=tier, name=name)
        row.value, row.changed_by = checked, by
        with disable_auditlog():  # the line below says more
            row.save()
        new = "no cap" if checked is None else checked
        audit.record("tier.setting_changed", row, changes={name: (old, new)}, by=by)
    return row


def reset(tier: Tier, name: str, *, door: Door, by: User | None = None) -> bool:
    """The figure of the product again. Returns whether it had been changed.

    Raises BadInput(order_of_tiers) where a lower tier would then have more.
    """
    with transaction.atomic(), audit.doing(door, by):
        rows = _locked_rows()
        row = TierSetting.objects.filter(tier=tier, name=name).first()
        if row is None:
            return False
        left = [one for one in rows if one[:2] != (tier, name)]
        _check_order(left)
        changes = {name: (row.value, _shown(tiers.DEFAULTS[tier], name))}
        audit.record("tier.setting_reset", row, changes=changes, by=by)
        with disable_auditlog():
            row.delete()
    return True


def check(name: str, value: Decimal | None) -> Decimal | None:
    """Returns the value as it is stored. Raises BadInput(unknown_limit | bad_limit)."""
    limit = LIMITS.get(name)
    if limit is None:
        message = f"“{name[:48]}” is no figure of the tier table."
        raise BadInput(message, code="unknown_limit", field="name")
    if value is None:
        if limit.may_be_uncapped:
            return None
        raise _bad(limit, f"{limit.label} needs a number: it cannot be without a cap.")
    bounds = f"between {limit.lowest:,} and {limit.highest:,}"
    if not value.is_finite() or not limit.lowest <= value <= limit.highest:
        raise _bad(limit, f"{limit.label} must be {bounds}, not {value}.")
    stored = value.quantize(Decimal(1).scaleb(-limit.decimals))
    if stored != value:
        kind = f"at most {limit.decimals} decimals" if limit.decimals else "no decimals"
        raise _bad(limit, f"{limit.label} takes {kind}; {value} has more.")
    return stored


def _bad(limit: Limit, message: str) -> BadInput:
    bounds = (str(limit.lowest), str(limit.highest))
    return BadInput(message, code="bad_limit", field=limit.name, limit=bounds)


Row = tuple[str, str, Decimal | None]


def _locked_rows() -> list[Row]:
    """All settings; other operators wait, since the order of tiers is checked over all rows."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('accounts.tier_settings'))")
    return list(TierSetting.objects.values_list("tier", "name", "value"))


def _check_order(rows: list[Row], change: Row | None = None) -> None:
    """A higher tier has every permission of the tiers below it."""
    after = rows if change is None else [row for row in rows if row[:2] != change[:2]] + [change]
    table = tiers.with_settings(after)
    ladder = list(table)
    for lower, higher in pairwise(ladder):
        lost = table[lower].permissions - table[higher].permissions
        if lost:
            names = ", ".join(sorted(lost))
            message = f"{higher.capitalize()} would lack {names}, which {lower} has."
            raise BadInput(message, code="order_of_tiers", field=f"{PERMISSION}{min(lost)}")


def _shown(allowance: tiers.Allowance, name: str) -> object:
    if name.startswith(PERMISSION):
        return int(name.removeprefix(PERMISSION) in allowance.permissions)
    value = getattr(allowance, name)
    return "no cap" if value is None else value
