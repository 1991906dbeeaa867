"""What the receivers were sent: every call for tests and benches, every message for the phone."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from arbedge import clock

CALLS_KEPT: Final = 200_000
MESSAGES_KEPT: Final = 50_000  # only what is kept can be edited


@dataclass(frozen=True, slots=True)
class Call:
    """One request as it was answered; `to` is the recipient as the protocol names it.

    `number` is the number the receiver gave the message, empty where it was refused.
    """

    at_ms: float
    receiver: str
    method: str
    to: str
    status: int
    number: str = ""
    text: str = ""
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Button:
    """Something to press below a message; without `url` it speaks to the bot by `callback`.

    `row` is the row it stands in, from 0 on.
    """

    label: str
    url: str = ""
    callback: str = ""
    row: int = field(default=0, compare=False)


@dataclass(slots=True)
class Shown:
    """A message as its recipient sees it.

    `html` tells that `text` holds Telegram's tags; otherwise it is plain. `answers` is the id of
    the message it answers, `image` the path below the receivers' address where its picture is.
    `sender` is who wrote it, "" the product; `before` are its texts before it was edited. What is
    deleted stays, marked. `raw` is the message in the protocol's own form.
    """

    receiver: str
    to: str
    id: str
    text: str
    title: str = ""
    html: bool = False
    silent: bool = False
    answers: str = ""
    image: str = ""
    edited: int = 0
    buttons: tuple[Button, ...] = ()
    at_ms: float = field(default_factory=clock.now_ms)
    sender: str = ""
    deleted: bool = False
    before: tuple[str, ...] = ()
    raw: dict[str, Any] = field(default_factory=dict, repr=False)


class Book:
    """The last calls and the last messages; `version` rises with every message."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forgets everything."""
        self.calls: deque[Call] = deque(maxlen=CALLS_KEPT)
        self.answered: Counter[tuple[str, int]] = Counter()
        self.shown: dict[tuple[str, str, str], Shown] = {}
        self.version = 0

    def note(
        self, receiver: str, method: str, to: str, status: int, *, number: str = "",
        text: str = "", **data: Any,
    ) -> None:  # fmt: skip
        """Keeps a call that was answered with that status."""
        now_ms = clock.now_ms()
        self.calls.append(Call(now_ms, receiver, method, to, status, number, text, data))
        self.answered[receiver, status] += 1

    def show(self, message: Shown) -> None:
        """Puts a message onto the phone; one with a known id takes the place of the old one."""
        name = (message.receiver, message.to, message.id)
        before = self.shown.pop(name, None)
        if before is not None:
            message.edited, message.answers = before.edited + 1, before.answers
            message.sender, message.before = before.sender, (*before.before, before.text)
        self.shown[name] = message
        if len(self.shown) > MESSAGES_KEPT:
            del self.shown[next(iter(self.shown))]
        self.version += 1

    def delete(self, message: Shown) -> None:
        """Marks a message as deleted."""
        message.deleted = True
        self.version += 1

    def of(self, receiver: str, to: str) -> list[Shown]:
        """What a recipient was sent and wrote, what is deleted too; what changed last is last."""
        return [one for one in self.shown.values() if (one.receiver, one.to) == (receiver, to)]

    def called(self, receiver: str = "", to: str = "", since_ms: float = 0.0) -> Iterable[Call]:
        """The calls of that receiver to that recipient since then, the oldest first."""
        for call in self.calls:
            if (
                (not receiver or call.receiver == receiver)
                and (not to or call.to == to)
                and call.at_ms >= since_ms
            ):
                yield call
