"""The keys people bring: added, named, switched off and on, checked, deleted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import vault
from accounts.doors import logged_in
from accounts.forms import AiKeyForm, ExchangeKeyForm, Form, LabelForm
from accounts.models import MOST_KEYS, StoredKey
from accounts.vault_rows import Shown
from accounts.views.pages import ask, person_of, show, to
from arbedge.errors import ArbEdgeError, NotFound
from arbedge.names import Door


@require_safe
@logged_in
def keys(request: HttpRequest) -> HttpResponse:
    """My keys, and the forms to add one."""
    return _page(request)


def _page(
    request: HttpRequest, exchange: Form | None = None, ai: Form | None = None
) -> HttpResponse:
    told = {
        "keys": vault.listed(person_of(request)),
        "most": MOST_KEYS,
        "now": datetime.now(UTC),
        "exchange": exchange or ExchangeKeyForm(auto_id="exchange_%s"),
        "ai": ai or AiKeyForm(auto_id="ai_%s"),
    }
    return show(request, "keys", told)


@sensitive_post_parameters("key", "secret", "passphrase")
@sensitive_variables("wanted")
@require_POST
@logged_in
def add_exchange(request: HttpRequest) -> HttpResponse:
    """Has a key checked by its exchange and keeps it."""
    form = ExchangeKeyForm(request.POST, auto_id="exchange_%s")
    if form.is_valid():
        wanted = form.cleaned_data
        try:
            row = vault.add_exchange(
                person_of(request), wanted["venue"], wanted["key"], wanted["secret"],
                wanted["passphrase"], label=wanted["label"], testnet=wanted["testnet"],
                door=Door.WEB,
            )  # fmt: skip
        except ArbEdgeError as error:
            form.tell(error)
        else:
            messages.success(request, f"{_named(row)} is added: {_rights(row)}")
            return to("keys")
    return _page(request, exchange=form)


@sensitive_post_parameters("key")
@sensitive_variables("wanted")
@require_POST
@logged_in
def add_ai(request: HttpRequest) -> HttpResponse:
    """Has a key checked by its AI provider and keeps it."""
    form = AiKeyForm(request.POST, auto_id="ai_%s")
    if form.is_valid():
        wanted = form.cleaned_data
        try:
            row = vault.add_ai(
                person_of(request), wanted["provider"], wanted["key"],
                base_url=wanted["base_url"], label=wanted["label"], door=Door.WEB,
            )  # fmt: skip
        except ArbEdgeError as error:
            form.tell(error)
        else:
            messages.success(request, f"{_named(row)} is added and answers.")
            return to("keys")
    return _page(request, ai=form)


@require_http_methods(["GET", "HEAD", "POST"])
@logged_in
def relabel(request: HttpRequest, pk: int) -> HttpResponse:
    """Gives one of my keys another name."""
    key = _mine(request, pk)
    form = (
        LabelForm(request.POST)
        if request.method == "POST"
        else LabelForm(initial={"label": key.label})
    )
    if form.is_valid():
        try:
            vault.relabel(person_of(request), pk, form.cleaned_data["label"], door=Door.WEB)
        except ArbEdgeError as error:
            form.tell(error)
        else:
            messages.success(request, "The label is changed.")
            return to("keys")
    return show(request, "keys", {"key": key, "form": form}, template="accounts/key_label.html")


@require_http_methods(["GET", "HEAD", "POST"])
@logged_in
def act(request: HttpRequest, pk: int, deed: str) -> HttpResponse:
    """Disables, enables, checks or deletes one of my keys; asks before deleting."""
    do = _DEEDS.get(deed)
    if do is None:
        raise Http404("There is no such page.")
    key = _mine(request, pk)
    if request.method != "POST":
        question, consequence = _QUESTIONS[deed]
        name = f"{vault.provider_name(key.provider)} …{key.last4}"
        return ask(
            request, "keys", question=question.format(name), consequence=consequence,
            button=deed.capitalize(),
        )  # fmt: skip
    try:
        messages.success(request, do(request, pk))
    except NotFound as error:
        raise Http404(error.message) from error
    except ArbEdgeError as error:
        messages.error(request, error.message)
    return to("keys")


def _mine(request: HttpRequest, pk: int) -> Shown:
    found = next((key for key in vault.listed(person_of(request)) if key.id == pk), None)
    if found is None:
        raise Http404("You have no such key.")
    return found


def _disable(request: HttpRequest, pk: int) -> str:
    return f"{_named(vault.disable(person_of(request), pk, door=Door.WEB))} is not used any more."


def _enable(request: HttpRequest, pk: int) -> str:
    row = vault.enable(person_of(request), pk, door=Door.WEB)
    return f"{_named(row)} is used again: {_rights(row)}"


def _check(request: HttpRequest, pk: int) -> str:
    row = vault.revalidate(person_of(request), pk, door=Door.WEB)
    return f"{_named(row)}: {row.problem or _rights(row)}"


def _delete(request: HttpRequest, pk: int) -> str:
    vault.delete(person_of(request), pk, door=Door.WEB)
    return "The key is deleted."


_DEEDS: Final[dict[str, Callable[[HttpRequest, int], str]]] = {
    "disable": _disable, "enable": _enable, "check": _check, "delete": _delete,
}  # fmt: skip
_GONE: Final = (
    "It is removed from our database and what runs on it stops. To use it you have to enter it "
    "again. Revoke it at the service too if you do not need it there."
)
_QUESTIONS: Final = {
    "disable": ("Disable {}?", "It is kept, and used for nothing until you enable it again."),
    "enable": (
        "Enable {}?",
        "The service is asked what the key may do now; then it is used again.",
    ),
    "check": ("Check {}?", "The service is asked what the key may do now."),
    "delete": ("Delete {} for good?", _GONE),
}


def _named(row: StoredKey) -> str:
    return f"{vault.provider_name(row.provider)} …{row.last4}"


def _rights(row: StoredKey) -> str:
    may = "it may read and trade" if row.can_trade else "it may read, not trade"
    return f"{may}; it may not withdraw."
