"""What a detector says of its pairs: one array per figure, aligned with the pairs."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt

from arbedge.names import Kind, Reason
from opportunities.settlements import Flags, Numbers
from opportunities.universe import Index, Mask


@dataclass(frozen=True, slots=True)
class Terms:
    """The cohort figures are computed for: horizon, size, VIP level and leverage.

    `vip_level` is a row of the universe's fees.
    """

    horizon_hours: float = 72.0
    notional_usd: float = 1000.0
    vip_level: int = 0
    leverage: float = 2.0


@dataclass(frozen=True, slots=True)
class Figures:
    """Candidates of one kind; rates and nets are fractions of the long leg's entry value."""

    kind: Kind
    terms: Terms
    long: Index
    short: Index
    first: Numbers
    later: Numbers
    k: Numbers
    cost: Numbers
    gap: Numbers
    net_announced: Numbers
    net: Numbers
    reasons: Mask

    @property
    def size(self) -> int:
        """How many candidates there are."""
        return len(self.long)

    @property
    def pair(self) -> tuple[Index, Index]:
        """(long, short)."""
        return self.long, self.short

    def take(self, rows: npt.NDArray[np.int64] | Flags) -> Figures:
        """These rows only."""
        columns = (getattr(self, one.name)[rows] for one in fields(self)[2:])
        return Figures(self.kind, self.terms, *columns)

    def marked(self, reason: Reason, rows: Flags) -> Figures:
        """With `reason` added where `rows` is true."""
        return replace(self, reasons=self.reasons | mark(reason, rows))

    def carries(self, reason: Reason) -> Flags:
        """Which candidates carry a reason."""
        flags: Flags = (self.reasons & bit(reason)) != 0
        return flags


def bit(reason: Reason) -> int:
    """The reason as a mask."""
    return 1 << int(reason)


def mark(reason: Reason, rows: Flags) -> Mask:
    """The reason's bit where `rows` is true, 0 elsewhere."""
    return rows.astype(np.int64) << int(reason)
