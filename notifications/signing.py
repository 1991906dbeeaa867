"""Signatures of webhooks: how we make them, and how who gets one checks it.

The header `X-ArbEdge-Signature` is `t=<unix seconds>,v1=<hex>`; v1 is HMAC-SHA256, keyed with the
webhook's secret, of the time, a dot, and the body as it came. A request caught on its way can be
played again only within the tolerance, and `X-ArbEdge-Delivery` is the same however often we try:
keep the ids of the last ten minutes and ignore what you have seen.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from typing import Final

HEADER: Final = "X-ArbEdge-Signature"
DELIVERY_HEADER: Final = "X-ArbEdge-Delivery"
TOLERANCE_S: Final = 300
PREFIX: Final = "whsec_"
_HEADER_FORM: Final = re.compile(r"t=(\d{1,12})((?:,v1=[0-9a-f]{64})+)")


def new_secret() -> str:
    """A secret of 256 bits."""
    return PREFIX + secrets.token_urlsafe(32)


def sign(secret: str, body: bytes, now_s: float) -> str:
    """The header for this body at this unix time."""
    at = int(now_s)
    return f"t={at},v1={_digest(secret, at, body)}"


def verify(
    secret: str, header: str, body: bytes, now_s: float, tolerance_s: float = TOLERANCE_S
) -> bool:
    """Whether the body is ours, unchanged, and signed within `tolerance_s` of `now_s`.

    Several v1 are allowed, as while a secret is being replaced; one good one is enough.
    """
    found = _HEADER_FORM.fullmatch(header)
    if found is None or abs(now_s - int(found[1])) > tolerance_s:
        return False
    wanted = _digest(secret, int(found[1]), body)
    return any(hmac.compare_digest(wanted, given) for given in found[2].split(",v1=")[1:])


def _digest(secret: str, at: int, body: bytes) -> str:
    return hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
