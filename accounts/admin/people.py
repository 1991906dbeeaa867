"""People: the list, which stays fast at a million, and the page of one person."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin  # noqa: F401  registers groups by being imported
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import action, display

from accounts import people
from accounts.admin import asking, deeds, finding, person, told
from accounts.models import User
from arbedge.desk import COUNTED_AT_MOST, ReadOnlyAdmin
from arbedge.names import Door

SEARCH_HELP = (
    "Beginning of a name, e-mail, @name or Telegram id; or an invitation code, its first three"
    " characters, or a referral code"
)


class NewPerson(forms.Form):
    """By what somebody can be told from others, and his name."""

    email = forms.EmailField(label="E-mail", max_length=254)
    name = forms.CharField(max_length=128)


admin.site.unregister(Group)  # a role says it all, see accounts/backends.py


@admin.register(User)
class PersonAdmin(asking.Doing, ReadOnlyAdmin):
    """Nothing is edited in place: what changes a person is asked for, reasoned and audited."""

    list_display = ("who", "stands", "tier_told", "seen", "joined")
    list_display_links = ("who",)
    list_filter = (
        finding.RoleFilter, finding.TierFilter, finding.StateFilter, finding.BetaFilter,
        finding.ActiveFilter,
    )  # fmt: skip
    search_fields = ("name",)  # shows the field; get_search_results searches
    search_help_text = SEARCH_HELP
    ordering = ("-pk",)
    sortable_by = ("joined",)
    list_before_template = "console/people_bounded.html"
    counted_at_most = COUNTED_AT_MOST
    actions = ()
    actions_list = ("make_codes",)
    deeds = deeds.DEEDS

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("accounts.add_user"))

    def add_view(
        self,
        request: HttpRequest,
        form_url: str = "",  # noqa: ARG002
        extra_context: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> HttpResponse:
        """Registers somebody by his address; what he may is given on his page."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = NewPerson(request.POST or None)
        if request.method == "POST" and form.is_valid():
            made = people.register(door=Door.CONSOLE, **form.cleaned_data)
            return HttpResponseRedirect(reverse("admin:accounts_user_change", args=[made.pk]))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Add a person",
            "consequence": "People come by themselves, by the bot or the web. Add staff here: then"
            " give a role and a password. An address that is known leads to its person.",
            "button": "Add",
            "back": reverse("admin:accounts_user_changelist"),
            "form": form,
        }
        return TemplateResponse(request, "console/people_make.html", context)

    def has_invite_permission(self, request: HttpRequest) -> bool:
        """Whether this member of staff may make invitation codes."""
        return request.user.has_perm("accounts.add_invitationbatch")

    @action(description="Make codes…", url_path="codes", permissions=["invite"])
    def make_codes(self, request: HttpRequest) -> HttpResponse:  # noqa: ARG002
        """Leads to making invitation codes."""
        return HttpResponseRedirect(reverse("admin:accounts_invitationbatch_add"))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False

    def get_search_results(
        self,
        request: HttpRequest,  # noqa: ARG002
        queryset: QuerySet[User],
        search_term: str,
    ) -> tuple[QuerySet[User], bool]:
        """By indexes only, see finding.search."""
        return finding.search(queryset, search_term), False

    @display(description="Person")
    def who(self, one: User) -> SafeString:
        """Name, and what else he is known by."""
        known = f"@{one.telegram_name}" if one.telegram_name else one.email or one.username
        return format_html('{} <span class="desk-soft">{}</span>', one, known)

    @display(description="State")
    def stands(self, one: User) -> str:
        """State, and role of staff."""
        return told.state(one)

    @display(description="Tier")
    def tier_told(self, one: User) -> str:
        """Tier, its end, and a running beta."""
        return told.tier(one)

    @display(description="Last seen")
    def seen(self, one: User) -> str:
        """When he last did something."""
        return told.when(one.seen_at)

    @display(description="Joined", ordering="date_joined")
    def joined(self, one: User) -> str:
        """When he came."""
        return told.when(one.date_joined)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",  # noqa: ARG002
        extra_context: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> HttpResponse:
        """Everything about one person, and what can be done."""
        one = self.get_object(request, object_id)
        if not self.has_view_permission(request, one):
            raise PermissionDenied
        if one is None:
            answer: HttpResponse = self._get_obj_does_not_exist_redirect(
                request, self.opts, object_id
            )
            return answer
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": str(one),
            "original": one,
            "cards": person.cards(one, request),
            "deeds": [
                (deed, reverse("admin:accounts_user_do", args=[one.pk, deed.name]))
                for deed in deeds.possible(one, request)
            ],
        }
        return TemplateResponse(request, "console/people_person.html", context)
