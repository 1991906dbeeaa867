"""Services of Apprise with everything that could lead inside, or make us wait, in our own hands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings

if TYPE_CHECKING:
    from apprise import AppriseAsset, NotifyBase

OURS: Final[Mapping[str, Any]] = {
    "redirects": False, "verify_certificate": True, "socket_connect_timeout": 3.0,
    "socket_read_timeout": 4.0, "retry": 0, "wait": 0.0, "request_rate_per_sec": 0.0,
    "interpret_emojis": False,
}  # fmt: skip
FIXED: Final = frozenset(
    {"pover", "pbul", "prowl", "spush", "join", "pagertree", "wxteams", "gchat"}
)  # fmt: skip


def made(url: str) -> NotifyBase | None:
    """The service of the URL, asked in our way whatever the URL says; None where there is none."""
    from apprise import Apprise

    service = Apprise.instantiate(url, asset=asset())
    if service is None or has_free_host(type(service)):
        return None
    for name, value in OURS.items():
        setattr(service, name, value)
    return service


def has_free_host(service: type[NotifyBase]) -> bool:
    """Whether a URL of the service may name a host: then it could lead inside."""
    templates: list[str] = list(service.templates)
    return not templates or any("{host" in template for template in templates)


def free_hosts(schemes: Iterable[str]) -> list[str]:
    """Those of the schemes that Apprise does not know, or whose URLs name a host.

    To ask Apprise takes a second, so it is not asked about those we know.
    """
    unknown = [scheme for scheme in schemes if scheme not in FIXED]
    if not unknown:
        return []
    from apprise.manager_plugins import NotificationManager

    services = NotificationManager()  # type: ignore[no-untyped-call]
    return [one for one in unknown if one not in services or has_free_host(services[one])]


@lru_cache(maxsize=1)
def asset() -> AppriseAsset:
    """What Apprise tells services of us; it keeps nothing on disk."""
    from apprise import AppriseAsset, PersistentStoreMode

    return AppriseAsset(
        app_id="ArbEdge", app_url=settings.SITE_URL, storage_mode=PersistentStoreMode.MEMORY,
        async_mode=False, secure_logging=True, http_redirects=False,
    )  # fmt: skip
