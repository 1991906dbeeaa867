"""Tables of what goes to recipients: people and chats."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from accounts.admin.owned import SearchedByOwner
from notifications.names import Recipient


class SearchedByRecipient(SearchedByOwner):
    """A table that is searched by the person it is for; what chats get is not found by a name."""

    owner = "recipient_id"

    def of_people(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """What goes to people."""
        return rows.filter(recipient=Recipient.USER.value)
