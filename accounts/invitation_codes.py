"""Invitation codes as texts: how they look, where they lead, which can still be told, CSV."""

from __future__ import annotations

import csv
import io
import re
import secrets
import string
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from django.conf import settings
from django.db.models import F, Q
from django.utils import timezone

from accounts import audit
from accounts.models import Invitation, InvitationBatch, User
from arbedge import sealing
from arbedge.errors import BadInput

LENGTH: Final = 8
LETTERS: Final = string.ascii_uppercase + string.digits
COLUMNS: Final = ("code", "link", "purpose", "uses", "most uses", "expires (UTC)", "note")
_FORM: Final = re.compile(f"[A-Z0-9]{{{LENGTH}}}")
_STARTS_A_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")


class CodeState(StrEnum):
    """Where a code stands."""

    OPEN = "open"
    USED_UP = "used up"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True)
class Shown:
    """A code as its owner and staff see it: whole and with its link while open, else "ABC…"."""

    invitation: Invitation
    code: str
    link: str
    state: CodeState


def normal(code: str) -> str:
    """The code in capitals without the spaces and dashes people type. Raises BadInput(code_unknown)
    for what can be no code."""
    told = re.sub(r"[\s-]", "", code).upper()
    if not _FORM.fullmatch(told):
        raise BadInput(
            f"An invitation code has {LENGTH} letters and digits, such as 7KQ2M9XB. "
            "Look at yours again, or ask whoever gave it.",
            code="code_unknown", field="code", limit=LENGTH,
        )  # fmt: skip
    return told


def digest(code: str) -> bytes:
    """What a code is found by; without SECRET_KEY nobody can try codes against it."""
    return sealing.digest("invitation", code)


def fresh(number: int) -> list[str]:
    """New codes from the system's cryptographic source that no row has."""
    codes: dict[bytes, str] = {}
    while len(codes) < number:
        tried = ("".join(secrets.choice(LETTERS) for _ in range(LENGTH)) for _ in range(number))
        codes |= {digest(code): code for code in tried}
        held = Invitation.objects.filter(digest__in=list(codes)).values_list("digest", flat=True)
        for taken in held:
            del codes[bytes(taken)]
    return list(codes.values())[:number]


def open_at(now: datetime) -> Q:
    """The rows that can be redeemed at `now`."""
    return Q(revoked_at__isnull=True, expires_at__gt=now, uses__lt=F("max_uses"))


def state_of(row: Invitation, now: datetime) -> CodeState:
    """Where a code stands; what ended first is not told, revoked before all."""
    if row.revoked_at is not None:
        return CodeState.REVOKED
    if row.uses >= row.max_uses:
        return CodeState.USED_UP
    return CodeState.EXPIRED if row.expires_at <= now else CodeState.OPEN


def deep_link(code: str) -> str:
    """The address that opens the bot with this code, or the web's log-in where there is no bot."""
    if settings.BOT_NAME:
        return f"https://t.me/{settings.BOT_NAME}?start={code}"
    return f"{str(settings.SITE_URL).rstrip('/')}/login?code={code}"


def shown(rows: Iterable[Invitation], now: datetime | None = None) -> list[Shown]:
    """The rows with their codes, which only open ones still have."""
    now = now or timezone.now()
    return [_shown(row, now) for row in rows]


def own(user: User, now: datetime | None = None) -> list[Shown]:
    """The codes by which this person invites others, newest first."""
    return shown(Invitation.objects.filter(inviter=user).order_by("-pk")[:100], now)


def csv_of(batch: InvitationBatch, *, by: User | None = None, now: datetime | None = None) -> str:
    """The batch's codes as CSV for a spreadsheet, a row each; that they were told is audited.

    Codes that can be used no more appear by their first three characters.
    """
    now = now or timezone.now()
    told = io.StringIO()
    lines = csv.writer(told)
    lines.writerow(COLUMNS)
    for one in shown(batch.invitations.order_by("pk"), now):
        row = one.invitation
        expires = f"{row.expires_at:%Y-%m-%d %H:%M}"
        cells = (one.code, one.link, row.purpose, row.uses, row.max_uses, expires, batch.note)
        lines.writerow([_harmless(cell) for cell in cells])
    audit.record("invitations.downloaded", batch, security=True, by=by)
    return told.getvalue()


def _shown(row: Invitation, now: datetime) -> Shown:
    state = state_of(row, now)
    if state is not CodeState.OPEN or not row.sealed:
        return Shown(row, f"{row.start}…", "", state)
    code = sealing.unseal(row.sealed).decode()
    return Shown(row, code, deep_link(code), state)


def _harmless(cell: str | int) -> str | int:
    """A text that a spreadsheet would take for a formula gets a quote before it."""
    if isinstance(cell, str) and cell.lstrip(" ").startswith(_STARTS_A_FORMULA):
        return f"'{cell}"
    return cell
