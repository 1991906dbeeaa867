"""Second factors of staff and locks after failed tries. Never a secret: it is not even read."""

from __future__ import annotations

from typing import Final

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.decorators import display

from accounts import audit, second_factor
from accounts.admin import asking, told
from accounts.admin.owned import OfPeopleAdmin
from accounts.models import LoginLock, TotpDevice
from arbedge.desk import word

FEW_CODES: Final = 3


def _reset(order: asking.Order) -> str:
    devices = TotpDevice.objects.filter(pk__in=order.ids).select_related("user")
    owners = {device.user for device in devices}
    for owner in owners:
        second_factor.reset(owner, by=order.by, reason=order.reason)
    return f"Reset the second factor of {', '.join(sorted(map(str, owners)))}."


RESET = asking.Deed(
    name="reset",
    label="Reset…",
    question="Reset {whom}?",
    consequence="The authenticator and the backup codes stop working at once and every log-in of"
    " the person ends. Whoever knows the password may then set up a new second factor: be sure"
    " that it is the person who asks, and not somebody in the person's name.",
    button="Reset",
    does=_reset,
    permission="accounts.delete_totpdevice",
    objects=("second factor", "second factors"),
    at_most=100,
)


@admin.register(TotpDevice)
class SecondFactorAdmin(asking.Doing, OfPeopleAdmin):
    """Who has one, since when, and how many backup codes are left."""

    list_display = ("person", "stands", "made", "used", "codes_left")
    fields = ("person", "stands", "made", "used", "codes_left")
    readonly_fields = fields
    actions = ()
    deeds = (RESET,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[TotpDevice]:
        unused = Count("backup_codes", filter=Q(backup_codes__used_at__isnull=True))
        rows: QuerySet[TotpDevice] = super().get_queryset(request)
        return rows.defer("sealed").annotate(left=unused)

    @display(description="State")
    def stands(self, device: TotpDevice) -> str:
        """Whether its codes are asked for."""
        return (
            word("good", "in use") if device.confirmed else word("soft", "waits for a first code")
        )

    @display(description="Set up")
    def made(self, device: TotpDevice) -> str:
        """When it was set up."""
        return told.when(device.created_at)

    @display(description="Last code")
    def used(self, device: TotpDevice) -> str:
        """When its last code was taken."""
        return told.when(device.last_used_at)

    @display(description="Backup codes left")
    def codes_left(self, device: TotpDevice) -> str:
        """How often the person gets in without the device."""
        left = int(getattr(device, "left", 0))
        return word("warn" if left < FEW_CODES and device.confirmed else "good", str(left))


def _unlock(order: asking.Order) -> str:
    locks = list(LoginLock.objects.filter(pk__in=order.ids).select_related("user"))
    for lock in locks:
        audit.record(
            "login.unlocked", lock.user or LoginLock, whom=lock.user, security=True, by=order.by,
            changes={"reason": order.reason, "tries": lock.tries},
        )  # fmt: skip
        lock.delete()
    return f"Opened {len(locks):,} {'lock' if len(locks) == 1 else 'locks'}."


UNLOCK = asking.Deed(
    name="unlock",
    label="Open…",
    question="Open {whom}?",
    consequence="Counting begins anew: ten more tries are judged before log-in locks again.",
    button="Open",
    does=_unlock,
    permission="accounts.delete_loginlock",
    objects=("lock", "locks"),
    at_most=1_000,
)


@admin.register(LoginLock)
class LoginLockAdmin(asking.Doing, OfPeopleAdmin):
    """Failed tries of the last minutes, and what they have locked."""

    list_display = ("counted_by", "person", "tries", "begun", "stands")
    list_display_links = None
    ordering = ("-since",)
    actions = ()
    deeds = (UNLOCK,)

    @display(description="Counted by")
    def counted_by(self, lock: LoginLock) -> str:
        """What the tries have in common."""
        return str(lock.get_scope_display())

    @display(description="Since")
    def begun(self, lock: LoginLock) -> str:
        """When the first of them was."""
        return told.when(lock.since)

    @display(description="State")
    def stands(self, lock: LoginLock) -> str:
        """Whether log-in is locked."""
        if lock.locked_until is None or lock.locked_until <= timezone.now():
            return word("soft", "open")
        return word("bad", f"locked, opens {told.when(lock.locked_until)}")
