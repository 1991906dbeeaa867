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

TITLES: Final = {
    "account": "Overview",
    "profile": "Profile",
    "preferences": "Preferences",
    "keys": "Keys",
    "tokens": "API tokens",
    "sessions": "Sessions",
    "invitations": "Invitations",
}
_pages: Final = {name: (title, f"accounts:{name}") for name, title in TITLES.items()}


def add(page: str, title: str, url_name: str, *, after: str) -> None:
    """A floor above adds a page of its own to everybody's account, behind one that is there."""
    held = [one for one in _pages.items() if one[0] != page]
    place = 1 + [name for name, _ in held].index(after)
    held.insert(place, (page, (title, url_name)))
    _pages.clear()
    _pages.update(held)


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
        "title": _pages[page][0],
        "pages": [(name, reverse(url_name), title) for name, (title, url_name) in _pages.items()],
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
            "back": reverse(_pages[page][1])}  # fmt: skip
    return show(request, page, told, template="accounts/confirm.html")


def to(page: str) -> HttpResponse:
    """On to one of the pages; those of this floor need not be in the navigation."""
    _, url_name = _pages.get(page, ("", f"accounts:{page}"))
    return HttpResponseRedirect(reverse(url_name))
