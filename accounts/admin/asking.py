"""What operators do to rows: asked first with numbers and consequences, then done, then told.

A deed is the same for one row on its own page and for many chosen in a list. Whoever chose "all"
is told how many that is; if the number changed before the answer came, the question comes again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from unfold.admin import ModelAdmin

from accounts.models import User
from arbedge.errors import ArbEdgeError

AT_MOST: Final = 10_000
NAMED: Final = 12
REASON_LENGTH: Final = 200


class Reason(forms.Form):
    """Why. It is kept in the audit, and the person concerned may read it."""

    reason = forms.CharField(
        max_length=REASON_LENGTH, help_text="Kept in the audit; the person concerned may read it."
    )


class Sure(forms.Form):
    """Nothing but a yes."""


def typed(word: str) -> type[forms.Form]:
    """A form that is right only when the word is typed, and says why."""

    class Typed(Reason):
        typed = forms.CharField(max_length=len(word) + 20, label=f"Type {word} to go on")

        def clean_typed(self) -> str:
            given = str(self.cleaned_data["typed"]).strip()
            if given != word:
                raise forms.ValidationError(f"That is not {word}.")
            return given

    return Typed


@dataclass(frozen=True)
class Order:
    """What was decided: on which rows, by whom, with what was filled in."""

    ids: Sequence[int]
    by: User
    given: Mapping[str, Any]

    @property
    def reason(self) -> str:
        """The reason given, "" where none is asked for."""
        return str(self.given.get("reason", ""))


@dataclass(frozen=True)
class Deed:
    """One thing that can be done: its words, what it asks for, who may, and what does it.

    `question` and `consequence` are told with {whom}: "Ada", "312 people". `does` returns what
    happened, in words; its errors are shown above the form, which stays.
    """

    name: str
    label: str
    question: str
    consequence: str
    button: str
    does: Callable[[Order], str]
    form: type[forms.Form] = Reason
    permission: str = "accounts.change_user"
    objects: tuple[str, str] = ("person", "people")
    at_most: int = AT_MOST
    dangerous: bool = False
    named: Callable[[Any], str] = str
    allowed: Callable[[User, Sequence[int]], str] = field(default=lambda _by, _ids: "")

    def whom(self, rows: Sequence[Any], number: int) -> str:
        """How the rows are spoken of."""
        return self.named(rows[0]) if number == 1 else f"{number:,} {self.objects[1]}"


def may(request: HttpRequest, deed: Deed) -> bool:
    """Whether who asks may do this at all."""
    return bool(request.user.has_perm(deed.permission))


def ask(
    page: ModelAdmin, request: HttpRequest, rows: QuerySet[Any], deed: Deed
) -> HttpResponse | None:
    """Asks, or does it and tells; None when there is nothing more to show than the list."""
    found = list(rows.order_by("pk").values_list("pk", flat=True)[: deed.at_most + 1])
    if len(found) > deed.at_most:
        text = f"That is more than {deed.at_most:,}. Narrow the search or the filters first."
        messages.error(request, text)
        return None
    assert isinstance(request.user, User)
    refusal = deed.allowed(request.user, found)
    if refusal or not found:
        messages.error(request, refusal or "Nothing was chosen.")
        return None
    said = request.POST.get("sure") == str(len(found))
    form = deed.form(request.POST if "sure" in request.POST else None)
    if said and form.is_valid():
        try:
            told = deed.does(Order(found, request.user, form.cleaned_data))
        except ArbEdgeError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, told)
            return None
    context = {**page.admin_site.each_context(request), "opts": page.opts, "form": form}
    context |= _words(request, rows, deed, len(found))
    return TemplateResponse(request, "console/people_confirm.html", context)


def _words(request: HttpRequest, rows: QuerySet[Any], deed: Deed, number: int) -> dict[str, Any]:
    named: list[Model] = list(rows.order_by("pk")[:NAMED])
    whom = deed.whom(named, number)
    return {
        "title": deed.question.format(whom=whom),
        "consequence": deed.consequence.format(whom=whom),
        "deed": deed,
        "number": number,
        "named": [deed.named(row) for row in named] if number > 1 else [],
        "more": number - len(named),
        "changed": request.POST.get("sure", str(number)) != str(number),
        "chosen": request.POST.getlist(ACTION_CHECKBOX_NAME),
        "across": request.POST.get("select_across", "0"),
        "back": page_of(request),
    }


def page_of(request: HttpRequest) -> str:
    """Where "no" leads: the list as it was, or the page of the one row."""
    path = request.get_full_path()
    return path.partition("/do/")[0] + "/change/" if "/do/" in path else path


def list_action(deed: Deed) -> Callable[..., HttpResponse | None]:
    """The deed as an action of a list."""

    def act(page: Any, request: HttpRequest, rows: QuerySet[Any]) -> HttpResponse | None:
        if not may(request, deed):
            messages.error(request, "Your role may not do this.")
            return None
        return ask(page, request, rows, deed)

    act.__name__ = deed.name
    return act


class Doing(ModelAdmin):
    """A page whose rows things can be done to: in its list, and at <id>/do/<name>/."""

    deeds: tuple[Deed, ...] = ()

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """The deeds this operator may do; nothing else, deleting least of all."""
        return {
            deed.name: (list_action(deed), deed.name, deed.label)
            for deed in self.deeds
            if may(request, deed)
        }

    def get_urls(self) -> list[Any]:
        """With the address of a deed on one row."""
        from django.urls import path

        name = f"{self.opts.app_label}_{self.opts.model_name}_do"
        view = self.admin_site.admin_view(self.do)
        return [path("<path:object_id>/do/<str:deed>/", view, name=name), *super().get_urls()]

    def do(self, request: HttpRequest, object_id: str, deed: str) -> HttpResponse:
        """One deed on one row: asks, does, and goes back to the row."""
        from django.core.exceptions import PermissionDenied
        from django.http import Http404
        from django.urls import reverse

        wanted = next((one for one in self.deeds if one.name == deed), None)
        row = self.get_object(request, object_id)
        if wanted is None or row is None:
            raise Http404
        if not may(request, wanted):
            raise PermissionDenied
        rows = self.get_queryset(request).filter(pk=row.pk)
        answer = ask(self, request, rows, wanted)
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
        return answer or HttpResponseRedirect(reverse(name, args=[row.pk]))
