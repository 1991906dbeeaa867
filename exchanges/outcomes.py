"""What became of a round of questions to the venues."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one feed in this round.

    `fault` names a failure, `held` why nothing was asked ("breaker", "budget", "key"); both are
    empty when an answer came.
    """

    venue: str
    feed: str
    rows: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)
    took_ms: float = 0.0
    size: int = 0
    captured_at_ms: float | None = None
    fault: str = ""
    held: str = ""
    message: str = ""

    @property
    def came(self) -> bool:
        """Whether an answer is in the book."""
        return not self.fault and not self.held


@dataclass(frozen=True, slots=True)
class Report:
    """One round: its outcomes, how long it took, and the weight used by venue."""

    outcomes: tuple[Outcome, ...]
    took_ms: float
    weights: Mapping[str, int]
    lists_came: bool = False  # an instrument list is new

    def came(self) -> int:
        """Number of feeds that answered."""
        return sum(outcome.came for outcome in self.outcomes)
