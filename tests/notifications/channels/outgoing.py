"""Messages ready to be sent, and a sender's word on each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, Protocol, TypeVar

from starlette.routing import BaseRoute

from arbedge import aio
from notifications.channels.base import Outgoing, Result, Sender
from notifications.names import Topic
from notifications.receivers import app
from notifications.receivers.book import Book, Call
from notifications.receivers.faults import Board, Kind, Wish
from notifications.writing.content import Action, Content
from tests.serving import served

AT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
OPEN = Action("open", "Open", "https://arbedge.example/go/token?a=1&b=2")


class Fake(Protocol):
    """A receiver with its book and its faults."""

    book: Book
    board: Board

    def routes(self) -> Sequence[BaseRoute]: ...


F = TypeVar("F", bound=Fake)


@dataclass(frozen=True)
class Receiving(Generic[F]):
    """A receiver behind a real socket."""

    fake: F
    url: str

    @property
    def calls(self) -> list[Call]:
        """What it was sent, the oldest first."""
        return list(self.fake.book.calls)

    def fail(self, kind: Kind = Kind.STATUS, **more: Any) -> None:
        """The next request meets this fault."""
        self.fake.board.add(Wish(kind=kind, times=1, **more))


@contextmanager
def receiving(make: Callable[[Book, Board], F]) -> Iterator[Receiving[F]]:
    """A new receiver for the time of the block."""
    book, board = Book(), Board()
    fake = make(book, board)
    with served(app.build([fake], book, board)) as url:
        yield Receiving(fake, url)


def content(**changes: Any) -> Content:
    """A message about WIF; a test names what it is about."""
    usual: dict[str, Any] = {
        "topic": Topic.OPENED,
        "title": "WIF funding +0.42 % net in 72 h",
        "body": "Long OKX\nShort Bybit\nCosts 0.23 %",
        "language": "en",
        "at": AT,
    }
    return Content(**usual | changes)


def outgoing(address: Mapping[str, Any], /, *, number: int = 1, **more: Any) -> Outgoing:
    """One message to an address: what an Outgoing has is its own, the rest is of its content."""
    own = {name: more.pop(name) for name in ("silent", "replaces", "answers") if name in more}
    return Outgoing(number, f"delivery-{number}", address, content(**more), **own)


def send(sender: Sender, *messages: Outgoing) -> list[Result]:
    """What the sender says, within a minute."""
    return aio.run(sender.send(messages), 60)


def send_one(sender: Sender, address: Mapping[str, Any], /, **more: Any) -> Result:
    """What became of a single message to the address."""
    [result] = send(sender, outgoing(address, **more))
    return result
