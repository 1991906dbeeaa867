"""What operators write, look at, and only then let go: each row has pages of its own."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse

from accounts.admin import asking
from arbedge.desk import ReadOnlyAdmin


class DraftsAdmin(asking.Doing, ReadOnlyAdmin):
    """A list without actions for many at once; `may_write` is the permission to add to it."""

    may_write = ""
    sortable_by = ()
    actions = ()

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:  # noqa: ARG002
        """None: each is looked at before anybody reads it."""
        return {}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(self.may_write))

    def add_view(
        self,
        request: HttpRequest,
        form_url: str = "",  # noqa: ARG002
        extra_context: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> HttpResponse:
        """Writes a new one."""
        return self.write(request, None)

    def write(self, request: HttpRequest, row: Any) -> HttpResponse:
        """The form of a new one, or of a draft that is there."""
        raise NotImplementedError

    def row(self, request: HttpRequest, pk: int | str) -> Any:
        """The row of that number. Raises PermissionDenied, Http404."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        number = int(pk) if str(pk).isdecimal() else 0
        found = self.model.objects.filter(pk=number).first()
        if found is None:
            raise Http404
        return found
