"""The second step into the console, the first enrolment, and a person's own second factor."""

from __future__ import annotations

from typing import Any, Final, cast

import structlog
from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django_otp import login as bind_device
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts import audit, lockout, second_factor
from accounts.console_login import SECOND_STEP_WITHIN, Waiting, held, let_in
from accounts.models import BackupCode, TotpDevice, User
from arbedge import sealing

WRONG: Final = (
    "That code is wrong or was used already. A code lasts 30 seconds: wait for the next one, and"
    " see that your phone's clock is right."
)
NOT_YET: Final = (
    "That code does not fit the picture you were shown. Type the next one your phone shows, and"
    " see that its clock is right."
)
UNSEALABLE: Final = (
    "Your second factor was sealed with a key this server no longer has (ENCRYPTION_KEYS)."
    " Put the key back, or have your second factor reset."
)
OVER: Final = "Please log in again: your name and password were entered too long ago."
_REPLACES_UNTIL: Final = "second_factor_replaces_until"

_log = structlog.get_logger(__name__)


class CodeForm(forms.Form):
    """Six digits of an authenticator, or a backup code."""

    code = forms.CharField(
        label="Code",
        max_length=20,
        widget=UnfoldAdminTextInputWidget(
            attrs={"autocomplete": "one-time-code", "autofocus": True, "spellcheck": "false"}
        ),
    )


@never_cache
@sensitive_post_parameters()
def code(request: HttpRequest) -> HttpResponse:
    """The second step: a code, then in."""
    found = Waiting.of(request)
    if found is None:
        return _again(request)
    waiting, user = found
    if second_factor.device_of(user) is None:
        return _again(request)  # it was reset meanwhile: the first step decides anew
    form = CodeForm(request.POST or None)
    device = _judged(form, user) if form.is_valid() else None
    if device is None:
        return _page(request, "accounts/console_code.html", form, title="Second factor", who=user)
    let_in(request, user, waiting.backend, device)
    response = HttpResponseRedirect(waiting.next)
    lockout.remember_browser(request, response, user)
    return response


def _judged(form: CodeForm, user: User) -> TotpDevice | None:
    """The device whose code was typed; else None, with the reason in the form."""
    tries = lockout.by_code(user)
    counted = lockout.count(tries, user)
    if counted.locked_s:
        form.add_error(None, held("locked", counted.locked_s))
        return None
    try:
        device = second_factor.check(user, form.cleaned_data["code"])
    except sealing.Unsealable as error:
        _log.error("second_factor_unsealable", user_id=user.pk, reason=error.message)
        form.add_error(None, ValidationError(UNSEALABLE, code="unsealable"))
        return None
    if device is not None:
        lockout.forget(tries)
        return device
    audit.record("second_factor.failed", user, whom=user, security=True)
    if counted.last:
        audit.record("second_factor.locked", user, whom=user, security=True)
    _refuse(form, WRONG)
    return None


def _refuse(form: CodeForm, message: str) -> None:
    """Tells why, and empties the field: the same code is never right a second time."""
    form.add_error("code", message)
    form.data = {}


@never_cache
@sensitive_post_parameters()
def enrol(request: HttpRequest) -> HttpResponse:
    """Shows a new secret once and takes its first code; then ten backup codes, once."""
    waiting, user = _who_enrols(request)
    if user is None:
        return _again(request)
    form = CodeForm(request.POST or None)
    if form.is_valid():
        done = second_factor.confirm(user, form.cleaned_data["code"])
        if done is not None:
            return _enrolled(request, user, waiting, *done)
        _refuse(form, NOT_YET)
    shown = None if request.method == "POST" else second_factor.begin(user)
    return _page(
        request, "accounts/console_enrol.html", form, title="Set up your second factor", who=user,
        enrolment=shown,
    )  # fmt: skip


def _who_enrols(request: HttpRequest) -> tuple[Waiting | None, User | None]:
    """Who may get a new secret: nobody who has one and has not just shown a code of it."""
    found = Waiting.of(request)
    if found is not None:
        waiting, user = found
        return (waiting, user) if second_factor.device_of(user) is None else (None, None)
    if not admin.site.has_permission(request):
        return None, None
    person = cast("User", request.user)
    has_one = second_factor.device_of(person) is not None
    replaces = request.session.get(_REPLACES_UNTIL, 0.0) > timezone.now().timestamp()
    return None, person if replaces or not has_one else None


def _enrolled(
    request: HttpRequest, user: User, waiting: Waiting | None, device: TotpDevice, codes: list[str]
) -> HttpResponse:
    request.session.pop(_REPLACES_UNTIL, None)
    if waiting is None:
        bind_device(request, device)
    else:
        let_in(request, user, waiting.backend, device)
    second_factor.end_others(request, user)
    target = waiting.next if waiting else reverse("admin:second_factor")
    response = _codes_page(request, codes, target)
    lockout.remember_browser(request, response, user)
    return response


@never_cache
@sensitive_post_parameters()
def own(request: HttpRequest) -> HttpResponse:
    """A person's own second factor: what there is, new backup codes, another device."""
    user = cast("User", request.user)
    device = second_factor.device_of(user)
    form = CodeForm(request.POST or None)
    if device is not None and form.is_valid() and _judged(form, user) is not None:
        if request.POST.get("do") == "codes":
            codes = second_factor.new_backup_codes(user)
            return _codes_page(request, codes, reverse("admin:second_factor"))
        until = timezone.now() + SECOND_STEP_WITHIN
        request.session[_REPLACES_UNTIL] = until.timestamp()
        return HttpResponseRedirect(reverse("admin:second_factor_new"))
    left = BackupCode.objects.filter(device=device, used_at__isnull=True).count() if device else 0
    return _page(
        request, "accounts/console_second_factor.html", form, title="Your second factor",
        device=device, left=left, required=second_factor.required(),
    )  # fmt: skip


def _codes_page(request: HttpRequest, codes: list[str], target: str) -> HttpResponse:
    return _page(
        request, "accounts/console_backup_codes.html", None, title="Backup codes", codes=codes,
        target=target,
    )  # fmt: skip


def _again(request: HttpRequest) -> HttpResponse:
    if admin.site.has_permission(request):
        return HttpResponseRedirect(reverse("admin:second_factor"))
    messages.error(request, OVER)
    return HttpResponseRedirect(reverse("admin:login"))


def _page(
    request: HttpRequest, template: str, form: CodeForm | None, **context: Any
) -> HttpResponse:
    """Renders in the console's frame; 429 with Retry-After while a lock holds."""
    wait = 0
    for error in form.errors.as_data().get("__all__", []) if form else []:
        wait = int((error.params or {}).get("seconds", 0))
    response: HttpResponse = admin.site.page(  # type: ignore[attr-defined]
        request, template, 429 if wait else 200, form=form, **context
    )
    if wait:
        response.headers["Retry-After"] = str(wait)
    return response
