"""As much of a delivery as those who work on it have to know; `sending.rows.Claimed` has it all."""

from __future__ import annotations

from typing import Protocol


class ToSomebody(Protocol):
    """Whose it is; `recipient` is a word of names.Recipient."""

    @property
    def recipient(self) -> str: ...
    @property
    def recipient_id(self) -> int: ...


class Numbered(ToSomebody, Protocol):
    """A delivery by its number."""

    @property
    def id(self) -> int: ...
