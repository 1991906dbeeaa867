"""Who we are to push services: a token signed with our VAPID key (RFC 8292)."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

import httpx
import msgspec
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings

from arbedge.errors import NoData

GOOD_FOR: Final = timedelta(hours=12)  # services take at most 24 h
KEY_BYTES: Final = 32


def public_key() -> str:
    """Returns the key browsers subscribe with (`applicationServerKey`), base64url.

    Raises NoData where VAPID_PRIVATE_KEY is not set, ValueError where it is no such key.
    """
    if not settings.VAPID_PRIVATE_KEY:
        raise NoData("Web push is not set up here.")
    return _public(_key(settings.VAPID_PRIVATE_KEY))


def authorization(endpoint: str, now: datetime) -> str:
    """The header that shows a push service who sends, for its origin only."""
    key, url = _key(settings.VAPID_PRIVATE_KEY), httpx.URL(endpoint)
    origin = f"{url.scheme}://{url.netloc.decode('ascii')}"
    return f"vapid t={_token(key, origin, now)}, k={_public(key)}"


def encoded(raw: bytes) -> str:
    """Base64url without padding, as all of web push writes bytes."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    """The bytes of base64url, padded or not. Raises ValueError."""
    plain = text.rstrip("=").replace("+", "-").replace("/", "_")
    return base64.b64decode(plain + "=" * (-len(plain) % 4), altchars=b"-_", validate=True)


def _token(key: ec.EllipticCurvePrivateKey, origin: str, now: datetime) -> str:
    claims = {
        "aud": origin,
        "exp": int((now + GOOD_FOR).timestamp()),
        "sub": settings.VAPID_CONTACT,
    }
    head = encoded(b'{"typ":"JWT","alg":"ES256"}')
    signed = f"{head}.{encoded(msgspec.json.encode(claims))}"
    r, s = utils.decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(SHA256())))
    return f"{signed}.{encoded(r.to_bytes(KEY_BYTES) + s.to_bytes(KEY_BYTES))}"


def _public(key: ec.EllipticCurvePrivateKey) -> str:
    point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return encoded(point)


@lru_cache(maxsize=4)
def _key(text: str) -> ec.EllipticCurvePrivateKey:
    raw = decoded(text)
    if len(raw) != KEY_BYTES:
        raise ValueError(f"a VAPID key has {KEY_BYTES} bytes, not {len(raw)}")
    return ec.derive_private_key(int.from_bytes(raw), ec.SECP256R1())
