"""People of a demo, and their group: made once, with sessions, so that messages arrive at once.

Tiers, languages, amounts and channels differ, so that the same opportunity is told in different
words, by different figures, sooner or later. Everything they are sent goes to the receivers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.utils import timezone

from accounts import arrivals, people, preferences, sessions, subscriptions
from accounts.arrivals import Proof
from accounts.models import TierSource, User
from arbedge.names import Channel, Door, Tier
from notifications.telegram import chats

ALL_SHELVES: Final = {"shelves": "all", "experience": "advanced"}
GROUP: Final = -1000070000001


@dataclass(frozen=True)
class Person:
    """Somebody who does not exist; `mail` is where he gets messages in Telegram's stead."""

    telegram_id: int
    name: str
    about: str
    tier: Tier
    language: str
    zone: str
    wishes: Mapping[str, Any] = field(default_factory=dict)
    mail: str = ""


PEOPLE: Final = (
    Person(7000001, "Olivia", "pro, $10 k for 168 h", Tier.PRO, "en", "Europe/London",
           {"notional_usd": 10_000, "horizon_hours": 168, "vip_levels": {"okx": 1}}),
    Person(7000002, "Mateo", "premium, $1 k for 72 h, Spanish", Tier.PREMIUM, "es",
           "America/Bogota"),
    Person(7000003, "Camille", "premium, by e-mail, French", Tier.PREMIUM, "fr", "Europe/Paris",
           {"channels": [Channel.EMAIL]}, mail="camille@demo.example"),
    Person(7000004, "Noah", "free: five minutes later", Tier.FREE, "en", "America/New_York"),
)  # fmt: skip
NAMES: Final[Mapping[str, tuple[str, str]]] = {
    **{one.mail or str(one.telegram_id): (one.name, one.about) for one in PEOPLE},
    str(GROUP): ("Arbitrage room", "a group: no personal figures"),
}


def make(now: datetime | None = None) -> None:
    """Makes who is not there yet; sessions that ended begin again."""
    now = now or timezone.now()
    made = [_make(one, now) for one in PEOPLE]
    chats.register(made[0], GROUP, "supergroup", NAMES[str(GROUP)][0], door=Door.TASK)


def _make(one: Person, now: datetime) -> User:
    proof = Proof(email=one.mail) if one.mail else Proof(telegram_id=one.telegram_id)
    is_new = arrivals.find(proof) is None
    user = people.register(
        door=Door.TASK, telegram_id=None if one.mail else one.telegram_id, email=one.mail,
        name=one.name, language=one.language, now=now,
    )  # fmt: skip
    if is_new:
        if one.mail:
            User.objects.filter(pk=user.pk).update(email_verified_at=now)
        people.set_profile(user, time_zone=one.zone, door=Door.TASK)
        preferences.change(user.pk, {**ALL_SHELVES, **one.wishes}, door=Door.TASK, now=now)
        if one.tier is not Tier.FREE:
            subscriptions.grant(
                user, one.tier, ends_at=None, source=TierSource.GRANT, door=Door.TASK, now=now
            )
    sessions.start(user, Door.TELEGRAM, now)
    return user
