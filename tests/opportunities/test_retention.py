"""What is pruned, what stays, and that every pruning is on record."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from auditlog.models import LogEntry
from django.core.management import CommandError, call_command
from django.db.models import Model
from pytest_django import Settings

from arbedge.errors import BadSetting
from opportunities import retention
from opportunities.models import (
    Figure,
    Followed,
    NearMiss,
    Opportunity,
    OpportunityEvent,
    Outcome,
    PruneRun,
    ScanRecord,
    Sighting,
)
from opportunities.models.ledger import Checkpoint, Standing
from tests.opportunities.rows import Pair, at, scan

pytestmark = pytest.mark.django_db

NOW = at(0) + timedelta(days=1000)


def ago(days: float) -> datetime:
    """So many days before the pruner's now."""
    return NOW - timedelta(days=days)


def scans(*days_ago: float) -> None:
    """Scan records of that age."""
    ScanRecord.objects.bulk_create(ScanRecord(as_of=ago(days)) for days in days_ago)


def closed(days: float, *, judged: float | None = None) -> Opportunity:
    """An opportunity closed so long ago; `judged` is when its ledger was complete."""
    pair = Pair.make()
    row = pair.open()
    Opportunity.objects.filter(pk=row.pk).update(
        state="closed",
        live_key=None,
        close_reason="negative",
        closed_at=ago(days),
    )
    paper = Followed.objects.get(opportunity=row)
    if judged is not None:
        Followed.objects.filter(pk=paper.pk).update(complete=True)
        Outcome.objects.create(
            followed=paper,
            checkpoint=Checkpoint.WEEK,
            due_at=ago(judged),
            status=Standing.NO_DATA,
            promised=0,
            cost=0,
            judged_at=ago(judged),
        )
    row.refresh_from_db()
    return row


class TestPolicies:
    @pytest.mark.parametrize(
        ("table", "model", "column", "days"),
        [
            ("figures", Figure, "at", 30),
            ("events", OpportunityEvent, "at", 90),
            ("scans", ScanRecord, "as_of", 7),
        ],
    )
    def test_rows_are_kept_for_their_days_and_no_longer(
        self, table: str, model: type[Model], column: str, days: float
    ) -> None:
        Pair.make().open()
        rows: Any = model._default_manager
        first = rows.order_by(column).first()
        rows.filter(pk=first.pk).update(**{column: ago(days - 0.01)})
        retention.prune([table], now=NOW)
        kept = rows.filter(**{f"{column}__lte": ago(days - 0.01)}).count()
        rows.filter(**{column: ago(days - 0.01)}).update(**{column: ago(days + 0.01)})
        retention.prune([table], now=NOW)
        assert kept >= 1
        assert not rows.filter(**{f"{column}__lte": ago(days)}).exists()

    def test_sightings_last_a_day(self) -> None:
        scan(0, Pair.make().seen())
        retention.prune(["sightings"], now=at(86_399))
        assert Sighting.objects.exists()
        retention.prune(["sightings"], now=at(86_401))
        assert not Sighting.objects.exists()

    def test_near_misses_last_a_week_from_when_they_were_last_seen(self) -> None:
        pair = Pair.make()
        NearMiss.objects.create(
            fingerprint="f",
            kind="funding",
            long=pair.long,
            short=pair.short,
            best_net=0,
            last_net=0,
            threshold=1,
            reasons=0,
            first_seen=ago(30),
            last_seen=ago(6.9),
        )
        retention.prune(["near_misses"], now=NOW)
        assert NearMiss.objects.exists()
        retention.prune(["near_misses"], now=NOW + timedelta(days=1))
        assert not NearMiss.objects.exists()

    def test_days_are_settings(self, settings: Settings) -> None:
        settings.RETENTION_DAYS = {"scans": 2}
        scans(1, 3)
        retention.prune(["scans"], now=NOW)
        assert [row.as_of for row in ScanRecord.objects.all()] == [ago(1)]

    @pytest.mark.parametrize(
        ("days", "told"), [({"scan": 3}, "tables are"), ({"scans": 0}, "above")]
    )
    def test_a_bad_setting_is_refused(
        self, settings: Settings, days: dict[str, float], told: str
    ) -> None:
        settings.RETENTION_DAYS = days
        with pytest.raises(BadSetting, match=told):
            retention.prune(["scans"], now=NOW)


