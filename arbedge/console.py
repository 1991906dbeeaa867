"""Look and navigation of the console. Nothing is listed before it exists."""

from typing import Any


def unfold() -> dict[str, Any]:
    """Returns the settings of the console's theme."""
    return {
        "SITE_TITLE": "ArbEdge",
        "SITE_HEADER": "ArbEdge",
        "SITE_SUBHEADER": "Console",
        "SHOW_HISTORY": True,
        "SHOW_VIEW_ON_SITE": False,
    }
