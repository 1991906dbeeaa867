"""Counting that a link was followed: once per delivery and action, and only by people."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Final

import structlog
from django.db import DatabaseError, connection
from django.http import HttpRequest

from notifications.links import Link

# Programs that open every link they see, to show a preview or to look for harm.
_PROGRAMS: Final = re.compile(
    r"bot\b|crawl|spider|preview|facebookexternalhit|whatsapp|slack|safelinks|barracuda|proofpoint"
    r"|mimecast|python|curl|wget|go-http-client|okhttp|headlesschrome",
    re.IGNORECASE,
)
_AHEAD: Final = ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")  # "prefetch", "preview"

_COUNT: Final = """
INSERT INTO notifications_click (delivery_id, link, variant, at)
SELECT %(delivery)s, %(link)s, coalesce(
    (SELECT variant FROM notifications_delivery WHERE id = %(delivery)s),
    (SELECT variant FROM notifications_deliverylog WHERE id = %(delivery)s LIMIT 1),
    ''), %(now)s
ON CONFLICT (delivery_id, link) DO NOTHING
RETURNING variant
"""

log = structlog.get_logger(__name__)


def by_a_person(request: HttpRequest) -> bool:
    """Whether somebody pressed the link, as far as a request tells: previews and scanners say who
    they are, browsers that load ahead say so too, and HEAD is nobody's finger."""
    if request.method != "GET" or any(request.headers.get(name) for name in _AHEAD):
        return False
    agent = request.headers.get("User-Agent", "")
    return bool(agent) and _PROGRAMS.search(agent) is None


def count(link: Link, now: datetime) -> str | None:
    """Counts that the link was followed. Returns the wording it stood in ("" is the only one), or
    None where it was counted before.

    A link works without being counted: a database that is gone is logged.
    """
    told: dict[str, Any] = {"delivery": link.delivery_id, "link": link.action, "now": now}
    try:
        with connection.cursor() as cursor:
            cursor.execute(_COUNT, told)
            row = cursor.fetchone()
    except DatabaseError as error:
        log.warning("click_not_counted", delivery_id=link.delivery_id, cause=type(error).__name__)
        return None
    return None if row is None else str(row[0])
