"""The tags pages use: badges, dots, moments, links that keep the page's query."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.template import Context, Template
from django.test import RequestFactory

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def render(text: str, **context: Any) -> str:
    """The template's text with the tags loaded."""
    return Template("{% load look %}" + text).render(Context(context))


def test_a_badge_is_a_monogram_with_the_name_on_hover() -> None:
    assert render("{% badge 'okx' %}") == '<abbr class="badge tint-okx" title="OKX">OK</abbr>'


@pytest.mark.parametrize(("side", "sign"), [("long", "▲"), ("short", "▼")])
def test_a_legs_badge_wears_its_sign(side: str, sign: str) -> None:
    shown = render("{% badge 'bybit' side %}", side=side)
    assert shown.startswith(f'<span class="side {side}" title="{side}">{sign}</span>')


def test_a_venue_without_a_tint_of_its_own_takes_the_common_one() -> None:
    assert 'class="badge tint-other" title="Kucoin">KU' in render("{% badge 'kucoin' %}")


def test_a_stale_age_is_marked_so() -> None:
    assert 'class="age stale" title="data stale"' in render("{% dot 31 %}")


def test_an_unknown_age_is_written_unknown() -> None:
    assert "unknown</span>" in render("{% dot nothing %}", nothing=None)


def test_a_moment_is_exact_on_hover() -> None:
    shown = render("{% when at now %}", at=NOW - timedelta(seconds=42), now=NOW)
    assert shown == (
        '<time datetime="2026-11-21T11:59:18+00:00" title="21 Nov 2026 11:59 UTC">'
        "42\u2009s ago</time>"
    )


def test_money_is_exact_on_hover() -> None:
    assert render("{{ usd|money }}", usd=12_412.08) == (
        '<span title="$12,412.08">$12.4\u2009k</span>'
    )


@pytest.mark.parametrize(
    ("fraction", "tone"), [(0.01, "pays"), (-0.01, "loses"), (0.0, ""), (None, "")]
)
def test_a_figures_tone(fraction: float | None, tone: str) -> None:
    assert render("{{ fraction|tone }}", fraction=fraction) == tone


def test_a_link_keeps_the_pages_query() -> None:
    request = RequestFactory().get("/", {"kind": "spot", "coin": "WIF"})
    assert render("{% query coin='SXP' %}", request=request) == "?kind=spot&amp;coin=SXP"


def test_what_a_venue_calls_itself_cannot_break_the_page() -> None:
    assert "<script>" not in render("{% badge name %}", name="<script>alert(1)</script>")
