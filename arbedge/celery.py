"""The Celery application; its settings are the CELERY_* names of `arbedge.settings`."""

import logging.config
import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging
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
