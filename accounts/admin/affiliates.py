"""Affiliates: applications to review, what each brings in, and payouts to mark as paid."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from django import forms
from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.decorators import display

from accounts.admin import asking, finding, told
from accounts.admin.owned import OfPeopleAdmin
from accounts.models import Affiliate, Application, Grade, Payout
from arbedge import writing
from arbedge.desk import word
from arbedge.names import Door

MAY_DECIDE: Final = "accounts.change_affiliate"
STANDING_TONES: Final = {
    Application.APPLIED: "warn",
    Application.APPROVED: "good",
    Application.REJECTED: "soft",
    Application.SUSPENDED: "bad",
}


class Words(forms.Form):
    """What the person is told."""

    reason = forms.CharField(
        label="Words for the person", max_length=400, widget=forms.Textarea(attrs={"rows": 3})
    )


class KindWords(Words):
    """The same, where none are needed."""

    reason = forms.CharField(
        label="Words for the person", max_length=400, required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )  # fmt: skip


class ReferenceForm(forms.Form):
    """By which a transfer is found again."""

    reference = forms.CharField(min_length=3, max_length=100, help_text="Of the transfer.")


def _decide(name: str, done: str) -> Callable[[asking.Order], str]:
    def does(order: asking.Order) -> str:
        from accounts import affiliates

        with transaction.atomic():
            for row in Affiliate.objects.filter(pk__in=order.ids).order_by("pk"):
                decide = getattr(affiliates, name)
                decide(row, by=order.by, door=Door.CONSOLE, review=order.reason)
        number = len(order.ids)
        return f"{done} {number:,} {'affiliate' if number == 1 else 'affiliates'}."

    return does


def _deed(
    name: str, label: str, consequence: str, done: str, form: type[forms.Form]
) -> asking.Deed:
    return asking.Deed(
        name=name, label=f"{label}…", question=f"{label} {{whom}}?", consequence=consequence,
        button=label, does=_decide(name, done), form=form, permission=MAY_DECIDE,
        objects=("affiliate", "affiliates"), named=lambda row: str(row.user),
        dangerous=name != "approve", at_most=50,
    )  # fmt: skip


DEEDS: Final = (
    _deed(
        "approve", "Approve", "Shares in what the people he brings pay, by his grade.",
        "Approved", KindWords,
    ),
    _deed(
        "reject", "Reject", "He is told why and may apply again after 30 days.", "Rejected", Words
    ),
    _deed(
        "suspend", "Suspend", "No payout is made until he is approved again; he is told why.",
        "Suspended", Words,
    ),
)  # fmt: skip


class StandingFilter(finding.ChoiceFilter):
    title, parameter_name, options = "standing", "standing", tuple(Application.choices)


class GradeFilter(finding.ChoiceFilter):
    title, parameter_name, options = "grade", "grade", tuple(Grade.choices)


@admin.register(Affiliate)
class AffiliateAdmin(asking.Doing, OfPeopleAdmin):
    list_display = ("person", "stands", "grade", "site", "applied")
    list_display_links = ("stands",)
    list_filter = (StandingFilter, GradeFilter)
    fields = (
        "person", "stands", "pitch", "site", "applied", "lately", "months", "reviewed_at",
        "reviewed_by", "review", "deeds_told",
    )  # fmt: skip
    readonly_fields = ("person", "stands", "applied", "lately", "months", "deeds_told")
    actions = ()
    deeds = DEEDS

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Without what can be done, for those who may not."""
        fields = super().get_fields(request, obj)
        may = request.user.has_perm(MAY_DECIDE)
        return fields if may else [name for name in fields if name != "deeds_told"]

    @display(description="Standing")
    def stands(self, one: Affiliate) -> str:
        """Where the application stands."""
        return word(STANDING_TONES[Application(one.standing)], one.standing, one.review)

    @display(description="Applied")
    def applied(self, one: Affiliate) -> str:
        """When."""
        return told.when(one.applied_at)

    @display(description="Last 90 days")
    def lately(self, one: Affiliate) -> str:
        """What makes the grade."""
        from accounts import affiliates

        now = affiliates.lately(one, timezone.now())
        share = writing.share(float(affiliates.GRADES[Grade(one.grade)].commission), 0)
        ahead = f"; next {now.next}" if now.next else ""
        return (
            f"{writing.exact_money(now.revenue_usd)} paid, {now.engaged:,} people here:"
            f" {one.grade}, {share} of revenue{ahead}"
        )

    @display(description="By month")
    def months(self, one: Affiliate) -> str:
        """Real figures from what was paid."""
        from accounts import payouts

        return told.table(
            ("Month", "Came", "Subscribed", "Paid by them", "His share", "Payout"),
            (
                (
                    f"{month.month:%b %Y}", f"{month.registered:,}", f"{month.subscribed:,}",
                    writing.exact_money(month.revenue_usd),
                    writing.exact_money(month.commission_usd), _payout(month),
                )
                for month in payouts.figures(one)
            ),
        )  # fmt: skip

    @display(description="What can be done")
    def deeds_told(self, one: Affiliate) -> str:
        """Links to the decisions that lead on from here."""
        leads = {
            Application.APPLIED: ("approve", "reject"),
            Application.APPROVED: ("suspend",),
            Application.REJECTED: ("approve",),
            Application.SUSPENDED: ("approve",),
        }[Application(one.standing)]
        return told.deeds("accounts_affiliate_do", one.pk, DEEDS, leads)


