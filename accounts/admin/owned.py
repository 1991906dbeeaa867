"""What the read-only tables of people's belongings share."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.decorators import display

from accounts.admin import finding, told
from arbedge.desk import COUNTED_AT_MOST, ReadOnlyAdmin


class OfPeopleAdmin(ReadOnlyAdmin):
    """A read-only table of what belongs to people; it is searched by its owner."""

    search_fields = ("user__name",)  # shows the field; get_search_results searches
    search_help_text = "Beginning of the owner's name, e-mail, @name or Telegram id"
    ordering = ("-pk",)
    sortable_by = ()
    list_select_related: Any = ("user",)
    list_before_template = "console/people_bounded.html"
    counted_at_most = COUNTED_AT_MOST

    def get_search_results(
        self,
        request: HttpRequest,  # noqa: ARG002
        queryset: QuerySet[Any],
        search_term: str,
    ) -> tuple[QuerySet[Any], bool]:
        """By the owner, see finding.search."""
        return finding.of_people(queryset, search_term), False

    @display(description="Person")
    def person(self, one: Any) -> str:
        """Whose it is."""
        return told.person(one.user)
