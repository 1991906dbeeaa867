"""The Celery application; its settings are the CELERY_* names of `arbedge.settings`."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "arbedge.settings")

app = Celery("arbedge")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
