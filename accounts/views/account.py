"""The overview of an account, and the profile."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import available_timezones

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods, require_safe

from accounts import offers, people, subscriptions, tiers, usage
from accounts.doors import logged_in
from accounts.forms import ProfileForm
from accounts.models import User
from accounts.standing import Standing, effective_tier
from accounts.views.pages import person_of, show, standing_of, to
from arbedge.errors import BadInput
from arbedge.names import LANGUAGES, Door, Language, Tier


@require_safe
@logged_in
def overview(request: HttpRequest) -> HttpResponse:
    """Who I am here, what I may, what of it I have used."""
    now = datetime.now(UTC)
    who, person = standing_of(request), person_of(request)
    allowance = tiers.of(who, now=now)
    limits = usage.lines(who.user_id, allowance, now)
    told = {
        "now": now,
        "person": person,
        "language": LANGUAGES[Language(person.language)],
        "tier": effective_tier(who, now),
        "subscription": subscriptions.current(who.user_id, now),
        "in_beta": who.in_beta(now),
        "allowance": allowance,
        "limits": limits,
        "counted": any(line.used is not None for line in limits),
        "offers": _offers(who, allowance, now),
    }
    return show(request, "account", told)


def _offers(who: Standing, have: tiers.Allowance, now: datetime) -> list[dict[str, Any]]:
    """The tiers above the one that counts now, with what each adds to the one before it."""
    rank, table = effective_tier(who, now).rank, tiers.table()
    told: list[dict[str, Any]] = []
    for tier in Tier:
        adds = offers.adds(have, table[tier])
        if tier.rank > rank and adds:
            told.append({"tier": tier, "price_usd": table[tier].price_usd, "adds": adds})
            have = table[tier]
    return told


@require_http_methods(["GET", "HEAD", "POST"])
@logged_in
def profile(request: HttpRequest) -> HttpResponse:
    """Name, language, time zone and country."""
    person = person_of(request)
    if request.method == "POST":
        form = ProfileForm(request.POST)
        if form.is_valid() and _saved(form, person):
            messages.success(request, "Your profile is saved.")
            return to("profile")
    else:
        form = ProfileForm(initial={
            name: getattr(person, name) for name in ("name", "language", "time_zone", "country")
        })  # fmt: skip
    zones = sorted(available_timezones() - {"Factory", "localtime"})
    return show(request, "profile", {"form": form, "person": person, "zones": zones})


def _saved(form: ProfileForm, person: User) -> bool:
    """All of it or nothing; every refusal is told beside its field."""
    wanted = form.cleaned_data
    try:
        with transaction.atomic():
            if wanted["name"].strip() != person.name:
                people.rename(person, wanted["name"], door=Door.WEB, by=person)
            people.set_profile(
                person, language=wanted["language"], time_zone=wanted["time_zone"],
                country=wanted["country"], door=Door.WEB, by=person,
            )  # fmt: skip
    except BadInput as error:
        form.tell(error)
        return False
    return True
