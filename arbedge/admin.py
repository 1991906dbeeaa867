"""Console pages of the libraries whose tables operators edit: schedules and the audit log."""

from __future__ import annotations

from typing import Any

import auditlog.admin  # noqa: F401  registers its own page, which ours replaces
from auditlog.models import LogEntry
from django.contrib import admin
from django_celery_beat.admin import PeriodicTaskAdmin as PlainPeriodicTaskAdmin
from django_celery_beat.admin import PeriodicTaskForm, TaskSelectWidget
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from arbedge.audit_page import LogEntryAdmin

for model in (
    PeriodicTask,
    IntervalSchedule,
    CrontabSchedule,
    SolarSchedule,
    ClockedSchedule,
    LogEntry,
):
    admin.site.unregister(model)


class StyledTaskSelect(UnfoldAdminSelectWidget, TaskSelectWidget):
    """The list of tasks this installation knows, in the console's look."""


class StyledPeriodicTaskForm(PeriodicTaskForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["task"].widget = UnfoldAdminTextInputWidget()
        self.fields["regtask"].widget = StyledTaskSelect()


@admin.register(PeriodicTask)
class PeriodicTaskAdmin(PlainPeriodicTaskAdmin, ModelAdmin):
    form = StyledPeriodicTaskForm
    list_display = ("name", "enabled", "scheduler", "queue", "last_run_at")


@admin.register(IntervalSchedule, CrontabSchedule)
class ScheduleAdmin(ModelAdmin):
    """Intervals and times of day that schedules refer to."""


admin.site.register(LogEntry, LogEntryAdmin)
