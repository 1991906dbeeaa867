"""The keys of a local installation: made once, readable by their owner only."""

import base64
import hashlib
import hmac
import os
import secrets
from collections.abc import Callable
from pathlib import Path

MISSING_IN_PRODUCTION = "insecure-no-secret-key-configured"
DEMO_BOT = 7000000001  # the number of a demo's bot


def local_key(data_dir: Path, *, production: bool) -> str:
    """Returns the secret key kept in `data_dir`, making it at first use.

    In production nothing is made: the placeholder returned is refused by check `arbedge.E010`.
    """
    if production:
        return MISSING_IN_PRODUCTION
    return _kept(data_dir / "secret_key", lambda: secrets.token_urlsafe(50)).strip()


def local_encryption_keys(data_dir: Path, *, production: bool) -> list[str]:
    """Returns the sealing keys kept in `data_dir`, newest first, making one at first use.

    A line put on top of the file is a new key. In production nothing is made: check `arbedge.E013`
    refuses to start without keys.
    """
    if production:
        return []
    return _kept(data_dir / "encryption_keys", _sealing_key).split()


def local_vapid_key(data_dir: Path, *, production: bool) -> str:
    """Returns the key web pushes are signed with, kept in `data_dir`, making it at first use.

    In production nothing is made: without VAPID_PRIVATE_KEY there is no web push.
    """
    if production:
        return ""
    return _kept(data_dir / "vapid_key", _vapid_key).strip()


def demo_bot_token(secret_key: str) -> str:
    """Returns the token a demo's bot has with the receivers; nobody else can know it.

    Log-ins by Telegram are checked with the bot's token, so it must not be the same everywhere.
    """
    digest = hmac.new(secret_key.encode(), b"demo bot", hashlib.sha256).hexdigest()
    return f"{DEMO_BOT}:{digest[:35]}"


def _vapid_key() -> str:
    """A P-256 private key as web push tools write it: its 32 bytes, base64url without padding."""
    from cryptography.hazmat.primitives.asymmetric import ec

    number = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
    return base64.urlsafe_b64encode(number.to_bytes(32)).rstrip(b"=").decode()


def _sealing_key() -> str:
    from cryptography.fernet import Fernet

    return Fernet.generate_key().decode()


def _kept(path: Path, make: Callable[[], str]) -> str:
    if not path.exists():
        _write_once(path, make())
    return path.read_text()


def _write_once(path: Path, key: str) -> None:
    """A link is all or nothing, so two first starts agree on one key."""
    path.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(key)
    try:
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        draft.unlink()
