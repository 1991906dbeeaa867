"""Muting a coin or a venue for some hours or for good, and showing it again.

A mute hides by the preferences themselves (see `accounts.muting`), so it acts with its commit
wherever they are read: in what is pushed and in a person's own lists. An opportunity with a leg on
a muted venue is hidden too; of one that was sent before only its end is told, without a sound.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from auditlog.context import disable_auditlog
from auditlog.models import LogEntry
from django.db import connection, transaction
from django.db.models import Exists, OuterRef

from accounts import audit, muting, preferences
from accounts.acting import actor
from accounts.models import Mute, Muted, Preferences, User
from accounts.preferences import HIDING
from accounts.wish_form import FIELDS, MOST_ASSETS
from accounts.wish_rules import Who
from accounts.wish_values import read
from accounts.wishes import Wish, columns, plain, wish
from arbedge.choices import VENUES
from arbedge.errors import BadInput, Conflict
from arbedge.names import Door

BATCH: Final = 500
_NUMBER: Final = """
SELECT count(*) FROM accounts_mute WHERE user_id = %s AND (until IS NULL OR until > %s)
"""


@dataclass(frozen=True, slots=True)
class Made:
    """A mute as it is now. `before`: it had been muted, until `until_before` (None: for good).
    `by_hand`: the person had hidden the thing himself, so its end shows nothing."""

    mute: Mute
    before: bool
    until_before: datetime | None
    by_hand: bool


def mute(
    user: User, what: Muted, name: str, until: datetime | None, *,
    door: Door, now: datetime, by: User | None = None,
) -> Made:  # fmt: skip
    """Hides the thing until then, None for good; one muted before gets the new end.

    Raises BadInput (bad_value of a coin, bad_venue, in_the_past, too_many) and Conflict
    (last_venue: nothing would be left).
    """
    thing = _named(what, name)
    if until is not None and until <= now:
        raise BadInput("A mute ends later than now.", code="in_the_past", field="until")
    asked = Mute(user=user, what=what.value, name=thing, since=now, until=until)
    done: list[Made] = []

    def hidden(old: Wish, _: Who) -> Wish:
        new = muting.without(old, what, thing)
        _check(old, new, thing)
        done.append(_kept(asked, old))
        return new

    with transaction.atomic(), disable_auditlog():  # the lines below say more
        preferences.rewrite(user.pk, hidden, what="preferences.muted", door=door, by=by, now=now)
        made = done[0]
        old_end = _told(made.until_before) if made.before else "not muted"
        _audit("mute.set", made.mute, (old_end, _told(until)), door, by)
    return made


def unmute(
    user: User, what: Muted, name: str, *, door: Door, now: datetime, by: User | None = None
) -> bool:
    """Ends a mute and shows the thing again where it was wanted. False where there was none."""
    ended: list[Mute] = []

    def shown(old: Wish, _: Who) -> Wish:
        held = list(Mute.objects.filter(user=user).select_related("user"))
        ended.extend(one for one in held if (one.what, one.name) == (what.value, name))
        return muting.given_back(old, ended, [one for one in held if one not in ended])

    with transaction.atomic(), disable_auditlog():  # the lines below say more
        preferences.rewrite(user.pk, shown, what="preferences.unmuted", door=door, by=by, now=now)
        for one in ended:
            _audit("mute.ended", one, (_told(one.until), "not muted"), door, by)
            Mute.objects.filter(pk=one.pk).delete()  # what had been hidden by hand is so still
    return bool(ended)


def listed(user_id: int, now: datetime) -> list[Mute]:
    """The person's mutes that go on now: the one that ends first before the others."""
    held = [
        one for one in Mute.objects.filter(user_id=user_id) if one.until is None or one.until > now
    ]
    return sorted(held, key=lambda one: (one.until is None, one.until or now, one.what, one.name))


def number(user_id: int, now: datetime) -> int:
    """How many things the person has muted that go on now; asked for by every /status."""
    with connection.cursor() as cursor:
        cursor.execute(_NUMBER, [user_id, now])
        return int(cursor.fetchone()[0])


def hidden(user_id: int, what: Muted, name: str) -> bool:
    """Whether the person's preferences hide the thing, by hand or by a mute."""
    return muting.hides(wish(preferences.of(user_id)), what, name)


def expire(now: datetime) -> int:
    """Ends every mute whose time is over. Returns how many.

    A batch is one transaction: after a crash what is left is left for the next time. People who
    are changing something at this moment are left for the next minute.
    """
    total = 0
    while ended := _expire_some(now):
        total += ended
    return total


