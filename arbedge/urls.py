"""Addresses of the product. Apps are included by name: the ground floor imports nothing above."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from arbedge.health import Health
from arbedge.metrics import metrics

urlpatterns: list[URLPattern | URLResolver] = [
    path("console/", admin.site.urls),
    path("health/", Health.as_view(), name="health"),
    path("metrics", metrics, name="metrics"),
    path("", include("opportunities.urls")),
    path("", include("exchanges.urls")),
    path("", include("accounts.urls")),
    path("", include("notifications.urls")),
    path("", include("analytics.urls")),
]
