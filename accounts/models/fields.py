"""What models of people share: choices of enums, and constraints that repeat them."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from django.db import models

DIGEST_BYTES: Final = 32  # SHA-256


def choices(names: type[StrEnum]) -> list[tuple[str, str]]:
    """The choices of a column that holds one of these names."""
    return [(one.value, one.value.replace("_", " ")) for one in names]


def one_of(column: str, names: type[StrEnum], name: str) -> models.CheckConstraint:
    """The database takes none but these names in `column`."""
    values = [one.value for one in names]
    return models.CheckConstraint(condition=models.Q(**{f"{column}__in": values}), name=name)
