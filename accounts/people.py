"""Writes about a person: each is one transaction, is audited, and is known everywhere at once."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from auditlog.context import disable_auditlog
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models.functions import Lower
from django.utils import timezone

from accounts import audit, names_of_people, session_rows, standing
from accounts.models import Outcome, User
from accounts.signals import role_changed, state_changed
from arbedge.errors import BadInput, Conflict, Forbidden
from arbedge.names import AccountState, Door, Role

REASON_LENGTH: Final = 200
TELEGRAM_NAME_LENGTH: Final = 64
BATCH: Final = 500
_RANK: Final = {role: rank for rank, role in enumerate(Role)}


def register(
    *,
    door: Door,
    telegram_id: int | None = None,
    telegram_name: str = "",
    email: str = "",
    name: str = "",
    language: str = "en",
    now: datetime | None = None,
) -> User:
    """The person with this Telegram id or else this address; made where there is none yet.

    Many at once get the same person. What Telegram says of a name or language is taken as far as
    it goes: a long name is cut, an unknown language is English. Raises BadInput(bad_email |
    bad_telegram_id | nobody).
    """
    address = _address(email)
    if telegram_id is None and not address:
        raise BadInput("A person needs a Telegram id or an e-mail address.", code="nobody")
    if telegram_id is not None and not 0 < telegram_id < 1 << 63:
        raise BadInput("This is no Telegram id.", code="bad_telegram_id", field="telegram_id")
    found = _find(telegram_id, address)
    if found is not None:
        _note_telegram_name(found, telegram_name, door)
        return found
    person = User(
        username=f"tg{telegram_id}" if telegram_id else f"mail-{secrets.token_hex(8)}",
        telegram_id=telegram_id,
        telegram_name=names_of_people.cleaned(telegram_name)[:TELEGRAM_NAME_LENGTH],
        email=address,
        name=names_of_people.cleaned(name)[: names_of_people.NAME_LENGTH],
        language=names_of_people.nearest_language(language),
        date_joined=now or timezone.now(),
    )
    person.set_unusable_password()
    try:
        with transaction.atomic(), audit.doing(door), disable_auditlog():
            person.save(force_insert=True)
            changes = {"language": person.language}
            audit.record("person.registered", person, whom=person, changes=changes, by=person)
    except IntegrityError:
        found = _find(telegram_id, address)  # somebody else was quicker
        if found is None:
            raise
        return found
    return person


def _note_telegram_name(person: User, told: str, door: Door) -> None:
    """Names in Telegram change; the id is what stays."""
    name = names_of_people.cleaned(told)[:TELEGRAM_NAME_LENGTH]
    if name and name != person.telegram_name:
        _edit(person, {"telegram_name": name}, "person.telegram_name_changed", door, person)


def rename(user: User, name: str, *, door: Door, by: User | None = None) -> None:
    """The person is called so from now on. Raises BadInput(bad_name)."""
    _edit(user, {"name": names_of_people.name(name)}, "person.renamed", door, by)


def set_profile(
    user: User,
    *,
    language: str | None = None,
    time_zone: str | None = None,
    country: str | None = None,
    door: Door,
    by: User | None = None,
) -> None:
    """Changes what is given. Raises BadInput(bad_language | bad_time_zone | bad_country); nothing
    is changed then."""
    wanted: dict[str, str] = {}
    if language is not None:
        wanted["language"] = names_of_people.language(language)
    if time_zone is not None:
        wanted["time_zone"] = names_of_people.time_zone(time_zone)
    if country is not None:
        wanted["country"] = names_of_people.country(country)
    _edit(user, wanted, "person.profile_changed", door, by)


def set_role(user: User, role: Role, *, door: Door, by: User | None) -> None:
    """Gives the role. `by` None is the operator of the machine.

    Raises Forbidden(missing_role) where `by` may not, Conflict(last_super_admin).
    """
    with transaction.atomic(), audit.doing(door, by):
        # One at a time, so that the last two do not take the role from each other.
        supers = set(
            User.objects.select_for_update(no_key=True)
            .filter(role=Role.SUPER_ADMIN, state=AccountState.ACTIVE)
            .order_by("id").values_list("pk", flat=True)
        )  # fmt: skip
        held = User.objects.values_list("role", flat=True).get(pk=user.pk)
        _outranks(by, [Role(held), role])
        if role != Role.SUPER_ADMIN and supers == {user.pk}:
            raise Conflict("This is the last super-administrator.", code="last_super_admin")
        flags = {"is_staff": role != Role.USER, "is_superuser": role == Role.SUPER_ADMIN}
        _edit(user, {"role": role}, "person.role_changed", door, by, beside=flags, security=True)
        if held != role:
            role_changed.send(sender=User, user_id=user.pk, role=role)


def suspend(user: User, reason: str, *, door: Door, by: User | None) -> None:
    """No longer served, until reinstated; sessions end. Raises as `set_state`."""
    _one(user, AccountState.SUSPENDED, reason, door, by)


def ban(user: User, reason: str, *, door: Door, by: User | None) -> None:
    """Never served again, unless reinstated; sessions end. Raises as `set_state`."""
    _one(user, AccountState.BANNED, reason, door, by)


def deactivate(user: User, reason: str, *, door: Door, by: User | None) -> None:
    """The person leaves, by his own will or by staff; sessions end. Raises as `set_state`."""
    _one(user, AccountState.DEACTIVATED, reason, door, by)


def reinstate(user: User, reason: str, *, door: Door, by: User | None) -> None:
    """Served again; a new session needs the person's own /start. Raises as `set_state`."""
    _one(user, AccountState.ACTIVE, reason, door, by)


