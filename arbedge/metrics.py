"""`/metrics` for Prometheus, answered only to the networks named in `METRICS_FROM`."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django_prometheus.exports import ExportToDjangoView


def metrics(request: HttpRequest) -> HttpResponse:
    """Returns the counters of all web processes of this machine; 404 for anybody else.

    A request passed on by a proxy comes from the proxy's address, so it is never answered.
    """
    if "X-Forwarded-For" in request.headers or not _may_ask(request.META.get("REMOTE_ADDR", "")):
        raise Http404
    answer: HttpResponse = ExportToDjangoView(request)
    return answer


def _may_ask(address: str) -> bool:
    if not address:
        return False
    asking = ip_address(address)
    return any(asking in ip_network(network) for network in settings.METRICS_FROM)
