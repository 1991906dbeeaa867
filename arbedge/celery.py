"""The Celery application; its settings are the CELERY_* names of `arbedge.settings`."""

import logging.config
import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging, task_prerun
from django_structlog.celery.steps import DjangoStructLogInitStep

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "arbedge.settings")

app = Celery("arbedge")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].add(DjangoStructLogInitStep)


@setup_logging.connect
def use_our_logging(**_: Any) -> None:
    """Workers and beat write the same structured lines as the web, task ids included."""
    from django.conf import settings

    logging.config.dictConfig(settings.LOGGING)


@task_prerun.connect
def use_a_living_connection(**_: Any) -> None:
    """A task after the database was restarted begins with a connection of its own.

    With CELERY_DB_REUSE_MAX Celery itself keeps a connection for many tasks, a broken one too.
    """
    from django.db import close_old_connections

    close_old_connections()
