"""Who asks the bot for what, and where: all that a command's handler needs to know."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from accounts import preferences
from accounts.models import Preferences, User
from accounts.permissions import may
from accounts.standing import Standing
from arbedge.errors import ArbEdgeError
from arbedge.names import Language
from notifications.bot import refusals, words
from notifications.bot.registry import Command, Scope
from notifications.models import Chat
from notifications.writing.languages import Style


@dataclass(frozen=True, slots=True)
class Sender:
    """Who wrote or pressed, as Telegram tells. `anonymous`: an admin who writes as the group."""

    telegram_id: int
    name: str = ""
    username: str = ""
    language: str = Language.EN.value
    anonymous: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """The chat it was said in. `chat` is the registered group or channel, None where it is none;
    `is_admin` asks Telegram whether the sender is an admin there."""

    chat_id: int
    kind: str = "private"
    title: str = ""
    thread_id: int | None = None
    chat: Chat | None = None
    is_admin: Callable[[], bool] = field(default=lambda: False, repr=False)

    @property
    def private(self) -> bool:
        """Whether nobody else reads it."""
        return self.kind == "private"


@dataclass(frozen=True, slots=True)
class Ask:
    """One thing asked. `person` and `standing` are None for whoever is not known.

    `args` are the command's by name; `said` is the text or data as it came, `location` a point
    (latitude, longitude) the sender shared. `message_id` is the message written, or the one whose
    button was pressed (`pressed`). `read` keeps what was found out once for this ask.
    """

    now: datetime
    sender: Sender
    place: Place
    person: User | None = None
    standing: Standing | None = None
    command: Command | None = None
    args: Mapping[str, Any] = field(default_factory=dict)
    said: str = field(default="", repr=False)
    location: tuple[float, float] | None = None
    message_id: int = 0
    pressed: bool = False
    confirmed: bool = False
    read: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def user(self) -> User:
        """The person; only commands that need none may be asked by nobody."""
        assert self.person is not None, "dispatch lets nobody unknown come so far"
        return self.person

    @property
    def language(self) -> str:
        """The person's language, the group's, else what the sender's Telegram speaks."""
        if not self.place.private:
            chat = self.place.chat
            return chat.language if chat else Language.EN.value
        return self.person.language if self.person else self.sender.language

    @property
    def zone(self) -> str:
        """The name of the time zone times are written in."""
        if not self.place.private:
            return self.place.chat.zone if self.place.chat else "UTC"
        return self.person.time_zone if self.person else "UTC"

    def style(self) -> Style:
        """How figures and times are written for the reader."""
        numbers = Style().numbers
        if self.place.private and self.person is not None:
            numbers = self.preferences().number_format
        return Style(self.language, self.zone, numbers)

    def preferences(self) -> Preferences:
        """The person's preferences as they were when he asked; read once."""
        if "preferences" not in self.read:
            self.read["preferences"] = preferences.of(self.user.pk)
        held: Preferences = self.read["preferences"]
        return held

    def say(self, key: str, /, **values: Any) -> str:
        """A text of the bot in the reader's language; values are escaped."""
        return words.say(self.language, key, **values)

    def problem(self, error: ArbEdgeError) -> str:
        """What an error tells, in the reader's language."""
        return refusals.told(self, error)

    @property
    def scope(self) -> Scope:
        """Whose commands count: in a group its admins' where the sender is one of them. Telegram
        is asked once, however many buttons an answer has."""
        if self.place.private:
            return Scope.PRIVATE
        if "scope" not in self.read:
            self.read["scope"] = Scope.CHAT_ADMINS if self.place.is_admin() else Scope.GROUP
        found: Scope = self.read["scope"]
        return found

    def holds(self, permission: str) -> bool:
        """Whether the one whose rights count here holds this permission."""
        held = self.standing
        group = not self.place.private
        return held is not None and may(held, permission, now=self.now, group=group).allowed
