"""Counting that a link was followed: once per delivery and action, and only by people."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Final

import structlog
from django.db import DatabaseError, connection, transaction
from django.http import HttpRequest

from notifications.models import Delivery, DeliveryLog
from notifications.names import Recipient
from notifications.writing import wording
from notifications.writing.links import Link

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
RETURNING variant, NOT EXISTS (
    SELECT FROM notifications_click earlier WHERE earlier.delivery_id = %(delivery)s)
"""

log = structlog.get_logger(__name__)


def by_a_person(request: HttpRequest) -> bool:
    """Whether somebody pressed the link, as far as a request tells: previews and scanners say who
    they are, browsers that load ahead say so too, and HEAD is nobody's finger."""
    if request.method != "GET" or any(request.headers.get(name) for name in _AHEAD):
        return False
    agent = request.headers.get("User-Agent", "")
    return bool(agent) and _PROGRAMS.search(agent) is None


def count_press(user_id: int, delivery_id: int, action: str, now: datetime) -> bool:
    """Counts that a person pressed a button of a message which speaks to the bot. Returns whether
    it is the first time; a press that names somebody else's message counts nothing."""
    if not delivery_id or not _sent_to(user_id, delivery_id):
        return False
    return count(Link(delivery_id, action, ""), now)


def _sent_to(user_id: int, delivery_id: int) -> bool:
    own = {"pk": delivery_id, "recipient": Recipient.USER.value, "recipient_id": user_id}
    return Delivery.objects.filter(**own).exists() or DeliveryLog.objects.filter(**own).exists()


def count(link: Link, now: datetime) -> bool:
    """Counts that the link was followed, and for its wording that the message was. Returns whether
    it is the first time.

    A link works without being counted: a database that is gone is logged.
    """
    told: dict[str, Any] = {"delivery": link.delivery_id, "link": link.action, "now": now}
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_COUNT, told)
            row = cursor.fetchone()
            if row is None:
                return False
            variant, first = row
            if first:
                wording.clicked(variant, now)
    except DatabaseError as error:
        log.warning("click_not_counted", delivery_id=link.delivery_id, cause=type(error).__name__)
        return False
    return True
