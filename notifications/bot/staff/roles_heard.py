"""Who becomes staff, or is no more, is shown another menu in the bot: see own_menu.

Every process hears of it, so that nothing heavy is imported here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings

from accounts.models import User
from arbedge.names import Role
from notifications.sending import waking


def role_changed(user_id: int, **_: Any) -> None:
    """Receives accounts.signals.role_changed."""
    _ask([user_id])


def state_changed(user_ids: Iterable[int], **_: Any) -> None:
    """Receives accounts.signals.state_changed: a role counts while its holder is active."""
    if settings.BOT_TOKEN:
        staff = User.objects.filter(pk__in=list(user_ids)).exclude(role=Role.USER)
        _ask(staff.values_list("pk", flat=True))


def _ask(user_ids: Iterable[int]) -> None:
    if settings.BOT_TOKEN:
        for user_id in user_ids:
            waking.after_commit(waking.menu, user_id)
