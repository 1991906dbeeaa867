"""A phone with an authenticator app: RFC 6238, written down apart from the program's library."""

from __future__ import annotations

import base64
import hmac
import struct

from accounts import second_factor
from accounts.models import User
from arbedge import clock

STEP_S = 30


class Hands:
    """A clock a test turns; in place of `clock.now_ms`."""

    def __init__(self) -> None:
        self.now_s = 1_795_000_000.0

    def __call__(self) -> float:
        return self.now_s * clock.SECOND_MS


def code(typed: str, *, steps: int = 0, at_s: float | None = None) -> str:
    """The six digits an app shows for a secret as it is typed, `steps` of 30 s from now."""
    secret = base64.b32decode(typed.replace(" ", ""))
    now_s = clock.now_ms() / clock.SECOND_MS if at_s is None else at_s
    mac = hmac.digest(secret, struct.pack(">Q", int(now_s // STEP_S) + steps), "sha1")
    offset = mac[-1] & 0x0F
    number = int.from_bytes(mac[offset : offset + 4], "big") & 0x7FFF_FFFF
    return f"{number % 1_000_000:06d}"


def enrolled(user: User) -> str:
    """The secret in the authenticator of a person who enrolled with the code before now's."""
    typed = second_factor.begin(user).typed
    assert second_factor.confirm(user, code(typed, steps=-1)) is not None
    return typed
