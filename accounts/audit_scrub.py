"""Takes secrets out of what is about to be written down: by a field's name, and by its look."""

from __future__ import annotations

import re
from typing import Any, Final

from arbedge.logs import CREDENTIALS_IN_URL, SECRETS_IN_QUERY

MASK: Final = "•••"

_NAMES: Final = re.compile(
    r"secret|passw|passphrase|token|api_?key|private_?key|sealed|digest|hash|cookie|credential"
    r"|authori[sz]ation|(^|_)otp(_|$)|(invitation|backup|magic|login)_?(code|link)",
    re.IGNORECASE,
)
_HARMLESS: Final = re.compile(
    r"_(id|at|min|count|until|name|label|used|version|limit)$", re.IGNORECASE
)
_LOOKS: Final = re.compile(
    r"gAAAA[\w-]{16,}=*"  # sealed by Fernet
    r"|\bae_[\w-]{8}_[\w-]{20,}"  # API tokens of ours
    r"|(?:pbkdf2|argon2|bcrypt|scrypt|md5)[\w$+/=.,-]*\$[\w$+/=.,-]+"  # password hashes
    r"|\b\d{6,12}:[\w-]{30,}"  # Telegram bots' tokens
    r"|(?i:\b(?:bearer|basic)\s+[\w+/=.-]{8,})"
    r"|\bsk-[\w-]{16,}"  # AI providers' keys
)


def scrub(changes: Any) -> Any:
    """Returns `changes` with every value under a secret's name, or with a secret's look, masked."""
    if isinstance(changes, dict):
        return {
            name: mask(value) if is_secret(str(name)) else scrub(value)
            for name, value in changes.items()
        }
    if isinstance(changes, list | tuple):
        return [scrub(value) for value in changes]
    return text(changes) if isinstance(changes, str) else changes


def is_secret(name: str) -> bool:
    """Whether a field of this name holds a secret."""
    return bool(_NAMES.search(name)) and not _HARMLESS.search(name)


def mask(value: Any) -> Any:
    """The value hidden whole, its length too; what is empty may be seen to be empty."""
    if isinstance(value, list | tuple):
        return [mask(one) for one in value]
    if isinstance(value, dict):
        return {name: mask(one) for name, one in value.items()}
    return value if value in {None, "", "None", False, True} else MASK


def text(value: str) -> str:
    """The text with everything in it that looks like a secret masked."""
    without = CREDENTIALS_IN_URL.sub(MASK, _LOOKS.sub(MASK, value))
    return SECRETS_IN_QUERY.sub(lambda found: f"{found[1]}={MASK}", without)