def set_state(
    user_ids: Iterable[int], state: AccountState, reason: str, *, door: Door, by: User | None
) -> int:
    """Puts these people into a state, in batches, each a transaction. Returns how many it changed.

    Raises BadInput(bad_reason), Forbidden(missing_role) where `by` stands below one of them or is
    one of them (leaving by oneself is fine), Conflict(last_super_admin).
    """
    if len(reason) > REASON_LENGTH:
        message = f"A reason has at most {REASON_LENGTH} characters, this one has {len(reason)}."
        raise BadInput(message, code="bad_reason", field="reason", limit=REASON_LENGTH)
    ids = sorted(set(user_ids))
    count = 0
    for start in range(0, len(ids), BATCH):
        with transaction.atomic(), audit.doing(door, by):
            count += _set_some(ids[start : start + BATCH], state, reason, by)
    return count


def _set_some(ids: list[int], state: AccountState, reason: str, by: User | None) -> int:
    locked = User.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk")
    people = [person for person in locked if person.state != state]
    if not people:
        return 0
    itself = [by.pk] if by else []
    leaving = state is AccountState.DEACTIVATED and [one.pk for one in people] == itself
    if not leaving:
        _outranks(by, [Role(person.role) for person in people])
    if state is not AccountState.ACTIVE:
        _keep_a_super_admin(people)
    now = timezone.now()
    changed = [person.pk for person in people]
    User.objects.filter(pk__in=changed).update(
        state=state, state_reason=reason, state_since=now, is_active=state == AccountState.ACTIVE
    )
    standing.changed(changed)
    if state is not AccountState.ACTIVE:
        session_rows.end(changed, Outcome.ACCOUNT, now, by)
    audit.record_all(
        audit.line(
            f"person.{state}", person, whom=person, security=True, by=by,
            changes={"state": (person.state, state), "reason": reason},
        )
        for person in people
    )  # fmt: skip
    state_changed.send(sender=User, user_ids=changed, state=state, by=by, now=now)
    return len(changed)


def _one(user: User, state: AccountState, reason: str, door: Door, by: User | None) -> None:
    if set_state([user.pk], state, reason, door=door, by=by):
        user.refresh_from_db(fields=["state", "state_reason", "state_since", "is_active"])


def _keep_a_super_admin(leaving: list[User]) -> None:
    gone = {person.pk for person in leaving if person.role == Role.SUPER_ADMIN}
    if not gone:
        return
    active = User.objects.select_for_update(no_key=True).filter(
        role=Role.SUPER_ADMIN, state=AccountState.ACTIVE
    )
    if not set(active.order_by("id").values_list("pk", flat=True)) - gone:
        raise Conflict("This is the last super-administrator.", code="last_super_admin")


def _outranks(by: User | None, roles: Iterable[Role]) -> None:
    """Staff changes whoever stands below; super-administrators also one another."""
    if by is None or by.role == Role.SUPER_ADMIN:
        return
    if _RANK[Role(by.role)] < _RANK[Role.ADMIN] or any(
        _RANK[role] >= _RANK[Role(by.role)] for role in roles
    ):
        message = "Only somebody of a higher role may do this. Ask a super-administrator."
        raise Forbidden(message, code="missing_role")


def _edit(
    user: User,
    wanted: Mapping[str, Any],
    what: str,
    door: Door,
    by: User | None,
    *,
    beside: Mapping[str, Any] | None = None,
    security: bool = False,
) -> None:
    """Writes the columns that differ, past the model's save: the audit line is written once."""
    with transaction.atomic(), audit.doing(door, by):
        person = User.objects.select_for_update(no_key=True).get(pk=user.pk)
        changes = {
            name: (getattr(person, name), value)
            for name, value in wanted.items()
            if getattr(person, name) != value
        }
        if changes:
            columns = {name: new for name, (_, new) in changes.items()} | dict(beside or {})
            User.objects.filter(pk=user.pk).update(**columns)
            standing.changed([user.pk])
            audit.record(what, person, whom=person, changes=changes, security=security, by=by)
    for name, value in {**wanted, **(beside or {})}.items():
        setattr(user, name, value)


def _find(telegram_id: int | None, address: str) -> User | None:
    if telegram_id is not None:
        return User.objects.filter(telegram_id=telegram_id).first()
    lowered = User.objects.alias(lowered=Lower("email"))
    return lowered.filter(lowered=address.lower()).first()


def _address(given: str) -> str:
    address = given.strip()
    if not address:
        return ""
    try:
        validate_email(address)
    except ValidationError:
        shown = names_of_people.cleaned(address)[:48]
        message = f"“{shown}” is no e-mail address."
        raise BadInput(message, code="bad_email", field="email") from None
    return User.objects.normalize_email(address)
