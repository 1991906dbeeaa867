"""What people add to the console's first page and to its navigation."""

from __future__ import annotations

from collections.abc import Iterable

from django.http import HttpRequest
from django.urls import reverse

from accounts.models import Affiliate, Application
from arbedge import console, dashboard

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


dashboard.answer("waiting", waiting)
for title, name, icon in (
    ("People", "user", "person"),
    ("Sessions", "session", "forum"),
    ("Subscriptions", "subscription", "card_membership"),
    ("Tiers", "tiersetting", "stairs"),
    ("Invitations", "invitationbatch", "mail"),
    ("Invitation codes", "invitation", "confirmation_number"),
    ("Referrals", "referral", "group_add"),
    ("Points", "points", "stars"),
    ("Keys", "storedkey", "key"),
    ("API tokens", "apitoken", "token"),
    ("Second factors", "totpdevice", "phonelink_lock"),
    ("Log-in locks", "loginlock", "lock_clock"),
):
    console.link(
        "People", title, f"admin:accounts_{name}_changelist", icon, f"accounts.view_{name}"
    )
