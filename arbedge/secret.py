"""The secret key of a local installation: made once, readable by its owner only."""

import os
import secrets
from pathlib import Path

MISSING_IN_PRODUCTION = "insecure-no-secret-key-configured"


def local_key(data_dir: Path, *, production: bool) -> str:
    """Returns the key kept in `data_dir`, making it at first use.

    In production nothing is made: the placeholder returned is refused by check `arbedge.E007`.
    """
    if production:
        return MISSING_IN_PRODUCTION
    kept = data_dir / "secret_key"
    if not kept.exists():
        _write_once(kept, secrets.token_urlsafe(50))
    return kept.read_text().strip()


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
