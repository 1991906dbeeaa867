"""A person with a phone before the whole bot: Telegram's double posts what he types and presses to
the web process, the lane is worked off, and what he then reads is written down."""

from __future__ import annotations

import itertools
import re
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from arbedge.names import Channel
from notifications import fanout
from notifications.bot import lanes
from notifications.models import BotUpdate, Delivery
from notifications.sending import delivery
from tests.notifications.receiving import Running

NOW = datetime(2030, 1, 7, 12, 0, tzinfo=UTC)  # after any clock that stamps what the web stores
_ids = itertools.count(4_400_001)


@dataclass
class Phone:
    """One person's private chat with the bot, and its transcript."""

    telegram: Running
    language: str
    name: str = "Nora"
    now: datetime = NOW
    id: int = field(default_factory=lambda: next(_ids))
    began: float = field(default_factory=time.monotonic)
    lines: list[str] = field(default_factory=list)
    read: dict[int, tuple[Any, ...]] = field(default_factory=dict)

    def now_ms(self) -> float:
        """The clock of whoever sends to this phone; between its steps it goes on by itself."""
        return self.now.timestamp() * 1000 + (time.monotonic() - self.began) * 1000

    def type(self, text: str, shown: str = "") -> list[Any]:
        """Types a text and returns what the bot then says; `shown` stands for it in writing."""
        self._note(f"{self.name}: {shown or text}")
        by = {"id": self.id, "name": self.name, "language_code": self.language}
        return self._answered(self.telegram.type(self.id, text, by=by)["update"])

    def share(self, latitude: float, longitude: float) -> list[Any]:
        """Shares a place and returns what the bot then says."""
        self._note(f"{self.name} shares a place")
        by = {"id": self.id, "name": self.name, "language_code": self.language}
        place = [latitude, longitude]
        return self._answered(self.telegram.type(self.id, location=place, by=by)["update"])

    def press(self, line: str) -> list[Any]:
        """Presses the newest button with that line, or one that begins with it."""
        found = [
            (one, button) for one in reversed(self.messages()) for row in one["buttons"]
            for button in row if button.get("callback", "").removeprefix("+").startswith(line)
        ]  # fmt: skip
        assert found, f"nothing says {line}: {self.labels()}"
        message, button = found[0]
        self._note(f"{self.name} presses [{button['label']}]")
        pressed = self.telegram.press(self.id, button["callback"], message=message["id"])
        return self._answered(pressed["update"])

    def wait(self, seconds: float) -> list[Any]:
        """Time goes by; what is due by then is sent."""
        self.now += timedelta(seconds=seconds)
        while fanout.run(self.now).slices:
            pass
        delivery.run(Channel.TELEGRAM, self.now)
        # What was sent is stamped by the machine's clock, which nobody can set.
        Delivery.objects.filter(sent_at__isnull=False).update(sent_at=self.now)
        return self.look()

    def messages(self) -> list[Any]:
        """All messages of the chat as they are now."""
        return list(self.telegram.chat(self.id)["messages"])

    def labels(self) -> list[str]:
        """The lines of all buttons there are to press below the newest message that has some."""
        last = next(one for one in reversed(self.messages()) if one["buttons"])
        return [button.get("callback", "") for row in last["buttons"] for button in row]

    def look(self) -> list[Any]:
        """Writes down what is new or changed, and returns it."""
        found = [one for one in self.messages() if one["who"] == "bot"
                 and self.read.get(one["id"]) != _state(one)]  # fmt: skip
        for one in found:
            self._note(_written(one, known=one["id"] in self.read))
            self.read[one["id"]] = _state(one)
        return found

    def transcript(self) -> str:
        """What was said, without what differs from run to run."""
        return "\n\n".join(self.lines) + "\n"

    def _answered(self, update_id: int) -> list[Any]:
        until = time.monotonic() + 10
        while not BotUpdate.objects.filter(pk=update_id).exists():
            assert time.monotonic() < until, "the webhook brought nothing"
            time.sleep(0.02)
        self.now += timedelta(seconds=4)
        lanes.work(self.id, self.now)
        assert BotUpdate.objects.get(pk=update_id).problem == ""
        return self.look()

    def _note(self, text: str) -> None:
        self.lines.append(re.sub(r"\bhttps?://\S+", "<link>", text))


def _state(one: Any) -> tuple[Any, ...]:
    return one["text"], str(one["buttons"]), one["edited"], one["deleted"]


def _written(one: Any, *, known: bool) -> str:
    head = "ArbEdge, edited:" if known else "ArbEdge:"
    rows = ["  ".join(f"[{button['label']}]" for button in row) for row in one["buttons"]]
    picture = ["(a picture)"] if one["picture"] else []
    return "\n".join([head, *picture, one["text"], *rows])
