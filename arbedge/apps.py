from typing import Any

from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate


class ArbedgeConfig(AppConfig):
    name = "arbedge"
    verbose_name = "ArbEdge"

    def ready(self) -> None:
        from arbedge import celery, checks, console  # noqa: F401  registered by being imported

        # Sent only for apps with tables, hence for the app that owns the schedule's.
        post_migrate.connect(_write_schedule, sender=apps.get_app_config("django_celery_beat"))
        console.link(
            "Operation",
            "Schedules",
            "admin:django_celery_beat_periodictask_changelist",
            "schedule",
            "django_celery_beat.view_periodictask",
        )
        console.link(
            "Operation",
            "Audit log",
            "admin:auditlog_logentry_changelist",
            "history",
            "auditlog.view_logentry",
        )


def _write_schedule(**_: Any) -> None:
    from arbedge import schedule

    schedule.sync()
