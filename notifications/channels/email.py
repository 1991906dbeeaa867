"""E-mail through whatever mail backend Django has: text and HTML, with a way out in the header.

One connection serves a batch, in a thread of its own. A mail that was refused says whether its
address is dead (5.1.x and plain 550: the address is), our word was not liked (5.7.x), or the
server is busy (4xx).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from arbedge.errors import BadInput
from arbedge.names import Channel
from notifications.channels import mail_batch
from notifications.channels.base import Outgoing, Result

LONGEST_ADDRESS: Final = 254


class Email:
    """Mails; pace and breaker are those of the one server."""

    channel = Channel.EMAIL
    batch = 25
    edits = False
    verified_by = "link"

    def take(self, raw: Mapping[str, Any]) -> Mapping[str, Any]:
        """`email`, in small letters as accounts keep it. Raises BadInput."""
        address = str(raw.get("email") or "").strip().lower()
        if len(address) > LONGEST_ADDRESS:
            raise BadInput("This is too long.", field="email", limit=LONGEST_ADDRESS)
        try:
            validate_email(address)
        except ValidationError as error:
            raise BadInput("This is no e-mail address.", field="email") from error
        return {"email": address}

    def shown(self, address: Mapping[str, Any]) -> str:
        """The first letter and the domain."""
        name, _, domain = str(address["email"]).rpartition("@")
        return f"{name[:1]}…@{domain}"[:120]

    def host(self, address: Mapping[str, Any]) -> str:  # noqa: ARG002 - one server for all
        """Our own mail server."""
        return str(settings.EMAIL_HOST)

    async def send(self, batch: Sequence[Outgoing]) -> list[Result]:
        """Sends the batch over one connection; a connection that dies is opened once more."""
        return await mail_batch.sent(batch)


sender = Email()
