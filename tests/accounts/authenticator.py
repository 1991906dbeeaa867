"""A phone with an authenticator app: RFC 6238, written down apart from the program's library."""

from __future__ import annotations

import base64
import hmac
import struct
import time

STEP_S = 30


def code(typed: str, *, steps: int = 0, at_s: float | None = None) -> str:
    """The six digits an app shows for a secret as it is typed, `steps` of 30 s from now."""
    secret = base64.b32decode(typed.replace(" ", ""))
    step = int((time.time() if at_s is None else at_s) // STEP_S) + steps
    mac = hmac.digest(secret, struct.pack(">Q", step), "sha1")
    offset = mac[-1] & 0x0F
    number = int.from_bytes(mac[offset : offset + 4], "big") & 0x7FFF_FFFF
    return f"{number % 1_000_000:06d}"
