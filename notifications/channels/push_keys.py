"""Keys of a browser's subscription: how they are read, and how a push is sealed for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import http_ece  # type: ignore[import-untyped]
from cryptography.hazmat.primitives.asymmetric import ec

from arbedge.errors import BadInput
from notifications.channels import vapid

POINT_BYTES: Final = 65
AUTH_BYTES: Final = 16
LONGEST: Final = 200


def take(given: Mapping[str, Any]) -> dict[str, str]:
    """Returns `p256dh`, a point on P-256, and `auth`, 16 bytes. Raises BadInput."""
    point, auth = _decoded(given, "p256dh", POINT_BYTES), _decoded(given, "auth", AUTH_BYTES)
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError as error:
        raise BadInput("This is no key of a browser.", field="p256dh") from error
    return {"p256dh": vapid.encoded(point), "auth": vapid.encoded(auth)}


def sealed(address: Mapping[str, Any], payload: bytes) -> bytes:
    """The payload as only that browser can read it: aes128gcm under a key made for this push."""
    body: bytes = http_ece.encrypt(
        payload,
        private_key=ec.generate_private_key(ec.SECP256R1()),
        dh=vapid.decoded(str(address["p256dh"])),
        auth_secret=vapid.decoded(str(address["auth"])),
        version="aes128gcm",
    )
    return body


def _decoded(given: Mapping[str, Any], name: str, length: int) -> bytes:
    try:
        raw = vapid.decoded(str(given.get(name) or "")[:LONGEST])
    except ValueError as error:
        raise BadInput("This is no key of a browser.", field=name) from error
    if len(raw) != length:
        raise BadInput(f"A browser's key has {length} bytes here.", field=name, limit=length)
    return raw
