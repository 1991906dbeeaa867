"""People who do not exist, by the million: for trying the console, the bench and the sizing.

They have Telegram ids of a range nobody else gets, and the same number always makes the same
person (accounts/made_up.py). Everything is written by INSERT … SELECT in batches, each its own
transaction, and the audience is refreshed once per batch. Keys hold no secret that could be opened.
"""

# ruff: noqa: SLF001  the models' own description of their columns is what is asked
from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from django.db import connection, models, transaction
from django.db.models import NOT_PROVIDED, Max
from psycopg import sql

from accounts import audience, made_up
from accounts.models import Preferences, Session, StoredKey, Subscription, User

BATCH: Final = 20_000
FIRST: Final = made_up.FIRST_TELEGRAM_ID

# Table, columns, which of the people, and what else a column may name.
_BELONGINGS: Final[tuple[tuple[type[models.Model], Mapping[str, str], str], ...]] = (
    (Session, made_up.HERE, "is_here"),
    (Session, made_up.GONE, "NOT is_here AND <chance 40> % 2 = 0"),
    (Subscription, made_up.PAID, "u.tier <> 'free'"),
    (Preferences, made_up.WISHES, "<chance 41> % 3 = 0"),
    (StoredKey, made_up.KEYS, "<chance 42> % 20 = 0"),
)


def seeded() -> int:
    """How many people were seeded: the next one's number."""
    last = User.objects.filter(telegram_id__gte=FIRST).aggregate(last=Max("telegram_id"))["last"]
    return 0 if last is None else last - FIRST + 1


def seed(
    users: int, active: int, now: datetime, told: Callable[[int], None] = lambda _: None
) -> None:
    """Adds so many people, `active` of them with a session, after those that were seeded before.

    `told` hears how many were added after each batch. A run that was stopped is not undone.
    """
    first = seeded()
    for since in range(first, first + users, BATCH):
        until = min(since + BATCH, first + users)
        with transaction.atomic():
            _seed_some(since, until, users, active, now)
        told(until - since)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE accounts_user, accounts_session, accounts_audience")


def clear(told: Callable[[int], None] = lambda _: None) -> int:
    """Removes the seeded people and what belongs to them. Returns how many there were.

    Raises IntegrityError where somebody's row depends on one that belongs to a seeded person.
    """
    number = 0
    rows = User.objects.filter(telegram_id__gte=FIRST).order_by("telegram_id")
    while ids := list(rows.values_list("pk", flat=True)[:BATCH]):
        with transaction.atomic():
            audience.hold_triggers_back()
            _remove(ids)
            connection.check_constraints()
            audience.refresh(ids)
        number += len(ids)
        told(len(ids))
    return number


def _seed_some(since: int, until: int, users: int, active: int, now: datetime) -> None:
    facts = made_up.written_out(
        made_up.FACTS, now, since=since, until=until, users=users, active=active
    )
    audience.hold_triggers_back()
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS pg_temp.made_up")
        cursor.execute(f"CREATE TEMP TABLE made_up ON COMMIT DROP AS {facts}")
        cursor.execute(_insert(User, made_up.PEOPLE, "made_up", "true", now))
        people = f"made_up JOIN accounts_user u ON u.telegram_id = {FIRST} + n"
        for model, columns, which in _BELONGINGS:
            source = people
            if model is StoredKey:
                source += " CROSS JOIN LATERAL generate_series(1, 1 + n % 3) AS slot"
            cursor.execute(_insert(model, columns, source, which, now))
        cursor.execute(f"SELECT u.id FROM {people} WHERE is_here")  # noqa: S608
        here = [row[0] for row in cursor.fetchall()]
    audience.refresh(here)


def _insert(
    model: type[models.Model], columns: Mapping[str, str], source: str, which: str, now: datetime
) -> str:
    """INSERT of the given columns, and of the model's defaults in all others."""
    given = {**_defaults(model), **columns}
    listed, values = ", ".join(given), ", ".join(given.values())
    table = model._meta.db_table
    text = f"INSERT INTO {table} ({listed}) SELECT {values} FROM {source} WHERE {which}"  # noqa: S608
    return made_up.written_out(text, now)


def _defaults(model: type[models.Model]) -> dict[str, str]:
    """SQL of the default of every column that has one."""
    defaults = {}
    for field in model._meta.local_concrete_fields:
        if field.primary_key or (field.default is NOT_PROVIDED and not field.blank) or field.null:
            continue
        defaults[str(field.column)] = _literal(field)
    return defaults


def _literal(field: models.Field[Any, Any]) -> str:
    value = field.get_db_prep_save(field.get_default(), connection)
    return sql.Literal(value).as_string(connection.connection)


def _remove(ids: list[int]) -> None:
    """Removes people and the rows that go with them, without reading one."""
    for relation in User._meta.related_objects:
        field = relation.field
        rows = relation.related_model._base_manager.filter(**{f"{field.name}__in": ids})
        if relation.on_delete is models.CASCADE:
            rows._raw_delete(rows.db)
        elif relation.on_delete is models.SET_NULL:
            rows.update(**{field.name: None})
    people = User.objects.filter(pk__in=ids)
    people._raw_delete(people.db)
