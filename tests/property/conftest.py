"""How property tests search: the same on a busy machine as on a calm one."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile(
    "arbedge", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("arbedge")
