"""What somebody typed as a key, made whole or refused before anybody is asked about it."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

from django.views.decorators.debug import sensitive_variables

from accounts.credentials import KeyRefused
from arbedge.choices import VENUES
from arbedge.hidden import Hidden

SHORTEST_KEY: Final = 8
LONGEST_KEY: Final = 256
LONGEST_SECRET: Final = 4096  # a private key in PEM
LONGEST_PASSPHRASE: Final = 64
LONGEST_LABEL: Final = 40
LONGEST_URL: Final = 200
_KEY: Final = re.compile(r"[!-~]+")
_SECRET: Final = re.compile(r"[ -~]+(\r?\n[ -~]*)*")
_PASSPHRASE: Final = re.compile(r"[ -~]*")


@sensitive_variables("text")
def key(text: str) -> Hidden:
    """The key without the blanks around it. Raises KeyRefused(key_wrong)."""
    text = text.strip()
    if not SHORTEST_KEY <= len(text) <= LONGEST_KEY or not _KEY.fullmatch(text):
        raise _refused("key", f"{SHORTEST_KEY} to {LONGEST_KEY} letters, digits and signs")
    return Hidden(text)


@sensitive_variables("text")
def secret(text: str) -> Hidden:
    """The secret, a text or a private key in PEM. Raises KeyRefused(secret_wrong)."""
    text = text.strip()
    fits = SHORTEST_KEY <= len(text) <= LONGEST_SECRET and _SECRET.fullmatch(text)
    if not fits or ("\n" in text and "PRIVATE KEY" not in text):
        raise _refused("secret", f"{SHORTEST_KEY} to {LONGEST_SECRET} plain characters")
    return Hidden(text)


@sensitive_variables("text")
def passphrase(text: str) -> Hidden:
    """The passphrase as it is, empty where there is none. Raises KeyRefused(passphrase_wrong)."""
    if len(text) > LONGEST_PASSPHRASE or not _PASSPHRASE.fullmatch(text):
        raise _refused("passphrase", f"up to {LONGEST_PASSPHRASE} plain characters")
    return Hidden(text)


def label(text: str) -> str:
    """The name its owner gives a key. Raises KeyRefused(label_too_long | label_wrong)."""
    text = text.strip()
    if len(text) > LONGEST_LABEL:
        raise KeyRefused(
            f"A label has at most {LONGEST_LABEL} characters.",
            code="label_too_long", field="label", limit=LONGEST_LABEL,
        )  # fmt: skip
    if not text.isprintable():
        raise KeyRefused(
            "A label is one line without control characters.", code="label_wrong", field="label"
        )
    return text


def venue(name: str) -> str:
    """A venue ArbEdge has heard of. Raises KeyRefused(venue_unknown)."""
    name = name.strip().lower()
    if name not in VENUES:
        raise KeyRefused(
            f"ArbEdge knows no venue {name[:32]!r}.", code="venue_unknown", field="venue"
        )
    return name


def base_url(text: str) -> str:
    """The address of a service without the slash at its end. Raises KeyRefused(address_refused)."""
    text = text.strip().rstrip("/")
    parts = _split(text)
    if parts is None or parts.scheme != "https" or not parts.hostname or len(text) > LONGEST_URL:
        raise _address("It must be an https address such as https://api.example.com/v1.")
    if parts.username is not None or parts.query or parts.fragment:
        raise _address("It must carry no user, query or fragment; the key has a field of its own.")
    return text


def _split(text: str) -> SplitResult | None:
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _address(why: str) -> KeyRefused:
    return KeyRefused(why, code="address_refused", field="base_url")


def _refused(field: str, limit: str) -> KeyRefused:
    text = f"This is no {field}: one has {limit}. Check that it was copied whole."
    return KeyRefused(text, code=f"{field}_wrong", field=field, limit=limit)
