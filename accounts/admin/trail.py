"""The audit of one person: what was done to him, and what he did."""

from __future__ import annotations

from itertools import islice
from typing import Final

from auditlog.models import LogEntry
from django.db.models import QuerySet
from django.db.models.fields.json import KeyTextTransform
from django.utils.safestring import SafeString

from accounts.admin import told
from accounts.models import User
from arbedge import writing

CHANGES_TOLD: Final = 4
EMPTY: Final = frozenset({"", "None"})


def trail(person: User, number: int) -> SafeString:
    """The newest lines of the audit about this person or by him."""
    lines = LogEntry.objects.select_related("actor", "content_type").order_by("-timestamp", "-id")
    by = lines.filter(actor=person)[:number]
    both = {entry.pk: entry for entry in (*about(lines, person)[:number], *by)}.values()
    newest = sorted(both, key=lambda entry: (entry.timestamp, entry.pk), reverse=True)
    return told.table(
        ("When", "What", "By", "Door", "Changed"),
        (
            (
                told.when(entry.timestamp),
                _fact(entry, "what").replace(".", " ").replace("_", " "),
                entry.actor or "the program",
                _fact(entry, "door"),
                _changes(entry),
            )
            for entry in islice(newest, number)
        ),
        empty="Nothing yet.",
    )


def about(lines: QuerySet[LogEntry], person: User) -> QuerySet[LogEntry]:
    """Those of the lines that are about this person, by the index on whom."""
    rows: QuerySet[LogEntry] = lines.alias(whom=KeyTextTransform("whom", "additional_data"))
    return rows.filter(whom=str(person.pk))


def _fact(entry: LogEntry, name: str) -> str:
    return str((entry.additional_data or {}).get(name) or writing.NONE)


def _changes(entry: LogEntry) -> str:
    changes = [
        f"{name} {' → '.join(value for value in values if value not in EMPTY)}"
        for name, values in (entry.changes or {}).items()
        if isinstance(values, list) and not _says_nothing(values)
    ]
    more = len(changes) - CHANGES_TOLD
    return ", ".join(changes[:CHANGES_TOLD]) + (f" and {more} more" if more > 0 else "")


def _says_nothing(values: list[str]) -> bool:
    """Empty, or a relation that auditlog names and cannot follow: "accounts.StoredKey.None"."""
    return EMPTY.issuperset(values) or str(values[-1]).endswith(".None")
