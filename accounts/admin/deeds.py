"""What operators do to people: tiers, betas, states, sessions, roles."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from django import forms
from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts import ranks
from accounts.admin.asking import Deed, Order, Reason, may
from accounts.backends import SETS_ROLES
from accounts.models import User
from arbedge.names import AccountState, Door, Role, Tier

BETA_DAYS: Final = 90
MOST_DAYS: Final = 3_650


def _choices(names: Any) -> list[tuple[str, str]]:
    return [(one.value, one.value.replace("_", " ")) for one in names]


class TierForm(forms.Form):
    """A tier, for how long, what was paid, and why."""

    tier = forms.ChoiceField(choices=_choices(Tier))
    days = forms.IntegerField(
        label="For, days",
        min_value=1,
        max_value=MOST_DAYS,
        required=False,
        help_text="Empty: for good.",
    )
    price_usd = forms.DecimalField(
        label="Paid, USD", min_value=Decimal(0), max_digits=8, decimal_places=2, initial=0
    )
    reason = forms.CharField(max_length=200, help_text="Kept with the tier and in the audit.")


class BetaForm(Reason):
    """For how long, and why."""

    days = forms.IntegerField(
        label="For, days", min_value=1, max_value=MOST_DAYS, initial=BETA_DAYS
    )
    field_order = ("days", "reason")


class PointsForm(Reason):
    """Points, given or taken, and why."""

    points = forms.IntegerField(
        min_value=-100_000, max_value=100_000, help_text="Below zero: taken away."
    )
    field_order = ("points", "reason")


class PasswordForm(Reason):
    """A password, twice, held against the validators; and why."""

    password = forms.CharField(
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}), strip=False
    )
    again = forms.CharField(
        label="The same again", widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        strip=False,
    )  # fmt: skip
    field_order = ("password", "again", "reason")

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if given.get("password") and given.get("again"):
            if given["password"] != given["again"]:
                raise forms.ValidationError("The two are not the same.")
            validate_password(given["password"])
        return given


class RoleForm(Reason):
    """A role, and why."""

    role = forms.ChoiceField(choices=_choices(Role))
    field_order = ("role", "reason")


def people(number: int) -> str:
    """ "1 person", "312 people"."""
    return "1 person" if number == 1 else f"{number:,} people"


def _change_tier(order: Order) -> str:
    from accounts import crowds

    now, days = timezone.now(), order.given["days"]
    count = crowds.grant(
        order.ids, Tier(order.given["tier"]), ends_at=now + timedelta(days=days) if days else None,
        by=order.by, door=Door.CONSOLE, note=order.reason, price_usd=order.given["price_usd"],
        now=now,
    )  # fmt: skip
    return f"{people(count).capitalize()} on {order.given['tier']}."


def _grant_beta(order: Order) -> str:
    from accounts import crowds

    now = timezone.now()
    count = crowds.grant_beta(
        order.ids, now + timedelta(days=order.given["days"]), by=order.by, door=Door.CONSOLE,
        note=order.reason, now=now,
    )  # fmt: skip
    left = len(order.ids) - count
    longer = f" {people(left).capitalize()} had a longer one already." if left else ""
    return f"Beta for {people(count)}.{longer}"


def _to_state(state: AccountState, done: str) -> Any:
    def does(order: Order) -> str:
        from accounts.people import set_state

        count = set_state(order.ids, state, order.reason, door=Door.CONSOLE, by=order.by)
        left = len(order.ids) - count
        already = f" {people(left).capitalize()} already so." if left else ""
        return f"{done} {people(count)}.{already}"

    return does


def _end_sessions(order: Order) -> str:
    from accounts import crowds

    count = crowds.end_sessions(
        order.ids, by=order.by, door=Door.CONSOLE, reason=order.reason, now=timezone.now()
    )
    return f"Ended {count:,} {'session' if count == 1 else 'sessions'} of {people(len(order.ids))}."


def _set_role(order: Order) -> str:
    from accounts import audit
    from accounts.people import set_role

    role = Role(order.given["role"])
    with transaction.atomic():
        for one in User.objects.filter(pk__in=order.ids):
            set_role(one, role, door=Door.CONSOLE, by=order.by)
            why = {"reason": order.reason}
            audit.record("person.role_reason", one, whom=one, changes=why, security=True)
    return f"{people(len(order.ids)).capitalize()} with the role {role.replace('_', ' ')}."


def _set_password(order: Order) -> str:
    """Log-ins made with the password before end with it: Django binds them to its hash."""
    from accounts import audit

    with transaction.atomic():
        for one in User.objects.filter(pk__in=order.ids):
            hashed = make_password(order.given["password"])
            User.objects.filter(pk=one.pk).update(password=hashed)
            why = {"reason": order.reason}
            audit.record("person.password_set", one, whom=one, changes=why, security=True)
    return "The password counts from the next log-in to the console."


def _staff(by: User, ids: Sequence[int]) -> str:
    """Only staff has a use for a password; one's own is changed where the old one is asked for."""
    if User.objects.filter(pk__in=ids, role=Role.USER).exists():
        return "Only staff logs in by password. Give a role first."
    return _below(by, ids)


