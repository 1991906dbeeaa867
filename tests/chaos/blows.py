"""What is done to processes and servers under fire: in which order, and told in words."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field


def shuffled(seed: int, **times: int) -> list[str]:
    """All that will happen, each so many times, in an order that the seed decides."""
    every = [name for name, number in times.items() for _ in range(number)]
    random.Random(seed).shuffle(every)
    return every


@dataclass(kw_only=True)
class Course:
    """What was done, and where all of it stands in the end."""

    blows: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    took_s: float = 0.0

    @property
    def took(self) -> str:
        """How long it took, and what was killed or emptied meanwhile."""
        return f"{self.took_s:.0f} s; killed or emptied: {dealt(self.blows)}"


def dealt(counts: Counter[str]) -> str:
    """`1 × flush, 3 × worker`."""
    return ", ".join(f"{count} × {name}" for name, count in sorted(counts.items()))


def ended(counts: Counter[str]) -> str:
    """`9,998 sent, 2 expired`: the most frequent first."""
    return ", ".join(f"{count:,} {name}" for name, count in counts.most_common() if name)
