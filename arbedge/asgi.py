"""ASGI entry, for server-sent events only; everything else is served by WSGI."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "arbedge.settings")

application = get_asgi_application()

from arbedge.checks import stop_if_unsafe  # noqa: E402  settings are ready only now

stop_if_unsafe()
