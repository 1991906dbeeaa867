"""Three starting points for preferences, each applied as one change that can be taken back.

| | conservative | balanced | aggressive |
|---|---|---|---|
| kinds | funding, basis | funding, spot, basis | all |
| shelves | low risk, high confidence, beginner | + hybrid, AI, advanced | all |
| least net / APR | 0.3 % / 10 % | 0.15 % / 5 % | 0.05 % / 0 |
| highest risk | low | medium | high |
| least confidence | 0.7 | 0.5 | 0.2 |
| leverage, horizon | 1 ×, 72 h | 2 ×, 72 h | 5 ×, 24 h |
| messages | every 30 min | every 5 min | at once |

All of them leave automation manual: nobody trades by itself because of a preset.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import structlog
from django.db import transaction

from accounts import preferences
from accounts.models import Preferences, User
from accounts.wish_form import FIELDS
from accounts.wish_rules import Who, fitted
from accounts.wish_values import read
from accounts.wishes import Wish, plain, with_values
from arbedge import cache
from arbedge.choices import Automation, Frequency
from arbedge.errors import BadInput, NoData, NotFound
from arbedge.names import Door, Kind, Risk, Shelf

UNDO_S: Final = 86_400

_CALM: Final = (Shelf.LOW_RISK, Shelf.HIGH_CONFIDENCE, Shelf.BEGINNER)
PRESETS: Final[Mapping[str, Mapping[str, Any]]] = {
    "conservative": {
        "kinds": (Kind.FUNDING, Kind.BASIS), "shelves": _CALM,
        "min_net": 0.003, "min_apr": 0.1, "max_risk": Risk.LOW, "min_confidence": 0.7,
        "leverage": 1.0, "horizon_hours": 72, "frequency": Frequency.EVERY_30_MIN,
        "automation": Automation.MANUAL,
    },
    "balanced": {
        "kinds": (Kind.FUNDING, Kind.SPOT, Kind.BASIS),
        "shelves": (*_CALM, Shelf.HYBRID, Shelf.AI, Shelf.ADVANCED),
        "min_net": 0.0015, "min_apr": 0.05, "max_risk": Risk.MEDIUM, "min_confidence": 0.5,
        "leverage": 2.0, "horizon_hours": 72, "frequency": Frequency.EVERY_5_MIN,
        "automation": Automation.MANUAL,
    },
    "aggressive": {
        "kinds": tuple(Kind), "shelves": tuple(Shelf),
        "min_net": 0.0005, "min_apr": 0.0, "max_risk": Risk.HIGH, "min_confidence": 0.2,
        "leverage": 5.0, "horizon_hours": 24, "frequency": Frequency.IMMEDIATE,
        "automation": Automation.MANUAL,
    },
}  # fmt: skip

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Applied:
    """The row after a preset, what the preset's fields held before, and what the tier lacks.

    `undoable` is False where the cache was gone, so that `undo` will know nothing.
    """

    row: Preferences
    before: Mapping[str, Any]
    left_out: tuple[str, ...]
    undoable: bool


def apply(
    user_id: int, name: str, *, door: Door, by: User | None = None, now: datetime | None = None
) -> Applied:
    """Applies a preset, without what the person's tier has not. Raises BadInput, NotFound."""
    if name not in PRESETS:
        listed = ", ".join(PRESETS)
        raise BadInput(
            f"There is no preset “{name[:40]}”. There are {listed}.",
            code="not_a_choice", field="preset", limit=list(PRESETS),
        )  # fmt: skip
    before: dict[str, Any] = {}
    notes: list[str] = []

    def preset(old: Wish, who: Who) -> Wish:
        before.update({field: plain(field, getattr(old, field)) for field in PRESETS[name]})
        new, left_out = fitted(with_values(old, PRESETS[name]), who)
        notes.extend(left_out)
        return new

    with transaction.atomic():
        was = preferences.of(user_id)
        row = preferences.rewrite(
            user_id, preset, what="preferences.preset", door=door, by=by, preset=name, now=now
        )
    undoable = True
    if row.version != was.version:  # applied twice: the first time is what can be undone
        held = {"version": row.version, "preset": was.preset, "before": before}
        undoable = _remember(user_id, held)
    return Applied(row, before, tuple(notes), undoable)


def undo(
    user_id: int, *, door: Door, by: User | None = None, now: datetime | None = None
) -> Preferences:
    """Puts back what the last preset replaced and returns the row, for a day and once.

    What the tier has lost since is left out. Raises NotFound (nothing_to_undo), Conflict where
    anything was changed since, NoData where the cache is gone.
    """
    with cache.reachable("undo"):
        kept: Any = cache.client().get(_key(user_id))
    if kept is None:
        raise NotFound("There is no preset of the last day to undo.", code="nothing_to_undo")
    held = json.loads(kept)

    def back(old: Wish, who: Who) -> Wish:
        values = {name: read(FIELDS[name], raw) for name, raw in held["before"].items()}
        return fitted(with_values(old, values), who)[0]

    row = preferences.rewrite(
        user_id, back, what="preferences.preset_undone", door=door, by=by,
        preset=held["preset"], expected_version=held["version"], now=now,
    )  # fmt: skip
    _forget(user_id)
    return row


def _remember(user_id: int, held: Mapping[str, Any]) -> bool:
    """Where a surrounding transaction fails after this, the version refuses the undo."""
    try:
        with cache.reachable("undo"):
            cache.client().set(_key(user_id), json.dumps(held), ex=UNDO_S)
    except NoData as error:
        log.warning("preset_not_undoable", user_id=user_id, reason=error.message)
        return False
    return True


def _forget(user_id: int) -> None:
    """What cannot be forgotten now is refused by its version later."""
    try:
        with cache.reachable("undo"):
            cache.client().delete(_key(user_id))
    except NoData as error:
        log.warning("undo_not_forgotten", user_id=user_id, reason=error.message)


def _key(user_id: int) -> str:
    return cache.key("wish-undo", str(user_id))
