"""Affiliates: the application, and what came of it in figures."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from accounts import affiliates, payouts
from accounts.doors import logged_in
from accounts.forms import AffiliateForm
from accounts.models import Affiliate, Application, Grade
from accounts.views.pages import person_of, show, standing_of, to
from arbedge.errors import ArbEdgeError
from arbedge.names import Door

MONTHS = 6


@require_http_methods(["GET", "HEAD", "POST"])
@logged_in
def affiliate(request: HttpRequest) -> HttpResponse:
    """Where my application stands; posted, I apply."""
    now = datetime.now(UTC)
    row = Affiliate.objects.filter(user_id=standing_of(request).user_id).first()
    form = AffiliateForm(request.POST) if request.method == "POST" else AffiliateForm()
    if form.is_valid():
        wanted = form.cleaned_data
        try:
            affiliates.apply(person_of(request), **wanted, door=Door.WEB, now=now)
        except ArbEdgeError as error:
            form.tell(error)
        else:
            messages.success(request, "Your application is with us. You will hear of its review.")
            return to("affiliate")
    told: dict[str, Any] = {"now": now, "row": row, "form": form, "grades": affiliates.GRADES}
    if row is not None and row.standing == Application.APPROVED:
        told |= {
            "lately": affiliates.lately(row, now),
            "terms": affiliates.GRADES[Grade(row.grade)],
            "months": payouts.figures(row, MONTHS, now=now),
        }
    return show(request, "invitations", told, template="accounts/affiliate.html")
