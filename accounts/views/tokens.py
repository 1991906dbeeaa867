"""API tokens of a person: made, shown once, revoked."""

from __future__ import annotations

from datetime import UTC, datetime

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods

from accounts import tokens as rooms
from accounts.doors import logged_in
from accounts.forms import TokenForm
from accounts.tokens import MOST_TOKENS, SCOPE_HELP, Made
from accounts.views.pages import ask, person_of, show, standing_of, to
from arbedge.errors import ArbEdgeError, NotFound
from arbedge.names import Door


@sensitive_variables("made")
@require_http_methods(["GET", "HEAD", "POST"])
@logged_in
def tokens(request: HttpRequest) -> HttpResponse:
    """My tokens; posted, a new one is made and shown in this answer and never again."""
    now = datetime.now(UTC)
    who = standing_of(request)
    form, made = TokenForm(who.role), None
    if request.method == "POST":
        form = TokenForm(who.role, request.POST)
        made = _made(request, form, now) if form.is_valid() else None
        form = TokenForm(who.role) if made else form
    told = {
        "now": now,
        "tokens": rooms.listed(who.user_id),
        "form": form,
        "made": made,
        "scopes": {scope.value: words for scope, words in SCOPE_HELP.items()},
        "most": MOST_TOKENS,
    }
    return show(request, "tokens", told)


def _made(request: HttpRequest, form: TokenForm, now: datetime) -> Made | None:
    wanted = form.cleaned_data
    try:
        return rooms.make(
            person_of(request), wanted["name"], wanted["scopes"], form.expires_at(now),
            door=Door.WEB, now=now,
        )  # fmt: skip
    except ArbEdgeError as error:
        form.tell(error)
        return None


@require_http_methods(["GET", "HEAD", "POST"])
@logged_in
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Ends one of my tokens."""
    now = datetime.now(UTC)
    user_id = standing_of(request).user_id
    if request.method != "POST":
        token = rooms.listed(user_id).filter(pk=pk).first()
        if token is None:
            raise Http404("You have no such token.")
        return ask(
            request, "tokens", question=f"Revoke {token.name}?", button="Revoke the token",
            consequence="Programs that use it are refused at once. This cannot be undone.",
        )  # fmt: skip
    try:
        row = rooms.revoke(user_id, pk, door=Door.WEB, now=now, by=person_of(request))
    except NotFound as error:
        raise Http404(error.message) from error
    messages.success(request, f"{row.name} is revoked.")
    return to("tokens")
