"""The live board: what pays now, seen with the reader's own size, horizon and filters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db.models import Q

from accounts import wishes
from accounts.models import Preferences
from accounts.wishes import Economics
from arbedge.names import REJECTING_MASK, CloseReason, Kind, Reason, State
from opportunities import readers
from opportunities.cohorts import HORIZONS_HOURS, NOTIONALS_USD
from opportunities.costs import HOURS_PER_YEAR
from opportunities.models import NearMiss, Opportunity, ScanRecord, Sighting
from opportunities.readers import Reader
from opportunities.reasons import MEANING, from_mask

KINDS: Final = (Kind.FUNDING, Kind.SPOT, Kind.BASIS)
LINGER: Final = timedelta(seconds=45)  # a closed row stays so long, with its reason
SHOWN_AT_MOST: Final = 200
DEFAULT_ECONOMICS: Final = wishes.economics(Preferences())
DEFAULT_SIZE_USD: Final = float(DEFAULT_ECONOMICS.notional_usd)
DEFAULT_HORIZON_HOURS: Final = float(DEFAULT_ECONOMICS.horizon_hours)

CLOSED_WORDS: Final[Mapping[str, str]] = {
    CloseReason.BELOW_HALF: "pays less than half of what is needed",
    CloseReason.NEGATIVE: "no longer pays after costs",
    CloseReason.GATE: "held back by a gate",
    CloseReason.ENDED: "the instrument came to its end",
    CloseReason.NO_DATA: "a venue sent no data for too long",
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What a reader asks of the board; empty means all. `net` is a fraction, `vip` the reader's
    level by venue, `kinds` and `shelves` are masks; `only` is a whole coin, `coin` a part of one.
    """

    kind: str = ""
    coin: str = ""
    venues: tuple[str, ...] = ()
    net: float | None = None
    size: float = DEFAULT_SIZE_USD
    horizon: float = DEFAULT_HORIZON_HOURS
    also: bool = False
    vip: Mapping[str, int] = field(default_factory=dict)
    only: str = ""
    kinds: int | None = None
    shelves: int | None = None

    @classmethod
    def read(
        cls, asked: Mapping[str, str], venues: Sequence[str], own: Economics | None = None
    ) -> Wish:
        """The wish in a page's query; what it does not say, or makes no sense, is left at the
        reader's own economics, else at the defaults.
        """
        usual = own or DEFAULT_ECONOMICS
        size, horizon = _number(asked.get("size")), _number(asked.get("horizon"))
        net = _number(asked.get("net"))
        return cls(
            kind=asked.get("kind", "") if asked.get("kind") in [*KINDS] else "",
            coin=asked.get("coin", "").strip().upper()[:48],
            venues=tuple(one for one in venues if one in settings.VENUES),
            net=None if net is None else net / 100,
            size=size if size in NOTIONALS_USD else float(usual.notional_usd),
            horizon=horizon if horizon in HORIZONS_HOURS else float(usual.horizon_hours),
            also=asked.get("also") == "1",
            vip=dict(usual.vip_levels),
        )

    @property
    def narrowed(self) -> bool:
        """Whether anything is filtered out on the reader's word."""
        return bool(self.kind or self.coin or self.venues or self.net is not None)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the board: the stored row and its figures for the reader's cohort."""

    stored: Opportunity
    net: float
    at_size: float | None
    apr: float | None
    horizon_hours: float | None
    next_at: datetime | None
    age_s: float
    also: int = 0

    @property
    def pays(self) -> float:
        """The figure a reader's own limit is held against: at size where that is known."""
        return self.net if self.at_size is None else self.at_size

    @property
    def closed(self) -> bool:
        """Whether it is only still shown to say why it ended."""
        return self.stored.state == State.CLOSED

    @property
    def closed_because(self) -> str:
        """Why it ended, in words."""
        return CLOSED_WORDS.get(self.stored.close_reason, self.stored.close_reason)

    @property
    def notes(self) -> list[str]:
        """What lowers trust in it, in words."""
        return [MEANING[reason] for reason in from_mask(self.stored.reasons) if not reason.rejects]

    @property
    def network_unknown(self) -> bool:
        """Whether nobody vouches for the transfer."""
        return bool(self.stored.reasons >> Reason.NETWORK_UNKNOWN & 1)


@dataclass(frozen=True, slots=True)
class Board:
    """What the page shows: rows best first, and how many it does not: hidden by the reader's own
    filters, or held back by his tier's delay, shelves and hourly limit.
    """

    rows: Sequence[Row]
    hidden: int
    later: int
    higher: int
    beyond: int
    now: datetime
    as_of: datetime | None


@dataclass(frozen=True, slots=True)
class Silence:
    """Why nothing is shown: the last scan, the nearest miss with its reasons, and how many pay but
    have not been seen often enough to open.
    """

    scan: ScanRecord | None
    miss: NearMiss | None
    watched: int = 0

    @property
    def reasons(self) -> list[tuple[str, str]]:
        """The miss's rejecting reasons: code and meaning."""
        return rejecting(self.miss.reasons) if self.miss else []

    @property
    def counts(self) -> list[tuple[str, int]]:
        """How many candidates each gate held back in the last scan, most first."""
        return held_back(self.scan.counts) if self.scan else []


def read(wish: Wish, wall: datetime, reader: Reader) -> Board:
    """The board for this wish and reader, in one query; `wall` is the wall clock."""
    found = before_the_hour(wish, wall, reader)
    shown, beyond = _within_the_hour(found.rows, reader, found.now)
    return replace(found, rows=shown, beyond=beyond)


