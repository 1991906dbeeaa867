"""One address of mine: proven by a code or a link, used again, removed, and its secret."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.doors import logged_in, uncached
from accounts.models import User
from accounts.views.pages import ask, person_of, show, to
from arbedge.errors import ArbEdgeError, NotFound
from arbedge.names import Channel, Door
from notifications import signing
from notifications.addressing import address_rows, address_words, addresses, verification
from notifications.addressing.forms import ProofForm
from notifications.models import Address
from notifications.sending import deliveries_of

PAGE: Final = "channels"


@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
@logged_in
def prove(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes the code that was sent to the address."""
    row = _mine(request, pk)
    form = ProofForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        code = form.cleaned_data["code"]
        try:
            row = verification.confirm(person_of(request), pk, code, door=Door.WEB)
        except ArbEdgeError as error:
            form.tell(error)
        else:
            return _proven(request, row)
    told = {"address": row, "name": _name(row), "form": form, "waits": _waits(row)}
    return show(request, PAGE, told, template="notifications/pages/prove.html")


@require_POST
@logged_in
def send_proof(request: HttpRequest, pk: int) -> HttpResponse:
    """Sends a new code, a link, or a challenge."""
    return to_proof(request, _mine(request, pk))


def to_proof(request: HttpRequest, row: Address) -> HttpResponse:
    """Sends the proof and leads on to where its code is entered."""
    try:
        started = verification.start(person_of(request), row.pk, door=Door.WEB)
    except ArbEdgeError as error:
        messages.error(request, error.message)
    else:
        if started.done:
            return _proven(request, started.address)
    return HttpResponseRedirect(reverse("notifications:prove", args=[row.pk]))


@require_POST
@logged_in
def enable(request: HttpRequest, pk: int) -> HttpResponse:
    """Uses a disabled address again; one that was never verified is sent its proof."""
    _mine(request, pk)
    try:
        row = addresses.enable(person_of(request), pk, door=Door.WEB)
    except ArbEdgeError as error:
        messages.error(request, error.message)
        return to(PAGE)
    if row.verified_at is None:
        return to_proof(request, row)
    messages.success(request, f"{_name(row)} {row.shown} is used again.")
    return to(PAGE)


@require_http_methods(["GET", "HEAD", "POST"])
@logged_in
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Forgets an address; asks first."""
    row = _mine(request, pk)
    if request.method != "POST":
        return ask(
            request, PAGE, question=f"Remove {_name(row)} {row.shown}?", button="Remove",
            consequence="Nothing is sent there any more, and what we know of it is deleted. To use "
            "it again you have to add and verify it anew.",
        )  # fmt: skip
    try:
        addresses.remove(person_of(request), pk, door=Door.WEB)
    except NotFound as error:
        raise Http404(error.message) from error
    messages.success(request, f"{_name(row)} {row.shown} is removed.")
    return to(PAGE)


@require_safe
@logged_in
def webhook(request: HttpRequest, pk: int) -> HttpResponse:
    """What was sent to a webhook of mine, and how its server checks that it is from us."""
    return _webhook_page(request, _hook(request, pk))


@sensitive_variables("secret")
@require_http_methods(["GET", "HEAD", "POST"])
@logged_in
def new_secret(request: HttpRequest, pk: int) -> HttpResponse:
    """Replaces a webhook's secret and shows the new one in this answer only."""
    row = _hook(request, pk)
    if request.method != "POST":
        return ask(
            request, PAGE, question=f"A new secret for {row.shown}?", button="Make a new secret",
            consequence="Messages are signed with it at once, so your server refuses them until "
            "it knows it.",
        )  # fmt: skip
    try:
        row = addresses.new_secret(person_of(request), pk, door=Door.WEB)
    except ArbEdgeError as error:
        messages.error(request, error.message)
        return _webhook_page(request, row)
    return shown_once(request, row)


def shown_once(request: HttpRequest, row: Address) -> HttpResponse:
    """A webhook's page with its secret."""
    return _webhook_page(request, row, str(address_rows.opened(row)["secret"]))


@sensitive_variables("secret", "told")
def _webhook_page(request: HttpRequest, row: Address, secret: str = "") -> HttpResponse:
    told = {
        "address": row,
        "secret": secret,
        "now": datetime.now(UTC),
        "problem": address_words.problem(row.problem) if row.problem else "",
        "attempts": deliveries_of.attempts(row),
        "most": deliveries_of.SHOWN,
        "signature": signing.HEADER,
        "delivery": signing.DELIVERY_HEADER,
        "tolerance_min": signing.TOLERANCE_S // 60,
    }
    return show(request, PAGE, told, template="notifications/pages/webhook.html")


@require_http_methods(["GET", "HEAD", "POST"])
def prove_by_link(request: HttpRequest) -> HttpResponse:
    """A link from a mail: looking asks, pressing proves. Its reader need not be logged in."""
    token = request.GET.get("token", "")
    error: ArbEdgeError | None = None
    row: Address | None = None
    try:
        row = verification.look(token)[0].address
        if request.method == "POST":
            row = verification.confirm_by_link(token)
    except ArbEdgeError as refused:
        error = refused
    told = {
        "error": error,
        "address": row,
        "done": request.method == "POST" and error is None,
        "owner": row and User.objects.filter(pk=row.recipient_id).first(),
    }
    status = 200 if error is None else error.status
    page = render(request, "notifications/pages/proven_by_link.html", told, status=status)
    return uncached(page)


def _proven(request: HttpRequest, row: Address) -> HttpResponse:
    messages.success(request, f"{_name(row)} {row.shown} is verified and used from now on.")
    return to(PAGE)


def _mine(request: HttpRequest, pk: int) -> Address:
    try:
        return addresses.find(person_of(request).pk, pk)
    except NotFound as error:
        raise Http404(error.message) from error


def _hook(request: HttpRequest, pk: int) -> Address:
    row = _mine(request, pk)
    if row.channel != Channel.WEBHOOK.value:
        raise Http404("You have no such webhook.")
    return row


def _waits(row: Address) -> bool:
    """Whether a code is on its way that can still be entered."""
    now = datetime.now(UTC)
    return row.verifications.filter(used_at__isnull=True, expires_at__gt=now).exists()


def _name(row: Address) -> str:
    return address_words.NAMES[Channel(row.channel)]
