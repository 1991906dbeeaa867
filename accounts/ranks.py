"""Who may decide about whom: nobody about those of his own role or a higher one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from accounts.models import User
from arbedge.names import Role


class Outranked(StrEnum):
    """Why somebody may not decide about these people."""

    ITSELF = "own_affair"
    ABOVE = "outranked"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why not, in words and by its code; `above` are as many as stand too high."""

    why: Outranked
    words: str
    above: int = 0


def below(by: User, ids: Sequence[int]) -> Refusal | None:
    """Why this operator may not touch all of these people, None where he may."""
    if by.pk in ids:
        text = "You are among them. Ask another super-administrator."
        return Refusal(Outranked.ITSELF, text)
    return not_above(by, ids)


def not_above(by: User, ids: Sequence[int]) -> Refusal | None:
    """The same, where what is done may be done to oneself."""
    if by.role == Role.SUPER_ADMIN:
        return None
    others = User.objects.filter(pk__in=ids).exclude(pk=by.pk)
    above = others.filter(role__in=(Role.ADMIN, Role.SUPER_ADMIN)).count()
    if not above:
        return None
    people = "1 person" if above == 1 else f"{above:,} people"
    return Refusal(Outranked.ABOVE, f"{people} among them with your role or a higher one.", above)