def before_the_hour(wish: Wish, wall: datetime, reader: Reader) -> Board:
    """The same before the reader's hourly limit: nothing of it counts as shown."""
    past = Q(state=State.CLOSED, closed_at__gte=wall - LINGER)
    live = Q(live_key__isnull=False)
    stored = list(
        Opportunity.objects.filter(live if replaying() else live | past)
        .defer("score_parts")
        .order_by("-net")[: 2 * SHOWN_AT_MOST]
    )
    as_of = max((one.as_of for one in stored), default=None)
    now = as_of if replaying() and as_of else wall
    due = readers.due(reader, stored, now)
    rows = [row_of(one, wish, now) for one in due.rows]
    shown = [row for row in rows if _wanted(row, wish)]
    shown.sort(key=lambda row: (-row.net, row.stored.pk))
    if not wish.also:
        shown = best_of_family(shown)
    hidden = len(rows) - len(shown)
    return Board(shown[:SHOWN_AT_MOST], hidden, due.later, due.higher, 0, now, as_of)


def silence(coin: str = "") -> Silence:
    """What to say instead of rows, or of the rows of one coin, in three queries."""
    scan = ScanRecord.objects.order_by("-as_of").first()
    since = (scan.as_of if scan else datetime.now(UTC)) - timedelta(minutes=10)
    recent = NearMiss.objects.filter(last_seen__gte=since, **({"asset": coin} if coin else {}))
    return Silence(scan, recent.order_by("-last_net").first(), Sighting.objects.count())


def replaying() -> bool:
    """Whether the markets are a recording, whose clock counts instead of the wall's."""
    return settings.MARKET_MODE == "replay"


def row_of(stored: Opportunity, wish: Wish, now: datetime) -> Row:
    """A stored row with the figures of the reader's cohort, its own where it has none."""
    net, at_size, horizon = cohort(stored, wish)
    apr = None
    if stored.kind != Kind.SPOT and horizon:
        apr = net * HOURS_PER_YEAR / horizon
    due = [at for at in (stored.long_next_at, stored.short_next_at) if at and at > now]
    oldest_ms = max(stored.long_age_ms or 0.0, stored.short_age_ms or 0.0)
    age_s = max(0.0, (now - stored.as_of).total_seconds()) + oldest_ms / 1000
    next_at = None if apr is None else min(due, default=None)
    return Row(stored, net, at_size, apr, horizon, next_at, age_s)


def cohort(stored: Opportunity, wish: Wish) -> tuple[float, float | None, float | None]:
    """Net over the horizon, net at the size (None: no book is known), and the horizon meant.

    Of the reader's VIP levels on both venues the lower one counts.
    """
    table: Mapping[str, Any] = stored.cohorts or {}
    try:
        at = table["horizons_hours"].index(wish.horizon)
        size = table["notionals_usd"].index(wish.size)
        level = _level(table["vip_levels"], stored, wish)
        net = table["net"][at][level][size]
    except (KeyError, ValueError, IndexError):
        return stored.net, stored.net_at_size, stored.horizon_hours
    if net is None:
        return stored.net, stored.net_at_size, stored.horizon_hours
    sized = table["net_at_size"][at][level][size] if "net_at_size" in table else None
    return net, sized, wish.horizon


def _level(levels: Sequence[int], stored: Opportunity, wish: Wish) -> int:
    """The place in `levels` of the highest one that the reader holds on both venues."""
    venues = {stored.long_venue, stored.short_venue} - {""}
    held = min(wish.vip.get(venue, 0) for venue in venues)
    return max(place for place, level in enumerate(levels) if level <= held)


def best_of_family(rows: Iterable[Row]) -> list[Row]:
    """The best live row of each kind and coin, with the number of the others; closed rows stay."""
    rows = list(rows)
    of_family = Counter(row.stored.family for row in rows if not row.closed)
    seen: set[str] = set()
    kept = []
    for row in rows:
        family = row.stored.family
        if row.closed:
            kept.append(row)
        elif family not in seen:
            seen.add(family)
            kept.append(replace(row, also=of_family[family] - 1))
    return kept


def rejecting(mask: int) -> list[tuple[str, str]]:
    """The rejecting reasons of a mask: code and meaning."""
    return [(reason.code, MEANING[reason]) for reason in from_mask(mask & REJECTING_MASK)]


def held_back(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """Counts of rejecting codes, most first."""
    codes = {reason.code for reason in Reason if reason.rejects}
    told = [(code, count) for code, count in counts.items() if code in codes and count]
    return sorted(told, key=lambda one: -one[1])


def _within_the_hour(rows: Sequence[Row], reader: Reader, now: datetime) -> tuple[list[Row], int]:
    """The rows the reader's hourly limit admits, and how many it does not. What is closed is only
    shown to whom it was shown before.
    """
    alive = readers.admit(reader, [row.stored.pk for row in rows if not row.closed], now)
    ended = readers.admit(reader, [row.stored.pk for row in rows if row.closed], now, new=False)
    shown = [row for row in rows if row.stored.pk in (alive | ended)]
    beyond = sum(1 for row in rows if not row.closed) - len(alive)
    return shown, beyond


def _wanted(row: Row, wish: Wish) -> bool:
    stored = row.stored
    return (
        (not wish.kind or stored.kind == wish.kind)
        and (not wish.coin or wish.coin in stored.asset)
        and (not wish.only or wish.only == stored.asset)
        and (wish.kinds is None or readers.KIND_BIT[stored.kind] & wish.kinds > 0)
        and (wish.shelves is None or readers.shelves_of(stored) & wish.shelves > 0)
        and (not wish.venues or {stored.long_venue, stored.short_venue} <= {*wish.venues, ""})
        and (wish.net is None or row.closed or row.pays >= wish.net)
    )


def _number(text: str | None) -> float | None:
    try:
        value = float((text or "").replace(",", "."))
    except ValueError:
        return None
    return value if abs(value) < 1e9 else None
