"""Settings the staff changes by name: limits, figures of tiers, and the profile in force.

`threshold`, `threshold.spot` (a kind's own), `premium.delay_s` (a tier's), `profile`.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Final

from accounts import tier_settings, tiers
from accounts.models import TierSetting, User
from accounts.tier_settings import Row
from accounts.tiers import PERMISSION, Allowance
from arbedge.errors import BadInput, NotFound
from arbedge.names import Door, Kind, Profile, Tier
from notifications.bot import grammar
from opportunities import limit_settings
from opportunities.limit_settings import Held
from opportunities.limits import LIMITS

PROFILE: Final = "profile"
UNCAPPED: Final = "none"
DEFAULT: Final = "default"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting as it counts now.

    `value` and `default` are as they are typed; `unit` is s, h, usd, fraction, count, factor, a
    tier's own word, or "" for words. `own`: an operator set it. `bounds` are those of numbers,
    `choices` those of words. `write` takes what is typed, checked; None is the product's own again.
    """

    name: str
    note: str
    unit: str
    value: str
    default: str
    own: bool
    write: Callable[[str | None, User], None]
    bounds: tuple[float, float] | None = None
    choices: tuple[str, ...] = ()
    may_be_uncapped: bool = False
    decimals: int | None = None

    def read(self, typed: str) -> str | None:
        """What is typed as it is kept; None for `default`. Raises BadInput (bad_number,
        too_precise, bad_choice)."""
        text = typed.strip().lower()
        if text == DEFAULT:
            return None
        if self.choices:
            return str(grammar.one_of(*self.choices)(text))
        if text == UNCAPPED and self.may_be_uncapped:
            return UNCAPPED
        assert self.bounds is not None
        value = float(grammar.number(*self.bounds)(text))
        if self.decimals is not None and round(value, self.decimals) != value:
            told = f"At most {self.decimals} decimals here."
            raise BadInput(told, code="too_precise", field=self.name, limit=self.decimals)
        return _typed(value)

    @property
    def back(self) -> str:
        """What is typed to have it again as it is now."""
        return self.value if self.own else DEFAULT


def find(name: str) -> Setting:
    """The setting of that name. Raises NotFound (unknown_setting, with the nearest name)."""
    first, _, rest = name.partition(".")
    if name == PROFILE:
        return _profile()
    if first in set(Tier) and rest in tier_settings.LIMITS:
        return _of_tier(Tier(first), rest, _rows())
    if first in LIMITS and (not rest or rest in set(Kind)):
        return _limit(limit_settings.held(first, Kind(rest) if rest else None))
    near = difflib.get_close_matches(name, names(), n=1, cutoff=0.5)
    raise NotFound(f"There is no setting “{name[:48]}”.", code="unknown_setting",
                   name=name[:48], near=near[0] if near else "")  # fmt: skip


def names() -> list[str]:
    """Every name there is, kinds' own limits aside."""
    of_tiers = (f"{tier}.{name}" for tier in Tier for name in tier_settings.LIMITS)
    return [PROFILE, *LIMITS, *of_tiers]


def changed() -> list[Setting]:
    """The profile, and what operators set, in the order of the tables."""
    return [_profile(), *(_limit(one) for one in limit_settings.own()), *of_tiers()]


def of_tiers() -> list[Setting]:
    """What operators set of tiers' figures."""
    rows = _rows()
    known = [(Tier(tier), name) for tier, name, _ in rows if name in tier_settings.LIMITS]
    return [_of_tier(tier, name, rows) for tier, name in known]


def _profile() -> Setting:
    def write(typed: str | None, by: User) -> None:
        limit_settings.use(Profile(typed or Profile.STRICT), door=Door.TELEGRAM, by=by)

    held = limit_settings.profile()
    return Setting(
        PROFILE, "The set of limits in force.", "", held.value, Profile.STRICT.value,
        held is not Profile.STRICT, write, choices=tuple(one.value for one in Profile),
    )  # fmt: skip


def _limit(held: Held) -> Setting:
    limit = held.limit

    def write(typed: str | None, by: User) -> None:
        value = None if typed is None else float(typed)
        limit_settings.change(limit.name, value, kind=held.kind, door=Door.TELEGRAM, by=by)

    name = limit.name if held.kind is None else f"{limit.name}.{held.kind}"
    return Setting(
        name, limit.help, limit.unit, _typed(held.value), _typed(held.default), held.own, write,
        bounds=(limit.low, limit.high),
    )  # fmt: skip


def _rows() -> list[Row]:
    """Tiers' own figures as they stand in the database: the table of this process may be a second
    old, and what was just set is to be shown."""
    rows = TierSetting.objects.order_by("tier", "name")
    return list(rows.values_list("tier", "name", "value"))


def _of_tier(tier: Tier, name: str, rows: Sequence[Row]) -> Setting:
    limit = tier_settings.LIMITS[name]
    own = (tier.value, name) in {row[:2] for row in rows}
    now = tiers.with_settings(rows)[tier]
    return Setting(
        f"{tier}.{name}", limit.label, limit.unit, _figure(now, name),
        _figure(tiers.DEFAULTS[tier], name), own, partial(_write_tier, tier, name),
        bounds=(float(limit.lowest), float(limit.highest)), may_be_uncapped=limit.may_be_uncapped,
        decimals=limit.decimals,
    )  # fmt: skip


def _write_tier(tier: Tier, name: str, typed: str | None, by: User) -> None:
    if typed is None:
        tier_settings.reset(tier, name, door=Door.TELEGRAM, by=by)
        return
    value = None if typed == UNCAPPED else Decimal(typed)
    tier_settings.change(tier, name, value, door=Door.TELEGRAM, by=by)


def _figure(allowance: Allowance, name: str) -> str:
    if name.startswith(PERMISSION):
        return str(int(name.removeprefix(PERMISSION) in allowance.permissions))
    value = getattr(allowance, name)
    return UNCAPPED if value is None else _typed(float(value))


def _typed(value: float) -> str:
    """The number as somebody types it, in full: `0.0015`, `200000`."""
    return f"{Decimal(repr(value)):f}".removesuffix(".0")


def refuse_same(setting: Setting, wanted: str | None) -> None:
    """Raises BadInput (same_value) where nothing would change."""
    target = setting.default if wanted is None else wanted
    if target == setting.value and (wanted is not None or not setting.own):
        raise BadInput("It is so already.", code="same_value", field=setting.name)
