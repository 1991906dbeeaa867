"""The second factor of staff: enrolling, checking, replacing it, and taking it away.

Every change is a security event in the audit. Secrets leave here once, when they are made.
"""

from __future__ import annotations

import base64
import io
import secrets
from dataclasses import dataclass, field
from typing import Any, Final, cast
from urllib.parse import quote, urlencode

import segno
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts import audit, websessions
from accounts.models import BackupCode, TotpDevice, User
from accounts.models.second_factor import DIGITS, NEVER, STEP_S
from arbedge import sealing

ISSUER: Final = "ArbEdge"
SECRET_BYTES: Final = 20  # RFC 4226
BACKUP_CODES: Final = 10
LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"  # none that looks like another
CODE_LETTERS: Final = 10
DEVICE_NAME: Final = "authenticator"
_NONE_AT_LOG_IN: Final = "second_factor_none"


@dataclass(frozen=True)
class Enrolment:
    """What an authenticator needs: shown once, never again."""

    typed: str = field(repr=False)
    address: str = field(repr=False)
    picture: str = field(repr=False)


def required() -> bool:
    """Whether staff may enter the console only with a second factor (STAFF_TOTP)."""
    return str(settings.STAFF_TOTP) == "required"


def device_of(user: User) -> TotpDevice | None:
    """The device that makes this person's codes, or None."""
    return TotpDevice.objects.filter(user=user, confirmed=True).first()


def passed(request: HttpRequest) -> bool:
    """Whether this browser has shown the second factor it must show; asks the database nothing."""
    user = request.user
    if getattr(user, "otp_device", None) is not None:
        return True
    return not required() and request.session.get(_NONE_AT_LOG_IN) == user.pk


def note_log_in(user: User, request: HttpRequest | None = None, **_: Any) -> None:
    """Notes in a fresh log-in of staff that there was no second factor to ask for.

    It holds as long as the log-in: an enrolment ends all log-ins but the one it was made in.
    """
    if request is not None and user.is_staff and device_of(user) is None:
        request.session[_NONE_AT_LOG_IN] = user.pk


def end_others(request: HttpRequest, user: User) -> int:
    """Ends every log-in of a person who just enrolled, but this one; returns how many."""
    request.session.pop(_NONE_AT_LOG_IN, None)
    return websessions.end_all(user.pk, but=request.session.session_key)


def begin(user: User) -> Enrolment:
    """Makes a new secret that waits for its first code; the device in use stays in use."""
    secret = secrets.token_bytes(SECRET_BYTES)
    fresh = {"name": DEVICE_NAME, "sealed": sealing.seal(secret), "used_step": NEVER}
    TotpDevice.objects.update_or_create(user=user, confirmed=False, defaults=fresh)
    typed = base64.b32encode(secret).decode()
    address = _address(user, typed)
    return Enrolment(" ".join(_pieces(typed, 4)), address, _picture(address))


def confirm(user: User, code: str) -> tuple[TotpDevice, list[str]] | None:
    """Takes the first code of a new device. Returns the device and ten backup codes, or None.

    From here on the new device counts, and no other.
    """
    with transaction.atomic():
        waiting = _locked(user, confirmed=False)
        if waiting is None or not waiting.verify_token(_bare(code)):
            return None
        replaced = TotpDevice.objects.filter(user=user, confirmed=True).delete()[0] > 0
        waiting.confirmed, waiting.created_at = True, timezone.now()
        waiting.save(update_fields=["confirmed", "created_at"])
        codes = _new_codes(waiting)
        what = "second_factor.replaced" if replaced else "second_factor.enrolled"
        audit.record(what, user, whom=user, security=True, by=user)
    return waiting, codes


def check(user: User, code: str) -> TotpDevice | None:
    """Returns the device whose code or backup code this is. A code serves once, for ever."""
    bare = _bare(code)
    with transaction.atomic():
        device = _locked(user, confirmed=True)
        if device is None:
            return None
        if device.verify_token(bare):
            return device
        if not _use_backup_code(device, bare):
            return None
        left = device.backup_codes.filter(used_at__isnull=True).count()
        audit.record(
            "second_factor.backup_code_used", user, whom=user, security=True, by=user,
            changes={"left": left},
        )  # fmt: skip
    return device


def new_backup_codes(user: User) -> list[str]:
    """Returns ten new backup codes; the old ones serve no more. Empty without a device."""
    with transaction.atomic():
        device = _locked(user, confirmed=True)
        if device is None:
            return []
        codes = _new_codes(device)
        audit.record("second_factor.backup_codes_renewed", user, whom=user, security=True, by=user)
    return codes


def reset(user: User, *, by: User | None, reason: str) -> bool:
    """Takes a person's second factor away and logs him out everywhere; False if he had none."""
    with transaction.atomic():
        gone = TotpDevice.objects.filter(user=user).delete()[0] > 0
        ended = websessions.end_all(user.pk)
        if gone:
            changes = {"reason": reason, "log_ins_ended": ended}
            audit.record(
                "second_factor.reset", user, whom=user, security=True, by=by, changes=changes
            )
    return gone


def _locked(user: User, *, confirmed: bool) -> TotpDevice | None:
    rows = TotpDevice.objects.select_for_update().filter(user=user, confirmed=confirmed)
    return cast("TotpDevice | None", rows.first())


def _address(user: User, typed: str) -> str:
    label = quote(f"{ISSUER}:{user.get_username()}")
    more = {"secret": typed, "issuer": ISSUER, "digits": DIGITS, "period": STEP_S}
    return f"otpauth://totp/{label}?{urlencode(more)}"


def _picture(address: str) -> str:
    """The address as a QR code: SVG text, dark on light in every theme, as cameras want it."""
    out = io.BytesIO()
    segno.make(address, error="m", micro=False).save(
        out, kind="svg", xmldecl=False, svgns=True, omitsize=True, border=4,
        dark="#0b1512", light="#ffffff", title="QR code for your authenticator",
    )  # fmt: skip
    return out.getvalue().decode()


def _new_codes(device: TotpDevice) -> list[str]:
    device.backup_codes.all().delete()
    codes = [
        "".join(secrets.choice(LETTERS) for _ in range(CODE_LETTERS)) for _ in range(BACKUP_CODES)
    ]
    BackupCode.objects.bulk_create(
        BackupCode(device=device, digest=_digest(device, code)) for code in codes
    )
    return ["-".join(_pieces(code, 5)) for code in codes]


def _use_backup_code(device: TotpDevice, bare: str) -> bool:
    unused = device.backup_codes.filter(digest=_digest(device, bare), used_at__isnull=True)
    return unused.update(used_at=timezone.now()) == 1


def _digest(device: TotpDevice, code: str) -> bytes:
    return sealing.digest("backup_code", f"{device.pk}:{code}")


def _bare(code: str) -> str:
    """A code without the spaces and hyphens people type."""
    return "".join(code.split()).replace("-", "").lower()


def _pieces(text: str, length: int) -> list[str]:
    return [text[at : at + length] for at in range(0, len(text), length)]
