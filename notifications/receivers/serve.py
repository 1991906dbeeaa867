"""All receivers together: made with one book and one board, served on one port until stopped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from starlette.applications import Starlette

from exchanges.simulator.serve import leave, serve
from notifications.receivers import smtp
from notifications.receivers.app import Receiver, build
from notifications.receivers.book import Book
from notifications.receivers.bot_api import BotApi
from notifications.receivers.discord import Discord
from notifications.receivers.faults import Board
from notifications.receivers.phone import Phone
from notifications.receivers.push import PushService
from notifications.receivers.slack import Slack
from notifications.receivers.twilio import Twilio
from notifications.receivers.webhooks import Webhooks

ADDRESS = "127.0.0.1"


@dataclass
class Receivers:
    """Every receiver, and what they share. `tokens` are the bots that are known, or any if empty;
    `names` what the phone calls recipients."""

    tokens: Sequence[str] = ()
    names: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    book: Book = field(default_factory=Book)
    board: Board = field(default_factory=Board)

    def __post_init__(self) -> None:
        shared = (self.book, self.board)
        self.bot = BotApi(*shared, tokens=self.tokens, names=self.names)
        self.mailboxes = smtp.Mailboxes(self.book)
        self.all: list[Receiver] = [
            self.bot, Webhooks(*shared), PushService(*shared), Twilio(*shared), Slack(*shared),
            Discord(*shared), Phone(self.book, self.bot.world, self.names),
        ]  # fmt: skip

    def app(self) -> Starlette:
        """The application that answers for all but the mails."""
        return build(self.all, self.book, self.board)


def run(receivers: Receivers, port: int, mail_port: int) -> None:
    """Serves until SIGINT or SIGTERM, then ends this process. Raises OSError: a port is taken."""
    with smtp.running(receivers.mailboxes, mail_port, ADDRESS):
        serve(receivers.app(), port, ADDRESS)
    leave()
