"""Look and navigation of the console. Nothing is listed before it exists.

Apps add their links when they are ready: `console.link("Markets", "Venues", "admin:…", "hub")`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse, reverse_lazy

TEAL = {
    "50": "240 253 250",
    "100": "204 251 241",
    "200": "153 246 228",
    "300": "94 234 212",
    "400": "45 212 191",
    "500": "20 148 136",
    "600": "13 118 110",
    "700": "15 98 92",
    "800": "17 78 74",
    "900": "19 62 59",
    "950": "4 38 37",
}
ORDER = ("Today", "Markets", "Opportunities", "Messages", "People", "Operation")


@dataclass(frozen=True)
class Link:
    """One entry; `permission` is Django's dotted name, empty for every member of staff."""

    title: str
    url_name: str
    icon: str
    permission: str


sections: dict[str, list[Link]] = {}


def link(section: str, title: str, url_name: str, icon: str, permission: str = "") -> None:
    """Adds an entry to a section; `icon` is a Material Symbols name."""
    entry = Link(title, url_name, icon, permission)
    if entry not in sections.setdefault(section, []):
        sections[section].append(entry)


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """Returns the sections, in `ORDER`, with the links this person may follow."""
    named = [title for title in ORDER if title in sections]
    others = [title for title in sections if title not in ORDER]
    groups = [(title, _allowed(sections[title], request)) for title in (*named, *others)]
    here = _here(request.path, [item["link"] for _, items in groups for item in items])
    for _, items in groups:
        for item in items:
            item["active"] = item["link"] == here
    return [
        {"title": title, "separator": True, "collapsible": False, "items": items}
        for title, items in groups
        if items
    ]


def _allowed(links: list[Link], request: HttpRequest) -> list[dict[str, Any]]:
    return [
        {"title": entry.title, "icon": entry.icon, "link": reverse(entry.url_name)}
        for entry in links
        if not entry.permission or request.user.has_perm(entry.permission)
    ]


def _here(path: str, links: list[str]) -> str:
    """The link the page belongs to: the longest that its path begins with, "" without one."""
    return max((link for link in links if path.startswith(link)), key=len, default="")


def unfold() -> dict[str, Any]:
    """Returns the settings of the console's theme."""
    return {
        "SITE_TITLE": "ArbEdge",
        "SITE_HEADER": "ArbEdge",
        "SITE_SUBHEADER": "Console",
        "SITE_URL": "/",
        "SITE_SYMBOL": "swap_horiz",
        "SHOW_HISTORY": True,
        "SHOW_VIEW_ON_SITE": False,
        "BORDER_RADIUS": "8px",
        "COLORS": {"primary": TEAL},
        "STYLES": [lambda _request: static("arbedge/console.css")],
        "ACCOUNT": {
            "navigation": [
                {"title": "Second factor", "link": reverse_lazy("admin:second_factor")},
            ]
        },
        "DASHBOARD_CALLBACK": "arbedge.dashboard.context",
        "SIDEBAR": {
            "show_search": True,
            "show_all_applications": False,
            "navigation": "arbedge.console.navigation",
        },
    }
