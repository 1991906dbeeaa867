"""The audit of what was pruned."""

from __future__ import annotations

from auditlog.registry import auditlog
from django.db import models


class PruneRun(models.Model):
    """One run of the pruner over one table."""

    table = models.CharField(max_length=40)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    before = models.DateTimeField(help_text="rows older than this were due")
    due = models.PositiveBigIntegerField(default=0, help_text="rows that were due at the start")
    removed = models.PositiveBigIntegerField(default=0)
    batches = models.PositiveIntegerField(default=0)
    dry_run = models.BooleanField(default=False)
    finished = models.BooleanField(default=False, help_text="nothing due was left over")

    class Meta:
        indexes = [models.Index(fields=["table", "started_at"], name="prune_run_of_table")]

    def __str__(self) -> str:
        return f"{self.table} {self.started_at:%F %T}: {self.removed}"


auditlog.register(PruneRun)
