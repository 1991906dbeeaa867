"""Alerts people set: made, changed, paused, removed; and looked at every ten seconds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.models import User
from arbedge.errors import BadInput, NotFound
from exchanges import book
from exchanges.snapshot import Snapshot
from notifications import asked_counters
from notifications.alerts import (
    trigger_firing,
    trigger_nets,
    trigger_rules,
    trigger_sources,
    trigger_told,
)
from notifications.alerts.trigger_firing import Fired
from notifications.alerts.trigger_rules import About, Spec
from notifications.models import AlertTrigger
from notifications.names import TriggerKind

OF_MARKETS: Final = (
    TriggerKind.PRICE_ABOVE, TriggerKind.PRICE_BELOW, TriggerKind.FUNDING_ABOVE,
    TriggerKind.VENUE_BLIND,
)  # fmt: skip
EVALUATING: Final = 4_408_001  # the advisory lock of evaluators


@dataclass(frozen=True, slots=True)
class Checked:
    """One look at the alerts: how many fired, and how many of them were written to somebody."""

    fired: int
    told: int


def add(user_id: int, given: Mapping[str, Any]) -> AlertTrigger:
    """Sets an alert; `given` are the arguments of trigger_rules.spec.

    It is armed once the figure was seen short of its level, so that it tells of a crossing.
    Raises BadInput with the field and the limit: what is not known, a level out of bounds, an
    alert that is there already, or too many of them (setting ALERTS_PER_PERSON).
    """
    wanted = _spec(user_id, given)
    with transaction.atomic():
        _lock(user_id)
        if AlertTrigger.objects.filter(user_id=user_id).count() >= settings.ALERTS_PER_PERSON:
            most = settings.ALERTS_PER_PERSON
            text = f"You have {most} alerts, and nobody may have more. Delete one first."
            raise BadInput(text, code="too_many_alerts", limit=most)
        row = AlertTrigger(user_id=user_id, armed=False, **_columns(wanted))
        _save(row)
    return row


def change(user_id: int, trigger_id: int, given: Mapping[str, Any]) -> AlertTrigger:
    """Gives an alert another wish; it begins as a new one does. Raises NotFound, BadInput."""
    wanted = _spec(user_id, given)
    with transaction.atomic():
        row = _own(user_id, trigger_id, lock=True)
        about_other_money = (row.kind, row.subject) != (wanted.kind, wanted.subject)
        for name, value in _columns(wanted).items():
            setattr(row, name, value)
        row.armed, row.fired_at = False, None
        if about_other_money:
            row.base = row.seen = row.seen_at = None
            row.problem = ""
        _save(row)
    return row


def switch(user_id: int, trigger_id: int, *, active: bool) -> AlertTrigger:
    """Pauses an alert or lets it go on, as a new one. Raises NotFound."""
    with transaction.atomic():
        row = _own(user_id, trigger_id, lock=True)
        row.active, row.armed = active, False
        row.save(update_fields=["active", "armed"])
    return row


def remove(user_id: int, trigger_id: int) -> None:
    """Deletes an alert. Raises NotFound."""
    with transaction.atomic():
        _own(user_id, trigger_id, lock=True).delete()


def own(user_id: int) -> list[AlertTrigger]:
    """A person's alerts, the newest first."""
    return list(AlertTrigger.objects.filter(user_id=user_id).order_by("-pk"))


def one(user_id: int, trigger_id: int) -> AlertTrigger:
    """One of a person's alerts. Raises NotFound."""
    return _own(user_id, trigger_id)


def choices(user_id: int) -> list[tuple[TriggerKind, str]]:
    """The kinds a person can choose, with their titles: those of accounts need a key."""
    has_key = bool(trigger_rules.venues_with_key(user_id))
    return [
        (kind, rule.title)
        for kind, rule in trigger_rules.RULES.items()
        if has_key or rule.about is not About.KEY
    ]


def check(now: datetime | None = None) -> Checked:
    """Looks at every alert about markets and opportunities once, and tells of those that fire.

    What the book says is read once; each kind takes two statements however many alerts there are.
    Raises NoData when the book cannot be read.
    """
    at = now or timezone.now()
    watched = _watched()
    if not watched:
        return Checked(0, 0)
    readings = _readings(watched)
    fired: list[Fired] = []
    with transaction.atomic():
        _alone()
        for kind, rows in readings.items():
            fired += trigger_firing.by_subject(kind, rows, at)
        if TriggerKind.NET_ABOVE in watched:
            nets = trigger_nets.nets(at)
            fired += trigger_firing.by_id(TriggerKind.NET_ABOVE, nets, at)
        told = trigger_told.tell(fired, at)
    asked_counters.fired(one.kind for one in fired)
    return Checked(len(fired), told)


def _alone() -> None:
    """Evaluators take turns: each alert moves by its own row, but two that take many rows in
    different orders could wait for each other."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [EVALUATING])


def _watched() -> dict[TriggerKind, set[tuple[str, str]]]:
    """What is asked for at all, so that nothing else is compared."""
    rows = AlertTrigger.objects.filter(active=True).exclude(kind__in=trigger_rules.OF_ACCOUNTS)
    found: dict[TriggerKind, set[tuple[str, str]]] = {}
    for kind, subject, venue in rows.values_list("kind", "subject", "venue").distinct():
        found.setdefault(TriggerKind(kind), set()).add((subject, venue))
    return found


def _readings(
    watched: Mapping[TriggerKind, set[tuple[str, str]]],
) -> dict[TriggerKind, list[trigger_sources.Reading]]:
    kinds = [kind for kind in OF_MARKETS if kind in watched]
    if not kinds:
        return {}
    snapshot = book.load()
    read = {kind: _read(kind, snapshot) for kind in kinds}
    return {
        kind: [one for one in rows if (one.subject, one.venue) in watched[kind]]
        for kind, rows in read.items()
    }


def _read(kind: TriggerKind, snapshot: Snapshot) -> Sequence[trigger_sources.Reading]:
    if kind is TriggerKind.FUNDING_ABOVE:
        return trigger_sources.funding(snapshot)
    if kind is TriggerKind.VENUE_BLIND:
        off: Iterable[str] = (one.name for one in snapshot.venues.values() if one.paused)
        return trigger_sources.silence(snapshot, off)
    return trigger_sources.prices(snapshot)


def _spec(user_id: int, given: Mapping[str, Any]) -> Spec:
    return trigger_rules.spec(
        **given,
        venues=trigger_rules.venues_followed(user_id),
        keys=trigger_rules.venues_with_key(user_id),
    )


def _columns(wanted: Spec) -> dict[str, Any]:
    return {
        "kind": wanted.kind.value,
        "subject": wanted.subject,
        "venue": wanted.venue,
        "level": wanted.level,
        "label": wanted.label,
    }


def _save(row: AlertTrigger) -> None:
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        if "trigger_once" not in str(error):
            raise
        text = "You have this alert already."
        raise BadInput(text, field="level", code="alert_known") from error


def _lock(user_id: int) -> None:
    """Alerts of one person are set one after another, so that none is too many."""
    User.objects.select_for_update(no_key=True).get(pk=user_id)


def _own(user_id: int, trigger_id: int, *, lock: bool = False) -> AlertTrigger:
    rows = AlertTrigger.objects.select_for_update() if lock else AlertTrigger.objects.all()
    row = rows.filter(user_id=user_id, pk=trigger_id).first()
    if row is None:
        raise NotFound("You have no such alert.", code="alert_unknown")
    return row