def _adjust_points(order: Order) -> str:
    from accounts import rewards

    with transaction.atomic():
        for one in User.objects.filter(pk__in=order.ids):
            rewards.adjust(one, order.given["points"], order.reason, door=Door.CONSOLE, by=order.by)
    return f"{order.given['points']:+,} points for {people(len(order.ids))}."


def _below(by: User, ids: Sequence[int]) -> str:
    """Why this operator may not touch all of these people, "" where he may."""
    refused = ranks.below(by, ids)
    return refused.words if refused else ""


def _not_above(by: User, ids: Sequence[int]) -> str:
    """The same, where what is done may be done to oneself."""
    refused = ranks.not_above(by, ids)
    return refused.words if refused else ""


DEEDS: Final = (
    Deed(
        name="tier", label="Change tier…", question="Change the tier of {whom}?",
        consequence="It counts within two seconds, in place of any tier that runs now; when it"
        " ends, the next older one that still runs counts, else free.",
        button="Change tier", does=_change_tier, form=TierForm, allowed=_not_above,
    ),
    Deed(
        name="beta", label="Grant beta…", question="Grant the beta to {whom}?",
        consequence="Features of premium until the beta ends. A beta that runs longer stays.",
        button="Grant beta", does=_grant_beta, form=BetaForm, allowed=_not_above,
    ),
    Deed(
        name="points", label="Give points…", question="Give points to {whom}?",
        consequence="They can be spent for days of a tier at once.",
        button="Give points", does=_adjust_points, form=PointsForm, allowed=_not_above,
        at_most=500,
    ),
    Deed(
        name="end_sessions", dangerous=True, label="End sessions…",
        question="End the sessions of {whom}?",
        consequence="Nothing is pushed until the next /start; log-ins on the web end too.",
        button="End sessions", does=_end_sessions, allowed=_below,
    ),
    Deed(
        name="suspend", dangerous=True, label="Suspend…", question="Suspend {whom}?",
        consequence="Nobody of them is served until reinstated, and sessions end now.",
        button="Suspend", does=_to_state(AccountState.SUSPENDED, "Suspended"), allowed=_below,
    ),
    Deed(
        name="ban", dangerous=True, label="Ban…", question="Ban {whom}?",
        consequence="Never served again unless reinstated, and sessions end now.",
        button="Ban", does=_to_state(AccountState.BANNED, "Banned"), allowed=_below,
    ),
    Deed(
        name="deactivate", dangerous=True, label="Deactivate…", question="Deactivate {whom}?",
        consequence="The account is closed, and sessions end now. Rows stay, nothing is deleted.",
        button="Deactivate", does=_to_state(AccountState.DEACTIVATED, "Deactivated"),
        allowed=_below,
    ),
    Deed(
        name="reinstate", label="Reinstate…", question="Reinstate {whom}?",
        consequence="Served again; a new session needs the person's own /start.",
        button="Reinstate", does=_to_state(AccountState.ACTIVE, "Reinstated"), allowed=_below,
    ),
    Deed(
        name="role", dangerous=True, label="Change role…", question="Change the role of {whom}?",
        consequence="Roles open this console: support sees it, admin changes people, super-admin"
        " everything.",
        button="Change role", does=_set_role, form=RoleForm, permission=SETS_ROLES, allowed=_below,
        at_most=50,
    ),
    Deed(
        name="password",
        dangerous=True,
        label="Set password…",
        question="Set a password for {whom}?",
        consequence="It opens this console, with the second factor. Log-ins made with the password"
        " before end.",
        button="Set password",
        does=_set_password,
        form=PasswordForm,
        permission=SETS_ROLES,
        allowed=_staff,
        at_most=1,
    ),
)  # fmt: skip


def possible(one: User, request: HttpRequest) -> list[Deed]:
    """What this operator may do to this person now."""
    assert isinstance(request.user, User)
    needless = _DONE[AccountState(one.state)]
    return [
        deed
        for deed in DEEDS
        if deed.name != needless and may(request, deed) and not deed.allowed(request.user, [one.pk])
    ]


_DONE: Final = {
    AccountState.ACTIVE: "reinstate",
    AccountState.SUSPENDED: "suspend",
    AccountState.BANNED: "ban",
    AccountState.DEACTIVATED: "deactivate",
}
