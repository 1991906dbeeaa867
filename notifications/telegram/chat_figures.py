"""What a group or channel does with its posts, as sums for its admins: nobody is named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from django.db import DatabaseError, connection, transaction
from django.db.models import Count, Q, Sum

from accounts.models import User
from notifications.models import Chat, ChatDay, ChatJoin, Delivery, DeliveryLog
from notifications.names import ARRIVED, FOLLOW_UPS, Recipient, Topic

COUNTED: Final = tuple(topic.value for topic in Topic if topic not in FOLLOW_UPS)

_ADD: Final = """
INSERT INTO notifications_chatday (chat_id, day, pressed)
SELECT c.id, %(day)s, 1 FROM notifications_chat c WHERE {which}
ON CONFLICT (chat_id, day) DO UPDATE SET pressed = notifications_chatday.pressed + 1
"""
_BY_DELIVERY: Final = _ADD.format(
    which="""c.id = (
    SELECT recipient_id FROM (
        SELECT recipient, recipient_id FROM notifications_delivery WHERE id = %(delivery)s
        UNION ALL
        SELECT recipient, recipient_id FROM notifications_deliverylog WHERE id = %(delivery)s
    ) told WHERE recipient = 'chat' LIMIT 1)"""
)
_BY_CHAT: Final = _ADD.format(which="c.id = %(chat)s")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Figures:
    """Of so many days until now: posts that arrived, presses of their links, people who came.

    What follows a post, as an edit or an answer, is no post of its own.
    """

    days: int
    posts: int
    pressed: int
    joined: int


def pressed(delivery_id: int, now: datetime) -> bool:
    """Counts that a link of this delivery was pressed, where it was a chat's. Returns whether.

    A link works without being counted: a database that is gone is logged.
    """
    try:
        with transaction.atomic():
            return _add(_BY_DELIVERY, delivery=delivery_id, day=now.date())
    except DatabaseError as error:
        log.warning("press_not_counted", delivery_id=delivery_id, cause=type(error).__name__)
        return False


def pressed_in(chat_id: int, now: datetime) -> bool:
    """Counts that a link of a chat's post was pressed. False where there is no such chat."""
    return _add(_BY_CHAT, chat=chat_id, day=now.date())


def joined(user: User, chat_id: int, now: datetime) -> bool:
    """Counts somebody new as brought by this chat, and his press. False where he was counted before
    or there is no such chat; told twice counts once."""
    if not Chat.objects.filter(pk=chat_id).exists():
        return False
    _, news = ChatJoin.objects.get_or_create(user=user, defaults={"chat_id": chat_id, "at": now})
    return news and pressed_in(chat_id, now)


def of(chat: Chat, now: datetime, days: Iterable[int] = (7, 30)) -> list[Figures]:
    """The chat's figures of so many days each, UTC; today is one of them. Four queries."""
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    since = {f"d{n}": today - timedelta(days=n - 1) for n in days}
    posts = Counter[str]()
    for table in (Delivery, DeliveryLog):
        rows = table.objects.filter(
            recipient=Recipient.CHAT.value, recipient_id=chat.pk, topic__in=COUNTED,
            state__in=[state.value for state in ARRIVED], sent_at__gte=min(since.values()),
        )  # fmt: skip
        posts.update(
            rows.aggregate(**{n: Count("id", filter=Q(sent_at__gte=at)) for n, at in since.items()})
        )
    days_of, joins = ChatDay.objects.filter(chat=chat), ChatJoin.objects.filter(chat=chat)
    presses = days_of.aggregate(
        **{n: Sum("pressed", filter=Q(day__gte=at)) for n, at in since.items()}
    )
    came = joins.aggregate(**{n: Count("id", filter=Q(at__gte=at)) for n, at in since.items()})
    return [Figures(int(n[1:]), posts[n], presses[n] or 0, came[n]) for n in since]


def _add(statement: str, **told: Any) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(statement, told)
        return int(cursor.rowcount) > 0
