"""Where a request comes from: the address limits, locks and the audit go by."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

from django.conf import settings
from django.http import HttpRequest

IPV6_HOUSEHOLD: Final = 64  # one subscriber owns a whole /64


def address(request: HttpRequest) -> str:
    """The visitor's IP address in its short form, "" where it cannot be told.

    X-Forwarded-For is written by whoever asks, so it counts only with TRUST_PROXY, and then only
    its last entry: the one our own proxy added.
    """
    told = request.META.get("REMOTE_ADDR", "")
    if settings.TRUST_PROXY:
        told = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip() or told
    return _short(told)


def household(request: HttpRequest) -> str:
    """What limits count by: the IPv4 address, or the /64 of an IPv6 address."""
    seen = address(request)
    if ":" not in seen:
        return seen
    return str(ip_network(f"{seen}/{IPV6_HOUSEHOLD}", strict=False).network_address)


def _short(told: str) -> str:
    try:
        found = ip_address(told)
    except ValueError:
        return ""
    inner = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return str(inner or found)
