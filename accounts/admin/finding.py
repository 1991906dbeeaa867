"""Finding people among a million: the beginnings of names and numbers, codes, and filters.

Every way of searching is one look-up in one index; their results are united. Each brings no more
than FOUND_AT_MOST people, so that a single letter costs no more than a whole name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from django.contrib import admin
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL
from django.http import HttpRequest
from django.utils import timezone

from accounts.invitation_codes import digest
from accounts.models import Session, SessionState, User
from arbedge.names import AccountState, Role, Tier

FOUND_AT_MOST: Final = 1_000
CODE_START: Final = 3
CODE: Final = re.compile(r"[A-Z0-9]{6,12}")
NOW_MEANS: Final = timedelta(minutes=5)

_BEGINS = "SELECT id FROM accounts_user WHERE lower({column}) LIKE lower(%s)"
_TELEGRAM_ID = "SELECT id FROM accounts_user WHERE telegram_id::text LIKE %s"
_REDEEMED = (
    "SELECT r.user_id FROM accounts_redemption r JOIN accounts_invitation i"
    " ON i.id = r.invitation_id WHERE i.{column} = %s"
)
_OWNER = "SELECT user_id FROM accounts_referralcode WHERE code = %s"

Way = tuple[str, Any]  # a statement that finds ids of people, and its one parameter


def search(rows: QuerySet[User], text: str) -> QuerySet[User]:
    """Those people of `rows` that the text finds; all of them where it is empty.

    By the beginning of name, e-mail, user name, @name and Telegram id; by an invitation code or
    its first three characters (whoever came by it); by a referral code (its owner).
    """
    return _found(rows, "pk", text)


def of_people(rows: QuerySet[Any], text: str, column: str = "user_id") -> QuerySet[Any]:
    """Those of `rows` whose person the text finds; `column` holds the person's id."""
    return _found(rows, column, text)


def _found(rows: QuerySet[Any], column: str, text: str) -> QuerySet[Any]:
    ways = list(_ways(text.strip()))
    if not ways:
        return rows
    united = " UNION ".join(f"({sql} LIMIT {FOUND_AT_MOST})" for sql, _ in ways)
    found = RawSQL(united, [value for _, value in ways])  # noqa: S611  statements are constants
    return rows.filter(**{f"{column}__in": found})


def _ways(text: str) -> Iterator[Way]:
    if not text:
        return
    if text.startswith("@"):
        for column in ("telegram_name", "username"):
            yield _BEGINS.format(column=column), _beginning(text[1:])
        return
    for column in ("name", "email", "username", "telegram_name"):
        yield _BEGINS.format(column=column), _beginning(text)
    if text.isascii() and text.isdigit():
        yield _TELEGRAM_ID, _beginning(text)
    yield from _by_code(text.upper())


def _by_code(text: str) -> Iterator[Way]:
    if len(text) == CODE_START:
        yield _REDEEMED.format(column="start"), text
    if CODE.fullmatch(text):
        yield _REDEEMED.format(column="digest"), digest(text)
        yield _OWNER, text


def _beginning(text: str) -> str:
    """The LIKE pattern of everything that begins so; signs of patterns stand for themselves."""
    return re.sub(r"([%_\\])", r"\\\1", text) + "%"


class ChoiceFilter(admin.SimpleListFilter):
    """A filter whose choices are known without asking the table."""

    options: tuple[tuple[str, str], ...]

    def lookups(self, request: HttpRequest, model_admin: Any) -> tuple[tuple[str, str], ...]:  # noqa: ARG002
        return self.options

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:  # noqa: ARG002
        """Those that match; all where nothing known was chosen."""
        chosen = self.value()
        known = dict(self.options)
        return queryset if chosen not in known else self.narrow(queryset, chosen, timezone.now())

    def narrow(self, rows: QuerySet[Any], chosen: str, now: datetime) -> QuerySet[Any]:  # noqa: ARG002
        """The rows of one choice."""
        return rows.filter(**{self.parameter_name or "": chosen})


def _named(names: Any) -> tuple[tuple[str, str], ...]:
    return tuple((one.value, one.value.replace("_", " ")) for one in names)


class RoleFilter(ChoiceFilter):
    title, parameter_name, options = "role", "role", _named(Role)


class TierFilter(ChoiceFilter):
    title, parameter_name, options = "tier", "tier", _named(Tier)


class StateFilter(ChoiceFilter):
    title, parameter_name, options = "state", "state", _named(AccountState)


class BetaFilter(ChoiceFilter):
    """Those in the beta: the index holds nobody else."""

    title, parameter_name, options = "beta", "beta", (("on", "running"),)

    def narrow(self, rows: QuerySet[User], chosen: str, now: datetime) -> QuerySet[User]:  # noqa: ARG002
        """By the end of the beta."""
        return rows.filter(beta_until__gt=now, beta_closed_at__isnull=True)


class ActiveFilter(ChoiceFilter):
    """By what is happening: somebody did something just now, or has a session at all."""

    title, parameter_name = "active", "active"
    options = (("now", "in the last 5 minutes"), ("day", "in the last day"))

    def narrow(self, rows: QuerySet[User], chosen: str, now: datetime) -> QuerySet[User]:
        """By sessions that are active and were seen lately."""
        since = now - (NOW_MEANS if chosen == "now" else timedelta(days=1))
        seen = Session.objects.filter(seen_at__gte=since, state=SessionState.ACTIVE)
        return rows.filter(pk__in=seen.values("user_id"))
