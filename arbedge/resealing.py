"""Seals every sealed column anew with the newest key, beside running writers.

A sealed column is a text column named `sealed`; there is no list to forget one in. A row is
changed only while it still holds what was read, so a writer in between wins. Rows the newest key
sealed already are left alone, which makes the work resumable and repeatable at any point.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from django.apps import apps
from django.db import connection, models

from arbedge import sealing

NAME: Final = "sealed"
BATCH: Final = 500
MOST_PASSES: Final = 10


@dataclass(slots=True)
class Tally:
    """What became of the rows of one table: read, sealed anew, sealed by a key that is gone."""

    table: str
    rows: int = 0
    done: int = 0
    lost: int = 0


def columns() -> list[type[models.Model]]:
    """The models that have a sealed column, in the order of their tables."""
    found = [
        model
        for model in apps.get_models()
        if any(field.name == NAME for field in model._meta.concrete_fields)  # noqa: SLF001
    ]
    return sorted(found, key=table)


def table(model: type[models.Model]) -> str:
    """The table of a model."""
    return model._meta.db_table  # noqa: SLF001


def reseal(
    model: type[models.Model], *, batch: int = BATCH, dry_run: bool = False
) -> Iterator[Tally]:
    """Yields the tally after every batch. Each batch is one short transaction of its own."""
    tally, after = Tally(table(model)), None
    while rows := _read(model, after, batch):
        after = rows[-1][0]
        tally.rows += len(rows)
        fresh: list[tuple[int, str, str]] = []
        for key, held in rows:
            try:
                again = sealing.reseal(held)
            except sealing.Unsealable:
                tally.lost += 1
                continue
            if again != held:
                fresh.append((key, held, again))
        tally.done += len(fresh) if dry_run else _swap(model, fresh)
        yield tally


def _read(model: type[models.Model], after: int | None, batch: int) -> list[tuple[int, str]]:
    rows = model._default_manager.exclude(**{NAME: ""})  # noqa: SLF001
    if after is not None:
        rows = rows.filter(pk__gt=after)
    return list(rows.order_by("pk").values_list("pk", NAME)[:batch])


def _swap(model: type[models.Model], fresh: list[tuple[int, str, str]]) -> int:
    """Returns how many rows still held what was read and now hold what was sealed anew."""
    if not fresh:
        return 0
    quote = connection.ops.quote_name
    key = quote(str(model._meta.pk.column if model._meta.pk else "id"))  # noqa: SLF001
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {quote(table(model))} AS held SET {NAME} = new.fresh"  # noqa: S608  own names
            " FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS new (key, was, fresh)"
            f" WHERE held.{key} = new.key AND held.{NAME} = new.was",
            [list(column) for column in zip(*fresh, strict=True)],
        )
        changed: int = cursor.rowcount
    return changed
