from __future__ import annotations

import pytest
from django_celery_beat.models import PeriodicTask

from arbedge import schedule

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def only_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    PeriodicTask.objects.all().delete()
    monkeypatch.setattr(schedule, "entries", {})


def row(name: str = "scan") -> PeriodicTask:
    return PeriodicTask.objects.get(name=name)


def test_a_declared_entry_is_written_with_queue_and_lapse() -> None:
    schedule.every("scan", "opportunities.scan", seconds=5, queue="scan", expires_s=4)
    assert schedule.sync()["added"] == ["scan"]
    assert (row().task, row().queue, row().expire_seconds) == ("opportunities.scan", "scan", 4)
    assert row().schedule.run_every.total_seconds() == 5


def test_parts_of_a_second_are_kept() -> None:
    schedule.every("scan", "opportunities.scan", seconds=2.5)
    schedule.sync()
    assert row().schedule.run_every.total_seconds() == 2.5


def test_daily_work_runs_at_its_time_of_day() -> None:
    schedule.daily("prune", "opportunities.prune", at="03:10")
    schedule.sync()
    assert (row("prune").crontab.hour, row("prune").crontab.minute) == ("3", "10")
    assert row("prune").interval is None


def test_a_second_sync_changes_nothing() -> None:
    schedule.every("scan", "opportunities.scan", seconds=5)
    schedule.sync()
    before = row().date_changed
    assert schedule.sync() == {"added": [], "updated": [], "kept": [], "removed": []}
    assert row().date_changed == before


def test_an_untouched_row_follows_its_declaration() -> None:
    schedule.every("scan", "opportunities.scan", seconds=5)
    schedule.sync()
    schedule.every("scan", "opportunities.scan", seconds=10)
    assert schedule.sync()["updated"] == ["scan"]
    assert row().schedule.run_every.total_seconds() == 10


@pytest.mark.parametrize("edit", [{"enabled": False}, {"queue": "slow"}, {"expire_seconds": 99}])
def test_what_was_edited_in_the_console_is_never_overwritten(edit: dict[str, object]) -> None:
    schedule.every("scan", "opportunities.scan", seconds=5)
    schedule.sync()
    edited = row()
    for name, value in edit.items():
        setattr(edited, name, value)
    edited.save()
    schedule.every("scan", "opportunities.scan", seconds=10)
    assert schedule.sync()["kept"] == ["scan"]
    assert row().schedule.run_every.total_seconds() == 5
    assert {name: getattr(row(), name) for name in edit} == edit


def test_an_entry_no_longer_declared_goes_but_a_persons_own_stays() -> None:
    schedule.every("scan", "opportunities.scan", seconds=5)
    schedule.sync()
    own = row()
    own.pk, own.name, own.description = None, "mine", "by hand"
    own.save()
    schedule.entries.clear()
    assert schedule.sync()["removed"] == ["scan"]
    assert PeriodicTask.objects.values_list("name", flat=True).get() == "mine"
