"""My messages: what I was told, and why I was not."""

from __future__ import annotations

from datetime import UTC, datetime

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from accounts.doors import logged_in
from accounts.views.pages import show, standing_of
from arbedge.errors import NotFound
from notifications.choosing import explain
from notifications.sending import received
from opportunities.models import Opportunity

PAGE = "messages"


@require_safe
@logged_in
def messages(request: HttpRequest) -> HttpResponse:
    """My newest messages; with ?about=<opportunity> what became of that one for me."""
    me, now = standing_of(request), datetime.now(UTC)
    told = {
        "lines": received.lately(me.user_id, me.time_zone, now),
        "now": now,
        **_asked(request.GET.get("about", ""), me.user_id, now),
    }
    return show(request, PAGE, told, template="notifications/pages/messages.html")


def _asked(number: str, user_id: int, now: datetime) -> dict[str, object]:
    """The opportunity that was asked about, and what became of it for the person."""
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        return {}
    one = Opportunity.objects.only("asset", "kind").filter(pk=int(number)).first()
    if one is None:
        return {"answer": "There is no such opportunity."}
    try:
        answer = explain.explain_opportunity(user_id, one.pk, now).text
    except NotFound as error:
        answer = error.message
    return {"about": one, "answer": answer}
