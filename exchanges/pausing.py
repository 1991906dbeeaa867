"""What operators decide about venues: nothing opens there for a while, or until they say so."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from auditlog.context import disable_auditlog
from django.db import transaction
from django.db.models import Q

from accounts import audit
from accounts.models import User
from arbedge.errors import BadInput
from arbedge.names import Door
from exchanges import routes
from exchanges.models import VenueRecord

REASON_LENGTH: Final = 200
LONGEST: Final = timedelta(days=30)


def pause(
    venue: str, reason: str, *, lasts: timedelta | None, door: Door, by: User, now: datetime
) -> VenueRecord:
    """Nothing opens on the venue from the next scan on, what is open ends after a minute.

    `lasts` None: until it is resumed; else it is an announced maintenance that ends by itself.
    Raises BadInput (bad_venue, bad_reason, out_of_range).
    """
    if not reason.strip() or len(reason) > REASON_LENGTH:
        text = f"A pause needs a reason of up to {REASON_LENGTH} characters."
        raise BadInput(text, code="bad_reason", field="reason", limit=REASON_LENGTH)
    if lasts is not None and not timedelta(0) < lasts <= LONGEST:
        text = f"A pause lasts up to {LONGEST.days} days, or until it is ended."
        raise BadInput(text, code="out_of_range", field="hours", limit=LONGEST.days * 24)
    with transaction.atomic(), audit.doing(door, by):
        row = _locked(venue)
        if lasts is None:
            row.paused, row.paused_reason = True, reason.strip()
            row.paused_at = row.paused_at or now
        else:
            row.maintenance_from, row.maintenance_until = now, now + lasts
        _keep(row, "venue.paused", {"reason": reason.strip(), "until": _ends(row, lasts)}, by)
    return row


def resume(venue: str, *, door: Door, by: User, now: datetime) -> VenueRecord:
    """Opportunities may open there again from the next scan on; a running maintenance ends too.

    Maintenance that is announced for later stays. Raises BadInput (bad_venue).
    """
    with transaction.atomic(), audit.doing(door, by):
        row = _locked(venue)
        reason = row.paused_reason
        row.paused, row.paused_reason, row.paused_at = False, "", None
        if row.maintenance_from is not None and row.maintenance_from <= now:
            row.maintenance_from = row.maintenance_until = None
        _keep(row, "venue.resumed", {"reason": (reason, "")}, by)
    return row


def held(now: datetime) -> dict[str, VenueRecord]:
    """The venues on which nothing opens at `now`, paused or in maintenance, by name."""
    at_work = Q(maintenance_from__lte=now, maintenance_until__gt=now)
    return {row.name: row for row in VenueRecord.objects.filter(Q(paused=True) | at_work)}


def _locked(venue: str) -> VenueRecord:
    """The venue's row, made where the collector has not made it yet."""
    if venue not in {one.name for one in routes.configured()}:
        raise BadInput("This venue is not asked here.", code="bad_venue", field="venue",
                       value=venue[:32])  # fmt: skip
    with disable_auditlog():
        VenueRecord.objects.get_or_create(name=venue)
    return VenueRecord.objects.select_for_update().get(name=venue)


def _keep(row: VenueRecord, what: str, changes: dict[str, object], by: User) -> None:
    with disable_auditlog():  # the line below says more
        row.save()
    audit.record(what, row, changes=changes, by=by)


def _ends(row: VenueRecord, lasts: timedelta | None) -> object:
    return "resumed" if lasts is None else row.maintenance_until
