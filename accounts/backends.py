"""What staff may do in the console, from their role alone. Unknown permissions are denied.

Groups and permissions of single people, which Django offers, are not used: a role says it all,
without a query. `support` views everything; `admin` also changes what belongs to people and sends
messages to all; `super_admin` everything. Nobody deletes people: accounts are deactivated.
What the product lets people do outside the console is answered by accounts/permissions.py.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from django.apps import apps
from django.contrib.auth.backends import ModelBackend
from django.db.models import Model

from accounts.models import User
from arbedge.names import Role

ADMIN_MAY: Final = frozenset(
    {
        "accounts.add_user",
        "accounts.change_user",
        "accounts.add_subscription",
        "accounts.change_session",
        "accounts.change_apitoken",
        "accounts.change_storedkey",
        "accounts.add_invitationbatch",
        "accounts.change_invitationbatch",
        "accounts.change_invitation",
        "accounts.change_affiliate",
        "accounts.add_payout",
        "accounts.change_payout",
        "notifications.add_broadcast",
        "notifications.change_broadcast",
        "notifications.change_delivery",
        "notifications.change_feedback",
    }
)
SETS_ROLES: Final = "accounts.set_role"  # of super-administrators alone
NEVER: Final = frozenset({"accounts.delete_user"})


@lru_cache(maxsize=8)
def granted(role: str) -> frozenset[str]:
    """Every permission of a role, by Django's dotted names; none for a plain user."""
    known = frozenset(
        f"{opts.app_label}.{action}_{opts.model_name}"
        for opts in (model._meta for model in apps.get_models())  # noqa: SLF001  Django's own name
        for action in opts.default_permissions
    )
    seen = frozenset(name for name in known if name.partition(".")[2].startswith("view_"))
    return {
        Role.SUPPORT: seen,
        Role.ADMIN: seen | (ADMIN_MAY & known),
        Role.SUPER_ADMIN: (known | {SETS_ROLES}) - NEVER,
    }.get(Role(role), frozenset())


class RoleBackend(ModelBackend):
    """Signs in by name and password as Django does; answers permissions from the role."""

    def has_perm(self, user_obj: Any, perm: str, obj: Model | None = None) -> bool:  # noqa: ARG002
        """Whether the role of an active member of staff has the permission."""
        return perm in _granted(user_obj)

    def has_module_perms(self, user_obj: Any, app_label: str) -> bool:
        """Whether the role may do anything with the app."""
        return any(name.startswith(f"{app_label}.") for name in _granted(user_obj))

    def get_all_permissions(self, user_obj: Any, obj: Model | None = None) -> set[str]:  # noqa: ARG002
        """Every permission; none for strangers and for accounts that are not active."""
        return set(_granted(user_obj))

    def get_user_permissions(self, user_obj: Any, obj: Model | None = None) -> set[str]:  # noqa: ARG002
        """None: nobody has permissions of his own."""
        return set()

    def get_group_permissions(self, user_obj: Any, obj: Model | None = None) -> set[str]:
        """What the role grants, as the only group there is."""
        return self.get_all_permissions(user_obj, obj)


def _granted(person: Any) -> frozenset[str]:
    if not isinstance(person, User) or not person.is_active or not person.is_staff:
        return frozenset()  # whoever came by the web's own door has no staff flag (doors.person)
    return granted(person.role)
