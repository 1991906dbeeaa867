"""Links by which whoever has an address ends all mail to it, without logging in.

The token names the address by its digest, so that it works for as long as the mail is kept, and
whatever the account's address is by then. It never expires: who wants no mail need not hurry.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.core import signing
from django.urls import reverse

from arbedge.errors import BadInput
from arbedge.names import Channel
from notifications.addressing import address_rows, suppressions
from notifications.addressing.suppressions import UNSUBSCRIBED
from notifications.channels.base import sender

SALT: Final = "notifications.unsubscribing"


@dataclass(frozen=True, slots=True)
class Subscriber:
    """Whose address a token names."""

    channel: Channel
    digest: bytes
    shown: str

    @property
    def reason(self) -> str:
        """Why nobody may write to it now; "" where we may."""
        return suppressions.reason(self.channel, self.digest)


def url(channel: Channel, address: Mapping[str, Any]) -> str:
    """The absolute URL of this address's page, for the header List-Unsubscribe and the text."""
    digest = base64.urlsafe_b64encode(address_rows.digest(channel, address)).decode()
    shown = sender(channel).shown(address)
    token = signing.Signer(salt=SALT).sign_object([channel.value, digest, shown])
    path = reverse("notifications:unsubscribe", args=[token])
    return f"{str(settings.SITE_URL).rstrip('/')}{path}"


def read(token: str) -> Subscriber:
    """Whose address the token names. Raises BadInput (link_forged)."""
    try:
        channel, digest, shown = signing.Signer(salt=SALT).unsign_object(token)
    except (signing.BadSignature, ValueError):
        text = "This link is not one of ours, or was cut short on its way."
        raise BadInput(text, code="link_forged") from None
    return Subscriber(Channel(channel), base64.urlsafe_b64decode(digest), shown)


def leave(who: Subscriber) -> bool:
    """Writes nothing to the address from now on. Returns whether that is new."""
    return suppressions.suppress(who.channel, who.digest, UNSUBSCRIBED, who.shown)


def come_back(who: Subscriber) -> bool:
    """Undoes `leave`. Raises Forbidden where it is not the owner's to undo."""
    return suppressions.lift(who.channel, who.digest)
