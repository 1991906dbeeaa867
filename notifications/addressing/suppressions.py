"""Addresses nobody may write to any more, whoever's they are: kept by digest, found by digest.

Who unsubscribed may undo it by himself; what bounced, complained or was barred only staff lifts.
"""

from __future__ import annotations

from typing import Final

from auditlog.context import disable_auditlog
from django.db import transaction

from accounts import audit
from accounts.models import User
from arbedge.errors import Forbidden
from arbedge.names import Channel
from notifications.models import Suppression

UNSUBSCRIBED: Final = "unsubscribed"
BOUNCED: Final = "bounced"
COMPLAINED: Final = "complained"
BARRED: Final = "barred"


def suppress(
    channel: Channel, digest: bytes, reason: str, shown: str, *, by: User | None = None
) -> bool:
    """Nobody may write to this address from now on. Returns whether that is new.

    The first reason stays, unless a harder one than the owner's own wish is added.
    """
    with transaction.atomic(), disable_auditlog():
        row, fresh = Suppression.objects.get_or_create(
            channel=channel.value, digest=digest, defaults={"reason": reason, "shown": shown}
        )
        harder = row.reason == UNSUBSCRIBED and reason != UNSUBSCRIBED
        if harder:
            row.reason = reason
            row.save(update_fields=["reason"])
        if fresh or harder:
            audit.record("address.suppressed", row, changes={"reason": ("", reason)}, by=by)
    return fresh


def lift(channel: Channel, digest: bytes, *, staff: User | None = None, why: str = "") -> bool:
    """The address may be written to again. Returns whether it was suppressed.

    `why` is what staff says about it, for the audit. Raises Forbidden where it was not the owner's
    own wish and no staff lifts it.
    """
    with transaction.atomic(), disable_auditlog():
        row = (
            Suppression.objects.select_for_update()
            .filter(channel=channel.value, digest=digest)
            .first()
        )
        if row is None:
            return False
        if staff is None and row.reason != UNSUBSCRIBED:
            text = "Mail to this address came back or was barred. Ask support to allow it again."
            raise Forbidden(text, code="suppressed", reason=row.reason)
        changes = {"reason": (row.reason, ""), **({"why": why} if why else {})}
        audit.record("address.allowed", row, changes=changes, by=staff)
        row.delete()
    return True


def reason(channel: Channel, digest: bytes) -> str:
    """Why nobody may write to this address; "" where everybody may."""
    found = Suppression.objects.filter(channel=channel.value, digest=digest)
    return found.values_list("reason", flat=True).first() or ""
