"""Invitations: codes to give away, one's own referral code, and what came of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import invitation_codes, redeeming, referrals, rewards
from accounts import invitations as rooms
from accounts.doors import logged_in
from accounts.forms import CodeForm, Form, ReferralCodeForm
from accounts.models import Invitation, Redemption
from accounts.views.pages import ask, person_of, show, standing_of, to
from arbedge.errors import ArbEdgeError
from arbedge.names import Door

LEADERS: Final = 10
LEADERS_OF: Final = timedelta(days=30)


@require_safe
@logged_in
def invitations(request: HttpRequest) -> HttpResponse:
    """My codes and who came by them."""
    return _page(request)


def _page(
    request: HttpRequest, code: Form | None = None, referral: Form | None = None
) -> HttpResponse:
    person, now = person_of(request), datetime.now(UTC)
    mine = referrals.code_of(person)
    told = {
        "now": now,
        "codes": invitation_codes.own(person, now),
        "redeemed": Redemption.objects.filter(user=person).exists(),
        "redeem_form": code or CodeForm(auto_id="redeem_%s"),
        "referral_form": referral or ReferralCodeForm(initial={"code": mine}),
        "referral_code": mine,
        "referral_link": referrals.deep_link(mine),
        "figures": rewards.figures(person.pk),
        "leaders": rewards.leaderboard(now - LEADERS_OF, LEADERS),
        "me": person.pk,
        "days": LEADERS_OF.days,
    }
    return show(request, "invitations", told)


@require_POST
@logged_in
def make_code(request: HttpRequest) -> HttpResponse:
    """Makes a code to give away."""
    try:
        made = rooms.make_own(person_of(request), door=Door.WEB)
    except ArbEdgeError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, f"Your new code is {made.code}. It is good for one person.")
    return to("invitations")


@require_http_methods(["GET", "HEAD", "POST"])
@logged_in
def revoke_code(request: HttpRequest, pk: int) -> HttpResponse:
    """Makes one of my codes unusable."""
    row = Invitation.objects.filter(
        pk=pk, inviter_id=standing_of(request).user_id, revoked_at=None
    ).first()
    if row is None:
        raise Http404("You have no such code.")
    if request.method != "POST":
        return ask(
            request, "invitations", question=f"Withdraw the code {row}?", button="Withdraw it",
            consequence="Whoever you gave it to cannot use it any more. This cannot be undone.",
        )  # fmt: skip
    rooms.revoke([row.pk], door=Door.WEB, by=person_of(request))
    messages.success(request, "The code is withdrawn.")
    return to("invitations")


@require_POST
@logged_in
def edit_code(request: HttpRequest) -> HttpResponse:
    """Takes another referral code."""
    form = ReferralCodeForm(request.POST)
    if form.is_valid():
        try:
            code = referrals.edit(person_of(request), form.cleaned_data["code"], door=Door.WEB)
        except ArbEdgeError as error:
            form.tell(error)
        else:
            messages.success(request, f"Your referral code is {code}.")
            return to("invitations")
    return _page(request, referral=form)


@require_POST
@logged_in
def redeem(request: HttpRequest) -> HttpResponse:
    """Redeems an invitation somebody gave me."""
    form = CodeForm(request.POST, auto_id="redeem_%s")
    if form.is_valid():
        try:
            given = redeeming.redeem(person_of(request), form.cleaned_data["code"], Door.WEB)
        except ArbEdgeError as error:
            form.tell(error)
        else:
            beta = " The beta with premium features runs for 90 days." if given.beta_until else ""
            messages.success(request, f"The code is accepted.{beta}")
            return to("invitations")
    return _page(request, code=form)
