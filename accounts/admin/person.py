"""The page of one person: who he is, what he may, and everything that belongs to him."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString

from accounts.admin import belongings, told
from accounts.admin.trail import trail
from accounts.models import (
    Affiliate,
    Redemption,
    Referral,
    Subscription,
    User,
)
from arbedge import writing
from arbedge.desk import word

ROWS: Final = 10


@dataclass(frozen=True)
class Card:
    """One part of the page: an anchor, a title, a body, and a link to more."""

    name: str
    title: str
    body: SafeString
    more: SafeString | str = ""
    wide: bool = False


def cards(one: User, request: HttpRequest) -> list[Card]:
    """Everything about a person that this operator may see."""
    return [card(one) for name, card in CARDS if not name or request.user.has_perm(name)]


def _identity(one: User) -> Card:
    verified = " (verified)" if one.email_verified_at else " (not verified)" if one.email else ""
    inviter = User.objects.filter(pk=one.invited_by_id).first() if one.invited_by_id else None
    return Card("identity", "Identity", told.facts((
        ("Name", one.name or writing.NONE),
        ("User name", one.username),
        ("E-mail", f"{one.email or writing.NONE}{verified}"),
        ("Telegram", _telegram(one)),
        ("Language", one.language),
        ("Time zone", one.time_zone),
        ("Country", one.country or writing.UNKNOWN),
        ("Joined", told.when(one.date_joined)),
        ("Last seen", told.when(one.seen_at)),
        ("Invited by", told.person(inviter)),
        ("Number", one.pk),
    )))  # fmt: skip


def _telegram(one: User) -> str:
    if one.telegram_id is None:
        return writing.NONE
    return f"{one.telegram_id}" + (f" @{one.telegram_name}" if one.telegram_name else "")


def _standing(one: User) -> Card:
    done = f"done {told.when(one.onboarded_at)}" if one.onboarded_at else "not finished"
    step = f"{one.onboarding}, {done}" if one.onboarding else done
    return Card("standing", "Standing", told.facts((
        ("State", told.state(one)),
        ("Since", told.when(one.state_since)),
        ("Because", one.state_reason or writing.NONE),
        ("Role", one.role.replace("_", " ")),
        ("Tier", one.tier),
        ("From", f"{one.get_tier_source_display()}, {told.day(one.tier_since)}"),
        ("Until", told.when(one.tier_until) if one.tier_until else "no end"),
        ("Beta", _beta(one)),
        ("Onboarding", step),
    )))  # fmt: skip


def _beta(one: User) -> SafeString | str:
    if one.beta_until is None:
        return writing.NONE
    running = one.beta_until > timezone.now()
    until = told.when(one.beta_until)
    return word("good", f"until {until}") if running else word("soft", f"over since {until}")


def _tiers(one: User) -> Card:
    rows = Subscription.objects.filter(user=one).select_related("made_by").order_by("-pk")[:ROWS]
    body = told.table(
        ("Tier", "From", "Until", "Source", "Price", "By", "Note"),
        (
            (
                row.tier, told.day(row.starts_at), told.day(row.ends_at),
                row.get_source_display(), writing.exact_money(row.price_usd),
                row.made_by or writing.NONE, row.note,
            )
            for row in rows
        ),
        empty="Always on free.",
    )  # fmt: skip
    return Card("tiers", "Tier history", body, _more("subscription", one), wide=True)


def _came_by(one: User) -> Card:
    from accounts import rewards

    came = Redemption.objects.filter(user=one).select_related("invitation").first()
    by = Referral.objects.filter(referred=one).select_related("referrer").first()
    affiliate = Affiliate.objects.filter(user=one).first()
    figures = rewards.figures(one.pk)
    brought = (
        f"{figures.registered:,}, of whom {figures.traded:,} traded,"
        f" {figures.subscribed:,} subscribed, {figures.active:,} active"
    )
    pairs: Iterable[tuple[str, Any]] = (
        ("Invitation", f"{came.invitation} {told.when(came.redeemed_at)}" if came else "none"),
        ("Referred by", told.person(by.referrer) if by else writing.NONE),
        ("Own referral code", figures.code or "none yet"),
        ("Brought", brought),
        ("Points", f"{figures.balance:,} (earned {figures.earned:,}, spent {figures.spent:,})"),
        ("Affiliate", f"{affiliate.standing}, {affiliate.grade}" if affiliate else "no"),
    )  # fmt: skip
    return Card("came", "Invitations and referrals", told.facts(pairs))


def _sessions(one: User) -> Card:
    body = belongings.sessions(one, ROWS)
    return Card("sessions", "Sessions", body, _more("session", one), wide=True)


def _keys(one: User) -> Card:
    return Card("keys", "Keys", belongings.keys(one), wide=True)


def _tokens(one: User) -> Card:
    return Card("tokens", "API tokens", belongings.tokens(one, ROWS), wide=True)


def _preferences(one: User) -> Card:
    return Card("preferences", "Preferences", belongings.preferences(one))


def _trail(one: User) -> Card:
    return Card("audit", "What was done to and by this person", trail(one, 2 * ROWS), wide=True)


def _more(model: str, one: User) -> SafeString:
    return told.link(f"accounts_{model}_changelist", "all", query=f"?user={one.pk}")


CARDS: Final[tuple[tuple[str, Callable[[User], Card]], ...]] = (
    ("", _identity),
    ("", _standing),
    ("accounts.view_preferences", _preferences),
    ("accounts.view_redemption", _came_by),
    ("accounts.view_subscription", _tiers),
    ("accounts.view_session", _sessions),
    ("accounts.view_storedkey", _keys),
    ("accounts.view_apitoken", _tokens),
    ("auditlog.view_logentry", _trail),
)
