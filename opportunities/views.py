"""The public pages: the live board, an opportunity, the state of the data."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from exchanges import standing
from opportunities import (
    asides,
    board,
    breakdown,
    charts,
    pages,
    pictures,
    positions,
    quality_page,
    readers,
    stored_policy,
)
from opportunities.cohorts import HORIZONS_HOURS, NOTIONALS_USD
from opportunities.models import Opportunity

FRESH_PICTURE_S = 20


@require_safe
def live_board(request: HttpRequest) -> HttpResponse:
    """The board; asked by htmx, only its rows and the header's pulse."""
    now = datetime.now(UTC)
    reader = readers.of(request, now)
    asked, venues = request.GET.dict(), request.GET.getlist("venue")
    wish = board.Wish.read(asked, venues, readers.economics(reader))
    shown = board.read(wish, now, reader)
    context = {
        "reader": reader,
        "wish": wish,
        "board": shown,
        "silence": None if shown.rows else board.silence(),
        "kinds": [kind.value for kind in board.KINDS],
        "venues": settings.VENUES,
        "sizes": NOTIONALS_USD,
        "horizons": HORIZONS_HOURS,
        "net_asked": "" if wish.net is None else f"{wish.net * 100:g}",
        **_pulse(),
    }
    partial = bool(getattr(request, "htmx", False))
    template = "opportunities/_rows.html" if partial else "opportunities/board.html"
    answer = render(request, template, context)
    patch_vary_headers(answer, ["HX-Request"])
    answer["Cache-Control"] = "no-store"
    return answer


@require_safe
def opportunity(request: HttpRequest, pk: int) -> HttpResponse:
    """One opportunity with everything that decides about it."""
    one = get_object_or_404(Opportunity.objects.select_related("long", "short"), pk=pk)
    now = one.as_of if board.replaying() else datetime.now(UTC)
    reader = readers.of(request, now)
    if refused := readers.refusal(reader, one, now):
        return render(request, "opportunities/held.html", {"why": refused, **_pulse()}, status=403)
    readers.looked(reader)
    wish = board.Wish.read(request.GET.dict(), [], readers.economics(reader))
    tone, words = pages.standing(one, now)
    payments = breakdown.calendar(one)
    policy, row = stored_policy.current(), board.row_of(one, wish, now)
    context = {
        "one": one,
        "now": now,
        "row": row,
        "economics": pages.economics(one, row, policy, known=reader.user_id is not None),
        "sentence": pages.sentence(one),
        "tone": tone,
        "standing": words,
        "parts": breakdown.waterfall(one),
        "payments": payments,
        "legs": breakdown.legs(one),
        "sizes": pages.sizes(one, one.horizon_hours or wish.horizon),
        "position": positions.of(one, policy),
        "gates": pages.gates(one, policy),
        "past": pages.earlier(one),
        "outcomes": pages.own_outcomes(one),
        "risks": pages.risks(one),
        "pictures": [name for name in pictures.names(one) if name != "waterfall"],
        "closed_because": board.CLOSED_WORDS.get(one.close_reason, ""),
        "asides": asides.links(one.pk) if reader.user_id is not None else [],
        **_pulse(),
    }
    return render(request, "opportunities/opportunity.html", context)


@require_safe
def picture(
    request: HttpRequest,
    pk: int,
    name: str,
    theme: str,
    form: str,
) -> HttpResponse:
    """A chart of an opportunity as SVG or PNG."""
    if name not in pictures.PICTURES or theme not in charts.THEMES or form not in charts.FORMATS:
        raise Http404("There is no such chart.")
    one = get_object_or_404(Opportunity, pk=pk)
    now = one.as_of if board.replaying() else datetime.now(UTC)
    if refused := readers.refusal(readers.of(request, now), one, now):
        return HttpResponse(refused, "text/plain; charset=utf-8", status=403)
    answer = HttpResponse(pictures.picture(one, name, theme, form), charts.FORMATS[form])
    answer["Cache-Control"] = f"private, max-age={FRESH_PICTURE_S}"
    return answer


@require_safe
def quality(request: HttpRequest) -> HttpResponse:
    """The state of the data: for all ages and reliability, for staff also what was dropped."""
    now = datetime.now(UTC)
    context = quality_page.public(now)
    if request.user.is_staff:
        context |= quality_page.internal(now)
    return render(request, "opportunities/quality.html", context)


def _pulse() -> dict[str, object]:
    return quality_page.pulse(*standing.known(time.time() * 1000))
