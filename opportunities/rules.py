"""The limits of an opportunity's life; every one is a setting, these are the defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from arbedge.names import Kind, Risk
from opportunities.policy import Policy

MINUTE_S = 60.0
HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class Rules:
    """When a candidate opens, fades, improves, is held and closes. Times in seconds."""

    observations: int = 3
    spot_observations: int = 2
    open_after_s: float = 30.0
    spot_open_after_s: float = 0.0  # spot gaps are short: two observations are the whole test
    depth_wait_s: float = MINUTE_S  # a book that does not come cannot hold it back for ever
    spot_depth_wait_s: float = 15.0
    sighting_gap_s: float = 15 * MINUTE_S  # older observations no longer count towards opening
    close_below: float = 0.5  # of the threshold
    below_half_s: float = 60.0
    negative_observations: int = 2
    gate_s: float = 60.0
    improve_by: float = 1.25
    improve_min: float = 0.0005
    improve_window_s: float = 4 * HOUR_S
    blind_s: float = 10 * MINUTE_S
    revive_s: float = 15 * MINUTE_S
    guard_before_s: float = 60.0
    guard_after_s: float = 180.0
    low_valid_s: float = 4 * HOUR_S
    medium_valid_s: float = 2 * HOUR_S
    high_valid_s: float = 0.5 * HOUR_S
    figure_change: float = 0.0001
    figure_every_s: float = MINUTE_S

    @classmethod
    def of(cls, policy: Policy) -> Rules:
        """The rules as the operator's limits have them."""
        return cls(
            observations=int(policy.value("observations")),
            spot_observations=int(policy.value("observations", Kind.SPOT)),
            open_after_s=policy.value("open_after"),
            spot_open_after_s=policy.value("open_after", Kind.SPOT),
            depth_wait_s=policy.value("depth_wait"),
            spot_depth_wait_s=policy.value("depth_wait", Kind.SPOT),
            close_below=policy.value("close_below"),
            below_half_s=policy.value("below_half_for"),
            negative_observations=int(policy.value("negative_scans")),
            gate_s=policy.value("gate_for"),
            improve_by=policy.value("improve_by"),
            improve_min=policy.value("improve_min"),
            blind_s=policy.value("blind_for"),
            revive_s=policy.value("revive_within"),
            low_valid_s=policy.value("valid_low") * HOUR_S,
            medium_valid_s=policy.value("valid_medium") * HOUR_S,
            high_valid_s=policy.value("valid_high") * HOUR_S,
        )

    def valid_s(self) -> dict[str, float]:
        """How long a confirmation is good for, by risk class."""
        return {
            Risk.LOW.value: self.low_valid_s,
            Risk.MEDIUM.value: self.medium_valid_s,
            Risk.HIGH.value: self.high_valid_s,
        }

    def needed(self, kind: Kind) -> tuple[int, float]:
        """Observations, and the time between the first and the last, before this kind opens."""
        if kind is Kind.SPOT:
            return self.spot_observations, self.spot_open_after_s
        return self.observations, self.open_after_s


@dataclass(frozen=True, slots=True)
class Moment:
    """The scan that looks: its time, which venues answered it, and the rules in force."""

    as_of_ms: float
    answered: Mapping[str, bool]
    rules: Rules

    def both_answered(self) -> pl.Expr:
        """Whether the venues of both legs answered in this scan."""
        return pl.all_horizontal(self._answered(side) for side in ("long", "short"))

    def unanswered(self) -> pl.Expr:
        """The venues of the legs that did not answer, as a list of their names."""
        return pl.concat_list(
            pl.when(~self._answered(side)).then(pl.col(f"{side}_venue"))
            for side in ("long", "short")
        ).list.drop_nulls()

    def _answered(self, side: str) -> pl.Expr:
        there = [*(venue for venue, ok in self.answered.items() if ok), ""]
        return pl.col(f"{side}_venue").fill_null("").is_in(there)

    def in_guard(self) -> pl.Expr:
        """Whether a leg's last known settlement is so near that its rates may be changing."""
        since = self.as_of_ms - self.rules.guard_after_s * 1000
        until = self.as_of_ms + self.rules.guard_before_s * 1000
        return pl.any_horizontal(
            pl.col(f"{side}_next_ms").is_between(since, until, closed="right")
            for side in ("long", "short")
        ).fill_null(value=False)

    def lasted(self, column: str, seconds: float) -> pl.Expr:
        """Whether the clock in `column` has run for that long; a stopped clock has not."""
        return (self.as_of_ms - pl.col(column) >= seconds * 1000).fill_null(value=False)
