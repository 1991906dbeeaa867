"""The live board a few rows at a time, for readers who turn pages: only what is shown counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import ceil
from typing import Final

from arbedge.names import Kind, Shelf, State
from opportunities import board, readers
from opportunities.board import KINDS, Row, Wish
from opportunities.models import Opportunity
from opportunities.readers import Reader

PER_PAGE: Final = 5


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of the board, best first.

    `total` is how many the reader may see now on all `pages`. What he may not: `hidden` by his own
    filters, `later` by his tier's delay, `higher` by its kinds and shelves, `beyond` by its hour.
    """

    rows: Sequence[Row]
    number: int
    pages: int
    total: int
    hidden: int
    later: int
    higher: int
    beyond: int
    now: datetime

    @property
    def first(self) -> int:
        """The place of the first row among all."""
        return (self.number - 1) * PER_PAGE + 1


def page(
    wish: Wish,
    wall: datetime,
    reader: Reader,
    number: int = 1,
    *,
    keeps: Callable[[Row], bool] = lambda _: True,
) -> Page:
    """A page of what lives, the last one where there are fewer; `wall` is the wall clock.

    `keeps` says which rows the reader's own filters let through. The rows of this page count in
    the reader's hour, those of the others do not.
    """
    found = board.before_the_hour(replace(wish, also=True), wall, reader)
    living = [row for row in found.rows if not row.closed]
    kept = [row for row in living if keeps(row)]
    alive = {row.stored.pk: row for row in board.best_of_family(kept)}
    within = readers.would_admit(reader, list(alive), found.now)
    pages = max(1, ceil(len(within) / PER_PAGE))
    number = min(max(1, number), pages)
    wanted = within[(number - 1) * PER_PAGE : number * PER_PAGE]
    admitted = readers.admit(reader, wanted, found.now) if wanted else set()
    return Page(
        rows=[alive[pk] for pk in wanted if pk in admitted],
        number=number,
        pages=pages,
        total=len(within),
        hidden=found.hidden + len(living) - len(kept),
        later=found.later,
        higher=found.higher,
        beyond=len(alive) - len(within),
        now=found.now,
    )


def on_shelves() -> Mapping[Shelf, int]:
    """How many families live now on each shelf, whoever may see them, in one query."""
    rows = Opportunity.objects.filter(live_key__isnull=False).only("family", "shelves")
    standing: dict[str, int] = {}
    for row in rows:
        standing[row.family] = standing.get(row.family, 0) | readers.shelves_of(row)
    return {
        shelf: sum(mask >> bit & 1 for mask in standing.values()) for bit, shelf in enumerate(Shelf)
    }


def best_of_kinds(
    wish: Wish,
    wall: datetime,
    reader: Reader,
    *,
    keeps: Callable[[Row], bool] = lambda _: True,
) -> tuple[Mapping[Kind, int], Sequence[Row]]:
    """How many families of each kind the reader's tier shows now, and the best row of each kind,
    which counts in his hour; one that is beyond it is left out."""
    found = board.before_the_hour(replace(wish, also=True), wall, reader)
    alive = board.best_of_family(row for row in found.rows if not row.closed and keeps(row))
    counts = Counter(row.stored.kind for row in alive)
    bests = {kind: next((row for row in alive if row.stored.kind == kind), None) for kind in KINDS}
    rows = [row for row in bests.values() if row is not None]
    admitted = readers.admit(reader, [row.stored.pk for row in rows], found.now) if rows else set()
    told = [row for row in rows if row.stored.pk in admitted]
    return {kind: counts[kind.value] for kind in KINDS}, told


def of_coin(coin: str) -> list[Opportunity]:
    """All live opportunities of a coin, those that pay before those that fade, best first."""
    rows = Opportunity.objects.filter(live_key__isnull=False, asset=coin)
    return sorted(rows, key=lambda row: (row.state != State.OPEN, -row.net))


def best_of_coin(coin: str, now: datetime, reader: Reader) -> Opportunity | None:
    """The best live opportunity of a coin that the reader may see; it counts in his hour."""
    best = of_coin(coin)
    moment = {row.pk: row.as_of if board.replaying() else now for row in best}
    return next((row for row in best if readers.held(reader, row, moment[row.pk]) is None), None)
