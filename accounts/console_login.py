"""The first step into the console: a name and a password, and what is kept until the second."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any, Final

from django.contrib.auth import login as enter
from django.contrib.auth.views import LoginView
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django_otp import login as bind_device
from unfold.forms import AuthenticationForm

from accounts import audit, lockout, second_factor
from accounts.models import TotpDevice, User
from arbedge import sealing

STAYS_IN: Final = timedelta(hours=12)
SECOND_STEP_WITHIN: Final = timedelta(minutes=10)
_KEPT_AS: Final = "console_login"
BUSY: Final = frozenset({"throttled", "locked"})


def wait_message(seconds: int) -> str:
    """How long to wait, in words."""
    span = f"{seconds} s" if seconds < 60 else f"{math.ceil(seconds / 60)} min"
    return f"Too many tries. Log-in opens again in {span}."


def held(error_code: str, seconds: int) -> ValidationError:
    """The error of a try that is not judged."""
    return ValidationError(wait_message(seconds), code=error_code, params={"seconds": seconds})


class PasswordForm(AuthenticationForm):  # type: ignore[misc]  # Unfold has no types
    """Name and password, judged only while neither throttle nor lock holds."""

    error_messages = {
        "invalid_login": "Name or password is wrong, or this account may not use the console.",
        "inactive": "Name or password is wrong, or this account may not use the console.",
    }

    def clean(self) -> Any:
        name = self.cleaned_data.get("username")
        if not name or not self.cleaned_data.get("password"):
            return super().clean()
        wait = lockout.throttled(self.request, name)
        if wait:
            raise held("throttled", wait)
        tries = lockout.by_name(self.request, name)
        person = User.objects.filter(username=name).first()
        counted = lockout.count(tries, person)
        if counted.locked_s:
            raise held("locked", counted.locked_s)
        try:
            cleaned = super().clean()
        except ValidationError:
            self._tell_refusal(person, locked=counted.last)
            raise
        lockout.forget(tries)
        return cleaned

    def _tell_refusal(self, person: User | None, *, locked: bool) -> None:
        """A wrong password is told by Django's own signal; a right one may still not be enough."""
        known = self.get_user()
        if known is not None:
            audit.record("login.not_staff", known, whom=known, security=True)
        if locked:
            audit.record("login.locked", person or User, whom=person, security=True)


@dataclass(frozen=True)
class Waiting:
    """A person who has shown the password, not yet the second factor: he is logged in nowhere."""

    user_id: int
    backend: str
    password_hash: str
    next: str
    until_s: float

    @classmethod
    def keep(cls, request: HttpRequest, user: User, backend: str, target: str) -> None:
        """Remembers the person in a fresh session."""
        until = timezone.now() + SECOND_STEP_WITHIN
        password = user.get_session_auth_hash()
        waiting = cls(user.pk, backend, password, target, until.timestamp())
        request.session.cycle_key()
        request.session[_KEPT_AS] = asdict(waiting)

    @classmethod
    def of(cls, request: HttpRequest) -> tuple[Waiting, User] | None:
        """Who waits in this browser; None when nobody does, or his time or password is over."""
        kept = request.session.get(_KEPT_AS)
        if kept is None:
            return None
        waiting = cls(**kept)
        user = User.objects.filter(pk=waiting.user_id, is_active=True, is_staff=True).first()
        late = timezone.now().timestamp() > waiting.until_s
        if (
            user is None
            or late
            or not sealing.same(waiting.password_hash, user.get_session_auth_hash())
        ):
            del request.session[_KEPT_AS]
            return None
        return waiting, user

    @staticmethod
    def forget(request: HttpRequest) -> None:
        request.session.pop(_KEPT_AS, None)


def let_in(request: HttpRequest, user: User, backend: str, device: TotpDevice | None) -> None:
    """Logs the person in, bound to the device that proved him where there is one."""
    Waiting.forget(request)
    enter(request, user, backend=backend)
    if device is not None:
        bind_device(request, device)
    request.session.set_expiry(STAYS_IN)


class ConsoleLogin(LoginView):
    """Takes name and password; who has, or must have, a second factor goes on to it."""

    template_name = "admin/login.html"
    authentication_form = PasswordForm

    @staticmethod
    def inside() -> HttpResponse:
        """To the console's first page."""
        return HttpResponseRedirect(reverse("admin:index"))

    def form_valid(self, form: Any) -> HttpResponse:
        user = form.get_user()
        target = self.get_redirect_url() or reverse("admin:index")
        if second_factor.device_of(user) is not None:
            Waiting.keep(self.request, user, user.backend, target)
            return HttpResponseRedirect(reverse("admin:second_factor_code"))
        if second_factor.required():
            Waiting.keep(self.request, user, user.backend, target)
            return HttpResponseRedirect(reverse("admin:second_factor_new"))
        let_in(self.request, user, user.backend, None)
        response = HttpResponseRedirect(target)
        lockout.remember_browser(self.request, response, user)
        return response

    def form_invalid(self, form: Any) -> HttpResponse:
        response = super().form_invalid(form)
        for error in form.errors.as_data().get("__all__", []):
            if error.code in BUSY:
                response.status_code = 429
                response.headers["Retry-After"] = str((error.params or {})["seconds"])
        return response
