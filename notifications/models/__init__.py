"""The tables of this floor."""

from notifications.models.address import Address, Chat, Suppression, Verification
from notifications.models.asked import AlertTrigger, Broadcast, DigestItem, Distribution, Served
from notifications.models.bot import Alias, BotUpdate, Feedback, Question, Talk, UpdateState
from notifications.models.chat_figures import ChatDay, ChatJoin
from notifications.models.delivery import Attempt, Delivery, DeliveryLog, Told
from notifications.models.message import Message, Slice
from notifications.models.wording import Click, Variant, VariantResult

__all__ = [
    "Address", "AlertTrigger", "Alias", "Attempt", "BotUpdate", "Broadcast", "Chat", "ChatDay",
    "ChatJoin", "Click",
    "Delivery", "DeliveryLog", "DigestItem", "Distribution", "Feedback", "Message", "Question",
    "Served", "Slice", "Suppression", "Talk", "Told", "UpdateState", "Variant", "VariantResult",
    "Verification",
]  # fmt: skip
