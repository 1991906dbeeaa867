"""WSGI entry for granian: console, pages and API."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "arbedge.settings")

application = get_wsgi_application()

from arbedge.checks import stop_if_unsafe  # noqa: E402  settings are ready only now

stop_if_unsafe()
