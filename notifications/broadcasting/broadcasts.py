"""A text from the operators to a segment of the people: written out in steps, stopped at once.

A step writes the next thousand deliveries and how far it came in one transaction. Whoever is
killed leaves either the whole step or nothing of it, and the next run goes on from there. People
without a session are not written to.
"""
# ruff: noqa: S608  (statements are put together from this floor's own words, never from data)

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts import audience, audit, permissions, standing
from accounts.models import User
from accounts.permissions import Permission
from arbedge.errors import BadInput, Conflict
from arbedge.names import Language
from notifications import asked_counters, letters
from notifications.broadcasting import segments
from notifications.codes import Code
from notifications.letters import Letter, inserting
from notifications.models import Broadcast, Delivery, Message
from notifications.names import BroadcastState, DeliveryState, Priority, Topic
from notifications.sending import waking

STEP: Final = 1_000
TITLE_LENGTH: Final = 120
TEXT_LENGTH: Final = 3_000  # with its heading it fits into one message of every channel but SMS
GOOD_FOR: Final = timedelta(days=3)
WRITTEN_OUT: Final = 2**63 - 1  # `reached_id` once everybody has his delivery

# Those who do not want to be disturbed now, or want such messages silent, get it without a sound.
_STEP: Final = f"""
WITH next AS MATERIALIZED (
    SELECT a.* FROM accounts_audience a
    WHERE a.user_id > %(reached)s AND {segments.MEANT} AND {segments.WANTED}
    ORDER BY a.user_id LIMIT %(step)s
), written AS ({
    inserting(
        {
            "message_id": "m.id",
            "facts_of_id": "m.id",
            "topic": "m.topic",
            "priority": "m.priority",
            "expires_at": "m.expires_at",
            "silent": f"a.silent & %(notice)s <> 0 OR NOT ({audience.AWAKE})",
            "counted": "false",
        },
        "next a JOIN notifications_message m ON m.id = %(message)s",
    )
})
SELECT (SELECT max(user_id) FROM next), (SELECT count(*) FROM next),
       (SELECT count(*) FROM written), (SELECT jsonb_agg(DISTINCT channel) FROM written)
"""


@dataclass(frozen=True, slots=True)
class Stepped:
    """What one step wrote, and whether there is another."""

    written: int
    more: bool


def draft(
    by: User,
    title: str,
    texts: Mapping[str, str],
    segment: Mapping[str, Any],
    *,
    of: Broadcast | None = None,
) -> Broadcast:
    """Keeps a draft, a new one or `of` with other words. Raises BadInput with the field; Conflict
    where it is no draft any more; Forbidden."""
    _need(by)
    row = of or Broadcast(made_by=by)
    with transaction.atomic():
        if of is not None:
            row = _locked(of.pk, BroadcastState.DRAFT)
        row.title, row.texts = _title(title), _texts(texts)
        row.segment = segments.segment(segment).stored()
        row.tested_at = None
        row.save()
        audit.record("broadcast.drafted", row, changes={"title": ("", row.title)}, by=by)
    return row


def facts(row: Broadcast) -> dict[str, Any]:
    """What its texts are made of: variables.BroadcastFacts."""
    return {"title": row.title, "texts": row.texts}


def test(row: Broadcast, by: User, now: datetime) -> bool:
    """Sends it to the operator alone, in his language. False: he has no session, or no channel."""
    _need(by)
    with transaction.atomic():
        message = Message.objects.create(
            topic=Topic.BROADCAST, facts=facts(row), priority=Priority.HIGH, at=now,
            expires_at=now + GOOD_FOR,
        )  # fmt: skip
        written = letters.post([Letter(message.pk, by.pk)], now)
        if written:
            Broadcast.objects.filter(pk=row.pk).update(tested_at=now)
    return bool(written)


def start(row: Broadcast, by: User, now: datetime) -> Broadcast:
    """Begins to write a draft out. Raises Conflict where it has begun before, Forbidden."""
    _need(by)
    with transaction.atomic():
        held = _locked(row.pk, BroadcastState.DRAFT)
        held.people = segments.count(segments.segment(held.segment), now).reachable
        held.message = Message.objects.create(
            topic=Topic.BROADCAST, facts=facts(held), priority=Priority.BACKGROUND, at=now,
            expires_at=now + GOOD_FOR,
        )  # fmt: skip
        held.state, held.started_at = BroadcastState.RUNNING, now
        held.save()
        audit.record("broadcast.started", held, changes={"people": ("", held.people)}, by=by)
        waking.after_commit(waking.broadcast)
    return held


def step(row_id: int, now: datetime, *, size: int = STEP) -> Stepped:
    """Writes the next deliveries of a running broadcast; none where another process does."""
    with transaction.atomic():
        row = (
            Broadcast.objects.select_for_update(skip_locked=True)
            .filter(pk=row_id, state=BroadcastState.RUNNING, reached_id__lt=WRITTEN_OUT)
            .first()
        )
        if row is None:
            return Stepped(0, more=False)
        last, found, written, channels = _write(row, now, size)
        reached = last if found == size else WRITTEN_OUT
        Broadcast.objects.filter(pk=row_id).update(
            reached_id=reached, written=row.written + written
        )
        letters.wake(json.loads(channels or "[]"))
    asked_counters.broadcast(written)
    return Stepped(written, more=reached != WRITTEN_OUT)


