"""Words, tones and links that the console pages of this floor share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.utils.safestring import SafeString

from accounts.admin.told import link
from accounts.models import User
from arbedge.desk import word
from notifications.codes import Why
from notifications.models import Chat, Message, Told
from notifications.names import CHANNELS, DeliveryState, Recipient, SliceState

DELIVERY_TONES: Final = {
    DeliveryState.PENDING: "soft",
    DeliveryState.SENDING: "soft",
    DeliveryState.SENT: "good",
    DeliveryState.DELIVERED: "good",
    DeliveryState.READ: "good",
    DeliveryState.FAILED: "bad",
    DeliveryState.DEAD: "bad",
    DeliveryState.EXPIRED: "warn",
    DeliveryState.CANCELLED: "soft",
}
SLICE_TONES: Final = {
    SliceState.OPEN: "soft",
    SliceState.DONE: "good",
    SliceState.CANCELLED: "warn",
}
# How many people, for a reason: told as "5,210 without a session".
REASONS: Final[Mapping[Why, str]] = {
    Why.ELIGIBLE: "eligible",
    Why.NO_SESSION: "without a session",
    Why.ACCOUNT_STATE: "with an account that is not active",
    Why.TIER_KIND: "whose tier does not have this kind",
    Why.TIER_SHELF: "whose tier does not have these shelves",
    Why.SWITCHED_OFF: "switched these messages off",
    Why.KIND_UNWANTED: "do not want this kind",
    Why.SHELF_UNWANTED: "do not want these shelves",
    Why.VENUE_UNWANTED: "do not trade on both venues",
    Why.ASSET_UNWANTED: "left this coin out",
    Why.NET_TOO_LOW: "want more net",
    Why.APR_TOO_LOW: "want more APR",
    Why.RISK_TOO_HIGH: "want less risk",
    Why.CONFIDENCE_TOO_LOW: "want more confidence",
    Why.NO_CHANNEL: "without a channel",
    Why.COOLDOWN: "told of it within 4 h",
    Why.HOUR_FULL: "had their hour's messages",
    Why.DAY_FULL: "had their day's messages",
    Why.KEYS_MISSING: "without keys for both venues",
    Why.AI_KEY_MISSING: "without an AI key",
    Why.REGION_BLOCKED: "in a blocked region",
    Why.CHAT_PAUSED: "in a paused chat",
    Why.DO_NOT_DISTURB: "not to be disturbed now",
    Why.FOR_DIGEST: "get it in a digest",
    Why.NOT_CHOSEN: "not chosen this time",
    Why.TOLD_ALREADY: "told already",
}
BY_CODE: Final = {why.code: text for why, text in REASONS.items()}


def counted(counts: Mapping[str, int]) -> str:
    """Counts by reason code in words, the eligible first, then the most frequent reason."""
    ordered = sorted(counts.items(), key=lambda pair: (pair[0] != Why.ELIGIBLE.code, -pair[1]))
    return "; ".join(f"{number:,} {BY_CODE.get(code, code)}" for code, number in ordered if number)


def stands(one: Told) -> SafeString:
    """A delivery's state as a word with a dot, and why it ended so."""
    text = f"{one.state}: {one.code.replace('_', ' ')}" if one.code else one.state
    return word(DELIVERY_TONES[DeliveryState(one.state)], text)


def channel(number: int) -> str:
    """The name of a channel by its number."""
    return CHANNELS[number].value.replace("_", " ")


def recipient(one: Any, name: str = "") -> SafeString:
    """Whose it is, as a link to the person's or the chat's page; without a name its number."""
    number = one.recipient_id
    if one.recipient == Recipient.USER:
        return link("accounts_user_change", name or f"person {number}", number)
    return link("notifications_chat_change", name or f"chat {number}", number)


def about(message: Message) -> str:
    """What is told, of which coin: `opened WIF funding`."""
    return f"{message.topic.replace('_', ' ')} {message.asset} {message.kind}".strip()


def names_of(rows: list[Any]) -> dict[tuple[str, int], str]:
    """The names of the recipients of these rows, in two queries."""
    people = [row.recipient_id for row in rows if row.recipient == Recipient.USER]
    chats = [row.recipient_id for row in rows if row.recipient == Recipient.CHAT]
    found: dict[tuple[str, int], str] = {
        (Recipient.USER.value, one.pk): str(one) for one in User.objects.filter(pk__in=people)
    }
    if chats:
        found |= {
            (Recipient.CHAT.value, one.pk): str(one) for one in Chat.objects.filter(pk__in=chats)
        }
    return found
