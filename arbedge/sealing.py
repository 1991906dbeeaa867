"""Sealed texts, and digests of texts: what a stolen database must not give away.

Sealing is Fernet (AES-128-CBC with HMAC-SHA256) over the keys of ENCRYPTION_KEYS, newest first:
the first seals, all open. Digests are for what is only ever compared. A text people type is short,
so its digest is keyed by a key that is not in the database; a random token of 256 bits needs none.
"""

from __future__ import annotations

import hashlib
import hmac
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.views.decorators.debug import sensitive_variables

from arbedge.errors import ArbEdgeError

HOW_TO_MAKE_A_KEY = (
    'python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"'
)
DIGEST_BYTES = 32


class Unsealable(ArbEdgeError):
    """A sealed text opens with none of the keys: its key was taken away, or it was changed."""

    code = "unsealable"
    status = 500


@sensitive_variables("plain", "raw")
def seal(plain: bytes | str) -> str:
    """Returns `plain` sealed with the newest key; two seals of one text differ."""
    raw = plain.encode() if isinstance(plain, str) else plain
    return _ring().encrypt(raw).decode()


def unseal(sealed: str) -> bytes:
    """Returns what was sealed. Raises Unsealable."""
    try:
        return _ring().decrypt(sealed.encode())
    except InvalidToken:
        raise _unsealable() from None


def is_newest(sealed: str) -> bool:
    """Returns whether the newest key sealed this; False too where nothing opens it."""
    try:
        _fernet(_keys()[0]).decrypt(sealed.encode())
    except InvalidToken:
        return False
    return True


def reseal(sealed: str) -> str:
    """Returns the same text under the newest key, its time kept. Raises Unsealable."""
    if is_newest(sealed):
        return sealed
    try:
        return _ring().rotate(sealed.encode()).decode()
    except InvalidToken:
        raise _unsealable() from None


def digest(purpose: str, text: str) -> bytes:
    """Returns 32 bytes: HMAC-SHA256 of `text` under a key of SECRET_KEY (HKDF) and `purpose`.

    For short texts, which a plain hash would give away to whoever tries them all.
    """
    return hmac.digest(_digest_key(str(settings.SECRET_KEY), purpose), text.encode(), "sha256")


def sha256(text: str) -> bytes:
    """Returns the plain SHA-256 of a text nobody can guess: a random token of 256 bits."""
    return hashlib.sha256(text.encode()).digest()


def same(a: bytes | str, b: bytes | str) -> bool:
    """Returns whether both are equal, in a time that does not tell where they differ."""
    return hmac.compare_digest(_raw(a), _raw(b))


def faulty(keys: list[str]) -> list[int]:
    """Returns the places (from 1) of keys that are no Fernet keys."""
    return [place for place, key in enumerate(keys, 1) if not _is_key(key)]


def _is_key(key: str) -> bool:
    try:
        Fernet(key)
    except ValueError:
        return False
    return True


def _raw(text: bytes | str) -> bytes:
    return text.encode() if isinstance(text, str) else text


def _unsealable() -> Unsealable:
    return Unsealable(
        "This was sealed with a key that is not in ENCRYPTION_KEYS, or was changed since."
    )


def _keys() -> tuple[str, ...]:
    keys = tuple(settings.ENCRYPTION_KEYS)
    if not keys:
        raise Unsealable("There is no key to seal with: set ENCRYPTION_KEYS.")
    return keys


def _ring() -> MultiFernet:
    return MultiFernet([_fernet(key) for key in _keys()])


@lru_cache(maxsize=16)
def _fernet(key: str) -> Fernet:
    return Fernet(key)


@lru_cache(maxsize=64)
def _digest_key(secret: str, purpose: str) -> bytes:
    kdf = HKDF(
        algorithm=SHA256(), length=DIGEST_BYTES, salt=b"arbedge.digest", info=purpose.encode()
    )
    return kdf.derive(secret.encode())
