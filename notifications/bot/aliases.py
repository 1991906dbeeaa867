"""A person's own names for command lines: `/wif` for `/funding WIF`."""

from __future__ import annotations

import re
from typing import Final

from django.db import transaction

from accounts.models import User
from arbedge.errors import BadInput, Conflict, NotFound
from notifications.bot import registry
from notifications.models import Alias

MOST: Final = 20
NAME_LENGTH: Final = 32
LINE_LENGTH: Final = 200
_NAME: Final = re.compile(rf"[a-z0-9_]{{1,{NAME_LENGTH}}}")


def of(user_id: int) -> dict[str, str]:
    """The person's lines by their own names, both without the slash, in the order of names."""
    rows = Alias.objects.filter(user_id=user_id).order_by("name")
    return dict(rows.values_list("name", "line"))


def put(user: User, name: str, line: str) -> Alias:
    """Calls a line so from now on, in place of what was called so before.

    Raises BadInput (bad_alias, bad_alias_line), Conflict (alias_taken where a command is called so,
    alias_limit beyond twenty) and NotFound (alias_leads_nowhere) where the line is no command's.
    """
    called, leads_to = _name(name), _line(line)
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        others = Alias.objects.filter(user=user).exclude(name=called)
        if others.count() >= MOST:
            text = f"You have {MOST} names of your own. Remove one first."
            raise Conflict(text, code="alias_limit", limit=MOST)
        row, _ = Alias.objects.update_or_create(user=user, name=called, defaults={"line": leads_to})
    return row


def remove(user: User, name: str) -> None:
    """Forgets a name. Raises NotFound (alias_unknown)."""
    called = _bare(name)
    deleted, _ = Alias.objects.filter(user=user, name=called).delete()
    if not deleted:
        raise NotFound(f"You call nothing /{called}.", code="alias_unknown", name=called)


def _name(name: str) -> str:
    called = _bare(name)
    if not _NAME.fullmatch(called):
        text = f"A name has up to {NAME_LENGTH} letters a to z, digits and underscores."
        raise BadInput(text, code="bad_alias", field="name", limit=NAME_LENGTH)
    if registry.find(called) is not None:
        raise Conflict(f"/{called} is a command already.", code="alias_taken", name=called)
    return called


def _line(line: str) -> str:
    told = " ".join(line.split()).removeprefix("/")
    first, _, _ = told.partition(" ")
    if not 0 < len(told) <= LINE_LENGTH:
        text = f"A line has at most {LINE_LENGTH} characters."
        raise BadInput(text, code="bad_alias_line", field="line", limit=LINE_LENGTH)
    command = registry.find(first.lower())
    if command is None or command.hidden:
        text = f"There is no /{first[:NAME_LENGTH]} to lead to."
        raise NotFound(text, code="alias_leads_nowhere", name=first[:NAME_LENGTH])
    return first.lower() + told[len(first) :]


def _bare(name: str) -> str:
    return name.lstrip("/").lower()
