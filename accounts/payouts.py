"""What affiliates earn: figures by month, payouts made once a month and marked when paid."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db import transaction
from django.db.models import Count, Sum
from django.db.models.functions import TruncMonth
from django.utils import timezone

from accounts import audit
from accounts.affiliates import GRADES, OF_AFFILIATE, cents, commission, need_staff, paid
from accounts.models import Affiliate, Application, Grade, Payout, Referral, User
from arbedge.errors import BadInput, Conflict
from arbedge.names import Door

MONTHS_BACK: Final = 3
MOST_MONTHS: Final = 36
SHORTEST_REFERENCE: Final = 3
LONGEST_REFERENCE: Final = 100


@dataclass(frozen=True)
class Month:
    """An affiliate's month (UTC): who came, who subscribed, what they paid and what is due of it.

    `commission_usd` is that of the payout where one was made, else by the present grade.
    """

    month: date
    registered: int
    subscribed: int
    revenue_usd: Decimal
    commission_usd: Decimal
    payout_id: int | None
    paid_at: datetime | None


def figures(row: Affiliate, months: int = 12, *, now: datetime | None = None) -> list[Month]:
    """The last months, the running one first. Four queries."""
    months = min(max(months, 1), MOST_MONTHS)
    running = _first(now or timezone.now())
    wanted = [_back(running, count) for count in range(months)]
    since, until = wanted[-1], _after(running)
    brought = Referral.objects.filter(referrer=row.user_id)
    came = _by_month(brought, "registered_at", since, until, Count("pk"))
    subscribed = _by_month(brought, "subscribed_at", since, until, Count("pk"))
    revenue = _by_month(
        paid(since, until).filter(**{OF_AFFILIATE: row.pk}), "made_at", since, until,
        Sum("price_usd"),
    )  # fmt: skip
    made = {one.month: one for one in row.payouts.filter(month__gte=since.date())}
    return [
        _month(
            row, one.date(), came=came, subscribed=subscribed, revenue=revenue,
            payout=made.get(one.date()),
        )
        for one in wanted
    ]  # fmt: skip


def make_payouts(now: datetime) -> int:
    """Makes the payouts of complete months that have none yet, three months back; how many.

    Running it again, or twice at once, makes none again. Suspended affiliates get none meanwhile.
    """
    return sum(_make(_back(_first(now), count)) for count in range(MONTHS_BACK, 0, -1))


def mark_paid(
    payout: Payout, reference: str, *, by: User, door: Door, now: datetime | None = None
) -> Payout:
    """Notes that a payout was paid, by which reference, once.

    Raises BadInput (reference), Forbidden (missing_role, own_affair), Conflict (already_paid).
    """
    now = now or timezone.now()
    need_staff(by, payout.affiliate, now)
    told = reference.strip()
    if not SHORTEST_REFERENCE <= len(told) <= LONGEST_REFERENCE:
        raise BadInput(
            f"Give the transfer's reference, {SHORTEST_REFERENCE} to {LONGEST_REFERENCE} "
            "characters, so that it can be found again.",
            field="reference", limit=[SHORTEST_REFERENCE, LONGEST_REFERENCE],
        )  # fmt: skip
    with transaction.atomic(), audit.doing(door, by):
        unpaid = Payout.objects.filter(pk=payout.pk, paid_at=None)
        if not unpaid.update(paid_at=now, paid_by=by, reference=told):
            raise Conflict("This payout was marked as paid already.", code="already_paid")
        changes = {"amount_usd": payout.amount_usd, "reference": told}
        whom = payout.affiliate.user_id
        audit.record("payout.paid", payout, whom=whom, changes=changes, security=True, by=by)
    payout.paid_at, payout.paid_by, payout.reference = now, by, told
    return payout


def _make(month: datetime) -> int:
    """Whoever has a payout of this month is left out; the rest are looked at again one by one."""
    sums = (
        paid(month, _after(month))
        .filter(**{f"{OF_AFFILIATE}__standing": Application.APPROVED})
        .exclude(**{f"{OF_AFFILIATE}__payouts__month": month.date()})
        .values_list(OF_AFFILIATE)
        .annotate(revenue=Sum("price_usd"))
        .order_by(OF_AFFILIATE)
    )
    return sum(_write(affiliate_id, month.date(), cents(revenue)) for affiliate_id, revenue in sums)


def _write(affiliate_id: int, month: date, revenue: Decimal) -> int:
    """Under the affiliate's lock, so that of two runs at once the second finds the payout."""
    with transaction.atomic(), audit.doing(Door.TASK):
        held = Affiliate.objects.select_for_update(of=("self",)).get(pk=affiliate_id)
        amount = commission(held.grade, revenue)
        if amount == 0 or held.payouts.filter(month=month).exists():
            return 0
        row = Payout(
            affiliate=held, month=month, revenue_usd=revenue, amount_usd=amount,
            commission=GRADES[Grade(held.grade)].commission,
        )  # fmt: skip
        Payout.objects.bulk_create([row])
        changes = {"month": month, "revenue_usd": revenue, "amount_usd": amount}
        audit.record("payout.made", row, whom=held.user_id, changes=changes)
    return 1


def _month(
    row: Affiliate,
    month: date,
    *,
    came: dict[date, int],
    subscribed: dict[date, int],
    revenue: dict[date, Decimal],
    payout: Payout | None,
) -> Month:
    earned = cents(revenue.get(month, Decimal(0)))
    due = payout.amount_usd if payout else commission(row.grade, earned)
    return Month(
        month, came.get(month, 0), subscribed.get(month, 0), earned, due,
        payout.pk if payout else None, payout.paid_at if payout else None,
    )  # fmt: skip


def _by_month(
    rows: Any, column: str, since: datetime, until: datetime, what: Any
) -> dict[date, Any]:
    within = rows.filter(**{f"{column}__gte": since, f"{column}__lt": until})
    months = within.annotate(month=TruncMonth(column, tzinfo=UTC)).values_list("month")
    return {month.date(): told for month, told in months.annotate(told=what)}


def _first(now: datetime) -> datetime:
    """The first moment of the month, UTC."""
    at = now.astimezone(UTC)
    return datetime(at.year, at.month, 1, tzinfo=UTC)


def _back(month: datetime, count: int) -> datetime:
    for _ in range(count):
        month = _first(month - timedelta(days=1))
    return month


def _after(month: datetime) -> datetime:
    return _first(month + timedelta(days=32))
