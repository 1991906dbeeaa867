"""Addresses of the product. Apps are included by name: the ground floor imports nothing above."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from health_check.views import HealthCheckView

HEALTH_CHECKS = ("health_check.checks.Database", "health_check.checks.Cache")

urlpatterns: list[URLPattern | URLResolver] = [
    path("console/", admin.site.urls),
    path("health/", HealthCheckView.as_view(checks=HEALTH_CHECKS), name="health"),
    path("", include("django_prometheus.urls")),
    path("", include("opportunities.urls")),
    path("", include("exchanges.urls")),
    path("", include("accounts.urls")),
    path("", include("notifications.urls")),
    path("", include("analytics.urls")),
]
