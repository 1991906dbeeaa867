"""All receivers together: made with one book and one board, served on one port until stopped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from starlette.applications import Starlette

from exchanges.simulator.serve import leave, serve
from notifications.receivers.app import Receiver, build
from notifications.receivers.book import Book
from notifications.receivers.bot_api import BotApi
from notifications.receivers.faults import Board
from notifications.receivers.phone import Phone

ADDRESS = "127.0.0.1"


@dataclass
class Receivers:
    """Every receiver, and what they share."""

    tokens: Sequence[str] = ()
    book: Book = field(default_factory=Book)
    board: Board = field(default_factory=Board)

    def __post_init__(self) -> None:
        self.bot = BotApi(self.book, self.board, tokens=self.tokens)
        self.all: list[Receiver] = [self.bot, Phone(self.book, self.bot.updates)]

    def app(self) -> Starlette:
        """The application that answers for all of them."""
        return build(self.all, self.book, self.board)


def run(port: int, tokens: Sequence[str] = ()) -> None:
    """Serves until SIGINT or SIGTERM, then ends this process. Raises OSError: port taken."""
    serve(Receivers(tokens).app(), port, ADDRESS)
    leave()
