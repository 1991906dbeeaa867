"""Keys nobody has ever seen before, and where they are searched."""

from __future__ import annotations

import secrets
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from prometheus_client import generate_latest

from exchanges.simulator import accounts as simulated
from exchanges.simulator.accounts import ROLES, Account
from notifications.bot import lanes
from notifications.models import BotUpdate
from tests.accounts.canaries import cache_text, database_text, leaks
from tests.notifications.bot.stage import Phone

WITH_PASSPHRASE = ("okx", "bitget")


@dataclass
class Canaries:
    """Keys nobody has ever seen before, and all that is searched for them."""

    phone: Phone
    monkeypatch: pytest.MonkeyPatch
    typed: list[str] = field(default_factory=list)

    def key(self, venue: str, role: str) -> Account:
        """A random key that the simulated venue knows."""
        text = secrets.token_hex(32)
        keys = {"binance": text, "bybit": text[:18], "okx": str(UUID(text[:32]))}
        passphrase = secrets.token_hex(8) if venue in WITH_PASSPHRASE else ""
        who = Account(venue, "canary", keys.get(venue, f"bg_{text[:32]}"), secrets.token_hex(32),
                      passphrase, ROLES[role])  # fmt: skip
        known: Any = simulated.ACCOUNTS[venue]
        self.monkeypatch.setitem(known, "canary", who)
        self.typed += [part for part in (who.key, who.secret, who.passphrase) if part]
        return who

    def text(self, text: str) -> str:
        """Any other secret."""
        self.typed.append(text)
        return text

    def found_in(self, text: str) -> list[str]:
        return leaks(text, *self.typed)

    def everywhere(self) -> str:
        """All that is left, but for the files."""
        calls = self.phone.telegram.receivers.book.calls
        own = [f"{call!r}" for call in calls]
        return "\n".join(
            [database_text(), cache_text(), generate_latest().decode(), *own, self.transcript()]
        )

    def transcript(self) -> str:
        """What the phone shows; a message that was deleted is seen by nobody."""
        return "\n".join(f"{one!r}" for one in self.phone.messages() if not one["deleted"])

    def searched(self, log: str) -> None:
        """Nothing is anywhere, and every update is emptied."""
        assert self.typed
        assert self.found_in(self.everywhere() + log) == []
        assert all(row.sealed == "" and row.calls == [] for row in BotUpdate.objects.all())


def lines(who: Account, **other: str) -> str:
    parts = [other.get("key", who.key), other.get("secret", who.secret)]
    return "\n".join([*parts, *([who.passphrase] if who.passphrase else [])])


def worked(update: int, phone: Phone, seconds: float = 60) -> None:
    """The update is handled, after whatever interrupted it."""
    lane = BotUpdate.objects.values_list("lane", flat=True).get(pk=update)
    phone.now += timedelta(seconds=seconds)
    lanes.work(lane, phone.now)


def came(update: int) -> None:
    """Waits until the webhook has brought it."""
    until = time.monotonic() + 30
    while not BotUpdate.objects.filter(pk=update).exists():
        assert time.monotonic() < until, "the webhook brought nothing"
        time.sleep(0.02)


def in_files(folder: Path, wanted: list[bytes]) -> set[bytes]:
    """Which of these bytes are in any file below the folder."""
    if not folder.is_dir():
        pytest.skip("the database's files are on another machine")
    found: set[bytes] = set()
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):  # files of the server come and go
            if path.is_file():
                body = path.read_bytes()
                found |= {one for one in wanted if one in body}
    return found
