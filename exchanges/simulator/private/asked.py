"""A signed request as it reached a simulated venue."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from exchanges.simulator.accounts import Account


@dataclass(frozen=True, slots=True)
class Asked:
    """What a venue checks: the query as it was written, headers, sender, and its own clock."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    address: str
    now_ms: int

    @property
    def target(self) -> str:
        """Path and query, as signed by OKX and Bitget."""
        return f"{self.path}?{self.query}" if self.query else self.path


@dataclass(frozen=True, slots=True)
class Desk:
    """One venue's private side: who asks (raises Refusal), and what each path answers him."""

    admit: Callable[[Asked], Account]
    answers: Mapping[str, Callable[[Account, Asked], Any]]


def hex_signature(secret: str, text: str) -> str:
    """HMAC-SHA256 in hex."""
    return _digest(secret, text).hex()


def base64_signature(secret: str, text: str) -> str:
    """HMAC-SHA256 in base64."""
    return base64.b64encode(_digest(secret, text)).decode()


def number(text: str | None) -> int | None:
    """A whole number, or None."""
    return int(text) if text is not None and text.isdigit() else None


def _digest(secret: str, text: str) -> bytes:
    return hmac.digest(secret.encode(), text.encode(), hashlib.sha256)
