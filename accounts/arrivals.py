"""Somebody has proved who he is: the person is found, or made, with a code where one is needed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models.functions import Lower

from accounts import names_of_people, people, redeeming, referrals
from accounts.models import User
from accounts.telegram_login import Identity
from arbedge.errors import ArbEdgeError, Forbidden
from arbedge.names import Door


@dataclass(frozen=True)
class Proof:
    """What was proved: a Telegram id with its names, or an e-mail address."""

    telegram_id: int | None = None
    email: str = ""
    name: str = ""
    username: str = ""

    @classmethod
    def of_telegram(cls, who: Identity) -> Proof:
        """What Telegram signed."""
        return cls(telegram_id=who.telegram_id, name=who.name, username=who.username)

    def plain(self) -> dict[str, Any]:
        """For keeping between two pages."""
        return asdict(self)

    @classmethod
    def read(cls, plain: Mapping[str, Any]) -> Proof:
        """What `plain` gave."""
        return cls(**plain)


@dataclass(frozen=True)
class Arrived:
    """Who came in, whether for the first time, and why his referral code did not count, None where
    it did or he brought none."""

    user: User
    is_new: bool
    refused: ArbEdgeError | None


def find(proof: Proof) -> User | None:
    """The person this proves, where he was here before."""
    if proof.telegram_id is not None:
        return User.objects.filter(telegram_id=proof.telegram_id).first()
    return User.objects.alias(mail=Lower("email")).filter(mail=proof.email).first()


def needs_code(proof: Proof) -> bool:
    """Whether this person must bring an invitation code before anything else."""
    return redeeming.needs_code(find(proof))


def arrive(
    proof: Proof, *, now: datetime, code: str = "", referral: str = "", language: str = "en",
    door: Door = Door.WEB,
) -> Arrived:  # fmt: skip
    """Returns the person, made now where he is new; a code is redeemed with it or nothing is done.

    A referral code counts for somebody new; one that does not is no reason to turn him away. Raises
    Forbidden (code_needed) and what redeeming a code raises.
    """
    needed = needs_code(proof)
    if needed and not code:
        raise Forbidden("ArbEdge is open to invited people. Enter your code.", code="code_needed")
    is_new = find(proof) is None
    with transaction.atomic():
        user = people.register(
            door=door, telegram_id=proof.telegram_id, telegram_name=proof.username,
            email=proof.email, name=proof.name, language=language, now=now,
        )  # fmt: skip
        if needed:
            redeeming.redeem(user, code, door, now=now)
        refused = _refer(user, referral, door, now) if is_new and referral else None
        _fill_in(user, proof, door, now)
    return Arrived(user, is_new=is_new, refused=refused)


def _refer(user: User, referral: str, door: Door, now: datetime) -> ArbEdgeError | None:
    try:
        referrals.referred(user, referral, door=door, now=now)
    except ArbEdgeError as error:
        return error
    return None


def _fill_in(user: User, proof: Proof, door: Door, now: datetime) -> None:
    """What is known now and was not: a name (one's own choice stays), and that the mail is his."""
    told = names_of_people.cleaned(proof.name)[: names_of_people.NAME_LENGTH]
    if told and not user.name:
        people.rename(user, told, door=door, by=user)
    if proof.email and user.email_verified_at is None:
        User.objects.filter(pk=user.pk).update(email_verified_at=now)