def _payout(month: Any) -> str:
    if month.payout_id is None:
        return "not made"
    return f"paid {told.day(month.paid_at)}" if month.paid_at else "to be paid"


class PaidFilter(finding.ChoiceFilter):
    """By whether it was paid."""

    title, parameter_name, options = "paid", "paid", (("no", "to be paid"), ("yes", "paid"))

    def narrow(self, rows: QuerySet[Payout], chosen: str, now: datetime) -> QuerySet[Payout]:  # noqa: ARG002
        """By when it was paid."""
        return rows.filter(paid_at__isnull=chosen == "no")


def _mark_paid(order: asking.Order) -> str:
    from accounts import payouts

    with transaction.atomic():
        for row in Payout.objects.select_related("affiliate").filter(pk__in=order.ids):
            payouts.mark_paid(row, order.given["reference"], by=order.by, door=Door.CONSOLE)
    number = len(order.ids)
    return f"Marked {number:,} {'payout' if number == 1 else 'payouts'} as paid."


PAID: Final = asking.Deed(
    name="paid",
    label="Mark as paid…",
    question="Mark {whom} as paid?",
    consequence="The affiliate sees it as paid, with the reference. It cannot be taken back here.",
    button="Mark as paid",
    does=_mark_paid,
    form=ReferenceForm,
    permission="accounts.change_payout",
    objects=("payout", "payouts"),
    named=lambda row: f"{row.month:%b %Y} of {row.affiliate.user}",
    at_most=100,
)


@admin.register(Payout)
class PayoutAdmin(asking.Doing, OfPeopleAdmin):
    owner = "affiliate__user_id"
    list_display = ("person", "month_told", "revenue", "amount", "stands")
    list_display_links = ("month_told",)
    list_filter = (PaidFilter,)
    list_select_related = ("affiliate__user",)
    fields = ("person", "month_told", "revenue", "share", "amount", "stands", "reference",
              "paid_by", "made_at")  # fmt: skip
    readonly_fields = ("person", "month_told", "revenue", "share", "amount", "stands")
    actions = ()
    deeds = (PAID,)

    @display(description="Affiliate")
    def person(self, one: Any) -> str:
        """Who gets it."""
        return told.person(one.affiliate.user)

    @display(description="Month")
    def month_told(self, one: Payout) -> str:
        """For which month."""
        return f"{one.month:%b %Y}"

    @display(description="Revenue")
    def revenue(self, one: Payout) -> str:
        """What his people paid."""
        return writing.exact_money(one.revenue_usd)

    @display(description="Share")
    def share(self, one: Payout) -> str:
        """The fraction of it."""
        return writing.share(float(one.commission), 0)

    @display(description="Amount")
    def amount(self, one: Payout) -> str:
        """What is paid out."""
        return writing.exact_money(one.amount_usd)

    @display(description="State")
    def stands(self, one: Payout) -> str:
        """Whether it was paid."""
        if one.paid_at is None:
            return word("warn", "to be paid")
        return word("good", f"paid {told.day(one.paid_at)}", one.reference)
