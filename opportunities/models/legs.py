"""The columns every row with two legs carries, and the checks they share."""

from __future__ import annotations

from enum import StrEnum

from django.db import models
from django.db.models import F, Q

from arbedge.names import Kind, Market
from exchanges.models import Instrument
from opportunities.handover import NUMBER_LIMIT


def choices(names: type[StrEnum]) -> list[tuple[str, str]]:
    """The choices of an enum of names, labelled for people."""
    return [(name.value, name.value.replace("_", " ")) for name in names]


def leg(
    *, constraint: bool, null: bool = False
) -> models.ForeignKey[Instrument | None, Instrument | None]:
    """A reference to an instrument; the database enforces it where `constraint` says so."""
    return models.ForeignKey(
        "exchanges.Instrument",
        models.PROTECT,
        related_name="+",
        db_index=False,
        db_constraint=constraint,
        null=null,
    )


class TwoLegs(models.Model):
    """Which instruments a row is about: the long leg, and the short one unless it is technical."""

    fingerprint = models.CharField(max_length=32)
    kind = models.CharField(max_length=16, choices=choices(Kind))
    family = models.CharField(max_length=80)
    asset = models.CharField(max_length=48)
    quote = models.CharField(max_length=24)
    long = leg(constraint=False)
    short = leg(constraint=False, null=True)
    long_venue = models.CharField(max_length=32)
    short_venue = models.CharField(max_length=32, blank=True, default="")
    long_symbol = models.CharField(max_length=80)
    short_symbol = models.CharField(max_length=80, blank=True, default="")
    long_market = models.CharField(max_length=8, choices=choices(Market))
    short_market = models.CharField(max_length=8, blank=True, default="")

    class Meta:
        abstract = True


def named(field: str, names: type[StrEnum], *, blank: bool = False) -> models.CheckConstraint:
    """A check that a text column holds one of the names."""
    allowed = [name.value for name in names] + ([""] if blank else [])
    return models.CheckConstraint(
        condition=Q(**{f"{field}__in": allowed}), name=f"%(class)s_{field}_is_named"
    )


def two_legs() -> models.CheckConstraint:
    """A check that the legs differ, and that only a technical row has a single one."""
    return models.CheckConstraint(
        condition=Q(short__isnull=True, kind=Kind.TECHNICAL.value)
        | Q(short__isnull=False) & ~Q(long=F("short")),
        name="%(class)s_has_two_distinct_legs",
    )


def sane_prices(side: str) -> models.CheckConstraint:
    """A check that a leg's bid and ask are positive numbers and not crossed.

    NaN sorts above every number in PostgreSQL, so without an upper bound it would be a price.
    """
    prices = {
        f"{side}_bid__gt": 0,
        f"{side}_bid__lt": F(f"{side}_ask"),
        f"{side}_ask__lt": NUMBER_LIMIT,
    }
    return models.CheckConstraint(
        condition=Q(**prices) | Q(**{f"{side}__isnull": True}),
        name=f"%(class)s_{side}_prices_are_sane",
    )
