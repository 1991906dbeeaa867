"""Invitation codes: batches made, told once more as CSV, and revoked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet, Sum
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from unfold.decorators import display

from accounts.admin import asking, codes, told
from accounts.invitation_codes import csv_of, shown
from accounts.models import Invitation, InvitationBatch, Purpose, User
from arbedge.desk import ReadOnlyAdmin, word
from arbedge.errors import ArbEdgeError
from arbedge.names import Door

MAY_MAKE: Final = "accounts.add_invitationbatch"
MADE_HERE: Final = (Purpose.BETA, Purpose.ADMIN)


class BatchForm(forms.Form):
    """What the codes are for, how many, how often and how long each can be used."""

    purpose = forms.ChoiceField(
        choices=[(one.value, one.label) for one in MADE_HERE],
        help_text="Beta codes bring 90 days of premium; codes given by staff bring no beta.",
    )
    number = forms.IntegerField(min_value=1, max_value=100, initial=10, help_text="1 to 100.")
    max_uses = forms.IntegerField(
        label="Uses of each", min_value=1, max_value=10_000, initial=1, help_text="1 to 10,000."
    )
    days = forms.IntegerField(
        label="Good for, days", min_value=1, max_value=365, initial=30, help_text="1 to 365."
    )
    note = forms.CharField(
        max_length=200, required=False, help_text="For whom; staff and the CSV show it."
    )


def _revoke_batches(order: asking.Order) -> str:
    rows = Invitation.objects.filter(batch_id__in=order.ids).values_list("pk", flat=True)
    return codes.revoked(order, rows)


REVOKE_BATCH = asking.Deed(
    name="revoke",
    dangerous=True,
    label="Revoke all codes…",
    question="Revoke every code of {whom}?",
    consequence="Nobody can redeem them any more. Whoever came by one keeps what it gave.",
    button="Revoke",
    does=_revoke_batches,
    form=asking.Sure,
    permission="accounts.change_invitationbatch",
    objects=("batch", "batches"),
    at_most=20,
)


@admin.register(InvitationBatch)
class BatchAdmin(asking.Doing, ReadOnlyAdmin):
    list_display = ("__str__", "note", "used", "made_by", "made")
    ordering = ("-pk",)
    sortable_by = ()
    list_select_related = ("made_by",)
    search_fields = ("note__istartswith",)
    actions = ()
    deeds = (REVOKE_BATCH,)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(MAY_MAKE))

    def get_queryset(self, request: HttpRequest) -> QuerySet[InvitationBatch]:
        rows: QuerySet[InvitationBatch] = super().get_queryset(request)
        return rows.annotate(uses=Sum("invitations__uses"), room=Sum("invitations__max_uses"))

    def get_urls(self) -> list[Any]:
        """With the address of a batch's CSV."""
        view = self.admin_site.admin_view(self.download)
        name = "accounts_invitationbatch_csv"
        return [path("<int:pk>/codes.csv", view, name=name), *super().get_urls()]

    @display(description="Used")
    def used(self, one: Any) -> str:
        """How many uses of how many."""
        return f"{one.uses or 0:,} of {one.room or 0:,}"

    @display(description="Made")
    def made(self, one: InvitationBatch) -> str:
        """When."""
        return told.when(one.made_at)

    def add_view(
        self,
        request: HttpRequest,
        form_url: str = "",  # noqa: ARG002
        extra_context: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> HttpResponse:
        """Makes a batch and leads to its codes."""
        from accounts import invitations

        if not self.has_add_permission(request):
            raise PermissionDenied
        assert isinstance(request.user, User)
        form = BatchForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            wish, now = form.cleaned_data, timezone.now()
            try:
                made = invitations.make(
                    Purpose(wish["purpose"]), wish["number"], door=Door.CONSOLE, by=request.user,
                    max_uses=wish["max_uses"], expires_at=now + timedelta(days=wish["days"]),
                    note=wish["note"], now=now,
                )  # fmt: skip
            except ArbEdgeError as error:
                form.add_error(None, error.message)
            else:
                messages.success(request, f"Made {len(made)} codes.")
                return self._to(made[0].invitation.batch_id)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Make invitation codes",
            "consequence": "Each code has 8 letters and digits. The next page shows them, with"
            " their links, and as CSV.",
            "button": "Make codes",
            "back": reverse("admin:accounts_invitationbatch_changelist"),
            "form": form,
        }
        return TemplateResponse(request, "console/people_make.html", context)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",  # noqa: ARG002
        extra_context: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> HttpResponse:
        """The codes of a batch: whole for those who may make some, else how they begin."""
        batch = self.get_object(request, object_id)
        if not self.has_view_permission(request, batch):
            raise PermissionDenied
        if batch is None:
            raise Http404
        whole = request.user.has_perm(MAY_MAKE)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": str(batch),
            "batch": batch,
            "codes": _codes(batch, whole=whole),
            "csv": reverse("admin:accounts_invitationbatch_csv", args=[batch.pk]) if whole else "",
            "revoke": reverse("admin:accounts_invitationbatch_do", args=[batch.pk, "revoke"])
            if asking.may(request, REVOKE_BATCH)
            else "",
        }
        return TemplateResponse(request, "console/people_batch.html", context)

    def download(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The codes as CSV; the audit notes who took them."""
        if not request.user.has_perm(MAY_MAKE):
            raise PermissionDenied
        assert isinstance(request.user, User)
        batch = InvitationBatch.objects.filter(pk=pk).first()
        if batch is None:
            raise Http404
        answer = HttpResponse(
            csv_of(batch, by=request.user), content_type="text/csv; charset=utf-8"
        )
        answer["Content-Disposition"] = f'attachment; filename="arbedge-codes-{pk}.csv"'
        return answer

    @staticmethod
    def _to(pk: int) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:accounts_invitationbatch_change", args=[pk]))


def _codes(batch: InvitationBatch, *, whole: bool) -> list[dict[str, Any]]:
    rows = batch.invitations.order_by("pk")
    return [
        {
            "code": one.code if whole else f"{one.invitation.start}…",
            "link": one.link if whole else "",
            "used": f"{one.invitation.uses:,} of {one.invitation.max_uses:,}",
            "until": told.when(one.invitation.expires_at),
            "state": word(codes.CODE_TONES[one.state], one.state),
        }
        for one in shown(rows)
    ]
