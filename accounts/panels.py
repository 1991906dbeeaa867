"""What people add to the console's first page and to its navigation."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Count, Sum
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from accounts import engagement
from accounts.admin.kept import kept
from accounts.models import Affiliate, Application, Payout
from arbedge import console, dashboard, writing

WAITING_AT_MOST = 100


def waiting(request: HttpRequest) -> Iterable[dashboard.Line]:
    """Applications nobody has looked at."""
    if not request.user.has_perm("accounts.view_affiliate"):
        return
    queue = Affiliate.objects.filter(standing=Application.APPLIED)
    number = queue[:WAITING_AT_MOST].count()
    if number:
        at_least = "at least " if number == WAITING_AT_MOST else ""
        url = f"{reverse('admin:accounts_affiliate_changelist')}?standing=applied"
        text = "application" if number == 1 else "applications"
        yield dashboard.Line("warn", f"Affiliate {text} to review", f"{at_least}{number}", url)


def owed(request: HttpRequest) -> Iterable[dashboard.Line]:
    """Payouts that wait for their transfer."""
    if not request.user.has_perm("accounts.view_payout"):
        return
    unpaid = Payout.objects.filter(paid_at__isnull=True).aggregate(
        number=Count("pk"), sum=Sum("amount_usd")
    )
    if unpaid["number"]:
        url = f"{reverse('admin:accounts_payout_changelist')}?paid=no"
        text = f"Payouts to affiliates to make: {unpaid['number']:,}"
        yield dashboard.Line("warn", text, writing.exact_money(unpaid["sum"]), url)


def came(request: HttpRequest) -> Iterable[dashboard.Line]:
    """Who is here now, and who came today."""
    if not request.user.has_perm("accounts.view_session"):
        return
    active, day, new = kept("people-today", _today)
    url = reverse("admin:accounts_session_analytics")
    yield dashboard.Line(
        "soft", f"People active now, {day:,} in 24 h, {new:,} new", f"{active:,}", url
    )


def _today() -> list[int]:
    now = timezone.now()
    active = engagement.active(now)
    return [active.now, active.day, engagement.new(now - engagement.DAY, now).people]


dashboard.answer("waiting", waiting)
dashboard.answer("waiting", owed)
dashboard.answer("found", came)
for title, name, icon in (
    ("People", "user", "person"),
    ("Sessions", "session", "forum"),
    ("Subscriptions", "subscription", "card_membership"),
    ("Tiers", "tiersetting", "stairs"),
    ("Invitations", "invitationbatch", "mail"),
    ("Invitation codes", "invitation", "confirmation_number"),
    ("Referrals", "referral", "group_add"),
    ("Points", "points", "stars"),
    ("Affiliates", "affiliate", "handshake"),
    ("Payouts", "payout", "payments"),
    ("Keys", "storedkey", "key"),
    ("API tokens", "apitoken", "token"),
    ("Second factors", "totpdevice", "phonelink_lock"),
    ("Log-in locks", "loginlock", "lock_clock"),
):
    console.link(
        "People", title, f"admin:accounts_{name}_changelist", icon, f"accounts.view_{name}"
    )
