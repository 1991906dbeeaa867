"""Whatever is muted, unmuted, left to the clock and edited, in whatever order: what a person sees
is his own wish less what is muted, and when every mute is over it is his own wish."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts import audience, mutes, preferences
from accounts.models import Muted, User
from accounts.wishes import wish
from arbedge.choices import VENUES
from arbedge.errors import Conflict
from arbedge.names import Door
from tests.accounts.factories import NOON

pytestmark = pytest.mark.django_db

EXAMPLES = 60
COINS = ("BTC", "WIF", "DOGE")
FEW = ("binance", "bybit", "okx")
ALL = frozenset(VENUES)
Thing = tuple[Muted, str]


@dataclass
class Wanted:
    """What the person wants of his own, in sets: another telling than the program's."""

    hidden: set[str] = field(default_factory=set)
    venues: frozenset[str] | None = None
    muted: dict[Thing, datetime | None] = field(default_factory=dict)

    def of(self, what: Muted) -> frozenset[str]:
        return frozenset(name for kind, name in self.muted if kind is what)

    @property
    def coins_hidden(self) -> frozenset[str]:
        return self.of(Muted.COIN) | self.hidden

    @property
    def venues_seen(self) -> frozenset[str] | None:
        muted = self.of(Muted.VENUE)
        if self.venues is None:
            return ALL - muted if muted else None
        return self.venues - muted

    def hide_coins(self, chosen: frozenset[str]) -> None:
        shown = self.coins_hidden - chosen
        self.hidden |= chosen - self.coins_hidden
        self.hidden -= shown
        for coin in shown:
            self.muted.pop((Muted.COIN, coin), None)

    def choose_venues(self, chosen: frozenset[str] | None) -> None:
        seen, muted = self.venues_seen, self.of(Muted.VENUE)
        for venue in muted if chosen is None else muted & chosen:
            del self.muted[Muted.VENUE, venue]
        left = self.of(Muted.VENUE)
        if chosen is None or (seen is None and chosen is None):
            self.venues = None
        elif self.venues is None:
            only_unmuted = bool(left) and ALL - muted <= chosen
            self.venues = None if only_unmuted else chosen | left
        else:
            self.venues = chosen | (self.venues & left)

    def end(self, thing: Thing) -> None:
        self.muted.pop(thing, None)


things = st.one_of(
    st.tuples(st.just(Muted.COIN), st.sampled_from(COINS)),
    st.tuples(st.just(Muted.VENUE), st.sampled_from(FEW)),
)
some_venues = st.one_of(
    st.none(),
    st.frozensets(st.sampled_from(FEW), min_size=1),
    st.frozensets(st.sampled_from(FEW), max_size=2).map(lambda few: ALL - few),
)
steps = st.one_of(
    st.tuples(st.just("mute"), things, st.none() | st.integers(1, 5)),
    st.tuples(st.just("mute"), things, st.none() | st.integers(1, 5)),
    st.tuples(st.just("unmute"), things),
    st.tuples(st.just("wait"), st.integers(1, 3)),
    st.tuples(st.just("coins"), st.frozensets(st.sampled_from(COINS))),
    st.tuples(st.just("venues"), some_venues),
    st.tuples(st.just("other"), st.sampled_from([0.01, 0.02])),
)


class Life:
    """One person, the program's way and the plain way side by side."""

    def __init__(self) -> None:
        self.user = User.objects.create(username="p", telegram_id=1, date_joined=NOON)
        self.now = NOON
        self.wanted = Wanted()

    def do(self, step: tuple[Any, ...]) -> None:
        getattr(self, step[0])(*step[1:])

    def mute(self, thing: Thing, hours: int | None) -> None:
        until = None if hours is None else self.now + timedelta(hours=hours)
        before = dict(self.wanted.muted)
        self.wanted.muted[thing] = until
        try:
            mutes.mute(self.user, *thing, until, door=Door.TELEGRAM, now=self.now)
        except Conflict:
            assert not self.wanted.venues_seen
            self.wanted.muted = before
        assert self.wanted.venues_seen != frozenset()

    def unmute(self, thing: Thing) -> None:
        was = thing in self.wanted.muted
        assert mutes.unmute(self.user, *thing, door=Door.TELEGRAM, now=self.now) is was
        self.wanted.end(thing)

    def wait(self, hours: int) -> None:
        self.now += timedelta(hours=hours)
        over = [thing for thing, until in self.wanted.muted.items() if until and until <= self.now]
        assert mutes.expire(self.now) == len(over)
        for thing in over:
            self.wanted.end(thing)

    def coins(self, chosen: frozenset[str]) -> None:
        self._edit(assets_out=sorted(chosen))
        self.wanted.hide_coins(chosen)

    def venues(self, chosen: frozenset[str] | None) -> None:
        self._edit(venues=None if chosen is None else sorted(chosen))
        if chosen != self.wanted.venues_seen:
            self.wanted.choose_venues(chosen)

    def other(self, net: float) -> None:
        self._edit(min_net=net)

    def _edit(self, **changes: Any) -> None:
        preferences.change(self.user.pk, changes, door=Door.WEB, now=self.now)

    def check(self) -> None:
        seen = wish(preferences.of(self.user.pk))
        assert frozenset(seen.assets_out) == self.wanted.coins_hidden
        assert (None if seen.venues is None else frozenset(seen.venues)) == self.wanted.venues_seen
        held = {(Muted(one.what), one.name) for one in mutes.listed(self.user.pk, self.now)}
        assert held == set(self.wanted.muted)


@settings(max_examples=EXAMPLES)
@given(st.lists(steps, min_size=3, max_size=14))
def test_the_end_of_every_mute_leaves_the_persons_own_wish(plan: list[tuple[Any, ...]]) -> None:
    with transaction.atomic():
        life = Life()
        for step in plan:
            life.do(step)
            life.check()
        for thing in list(life.wanted.muted):
            life.unmute(thing)
        life.check()
        assert not life.wanted.muted
        assert not audience.verify()
        transaction.set_rollback(True)
