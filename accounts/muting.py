"""What mutes do to preferences and what their end undoes: hidden things and who hid them.

A muted thing stands among the preferences like one hidden by hand, so whatever reads preferences
knows it. Of two changes of mind the later one counts: who shows a muted thing again by hand has
ended the mute, and what else is changed meanwhile stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from accounts.models import Mute, Muted
from accounts.wishes import Wish
from arbedge.choices import VENUES


def hides(wanted: Wish, what: Muted, name: str) -> bool:
    """Whether this wish hides the thing, by hand or by a mute."""
    if what is Muted.COIN:
        return name in wanted.assets_out
    return wanted.venues is not None and name not in wanted.venues


def without(wanted: Wish, what: Muted, name: str) -> Wish:
    """The wish with the thing hidden."""
    if hides(wanted, what, name):
        return wanted
    if what is Muted.COIN:
        return replace(wanted, assets_out=(*wanted.assets_out, name))
    chosen = VENUES if wanted.venues is None else wanted.venues
    return replace(wanted, venues=tuple(one for one in chosen if one != name))


def given_back(wanted: Wish, ended: Iterable[Mute], others: Iterable[Mute]) -> Wish:
    """The wish with what these mutes took shown again; `others` are the person's that go on."""
    shown = [mute for mute in ended if mute.took and hides(wanted, Muted(mute.what), mute.name)]
    coins = {mute.name for mute in shown if mute.what == Muted.COIN}
    venues = [mute for mute in shown if mute.what == Muted.VENUE]
    return replace(
        wanted,
        assets_out=tuple(coin for coin in wanted.assets_out if coin not in coins),
        venues=_venues(wanted, venues, others) if venues else wanted.venues,
    )


def _venues(wanted: Wish, ended: Sequence[Mute], others: Iterable[Mute]) -> tuple[str, ...] | None:
    """All, those to come too, where all were wanted before the first mute and none is left."""
    muted = {mute.name for mute in others if mute.what == Muted.VENUE and mute.took}
    if ended[0].from_all:
        return tuple(one for one in VENUES if one not in muted) if muted else None
    names = {*(wanted.venues or ()), *(mute.name for mute in ended)}
    return tuple(one for one in VENUES if one in names)


def coins(user_id: int) -> frozenset[str]:
    """The coins a person has muted."""
    held = Mute.objects.filter(user_id=user_id, what=Muted.COIN.value)
    return frozenset(held.values_list("name", flat=True))


def follow(user_id: int, new: Wish) -> None:
    """Ends the mutes of what the person's changed preferences show; to be called under his lock.

    Who then chose venues for himself has chosen: the end of a mute gives that one back, not all.
    """
    held = list(Mute.objects.filter(user_id=user_id))
    over = [mute.pk for mute in held if not hides(new, Muted(mute.what), mute.name)]
    if over:
        Mute.objects.filter(pk__in=over).delete()
    if _chosen_by_hand(new, held):
        Mute.objects.filter(user_id=user_id, from_all=True).update(from_all=False)


def _chosen_by_hand(new: Wish, held: Iterable[Mute]) -> bool:
    muted = {mute.name for mute in held if mute.from_all}
    return bool(muted) and not {*VENUES} - muted <= {*(new.venues or VENUES)}
