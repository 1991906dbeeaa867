"""Who and what the Bot API's users have: people, chats, the bot's place in them, their members.

Every chat id but 0 exists without having been made: positive ones are private chats, negative ones
groups the bot is a member of. What is told of a chat or a person is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from notifications.receivers.bot_calls import Refusal

BOT: Final = 7000000001
USERNAME: Final = "arbedge_bot"
ANONYMOUS: Final = {
    "id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot",
}  # fmt: skip
INSIDE: Final = ("creator", "administrator", "member", "restricted")
MANAGING: Final = ("creator", "administrator")
RIGHTS: Final = (
    "can_manage_chat", "can_delete_messages", "can_manage_video_chats", "can_restrict_members",
    "can_promote_members", "can_change_info", "can_invite_users", "can_post_stories",
    "can_edit_stories", "can_delete_stories",
)  # fmt: skip
ALLOWED: Final = (
    "can_send_messages", "can_send_audios", "can_send_documents", "can_send_photos",
    "can_send_videos", "can_send_video_notes", "can_send_voice_notes", "can_send_polls",
    "can_send_other_messages", "can_add_web_page_previews", "can_change_info",
    "can_invite_users", "can_pin_messages", "can_manage_topics",
    "can_edit_tag", "can_react_to_messages",
)  # fmt: skip
Told = dict[str, Any]


def me() -> Told:
    """The bot itself."""
    return {"id": BOT, "is_bot": True, "first_name": "ArbEdge", "username": USERNAME}


@dataclass(slots=True)
class Place:
    """Somebody's place in a chat; `more` are fields of a ChatMember beside its status."""

    status: str = "left"
    more: Told = field(default_factory=dict)

    def told(self, user: Told) -> Told:
        """The ChatMember, with every field its status has."""
        told: Told = {"user": user, "status": self.status}
        if self.status == "administrator":
            told |= {"can_be_edited": False, "is_anonymous": False, **dict.fromkeys(RIGHTS, True)}
        elif self.status == "creator":
            told["is_anonymous"] = False
        elif self.status == "restricted":
            told |= {"is_member": True, "until_date": 0, **dict.fromkeys(ALLOWED, False)}
        elif self.status == "kicked":
            told["until_date"] = 0
        return told | self.more


@dataclass(slots=True)
class Room:
    """One chat. `keyboard` is what the bot last offered in place of the reader's own."""

    id: int
    kind: str
    title: str = ""
    username: str = ""
    forum: bool = False
    bot: Place = field(default_factory=lambda: Place("member"))
    members: dict[int, Place] = field(default_factory=dict)
    moved_to: int = 0
    keyboard: Told = field(default_factory=dict)

    @property
    def private(self) -> bool:
        """Whether it is one person's chat with the bot."""
        return self.kind == "private"


class World:
    """The people and chats that were told of; `names` are those of people and chats by id."""

    def __init__(self, names: Mapping[str, tuple[str, str]] | None = None) -> None:
        self.people: dict[int, Told] = {}
        self.rooms: dict[int, Room] = {}
        for name, (title, _) in (names or {}).items():
            if name.lstrip("-").isdigit():
                self._name(int(name), title)

    def _name(self, number: int, title: str) -> None:
        """The first person of all is the creator of every group."""
        if number > 0:
            self.person({"id": number, "name": title})
            self.made(number)
        else:
            first = next(iter(self.people), None)
            room = self.made(number, title=title)
            room.members |= {first: Place("creator")} if first else {}

    def person(self, said: int | Mapping[str, Any]) -> Told:
        """The User of an id, or of what is told about him, which is kept."""
        given: Told = {"id": said} if isinstance(said, int) else dict(said)
        number = int(given["id"])
        known = self.people.get(number)
        if known is not None and len(given) == 1:
            return known
        known = dict(known or {"id": number, "is_bot": False, "first_name": f"Person {number}"})
        given["first_name"] = given.pop("name", None) or known["first_name"]
        known |= {name: value for name, value in given.items() if value not in (None, "")}
        self.people[number] = known
        return known

    def room(self, chat: int) -> Room:
        """The chat of an id; one nobody told of is not kept."""
        return self.rooms.get(chat) or Room(chat, _kind(chat))

    def made(self, chat: int, **said: Any) -> Room:
        """The chat of an id, kept, and changed where something is said about it."""
        room = self.rooms.setdefault(chat, Room(chat, _kind(chat)))
        for name, value in said.items():
            if value is not None:
                setattr(room, name, value)
        return room

    def chat(self, room: Room) -> Told:
        """The Chat, as it comes with a message."""
        if room.private:
            known = self.people.get(room.id, {})
            told = {"id": room.id, "type": "private", "first_name": f"Person {room.id}"}
            names = ("first_name", "last_name", "username")
            return told | {name: known[name] for name in names if name in known}
        told = {"id": room.id, "type": room.kind, "title": room.title or f"Group {-room.id}"}
        if room.username:
            told["username"] = room.username
        return {**told, "is_forum": True} if room.forum else told

    def named(self, told: Mapping[str, Any]) -> Room:
        """The chat that `chat_id` names, also by @username. Raises Refusal."""
        given = told.get("chat_id")
        if not given:
            raise Refusal(400, "Bad Request: chat_id is empty")
        if str(given).startswith("@"):
            for room in self.rooms.values():
                if room.username and f"@{room.username}" == given:
                    return room
        try:
            return self.room(int(given))
        except ValueError:
            raise Refusal(400, "Bad Request: chat not found") from None

    def reached(self, told: Mapping[str, Any]) -> Room:
        """The chat that is named, where the bot may be heard. Raises Refusal."""
        room = self.named(told)
        if room.moved_to:
            words = "group chat was upgraded to a supergroup chat"
            raise Refusal(400, f"Bad Request: {words}", migrate_to_chat_id=room.moved_to)
        status = room.bot.status
        if room.private and status == "kicked":
            raise Refusal(403, "Forbidden: bot was blocked by the user")
        if status == "kicked":
            raise Refusal(403, f"Forbidden: bot was kicked from the {room.kind} chat")
        if status == "left":
            raise Refusal(403, f"Forbidden: bot is not a member of the {room.kind} chat")
        return room

    def place(self, room: Room, user: int) -> Place:
        """Somebody's place in a chat."""
        if user == BOT:
            return room.bot
        if room.private:
            return Place("member" if user == room.id else "left")
        return room.members.get(user, Place())


def _kind(chat: int) -> str:
    if chat > 0:
        return "private"
    return "supergroup" if str(chat).startswith("-100") else "group"
