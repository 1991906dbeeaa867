"""In which order a person's channels are tried: his preference, with what it means when empty."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.db import transaction

from accounts import preferences
from accounts.models import User
from accounts.wishes import wish
from arbedge.names import Channel, Door
from notifications.addressing import address_rows


def of(user: User) -> tuple[Channel, ...]:
    """The channels in his order; who never chose one has the one he came by."""
    chosen = wish(preferences.of(user.pk)).channels
    return chosen or tuple(address_rows.of_account(user))[:1]


def use(user: User, channel: Channel, *, door: Door, by: User | None = None) -> None:
    """Puts the channel at the end, unless it is used already."""
    with _alone(user) as held:
        if channel not in held:
            _keep(user, [*held, channel], door, by)


def leave(user: User, channel: Channel, *, door: Door, by: User | None = None) -> None:
    """Sends nothing by the channel any more. Who leaves the last one is back at none chosen."""
    with _alone(user) as held:
        if channel in held:
            _keep(user, [one for one in held if one is not channel], door, by)


def move(user: User, channel: Channel, *, up: bool, door: Door, by: User | None = None) -> None:
    """Changes places with the channel before or after it; at the end of the list nothing moves."""
    with _alone(user) as held:
        if channel not in held:
            return
        here = held.index(channel)
        there = here - 1 if up else here + 1
        if 0 <= there < len(held):
            held[here], held[there] = held[there], held[here]
            _keep(user, held, door, by)


@contextmanager
def _alone(user: User) -> Iterator[list[Channel]]:
    """His channels, while nobody else changes their order."""
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        yield list(of(user))


def _keep(user: User, order: Sequence[Channel], door: Door, by: User | None) -> None:
    changes = {"channels": [channel.value for channel in order]}
    preferences.change(user.pk, changes, door=door, by=by)