class TestOpportunities:
    def test_a_closed_one_goes_with_its_events_and_history(self) -> None:
        closed(40, judged=31)
        retention.prune(["opportunities"], now=NOW)
        assert not Opportunity.objects.exists()
        assert not OpportunityEvent.objects.exists()
        assert not Figure.objects.exists()

    def test_its_ledger_stays_without_it(self) -> None:
        closed(40, judged=31)
        retention.prune(["opportunities"], now=NOW)
        assert Followed.objects.get().opportunity_id is None
        assert Outcome.objects.count() == 1

    @pytest.mark.parametrize(("days", "judged"), [(29, 29), (40, None), (40, 29)])
    def test_it_stays_until_thirty_days_after_its_outcomes(
        self, days: float, judged: float | None
    ) -> None:
        closed(days, judged=judged)
        retention.prune(["opportunities"], now=NOW)
        assert Opportunity.objects.exists()

    def test_a_live_one_is_never_pruned(self) -> None:
        Pair.make().open()
        retention.prune(["opportunities"], now=NOW)
        assert Opportunity.objects.exists()

    def test_the_ledger_goes_after_its_own_time(self) -> None:
        row = closed(500, judged=450)
        Followed.objects.update(opened_at=ago(501), closed_at=None)
        retention.prune(["followed"], now=NOW)
        assert not Followed.objects.exists()
        assert not Outcome.objects.exists()
        assert Opportunity.objects.filter(pk=row.pk).exists()


class TestBounds:
    def test_a_run_stops_after_its_batches_and_says_so(self) -> None:
        scans(*range(10, 20))
        (run,) = retention.prune(["scans"], now=NOW, batch=2, batches=3)
        assert (run.due, run.removed, run.batches, run.finished) == (10, 6, 3, False)
        assert ScanRecord.objects.count() == 4

    def test_the_next_run_goes_on(self) -> None:
        scans(*range(10, 20))
        for _ in range(2):
            (run,) = retention.prune(["scans"], now=NOW, batch=3, batches=2)
        assert run.finished
        assert not ScanRecord.objects.exists()

    def test_every_batch_is_told(self) -> None:
        scans(*range(10, 15))
        heard: list[tuple[str, int, int]] = []
        retention.prune(["scans"], now=NOW, batch=2, told=lambda *told: heard.append(told))
        assert heard == [("scans", 2, 5), ("scans", 4, 5), ("scans", 5, 5)]


class TestRecord:
    def test_every_run_is_kept_and_audited(self) -> None:
        scans(10)
        (run,) = retention.prune(["scans"], now=NOW)
        assert PruneRun.objects.get() == run
        assert run.ended_at is not None
        assert LogEntry.objects.get_for_object(run).exists()

    def test_nothing_due_leaves_no_record(self) -> None:
        retention.prune(now=datetime(2020, 1, 1, tzinfo=UTC))
        assert not PruneRun.objects.exists()

    def test_a_dry_run_counts_and_removes_nothing(self) -> None:
        scans(10, 11, 1)
        (run,) = retention.prune(["scans"], now=NOW, dry_run=True)
        assert (run.due, run.removed, run.dry_run) == (2, 0, True)
        assert ScanRecord.objects.count() == 3

    def test_a_table_nobody_knows_is_refused(self) -> None:
        with pytest.raises(BadSetting, match="users"):
            retention.prune(["users"])


class TestCommand:
    def run(self, *arguments: str) -> str:
        out = StringIO()
        call_command("prune", *arguments, stdout=out)
        return out.getvalue()

    def test_it_prunes_one_table(self) -> None:
        scans(0, 2000)
        Sighting.objects.create(
            fingerprint="f", seen=1, first_at=ago(2000), last_at=ago(2000), long_venue="okx"
        )
        assert "scans" in self.run("--table", "scans")
        assert ScanRecord.objects.count() == 1
        assert Sighting.objects.exists()

    def test_a_dry_run_says_so(self) -> None:
        scans(2000)
        assert "dry run" in self.run("--dry-run")
        assert ScanRecord.objects.exists()

    def test_an_unknown_table_is_a_clear_error(self) -> None:
        with pytest.raises(CommandError, match="no policy for users"):
            self.run("--table", "users")
