"""The tables of this floor."""

from notifications.models.address import Address, Chat, Suppression, Verification
from notifications.models.asked import AlertTrigger, Broadcast, DigestItem, Distribution, Served
from notifications.models.delivery import Attempt, Delivery, DeliveryLog, Told
from notifications.models.message import Message, Slice
from notifications.models.wording import Click, Variant, VariantResult

__all__ = [
    "Address", "AlertTrigger", "Attempt", "Broadcast", "Chat", "Click", "Delivery", "DeliveryLog",
    "DigestItem", "Distribution", "Message", "Served", "Slice", "Suppression", "Told", "Variant",
    "VariantResult", "Verification",
]  # fmt: skip
