"""What operators change in the limits of the profile in force, one value at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from auditlog.context import disable_auditlog
from django.db import transaction

from accounts import audit
from accounts.models import User
from arbedge.errors import BadInput, BadSetting
from arbedge.names import Door, Kind, Profile
from opportunities import stored_policy
from opportunities.limits import LIMITS, Limit
from opportunities.models import LimitProfile, LimitSetting
from opportunities.policy import Policy

NOTES: Final = {Door.TELEGRAM: "set in Telegram"}


@dataclass(frozen=True, slots=True)
class Held:
    """A limit as it counts now, for all kinds or for one: its value, and the one of the product.

    `own` tells whether an operator set it.
    """

    limit: Limit
    kind: Kind | None
    value: float
    default: float
    own: bool


def held(name: str, kind: Kind | None = None) -> Held:
    """The limit as the next scan takes it. Raises BadInput (unknown_limit)."""
    return _held(_limit(name), kind, stored_policy.current())


def own() -> list[Held]:
    """Every limit an operator set for all instruments, in the order of the limits. Two queries."""
    policy = stored_policy.current()
    aims = {(one.name, one.kind) for one in policy.overrides if not one.aimed}
    return [
        _held(limit, kind, policy)
        for name, limit in LIMITS.items()
        for kind in (None, *Kind)
        if (name, kind) in aims
    ]


def change(
    name: str, value: float | None, *, kind: Kind | None = None, door: Door, by: User
) -> Held:
    """Sets a limit for all instruments, from the next scan on; None takes the product's own again.

    Returns what counted before. Raises BadInput (unknown_limit, bad_limit, no_profile).
    """
    limit = _limit(name)
    if value is not None:
        try:
            limit.check(value)
        except BadSetting as error:
            bounds = (limit.low, limit.high)
            raise BadInput(error.message, code="bad_limit", field=name, limit=bounds) from error
    with transaction.atomic(), audit.doing(door, by):
        profile = LimitProfile.objects.select_for_update().filter(active=True).first()
        if profile is None:
            raise BadInput("No profile is in force.", code="no_profile", field="name")
        before = held(name, kind)
        of_kind = kind.value if kind else ""
        aim: dict[str, Any] = {
            "profile": profile, "name": name, "kind": of_kind, "venue": "", "symbol": "",
        }  # fmt: skip
        with disable_auditlog():  # the line below says more
            if value is None:
                LimitSetting.objects.filter(**aim).delete()
            else:
                told = {"value": value, "note": NOTES.get(door, "")}
                LimitSetting.objects.update_or_create(**aim, defaults=told)
        new = held(name, kind).value
        changes = {f"{name} {of_kind}".strip(): (before.value, new)}
        audit.record("limit.changed", profile, changes=changes, by=by)
    return before


def profile() -> Profile:
    """The profile in force."""
    return stored_policy.current().profile


def use(wanted: Profile, *, door: Door, by: User) -> Profile:
    """Puts a profile in force from the next scan on. Returns the one that was."""
    with transaction.atomic(), audit.doing(door, by), disable_auditlog():
        rows = {row.name: row for row in LimitProfile.objects.select_for_update().order_by("pk")}
        before = next((Profile(row.name) for row in rows.values() if row.active), Profile.STRICT)
        chosen = rows.get(wanted.value) or LimitProfile(name=wanted.value)
        LimitProfile.objects.filter(active=True).update(active=False)
        chosen.active = True
        chosen.save()
        audit.record("profile.put_in_force", chosen, changes={"profile": (before, wanted)}, by=by)
    return before


def _held(limit: Limit, kind: Kind | None, policy: Policy) -> Held:
    own = any((one.name, one.kind) == (limit.name, kind) and not one.aimed
              for one in policy.overrides)  # fmt: skip
    default = limit.default(policy.profile, kind)
    return Held(limit, kind, policy.value(limit.name, kind), default, own)


def _limit(name: str) -> Limit:
    found = LIMITS.get(name)
    if found is None:
        text = f"“{name[:48]}” is no limit."
        raise BadInput(text, code="unknown_limit", field="name", value=name[:48])
    return found
