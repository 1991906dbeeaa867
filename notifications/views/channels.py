"""My channels: in my order, added, proven, tried, switched off and removed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_POST, require_safe

from accounts import preferences
from accounts.doors import logged_in
from accounts.forms import Form
from accounts.models import User
from accounts.views.pages import person_of, show, to
from accounts.wishes import wish
from arbedge.choices import Spread
from arbedge.errors import ArbEdgeError, BadInput, NoData
from arbedge.names import Channel, Door
from notifications.addressing import (
    address_rows,
    address_words,
    addresses,
    channel_list,
    order,
    suppressions,
    trying,
)
from notifications.addressing.forms import ADDING, adding
from notifications.channels import vapid
from notifications.views.addresses import shown_once, to_proof

PAGE: Final = "channels"
TEMPLATE: Final = "notifications/pages/channels.html"


@require_safe
@logged_in
def channels(request: HttpRequest) -> HttpResponse:
    """My channels, and the forms to add one."""
    return _page(request)


@sensitive_post_parameters("url", "bearer", "password", "number")
@sensitive_variables("wanted")
@require_POST
@logged_in
def add(request: HttpRequest, name: str) -> HttpResponse:
    """Keeps an address and leads on to its proof; a webhook's secret is shown this once."""
    channel = _channel(name)
    if channel not in ADDING or not channel_list.offered(channel):
        raise Http404("There is no such page.")
    form = adding(channel, request.POST)
    if form.is_valid():
        wanted = form.cleaned_data
        try:
            row = addresses.add(person_of(request), channel, wanted, door=Door.WEB)
        except ArbEdgeError as error:
            form.tell(error)
        else:
            return (
                shown_once(request, row) if channel is Channel.WEBHOOK else to_proof(request, row)
            )
    return _page(request, {channel: form})


@require_POST
@logged_in
def act(request: HttpRequest, name: str, deed: str) -> HttpResponse:
    """Moves a channel up or down, uses it or not, tries it, or undoes my own farewell."""
    channel, do = _channel(name), _DEEDS.get(deed)
    if do is None:
        raise Http404("There is no such page.")
    try:
        said = do(person_of(request), channel)
    except ArbEdgeError as error:
        messages.error(request, error.message)
    else:
        if said:
            messages.success(request, said)
    return to(PAGE)


def _channel(name: str) -> Channel:
    try:
        return Channel(name)
    except ValueError:
        raise Http404("There is no such channel.") from None


def _page(request: HttpRequest, posted: dict[Channel, Form] | None = None) -> HttpResponse:
    user, now = person_of(request), datetime.now(UTC)
    entries, free = channel_list.entries(user, now)
    held = posted or {}
    forms = [
        (one, address_words.NAMES[one], held.get(one) or adding(one))
        for one in ADDING
        if one in free or one in held
    ]
    refused = [form for form in held.values() if form.errors]
    told = {
        "now": now,
        "entries": entries,
        "forms": forms,
        "to_all": wish(preferences.of(user.pk)).spread is Spread.ALL,
        "push_key": _push_key(),
        "refused": refused[0] if refused else None,
    }
    return show(request, PAGE, told, template=TEMPLATE)


def _push_key() -> str:
    try:
        return vapid.public_key()
    except NoData:
        return ""


def _up(user: User, channel: Channel) -> str:
    order.move(user, channel, up=True, door=Door.WEB)
    return ""


def _down(user: User, channel: Channel) -> str:
    order.move(user, channel, up=False, door=Door.WEB)
    return ""


def _use(user: User, channel: Channel) -> str:
    order.use(user, channel, door=Door.WEB)
    return f"{address_words.NAMES[channel]} is used from now on, after the others."


def _leave(user: User, channel: Channel) -> str:
    order.leave(user, channel, door=Door.WEB)
    name = address_words.NAMES[channel]
    if channel in order.of(user):
        raise BadInput(f"Without another channel {name} is the one that is used.", code="last_one")
    return f"{name} is not used any more. Its address is kept."


def _test(user: User, channel: Channel) -> str:
    trying.send(user, channel, datetime.now(UTC))
    return f"A test message is on its way by {address_words.NAMES[channel]}."


def _allow(user: User, channel: Channel) -> str:
    """Lifts what he did by the link in a mail, for the account's own address and his rows."""
    marks = {bytes(row.digest) for row in addresses.listed(user.pk) if row.channel == channel.value}
    own = address_rows.of_account(user).get(channel)
    if own is not None:
        marks.add(address_rows.digest(channel, own))
    for mark in marks:
        suppressions.lift(channel, mark)
    return f"Messages go by {address_words.NAMES[channel]} again."


_DEEDS: Final[dict[str, Callable[[User, Channel], str]]] = {
    "up": _up, "down": _down, "use": _use, "leave": _leave, "test": _test, "allow": _allow,
}  # fmt: skip