def _named(what: Muted, name: str) -> str:
    if what is Muted.COIN:
        coins: tuple[str, ...] = read(FIELDS["assets_out"], [name])
        return coins[0]
    if name not in VENUES:
        raise BadInput("This is no venue we know.", code="bad_venue", field="venue",
                       value=name[:32], choices=list(VENUES))  # fmt: skip
    return name


def _check(old: Wish, new: Wish, thing: str) -> None:
    if new.venues == () != old.venues:
        told = f"{thing} is the only venue you want: muting it would leave nothing."
        raise Conflict(told, code="last_venue", venue=thing)
    if len(new.assets_out) > max(MOST_ASSETS, len(old.assets_out)):
        told = f"You hide {MOST_ASSETS} coins, which is the most. Show one of them again first."
        raise BadInput(told, code="too_many", field="assets_out", limit=MOST_ASSETS)


def _kept(asked: Mute, old: Wish) -> Made:
    """The row as it is now; it is the person's lock that keeps two from being made at once."""
    same = {"user": asked.user, "what": asked.what, "name": asked.name}
    found = Mute.objects.filter(**same).first()
    if found is not None:
        before, found.until, found.since = found.until, asked.until, asked.since
        found.save(update_fields=["until", "since"])
        return Made(found, before=True, until_before=before, by_hand=not found.took)
    asked.took = not muting.hides(old, Muted(asked.what), asked.name)
    asked.from_all = asked.what == Muted.VENUE and asked.took and _wants_all(asked.user, old)
    asked.save(force_insert=True)
    return Made(asked, before=False, until_before=None, by_hand=not asked.took)


def _wants_all(user: User, old: Wish) -> bool:
    return old.venues is None or Mute.objects.filter(user=user, from_all=True).exists()


@transaction.atomic
def _expire_some(now: datetime) -> int:
    over = Mute.objects.filter(user=OuterRef("pk"), until__lte=now)
    people = {
        one.pk: one
        for one in User.objects.select_for_update(no_key=True, skip_locked=True)
        .filter(Exists(over)).order_by("pk")[:BATCH]
    }  # fmt: skip
    held: dict[int, list[Mute]] = {}
    for one in Mute.objects.filter(user_id__in=people):
        held.setdefault(one.user_id, []).append(one)
    rows = Preferences.objects.in_bulk(list(people))
    ended: list[Mute] = []
    changed: list[Preferences] = []
    lines: list[LogEntry] = []
    for user_id, mutes in held.items():
        over_now = [one for one in mutes if one.until is not None and one.until <= now]
        ended.extend(over_now)
        if user_id in rows and (line := _give_back(rows[user_id], over_now, mutes, now)):
            changed.append(rows[user_id])
            lines.append(line)
    Preferences.objects.bulk_update(changed, [*HIDING, "version", "changed_at"], batch_size=BATCH)
    with audit.doing(Door.TASK), disable_auditlog():
        Mute.objects.filter(pk__in=[one.pk for one in ended]).delete()
        lines += [_ended(one) for one in ended]
        audit.record_all(lines)
    return len(ended)


def _give_back(
    row: Preferences, ended: list[Mute], held: list[Mute], now: datetime
) -> LogEntry | None:
    """Shows in the row what these mutes took, and tells the audit; None where that is nothing."""
    old = wish(row)
    new = muting.given_back(old, ended, [one for one in held if one not in ended])
    if new == old:
        return None
    stored = columns(new)
    row.venues, row.assets_out = stored["venues"], stored["assets_out"]
    row.version += 1
    row.changed_at = now
    changes = {name: (plain(name, getattr(old, name)), plain(name, getattr(new, name)))
               for name in sorted(HIDING) if getattr(old, name) != getattr(new, name)}  # fmt: skip
    return audit.line("preferences.unmuted", row, whom=row.user_id, changes=changes)


def _ended(one: Mute) -> LogEntry:
    changes = {"until": (_told(one.until), "not muted")}
    return audit.line("mute.ended", one, whom=one.user_id, changes=changes)


def _told(until: datetime | None) -> str:
    return "for good" if until is None else f"{until:%Y-%m-%d %H:%M} UTC"


def _audit(
    what: str, one: Mute, until: tuple[str, str], door: Door, by: User | None
) -> None:  # fmt: skip
    with audit.doing(door):
        who = actor(one.user, door, by)
        audit.record(what, one, whom=one.user, changes={"until": until}, by=who)
