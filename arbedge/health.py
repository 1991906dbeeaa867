"""`/health/`: answers 200 only while everything the product needs really answers.

Upper floors add checks of their own: `health.add("exchanges.health.BookIsFresh")`.
"""

from __future__ import annotations

from collections.abc import Iterable

from health_check.views import HealthCheckView

checks: list[str] = ["health_check.checks.Database", "health_check.checks.Cache"]


def add(dotted_path: str) -> None:
    """Adds a `health_check.base.HealthCheck` by its dotted path."""
    if dotted_path not in checks:
        checks.append(dotted_path)


class Health(HealthCheckView):  # type: ignore[misc]  # the library is untyped
    """The registered checks, run side by side; 500 with the failing ones named otherwise."""

    @property
    def checks(self) -> Iterable[str]:  # type: ignore[override,unused-ignore]
        return tuple(checks)
