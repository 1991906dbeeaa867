"""The policy as the console left it."""

from __future__ import annotations

from arbedge.names import Kind, Profile
from opportunities.models import LimitProfile
from opportunities.policy import Override, Policy


def current() -> Policy:
    """The profile in force with its settings, in two queries; strict defaults if none is marked."""
    chosen = LimitProfile.objects.filter(active=True).first()
    if chosen is None:
        return Policy()
    return Policy(
        profile=Profile(chosen.name),
        overrides=tuple(
            Override(
                name=one.name,
                value=one.value,
                kind=Kind(one.kind) if one.kind else None,
                venue=one.venue or None,
                symbol=one.symbol or None,
            )
            for one in chosen.settings.order_by("pk")
        ),
        measure={
            Kind.FUNDING: chosen.measure_funding,
            Kind.SPOT: chosen.measure_spot,
            Kind.BASIS: chosen.measure_basis,
        },
    )
