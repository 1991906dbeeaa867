"""Log-in and log-out on the web: Telegram's widget, a link by mail, a code for the invited."""

from __future__ import annotations

import math
import smtplib
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import structlog
from django.conf import settings
from django.contrib import messages
from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import arrivals, doors, magic_links, telegram_login
from accounts.arrivals import Proof
from accounts.forms import CodeForm, Form, MailForm
from arbedge import sealing, visitor
from arbedge.errors import ArbEdgeError, BadInput
from arbedge.names import Language

TARGET: Final = "arbedge_arrival"  # where to go after the log-in, and the code brought along
TARGET_S: Final = 3600
PENDING: Final = "arrival"  # in Django's session: who proved himself and owes us a code
PENDING_FOR: Final = timedelta(minutes=15)

log = structlog.get_logger(__name__)


@require_http_methods(["GET", "HEAD", "POST"])
def login(request: HttpRequest) -> HttpResponse:
    """The ways in; posted, a link is mailed, with the same answer for every address."""
    if doors.standing_of(request) is not None:
        return HttpResponseRedirect(_next(request.GET.get("next", "")))
    if request.method != "POST":
        response = _ways_in(request, MailForm())
        _remember_target(request, response)
        return response
    form = MailForm(request.POST)
    return _send_link(request, form) if form.is_valid() else _ways_in(request, form)


def _send_link(request: HttpRequest, form: MailForm) -> HttpResponse:
    now = datetime.now(UTC)
    try:
        email = magic_links.normal(form.cleaned_data["email"])
        if wait_s := magic_links.wait_s(request, email, now):
            return _too_many(request, form, wait_s)
        magic_links.send(email, ip=visitor.address(request), now=now)
    except BadInput as error:
        form.tell(error)
        return _ways_in(request, form)
    except (OSError, smtplib.SMTPException) as error:
        log.exception("login_mail_not_sent", cause=type(error).__name__)
        form.add_error(None, "The mail could not be sent. Try again in a few minutes.")
        return _ways_in(request, form, status=503)
    return _shown(request, "accounts/link_sent.html", {"email": email})


def _too_many(request: HttpRequest, form: Form, wait_s: int) -> HttpResponse:
    wait = f"{wait_s} s" if wait_s < 60 else f"{math.ceil(wait_s / 60)} min"
    form.add_error(None, f"Too many links were asked for. The next one can be sent in {wait}.")
    response = _ways_in(request, form, status=429)
    response["Retry-After"] = str(wait_s)
    return response


@require_GET
def telegram(request: HttpRequest, state: str) -> HttpResponse:
    """Where Telegram's widget leads back to, with signed data."""
    now = datetime.now(UTC)
    try:
        if not sealing.same(state, _state(request)):
            raise BadInput(
                "This log-in was begun in another browser. Log in again here.",
                code="login_elsewhere",
            )
        pairs = [(name, value) for name, all_ in request.GET.lists() for value in all_]
        proof = Proof.of_telegram(telegram_login.take(pairs, now))
    except ArbEdgeError as error:
        log.info("telegram_login_refused", code=error.code)
        return _refused(request, error)
    return _arrived(request, proof, now)


@sensitive_post_parameters("token")
@require_http_methods(["GET", "HEAD", "POST"])
def link(request: HttpRequest) -> HttpResponse:
    """A link from a mail. Opened, it shows a button; only the button uses it up."""
    now = datetime.now(UTC)
    try:
        if request.method == "POST":
            email = magic_links.use(request.POST.get("token", ""), now)
            return _arrived(request, Proof(email=email), now)
        token = request.GET.get("token", "")
        found = magic_links.look(token, now)
    except BadInput as error:
        return _refused(request, error)
    told = {"token": token, "email": found.email}
    return _shown(request, "accounts/link.html", told)


@require_http_methods(["GET", "HEAD", "POST"])
def code(request: HttpRequest) -> HttpResponse:
    """Asks somebody new for an invitation code, after he proved who he is."""
    now = datetime.now(UTC)
    proof = _pending(request, now)
    if proof is None:
        messages.warning(request, "That took longer than 15 minutes. Log in again.")
        return HttpResponseRedirect(reverse("accounts:login"))
    brought = {"code": _target(request).get("code", "")}
    form = CodeForm(request.POST) if request.method == "POST" else CodeForm(initial=brought)
    if form.is_valid():
        try:
            return _enter(request, proof, now, form.cleaned_data["code"])
        except ArbEdgeError as error:
            form.tell(error)
    status = 422 if form.is_bound else 200
    return _shown(request, "accounts/code.html", {"form": form, "proof": proof}, status)


