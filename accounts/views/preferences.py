"""The page of preferences: the whole form, the presets and the way back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods, require_POST

from accounts import preferences as rooms
from accounts import presets, wish_page
from accounts.doors import logged_in
from accounts.views.pages import ask, person_of, show, standing_of, to
from arbedge.errors import ArbEdgeError, BadInput, Conflict
from arbedge.names import Door

MOST_DIGITS = 12


@require_http_methods(["GET", "HEAD", "POST"])
@logged_in
def preferences(request: HttpRequest) -> HttpResponse:
    """What I want to see and hear. What was refused is shown as it was entered, with reasons."""
    user_id, now = standing_of(request).user_id, datetime.now(UTC)
    if request.method != "POST":
        return _page(request, {"groups": wish_page.groups(user_id, now)})
    try:
        rooms.change(
            user_id, wish_page.changes(user_id, now, request.POST), door=Door.WEB,
            by=person_of(request), expected_version=_version(request), now=now,
        )  # fmt: skip
    except Conflict as error:
        messages.warning(request, error.message)
        return to("preferences")
    except ArbEdgeError as error:
        told = error.details.get("errors") or {}
        groups = wish_page.groups(user_id, now, request.POST, told)
        wrong = [one.error for group in groups for one in group.controls if one.error]
        response = _page(request, {"groups": groups, "refused": " ".join(wrong) or error.message})
        response.status_code = 422
        return response
    messages.success(request, "Your preferences are saved and hold from now on.")
    return to("preferences")


def _page(request: HttpRequest, told: dict[str, Any]) -> HttpResponse:
    row = rooms.of(standing_of(request).user_id)
    return show(
        request, "preferences",
        {"presets": list(presets.PRESETS), "preset": row.preset, "version": row.version, **told},
    )  # fmt: skip


def _version(request: HttpRequest) -> int | None:
    told = request.POST.get("version", "")
    return int(told) if told.isdecimal() and len(told) <= MOST_DIGITS else None


@require_http_methods(["GET", "HEAD", "POST"])
@logged_in
def preset(request: HttpRequest, name: str) -> HttpResponse:
    """Shows what a preset would change; posted, applies it."""
    user_id, now = standing_of(request).user_id, datetime.now(UTC)
    try:
        changed, left_out = wish_page.preview(user_id, name, now)
    except BadInput as error:
        raise Http404(error.message) from error
    if request.method != "POST":
        told = {"name": name, "changes": changed, "left_out": left_out}
        return show(request, "preferences", told, template="accounts/preset.html")
    applied = presets.apply(user_id, name, door=Door.WEB, by=person_of(request), now=now)
    way_back = " You can undo it for a day." if applied.undoable else ""
    messages.success(request, f"The preset {name} is applied.{way_back}")
    for note in applied.left_out:
        messages.warning(request, note)
    return to("preferences")


@require_POST
@logged_in
def undo(request: HttpRequest) -> HttpResponse:
    """Puts back what the last preset replaced."""
    try:
        presets.undo(standing_of(request).user_id, door=Door.WEB, by=person_of(request))
    except ArbEdgeError as error:
        messages.warning(request, error.message)
    else:
        messages.success(request, "Your preferences are as they were before the preset.")
    return to("preferences")


@require_http_methods(["GET", "HEAD", "POST"])
@logged_in
def reset(request: HttpRequest) -> HttpResponse:
    """Puts every preference back to its default."""
    if request.method != "POST":
        return ask(
            request, "preferences", question="Put every preference back to its default?",
            button="Reset everything", consequence="What you set here is lost.",
        )  # fmt: skip
    rooms.reset(standing_of(request).user_id, door=Door.WEB, by=person_of(request))
    messages.success(request, "Every preference is back at its default.")
    return to("preferences")
