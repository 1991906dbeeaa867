"""What the read-only tables of people's belongings share."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.decorators import display

from accounts.admin import finding, told
from arbedge.desk import COUNTED_AT_MOST, ReadOnlyAdmin


class SearchedByOwner:
    """A table that is searched by whose its rows are; `owner` is the column of the person's id."""

    owner = "user_id"

    def of_people(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Those of the rows that belong to people: all of them, where nobody else owns any."""
        return rows

    def get_search_results(
        self,
        request: HttpRequest,  # noqa: ARG002
        queryset: QuerySet[Any],
        search_term: str,
    ) -> tuple[QuerySet[Any], bool]:
        """By the owner, see finding.search."""
        if not search_term.strip():
            return queryset, False
        return finding.of_people(self.of_people(queryset), search_term, self.owner), False


class OfPeopleAdmin(SearchedByOwner, ReadOnlyAdmin):
    """A read-only table of what belongs to people; it is searched by its owner."""

    search_fields = ("user__name",)  # shows the field; get_search_results searches
    search_help_text = "Beginning of the owner's name, e-mail, @name or Telegram id"
    ordering = ("-pk",)
    sortable_by = ()
    list_select_related: Any = ("user",)
    list_before_template = "console/people_bounded.html"
    counted_at_most = COUNTED_AT_MOST

    @display(description="Person")
    def person(self, one: Any) -> str:
        """Whose it is."""
        return told.person(one.user)