@require_POST
def logout(request: HttpRequest) -> HttpResponse:
    """Ends this session."""
    was_in = doors.standing_of(request) is not None
    doors.leave(request, datetime.now(UTC))
    if was_in:
        messages.success(request, "You are logged out.")
    response = HttpResponseRedirect(reverse("accounts:login"))
    doors.forget(response)
    return response


def _arrived(request: HttpRequest, proof: Proof, now: datetime) -> HttpResponse:
    """On to where the person wanted to go, or to the question for a code."""
    try:
        if not arrivals.needs_code(proof):
            return _enter(request, proof, now)
    except ArbEdgeError as error:
        return _refused(request, error)
    request.session.cycle_key()
    until = (now + PENDING_FOR).timestamp()
    request.session[PENDING] = {"proof": proof.plain(), "until": until}
    return HttpResponseRedirect(reverse("accounts:code"))


def _enter(request: HttpRequest, proof: Proof, now: datetime, code: str = "") -> HttpResponse:
    target = _target(request)
    arrived = arrivals.arrive(
        proof, now=now, code=code, referral=target.get("ref", ""), language=_language(request)
    )
    response = HttpResponseRedirect(_next(target.get("next", "")))
    doors.enter(request, response, arrived.user, now)
    if arrived.refused is not None:
        told = f"The referral code you came by does not count. {arrived.refused.message}"
        messages.warning(request, told)
    _forget_pending(request)
    response.delete_cookie(TARGET, path="/login")
    return doors.uncached(response)


def _ways_in(request: HttpRequest, form: Form, status: int = 0) -> HttpResponse:
    bot = telegram_login.configured()
    told: dict[str, Any] = {
        "form": form,
        "bot": settings.BOT_NAME if bot else "",
        "invite_only": settings.INVITE_ONLY,
        "to_log": settings.EMAIL_BACKEND.endswith("console.EmailBackend"),
    }
    if bot:
        back = reverse("accounts:telegram", args=[_state(request)])
        told["auth_url"] = f"{str(settings.SITE_URL).rstrip('/')}{back}"
    return _shown(request, "accounts/login.html", told, status or (422 if form.errors else 200))


def _refused(request: HttpRequest, error: ArbEdgeError) -> HttpResponse:
    """What was wrong, and the way back to the ways in."""
    return _shown(request, "accounts/refused.html", {"error": error}, error.status)


def _shown(
    request: HttpRequest, template: str, told: dict[str, Any], status: int = 200
) -> HttpResponse:
    return doors.uncached(render(request, template, told, status=status))


def _state(request: HttpRequest) -> str:
    """Ties Telegram's answer to the browser that asked: nobody logs another in as himself."""
    get_token(request)
    return sealing.digest("telegram_login", request.META["CSRF_COOKIE"]).hex()[:32]


def _remember_target(request: HttpRequest, response: HttpResponse) -> None:
    wanted = {
        name: request.GET[name][:500] for name in ("next", "code", "ref") if request.GET.get(name)
    }
    if wanted:
        response.set_cookie(
            TARGET, signing.dumps(wanted, salt=TARGET), max_age=TARGET_S, path="/login",
            httponly=True, samesite="Lax", secure=bool(settings.SESSION_COOKIE_SECURE),
        )  # fmt: skip
    elif TARGET in request.COOKIES:
        response.delete_cookie(TARGET, path="/login")


def _target(request: HttpRequest) -> dict[str, str]:
    try:
        found: dict[str, str] = signing.loads(
            request.COOKIES.get(TARGET, ""), salt=TARGET, max_age=TARGET_S
        )
    except signing.BadSignature:
        return {}
    return found


def _next(asked: str) -> str:
    return doors.safe_path(asked, reverse("accounts:account"))


def _pending(request: HttpRequest, now: datetime) -> Proof | None:
    held = request.session.get(PENDING)
    if held is None or held["until"] < now.timestamp():
        return None
    return Proof.read(held["proof"])


def _forget_pending(request: HttpRequest) -> None:
    """An operator's console log-in in the same browser stays."""
    if request.session.pop(PENDING, None) is not None and request.session.is_empty():
        request.session.flush()


def _language(request: HttpRequest) -> str:
    """The language the browser would like best; people.register knows which ones we speak."""
    return request.headers.get("Accept-Language", "")[:2].lower() or Language.EN
