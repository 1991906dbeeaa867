"""The named limits of the product with their units, bounds and defaults per profile and kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from arbedge.errors import BadSetting
from arbedge.names import Kind, Profile


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit. Fractions and money are plain numbers; `unit` says how people write it.

    `per_instrument` limits may be set for one venue or instrument, the others only for a kind.
    """

    name: str
    unit: str  # s, h, fraction, usd, count, factor
    strict: float
    permissive: float
    help: str
    low: float = 0.0
    high: float = float("inf")
    by_kind: Mapping[Kind, float] = field(default_factory=dict)
    per_instrument: bool = False

    def default(self, profile: Profile, kind: Kind | None = None) -> float:
        """The value without any override; a kind's own default is scaled as the profile scales."""
        value = self.strict if profile is Profile.STRICT else self.permissive
        if kind is not None and kind in self.by_kind:
            return self.by_kind[kind] * (value / self.strict if self.strict else 1.0)
        return value

    def check(self, value: float, *, aimed: bool = False) -> None:
        """Raise BadSetting when `value` lies outside the bounds, or is `aimed` and cannot be."""
        if not self.low <= value <= self.high:
            raise BadSetting(
                f"{self.name} must lie between {self.low:g} and {self.high:g} {self.unit}, "
                f"was {value:g}",
                setting=self.name,
            )
        if aimed and not self.per_instrument:
            raise BadSetting(
                f"{self.name} holds for all venues and instruments; it can differ only by kind",
                setting=self.name,
            )


_ALL = (
    Limit(
        "threshold", "fraction", 0.0015, 0.0008, "Net needed to open.",
        1e-5, 1.0, by_kind={Kind.SPOT: 0.0010}, per_instrument=True,
    ),
    Limit("horizon", "h", 72, 72, "Hours over which funding payments are counted.", 1, 720),
    Limit("notional", "usd", 1000, 1000, "Size the default figures are computed for.", 10, 1e7),
    Limit("leverage", "factor", 2, 2, "Leverage of a perpetual leg for return on capital.", 1, 125),
    Limit(
        "max_age", "s", 30, 60, "Age of a leg's data beyond which it is stale.",
        1, 3600, per_instrument=True,
    ),
    Limit(
        "max_leg_skew", "s", 10, 20, "Distance of the legs' capture times.",
        0, 3600, per_instrument=True,
    ),
    Limit(
        "max_ahead", "s", 2, 5, "How far a venue's time may run ahead of ours.",
        0, 3600, per_instrument=True,
    ),
    Limit(
        "frozen_scans", "count", 20, 40, "Scans without any change of the quote.",
        2, 10_000, per_instrument=True,
    ),
    Limit(
        "frozen_move", "fraction", 0.0020, 0.0040, "Move of the peers meanwhile.",
        high=1.0, per_instrument=True,
    ),
    Limit(
        "cap_share", "fraction", 0.95, 0.95, "Share of the cap from which a rate counts as capped.",
        0.5, 1.0, per_instrument=True,
    ),
    Limit(
        "max_rate", "fraction", 0.05, 0.10, "Rate per settlement held for review.",
        0, 10, per_instrument=True,
    ),
    Limit(
        "min_volume", "usd", 200_000, 50_000, "24 h turnover of each leg.", per_instrument=True
    ),
    Limit(
        "min_interest", "usd", 500_000, 100_000, "Open interest of each leg where known.",
        per_instrument=True,
    ),
    Limit("max_spread", "fraction", 0.01, 0.02, "Spread of each leg.", high=1, per_instrument=True),
    Limit("max_depeg", "fraction", 0.005, 0.01, "Distance of a quote coin from its peg.", high=1),
    Limit(
        "delisting_margin", "h", 24, 24, "Hours beyond the horizon a leg must stay listed.",
        per_instrument=True,
    ),
    Limit(
        "max_volatility", "fraction", 0.60, 1.50, "(24 h high - low) / low of each leg.",
        high=100, per_instrument=True,
    ),
    Limit("min_success", "fraction", 0.60, 0.40, "Success of the followed outcomes.", 0, 1),
    Limit("min_followed", "count", 20, 20, "Outcomes from which success is known.", 1, 100_000),
    Limit("near_misses", "count", 200, 200, "Nearest misses kept per scan.", 0, 5000),
    Limit("tier_one", "count", 10, 10, "Candidates whose books are read every scan.", 0, 200),
    Limit("tier_two", "count", 20, 20, "Candidates whose books are read every third scan.", 0, 500),
    Limit("risk_volume_high", "usd", 1e6, 1e6, "24 h turnover below which risk is high."),
    Limit("risk_volume_low", "usd", 1e7, 1e7, "24 h turnover from which risk can be low."),
    Limit("observations", "count", 3, 3, "Paying scans before it opens.", 1, 100,
          by_kind={Kind.SPOT: 2}),
    Limit("open_after", "s", 30, 30, "Time the paying scans must span; spot gaps: none.", 0, 3600,
          by_kind={Kind.SPOT: 0}),
    Limit("depth_wait", "s", 60, 60, "How long opening waits for an unread order book.", 0, 3600,
          by_kind={Kind.SPOT: 15}),
    Limit("close_below", "fraction", 0.5, 0.5, "Share of the threshold below which it ends.", 0, 1),
    Limit("below_half_for", "s", 60, 60, "How long it must stay below that share.", 0, 3600),
    Limit("negative_scans", "count", 2, 2, "Scans with a negative net that end it.", 1, 100),
    Limit("gate_for", "s", 60, 60, "How long a gate must hold it back to end it.", 0, 3600),
    Limit("improve_by", "factor", 1.25, 1.25, "Net over the announced one to be improved.", 1, 10),
    Limit("improve_min", "fraction", 0.0005, 0.0005, "And at least this much above it.", high=1),
    Limit("blind_for", "s", 600, 600, "How long it is held while a venue is blind.", 10, 86_400),
    Limit("revive_within", "s", 900, 900, "How soon a return revives it.", 0, 86_400),
    Limit("valid_low", "h", 4, 4, "Validity of a low-risk confirmation.", 0.01, 168),
    Limit("valid_medium", "h", 2, 2, "Validity of a medium-risk confirmation.", 0.01, 168),
    Limit("valid_high", "h", 0.5, 0.5, "Validity of a high-risk confirmation.", 0.01, 168),
)  # fmt: skip
LIMITS: Mapping[str, Limit] = {one.name: one for one in _ALL}
