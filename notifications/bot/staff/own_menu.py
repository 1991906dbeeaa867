"""The menu of a member of staff follows his role: Telegram is told after the commit, by a worker.

What is told is read when it is told, so that it may be told twice and in any order. A role never
waits for Telegram; what it could not be told, the bot's next start or `manage.py bot_setup` tells.
"""

from __future__ import annotations

import structlog
from django.conf import settings

from arbedge import aio
from arbedge.errors import BadSetting
from notifications.bot import menus, setup

log = structlog.get_logger(__name__)


def tell(user_id: int) -> None:
    """Sets the person's menu to what he may do now. Raises Unreachable, to be tried again; what
    Telegram refuses is logged."""
    menu = menus.of_person(user_id)
    if menu is None or not settings.BOT_TOKEN:
        return
    try:
        step = aio.run(setup.show(menu))
    except BadSetting as error:
        log.warning("menu_not_set", user_id=user_id, hint=error.message)
    else:
        log.info("menu_of_staff", user_id=user_id, done=step.done.value, note=step.note)