def _write(row: Broadcast, now: datetime, size: int) -> tuple[int, int, int, str | None]:
    told = {
        **segments.values(segments.segment(row.segment), now),
        "reached": row.reached_id, "step": size, "message": row.message_id,
        "clocks": audience.clocks(now),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_STEP, told)
        [(last, found, written, channels)] = cursor.fetchall()
    return last, found, written, channels


def run(now: datetime, *, steps: int = 20) -> bool:
    """Goes on with every running broadcast, and ends those that were sent to everybody.

    What a stop had to leave to a sender is cancelled too. True: there is more to write.
    """
    more = False
    for row_id in Broadcast.objects.filter(state=BroadcastState.RUNNING).values_list(
        "pk", flat=True
    ):
        for _ in range(steps):
            stepped = step(row_id, now)
            if not stepped.more:
                break
        more = more or stepped.more
    _end(now)
    for row in Broadcast.objects.filter(
        state=BroadcastState.STOPPED, ended_at__gt=now - GOOD_FOR, message__isnull=False
    ):
        _cancel(row, now)
    return more


def stop(row: Broadcast, by: User, now: datetime) -> int:
    """Stops writing and sending. Returns how many deliveries were cancelled; what a sender has in
    its hands goes out. Raises Conflict where it is not running, Forbidden."""
    _need(by)
    with transaction.atomic():
        held = _locked(row.pk, BroadcastState.RUNNING)
        held.state, held.ended_at = BroadcastState.STOPPED, now
        held.save(update_fields=["state", "ended_at"])
        cancelled = _cancel(held, now)
        audit.record("broadcast.stopped", held, changes={"cancelled": ("", cancelled)}, by=by)
    return cancelled


def discard(row: Broadcast, by: User) -> None:
    """Deletes a draft. Raises Conflict where it has begun, Forbidden."""
    _need(by)
    with transaction.atomic():
        held = _locked(row.pk, BroadcastState.DRAFT)
        audit.record("broadcast.discarded", held, changes={"title": (held.title, "")}, by=by)
        held.delete()


def _cancel(row: Broadcast, now: datetime) -> int:
    """What waits will not be sent; what is being sent is not tried again."""
    rows = _deliveries(row)
    rows.filter(state=DeliveryState.SENDING).update(expires_at=now)
    return rows.filter(state=DeliveryState.PENDING).update(
        state=DeliveryState.CANCELLED, code=Code.STOPPED, settled_at=now
    )


def _deliveries(row: Broadcast) -> QuerySet[Delivery]:
    """Those of a broadcast that has begun, as far as they are in the queue."""
    assert row.message_id is not None
    return Delivery.objects.filter(message_id=row.message_id)


def _end(now: datetime) -> None:
    """A broadcast is done when it was written out and nothing of it waits any more."""
    waiting = (DeliveryState.PENDING, DeliveryState.SENDING)
    for row in Broadcast.objects.filter(state=BroadcastState.RUNNING, reached_id=WRITTEN_OUT):
        if not _deliveries(row).filter(state__in=waiting).exists():
            Broadcast.objects.filter(pk=row.pk, state=BroadcastState.RUNNING).update(
                state=BroadcastState.DONE, ended_at=now
            )


def _need(by: User) -> None:
    permissions.need(standing.known(by.pk), Permission.SYSTEM_BROADCAST, now=timezone.now())


def _locked(row_id: int, state: BroadcastState) -> Broadcast:
    row = Broadcast.objects.select_for_update().filter(pk=row_id, state=state).first()
    if row is None:
        words = {
            BroadcastState.DRAFT: "It has begun already.",
            BroadcastState.RUNNING: "It is over.",
        }
        raise Conflict(words[state], code="broadcast_moved_on")
    return row


def _title(title: str) -> str:
    text = " ".join(title.split())
    if not text or len(text) > TITLE_LENGTH:
        limit = f"1 to {TITLE_LENGTH} characters"
        raise BadInput(f"The heading has {limit}.", field="title", limit=TITLE_LENGTH)
    return text


def _texts(texts: Mapping[str, str]) -> dict[str, str]:
    strange = set(texts) - set(Language)
    if strange:
        raise BadInput(f"Nobody reads {min(strange)[:8]!r} here.", field="texts")
    told = {language: _plain(text) for language, text in texts.items()}
    long = [language for language, text in told.items() if len(text) > TEXT_LENGTH]
    if long:
        text = f"A text may have {TEXT_LENGTH:,} characters."
        raise BadInput(text, field=f"text_{long[0]}", limit=TEXT_LENGTH)
    if not told.get(Language.EN):
        text = "English must be there: whoever reads a language you did not write gets it."
        raise BadInput(text, field=f"text_{Language.EN}")
    return {language: text for language, text in told.items() if text}


def _plain(text: str) -> str:
    """Without characters that are not for reading."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(one for one in lines if one.isprintable() or one == "\n").strip()
