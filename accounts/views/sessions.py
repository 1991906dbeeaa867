"""The sessions of a person, and their end."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods, require_safe

from accounts import agents, doors
from accounts import sessions as rooms
from accounts.doors import logged_in
from accounts.models import Outcome, Session
from accounts.views.pages import ask, person_of, show, standing_of, to

SHOWN_AT_MOST: Final = 50


@require_safe
@logged_in
def sessions(request: HttpRequest) -> HttpResponse:
    """Where I am logged in."""
    now = datetime.now(UTC)
    rows = list(rooms.active(standing_of(request).user_id, now)[: SHOWN_AT_MOST + 1])
    mine = doors.session_of(request)
    told = {
        "now": now,
        "sessions": [
            (one, agents.words(one.agent), one.pk == mine) for one in rows[:SHOWN_AT_MOST]
        ],
        "more": len(rows) > SHOWN_AT_MOST,
        "others": any(one.pk != mine for one in rows),
    }
    return show(request, "sessions", told)


@require_http_methods(["GET", "HEAD", "POST"])
@logged_in
def end(request: HttpRequest, pk: int) -> HttpResponse:
    """Ends one session of mine."""
    now = datetime.now(UTC)
    session = rooms.active(standing_of(request).user_id, now).filter(pk=pk).first()
    if session is None:
        raise Http404("You have no such session.")
    mine = session.pk == doors.session_of(request)
    if request.method != "POST":
        return ask(
            request, "sessions", question="End this session?", button="End the session",
            consequence=_consequence(session, mine=mine),
        )  # fmt: skip
    rooms.end(session.pk, Outcome.LOGOUT, now, by=person_of(request))
    messages.success(request, "The session is ended.")
    return to("sessions")


def _consequence(session: Session, *, mine: bool) -> str:
    if mine:
        return "It is the one you are using now: you will be logged out."
    if session.door == "telegram":
        return "The bot will send you nothing and answer nothing until you send /start again."
    where = agents.words(session.agent) or "That browser"
    return f"{where} will have to log in again."


@require_http_methods(["GET", "HEAD", "POST"])
@logged_in
def end_others(request: HttpRequest) -> HttpResponse:
    """Ends every session of mine but this one."""
    now = datetime.now(UTC)
    mine = doors.session_of(request)
    others = rooms.active(standing_of(request).user_id, now).exclude(pk=mine or 0)
    if request.method != "POST":
        number = others.count()
        sessions_ = "session" if number == 1 else "sessions"
        return ask(
            request, "sessions", question=f"End {number} other {sessions_}?",
            button=f"End {number} {sessions_}",
            consequence="Everything but this browser is logged out, the Telegram bot too: it will "
            "send you nothing until you send /start again.",
        )  # fmt: skip
    person = person_of(request)
    ended = sum(
        rooms.end(pk, Outcome.LOGOUT, now, by=person) for pk in others.values_list("pk", flat=True)
    )
    messages.success(request, f"Ended {ended} {'session' if ended == 1 else 'sessions'}.")
    return to("sessions")
