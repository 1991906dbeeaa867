"""Which pictures an opportunity has, and their bytes: drawn once a change, kept in the cache."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final

import redis
import structlog
from django.core.cache import cache

from arbedge.names import Kind
from exchanges.models import SettledFunding
from opportunities import charts
from opportunities.announced import EIGHT_HOURS
from opportunities.breakdown import legs, waterfall
from opportunities.models import Figure, Opportunity
from opportunities.pages import venue
from opportunities.settled import per_eight_hours
from opportunities.voice import ENGLISH, Voice

KEEP_S: Final = 600
POINTS: Final = 2_000
SETTLED_DAYS: Final = 7
MARKED: Final = ("opened", "improved", "fading", "held", "recovered", "closed")

log = structlog.get_logger(__name__)


def names(one: Opportunity) -> list[str]:
    """The pictures this row has, in the page's order."""
    return ["waterfall", "net", "gap"] if one.kind == Kind.SPOT else [*PICTURES]


def picture(one: Opportunity, name: str, theme: str, form: str, voice: Voice = ENGLISH) -> bytes:
    """The bytes of a picture. Raises KeyError for a name, theme or form that does not exist."""
    painter, _ = PICTURES[name], (charts.THEMES[theme], charts.FORMATS[form])
    key = f"picture:{one.pk}:{one.as_of.timestamp():.0f}:{name}:{theme}:{form}:{voice.name}"
    try:
        kept: bytes | None = cache.get(key)
    except redis.RedisError as error:
        log.warning("pictures.cache_gone", cause=str(error))
        return painter(one, theme, form, voice)
    if kept is None:
        kept = painter(one, theme, form, voice)
        cache.set(key, kept, KEEP_S)
    return kept


def _waterfall(one: Opportunity, theme: str, form: str, voice: Voice) -> bytes:
    title = voice("waterfall_spot" if one.kind == Kind.SPOT else "waterfall")
    source = _source(one, voice)
    return charts.draw_waterfall(waterfall(one), source, theme, form, title=title, voice=voice)


def _net(one: Opportunity, theme: str, form: str, voice: Voice) -> bytes:
    history = _history(one)
    at = [point.at for point in history]
    lines = [
        charts.Line(voice("net_line"), "ink", at, [point.net for point in history]),
    ]
    if one.kind != Kind.SPOT:
        announced = [point.net_announced for point in history]
        lines.append(charts.Line(voice("net_announced"), "long", at, announced))
    events = one.events.filter(type__in=MARKED).order_by("at")
    chart = charts.Chart(
        voice("net"),
        lines,
        _source(one, voice),
        marks=[charts.Mark(event.at, voice(event.type)) for event in events[:20]],
        level=(one.threshold, voice("needed")),
        voice=voice,
    )
    return charts.draw(chart, theme, form)


def _funding(one: Opportunity, theme: str, form: str, voice: Voice) -> bytes:
    history = _history(one)
    settled = _settled(one)
    lines = []
    for leg in legs(one):
        if leg.flow is None or not leg.interval_hours:
            continue
        scale = EIGHT_HOURS / leg.interval_hours
        rates = [getattr(point, f"{leg.side}_rate") for point in history]
        told = [None if rate is None else rate * scale for rate in rates]
        lines.append(charts.Line(venue(leg.venue), leg.side, [p.at for p in history], told))
        dots = settled.get(leg.side, [])
        if dots:
            paid = per_eight_hours(dots, leg.interval_hours)
            at, rates_paid = [when for when, _ in paid], [rate for _, rate in paid]
            lines.append(charts.Line("", leg.side, at, rates_paid, dots=True))
    chart = charts.Chart(voice("funding"), lines, _source(one, voice), places=4, voice=voice)
    return charts.draw(chart, theme, form)


def _gap(one: Opportunity, theme: str, form: str, voice: Voice) -> bytes:
    history = _history(one)
    gaps = [point.gap for point in history]
    line = charts.Line(voice("gap_line"), "ink", [point.at for point in history], gaps)
    return charts.draw(
        charts.Chart(voice("gap"), [line], _source(one, voice), voice=voice), theme, form
    )


PICTURES: Final[Mapping[str, Callable[[Opportunity, str, str, Voice], bytes]]] = {
    "waterfall": _waterfall,
    "net": _net,
    "funding": _funding,
    "gap": _gap,
}


def _history(one: Opportunity) -> list[Figure]:
    """The newest points in order, the row's present figures last."""
    points = list(Figure.objects.filter(opportunity=one).order_by("-at")[:POINTS])[::-1]
    if not points or points[-1].at < one.as_of:
        names = ("net", "net_announced", "measured", "cost", "gap", "long_rate", "short_rate")
        now = {name: getattr(one, name) for name in names}
        points.append(Figure(opportunity=one, at=one.as_of, **now))
    return points


def _settled(one: Opportunity) -> dict[str, list[SettledFunding]]:
    since = one.as_of - timedelta(days=SETTLED_DAYS)
    of_side: dict[str, list[SettledFunding]] = {}
    ids = {one.long_id: "long", one.short_id: "short"}
    rows = SettledFunding.objects.filter(instrument_id__in=[*filter(None, ids)])
    for row in rows.filter(settled_at__gte=since).order_by("settled_at"):
        of_side.setdefault(ids[row.instrument_id], []).append(row)
    return of_side


def _source(one: Opportunity, voice: Voice) -> str:
    venues = f" {voice('and')} ".join(venue(leg.venue) for leg in legs(one))
    fees = one.fee_version or voice("unknown")
    return voice("source", venues=venues, moment=voice.moment(one.as_of), fees=fees)
