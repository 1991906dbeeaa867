"""Figures, ages and venues as pages write them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from arbedge import writing

register = template.Library()

MONOGRAMS: Final = {"binance": "BN", "bybit": "BY", "okx": "OK", "bitget": "BG"}
SIGNS: Final = {"long": "▲", "short": "▼"}

register.filter("percent", writing.percent)
register.filter("share", writing.share)
register.filter("bp", writing.basis_points)
register.filter("hours", writing.hours)
register.filter("age", writing.age)
register.filter("freshness", writing.freshness)
register.filter("moment", writing.moment)
register.filter("duration", writing.duration)
register.filter("exact_money", writing.exact_money)


@register.filter
def money(usd: float | Decimal | None) -> SafeString:
    """Compact money, exact on hover."""
    return format_html('<span title="{}">{}</span>', writing.exact_money(usd), writing.money(usd))


@register.filter
def price(value: float | None, tick: Decimal | None = None) -> str:
    """A price with its instrument's tick."""
    return writing.price(value, tick)


@register.filter
def tone(fraction: float | None) -> str:
    """The class of a figure: `pays`, `loses`, or none where it is unknown or nought."""
    if not fraction:
        return ""
    return "pays" if fraction > 0 else "loses"


@register.filter
def venue_name(name: str) -> str:
    """A venue as people write it."""
    return {"okx": "OKX"}.get(name, name.capitalize())


@register.filter
def code_words(code: str) -> str:
    """A stored code as words: `below_half` becomes `below half`."""
    return code.replace("_", " ")


@register.simple_tag
def when(at: datetime | None, now: datetime) -> SafeString | str:
    """A moment in relative words, exact on hover; the reader's zone is filled in by the page."""
    if at is None:
        return writing.UNKNOWN
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        at.isoformat(timespec="seconds"),
        writing.moment(at),
        writing.relative(at, now),
    )


@register.simple_tag
def badge(venue: str, side: str = "") -> SafeString:
    """A venue's monogram in its own tint, the name on hover, with the side's sign before it."""
    monogram = MONOGRAMS.get(venue, venue[:2].upper())
    tint = venue if venue in MONOGRAMS else "other"
    mark = badge_side(side)
    return format_html(
        '{}<abbr class="badge tint-{}" title="{}">{}</abbr>',
        mark,
        tint,
        venue_name(venue),
        monogram,
    )


@register.simple_tag
def badge_side(side: str) -> SafeString | str:
    """The sign of a leg, long or short, with its word for those who do not see it."""
    if side not in SIGNS:
        return ""
    return format_html('<span class="side {}" title="{}">{}</span> ', side, side, SIGNS[side])


@register.simple_tag
def dot(seconds: float | None) -> SafeString:
    """An age with its quiet dot: green, amber, or grey and struck through when stale."""
    word = writing.freshness(seconds)
    return format_html(
        '<span class="age {}" title="data {}">● <span>{}</span></span>',
        word, word, writing.age(seconds),
    )  # fmt: skip


@register.simple_tag(takes_context=True)
def query(context: dict[str, Any], **changes: Any) -> str:
    """The page's own query with these values changed, as the end of a link."""
    asked = context["request"].GET.copy()
    for name, value in changes.items():
        asked[name] = value
    return f"?{asked.urlencode()}"
