"""Chats and who is in them, as the bot may ask."""

from __future__ import annotations

from typing import Any

from arbedge import clock
from notifications.receivers.bot_calls import Refusal, number
from notifications.receivers.bot_updates import Updates
from notifications.receivers.bot_world import BOT, INSIDE, MANAGING, Place, Room, World, me

Told = dict[str, Any]


class Members:
    """Answers about chats, and the bot's own place in them."""

    def __init__(self, world: World, updates: Updates) -> None:
        self.world = world
        self.updates = updates

    def chat(self, told: Told) -> Told:
        """getChat. Raises Refusal."""
        room = self.world.reached(told)
        gifts = ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription",
                 "gifts_from_channels")  # fmt: skip
        more = {"accent_color_id": 0, "max_reaction_count": 11,
                "accepted_gift_types": dict.fromkeys(gifts, True)}  # fmt: skip
        return self.world.chat(room) | more

    def administrators(self, told: Told) -> list[Told]:
        """getChatAdministrators. Raises Refusal."""
        room = self.world.reached(told)
        if room.private:
            raise Refusal(400, "Bad Request: there are no administrators in the private chat")
        managing = {who: one for who, one in room.members.items() if one.status in MANAGING}
        if room.bot.status in MANAGING:
            managing[BOT] = room.bot
        return [place.told(self._user(who)) for who, place in managing.items()]

    def member(self, told: Told) -> Told:
        """getChatMember. Raises Refusal."""
        room, user = self.world.reached(told), number(told, "user_id")
        if user <= 0:
            raise Refusal(400, "Bad Request: invalid user_id specified")
        return self.world.place(room, user).told(self._user(user))

    def count(self, told: Told) -> int:
        """getChatMemberCount. Raises Refusal."""
        room = self.world.reached(told)
        places = [room.bot, *room.members.values()]
        return 2 if room.private else sum(one.status in INSIDE for one in places)

    def leave(self, told: Told) -> bool:
        """leaveChat. Raises Refusal."""
        room = self.world.reached(told)
        if room.private:
            raise Refusal(400, "Bad Request: chat member status can't be changed in private chats")
        self.moved(room, Place("left"), me())
        return True

    def moved(self, room: Room, now: Place, by: Told) -> int | None:
        """The bot's place in a chat changes, and the bot is told."""
        room = self.world.made(room.id)
        before, room.bot = room.bot, now
        return self.updates.add("my_chat_member", {
            "chat": self.world.chat(room), "from": by, "date": int(clock.now_ms() / 1000),
            "old_chat_member": before.told(me()), "new_chat_member": now.told(me()),
        })  # fmt: skip

    def set(self, room: Room, person: Told, now: Place, by: Told) -> int | None:
        """Somebody's place changes; the bot is told where it is an admin and asked for that."""
        before = room.members.get(person["id"], Place())
        room.members[person["id"]] = now
        if room.bot.status not in MANAGING:
            return None
        return self.updates.add("chat_member", {
            "chat": self.world.chat(room), "from": by, "date": int(clock.now_ms() / 1000),
            "old_chat_member": before.told(person), "new_chat_member": now.told(person),
        })  # fmt: skip

    def _user(self, number: int) -> Told:
        return me() if number == BOT else self.world.person(number)
