"""What runs when. Apps declare entries in their `apps.py`; the console may edit every one.

Declared entries are written to the database after each migration. A row nobody touched follows
its declaration; a row edited in the console is never overwritten, nor is one that was switched off.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction

if TYPE_CHECKING:
    from django_celery_beat.models import PeriodicTask

MARK = "Declared by the program: "


@dataclass(frozen=True)
class Entry:
    """One declared entry; `at` is a UTC time of day (HH:MM) for daily work, else empty."""

    name: str
    task: str
    every_s: float
    at: str
    queue: str
    expires_s: int


entries: dict[str, Entry] = {}


def every(
    name: str, task: str, *, seconds: float, queue: str = "default", expires_s: int | None = None
) -> None:
    """Declares work that repeats every `seconds`; a run not begun after `expires_s` is dropped."""
    lapse = expires_s if expires_s is not None else max(1, round(seconds))
    entries[name] = Entry(name, task, float(seconds), "", queue, lapse)


def daily(name: str, task: str, *, at: str, queue: str = "default", expires_s: int = 3600) -> None:
    """Declares work done once a day `at` HH:MM UTC."""
    entries[name] = Entry(name, task, 0.0, at, queue, expires_s)


def sync() -> dict[str, list[str]]:
    """Writes the declared entries to the database.

    Returns the names added, updated (declaration changed, row untouched), kept (edited by hand)
    and removed (no longer declared, row untouched).
    """
    from django_celery_beat.models import PeriodicTask, PeriodicTasks

    done: dict[str, list[str]] = {"added": [], "updated": [], "kept": [], "removed": []}
    with transaction.atomic():
        rows = {row.name: row for row in PeriodicTask.objects.select_for_update()}
        for entry in entries.values():
            _settle(entry, rows.get(entry.name), done)
        for name, row in rows.items():
            if name not in entries and row.description.startswith(MARK) and _untouched(row):
                row.delete()
                done["removed"].append(name)
        if done["added"] or done["updated"] or done["removed"]:
            PeriodicTasks.update_changed()
    return done


def _settle(entry: Entry, row: PeriodicTask | None, done: dict[str, list[str]]) -> None:
    from django_celery_beat.models import PeriodicTask

    fresh = row is None
    row = row or PeriodicTask(name=entry.name, description=MARK)
    if not fresh and not _untouched(row):
        done["kept"].append(entry.name)
        return
    wanted = MARK + json.dumps(asdict(entry), sort_keys=True)
    if row.description == wanted:
        return
    for field, value in _columns(entry).items():
        setattr(row, field, value)
    row.description = wanted
    row.save()
    done["added" if fresh else "updated"].append(entry.name)


def _columns(entry: Entry) -> dict[str, Any]:
    """Returns the columns of an entry's row, its interval or time of day made if absent."""
    from django_celery_beat.models import CrontabSchedule, IntervalSchedule

    columns: dict[str, Any] = {
        "task": entry.task,
        "queue": entry.queue,
        "expire_seconds": entry.expires_s,
        "interval": None,
        "crontab": None,
    }
    if entry.at:
        hour, _, minute = entry.at.partition(":")
        columns["crontab"] = CrontabSchedule.objects.get_or_create(
            minute=str(int(minute)), hour=str(int(hour)), day_of_week="*", day_of_month="*",
            month_of_year="*", timezone="UTC",
        )[0]  # fmt: skip
    else:
        whole = entry.every_s.is_integer()
        columns["interval"] = IntervalSchedule.objects.get_or_create(
            every=int(entry.every_s) if whole else round(entry.every_s * 1_000_000),
            period=IntervalSchedule.SECONDS if whole else IntervalSchedule.MICROSECONDS,
        )[0]
    return columns


def _untouched(row: PeriodicTask) -> bool:
    """A row still equal to the declaration written beside it, and switched on."""
    try:
        declared = Entry(**json.loads(row.description.removeprefix(MARK)))
    except (TypeError, ValueError):
        return False
    columns = _columns(declared)
    return bool(row.enabled) and all(getattr(row, name) == value for name, value in columns.items())
