"""Updates about who is where, as far as the bot wants to know.

They are read by what is in them: python-telegram-bot refuses a member that lacks any right it knows
of, and Telegram invents new rights every few months.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec

from arbedge.errors import BadInput

Id = Annotated[int, msgspec.Meta(ge=-(1 << 53), le=1 << 53)]
PRIVATE: Final = "private"
CHANNEL: Final = "channel"


class Where(msgspec.Struct, frozen=True):
    """A chat."""

    id: Id
    type: str
    title: str = ""

    @property
    def channel(self) -> bool:
        """Whether only its admins write there."""
        return self.type == CHANNEL


class Who(msgspec.Struct, frozen=True):
    """An account of Telegram's."""

    id: Id
    is_bot: bool = False
    language_code: str | None = None


class Member(msgspec.Struct, frozen=True):
    """Somebody's place in a chat; rights are None where Telegram does not tell of them."""

    status: str
    can_send_messages: bool | None = None
    can_post_messages: bool | None = None

    @property
    def out(self) -> bool:
        """Whether he is not in the chat."""
        return self.status in {"left", "kicked"}

    @property
    def runs_it(self) -> bool:
        """Whether he is an admin of the chat."""
        return self.status in {"creator", "administrator"}

    def may_write(self, where: Where) -> bool:
        """Whether he may post there: in channels only admins do, and only with that right."""
        if where.channel:
            return self.status == "creator" or bool(self.can_post_messages)
        return self.status != "restricted" or bool(self.can_send_messages)


class Change(msgspec.Struct, frozen=True):
    """Somebody's place changed."""

    chat: Where
    by: Who = msgspec.field(name="from")
    old: Member = msgspec.field(name="old_chat_member")
    new: Member = msgspec.field(name="new_chat_member")


class Service(msgspec.Struct, frozen=True):
    """What Telegram writes into a chat itself."""

    chat: Where
    by: Who | None = msgspec.field(name="from", default=None)
    new_chat_members: tuple[Who, ...] = ()
    left_chat_member: Who | None = None
    new_chat_title: str = ""
    migrate_to_chat_id: Id | None = None
    migrate_from_chat_id: Id | None = None
    group_chat_created: bool = False
    supergroup_chat_created: bool = False

    @property
    def created(self) -> bool:
        """Whether the chat was just made."""
        return self.group_chat_created or self.supergroup_chat_created


class MemberUpdate(msgspec.Struct, frozen=True):
    """One update; all of these are None where it is about something else."""

    my_chat_member: Change | None = None
    chat_member: Change | None = None
    message: Service | None = None
    channel_post: Service | None = None


_OF_MEMBERS: Final = frozenset({"my_chat_member", "chat_member"})
_SERVICE: Final = frozenset({
    "new_chat_members", "left_chat_member", "new_chat_title", "migrate_to_chat_id",
    "migrate_from_chat_id", "group_chat_created", "supergroup_chat_created",
})  # fmt: skip


def read(update: Mapping[str, Any]) -> MemberUpdate | None:
    """What the update says; None where it is not about membership. Raises BadInput (bad_update)."""
    if not _about_membership(update):
        return None
    try:
        return msgspec.convert(update, MemberUpdate)
    except msgspec.ValidationError as error:
        text = f"This is no update: {error}."
        raise BadInput(text, code="bad_update", field="update") from error


def _about_membership(update: Mapping[str, Any]) -> bool:
    if not _OF_MEMBERS.isdisjoint(update):
        return True
    message = update.get("message") or update.get("channel_post")
    return isinstance(message, Mapping) and not _SERVICE.isdisjoint(message)
