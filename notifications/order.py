"""In which order a person's channels are tried: his preference, with what it means when empty."""

from __future__ import annotations

from accounts import preferences
from accounts.models import User
from accounts.wishes import wish
from arbedge.names import Channel, Door
from notifications import address_rows


def of(user: User) -> tuple[Channel, ...]:
    """The channels in his order; who never chose one has the one he came by."""
    chosen = wish(preferences.of(user.pk)).channels
    return chosen or tuple(address_rows.of_account(user))[:1]


def use(user: User, channel: Channel, *, door: Door, by: User | None = None) -> None:
    """Puts the channel at the end, unless it is used already."""
    held = of(user)
    if channel not in held:
        _keep(user, (*held, channel), door, by)


def leave(user: User, channel: Channel, *, door: Door, by: User | None = None) -> None:
    """Sends nothing by the channel any more. Who leaves the last one is back at none chosen."""
    held = of(user)
    if channel in held:
        _keep(user, tuple(one for one in held if one is not channel), door, by)


def move(user: User, channel: Channel, *, up: bool, door: Door, by: User | None = None) -> None:
    """Changes places with the channel before or after it; at the end of the list nothing moves."""
    held = list(of(user))
    if channel not in held:
        return
    here = held.index(channel)
    there = here - 1 if up else here + 1
    if 0 <= there < len(held):
        held[here], held[there] = held[there], held[here]
        _keep(user, tuple(held), door, by)


def _keep(user: User, order: tuple[Channel, ...], door: Door, by: User | None) -> None:
    changes = {"channels": [channel.value for channel in order]}
    preferences.change(user.pk, changes, door=door, by=by)
