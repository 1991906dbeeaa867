"""What every account page shares: its frame, the person it is about, and the question "sure?"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from accounts import doors
from accounts.models import User
from accounts.standing import Standing

PAGES: Final = {
    "account": "Overview",
    "profile": "Profile",
    "preferences": "Preferences",
    "keys": "Keys",
    "tokens": "API tokens",
    "sessions": "Sessions",
    "invitations": "Invitations",
}


def standing_of(request: HttpRequest) -> Standing:
    """Whose page this is. Only for views behind `doors.logged_in`."""
    found = doors.standing_of(request)
    assert found is not None
    return found


def person_of(request: HttpRequest) -> User:
    """The person's whole row, read once a request."""
    held: User | None = getattr(request, "account_person", None)
    if held is None:
        held = User.objects.get(pk=standing_of(request).user_id)
        request.account_person = held  # type: ignore[attr-defined]
    return held


def show(
    request: HttpRequest, page: str, context: Mapping[str, Any], *, template: str = ""
) -> HttpResponse:
    """One account page in its frame; a form with errors is answered with 422."""
    forms = [value for value in context.values() if hasattr(value, "is_bound")]
    refused = any(form.is_bound and form.errors for form in forms)
    told = {
        "page": page,
        "title": PAGES[page],
        "pages": [(name, reverse(f"accounts:{name}"), title) for name, title in PAGES.items()],
        **context,
    }
    return render(
        request, template or f"accounts/{page}.html", told, status=422 if refused else 200
    )


def ask(
    request: HttpRequest, page: str, *, question: str, consequence: str, button: str
) -> HttpResponse:
    """Asks before something that hurts; the answer is posted to the same address."""
    told = {"question": question, "consequence": consequence, "button": button,
            "back": reverse(f"accounts:{page}")}  # fmt: skip
    return show(request, page, told, template="accounts/confirm.html")


def to(page: str) -> HttpResponse:
    """On to one of the pages."""
    return HttpResponseRedirect(reverse(f"accounts:{page}"))
