"""Tables of what goes to recipients: people and chats."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.decorators import display

from accounts.admin.owned import SearchedByOwner
from arbedge.desk import ReadOnlyAdmin
from notifications.admin import words
from notifications.names import Recipient


class SearchedByRecipient(SearchedByOwner, ReadOnlyAdmin):
    """A table that is searched by the person it is for; what chats get is not found by a name."""

    owner = "recipient_id"

    def of_people(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """What goes to people."""
        return rows.filter(recipient=Recipient.USER.value)

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """A page of rows that know their recipients' names, read at once."""
        page: ChangeList = super().get_changelist_instance(request)
        self.prepare(list(page.result_list))
        return page

    def prepare(self, rows: list[Any]) -> None:
        """Gives the rows of a page what their columns show of other tables."""
        names = words.names_of(rows)
        for row in rows:
            row.recipient_name = names.get((row.recipient, row.recipient_id), "")

    @display(description="Recipient")
    def who(self, one: Any) -> str:
        """Whose it is."""
        if not hasattr(one, "recipient_name"):
            self.prepare([one])
        return words.recipient(one, one.recipient_name)
