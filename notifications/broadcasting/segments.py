"""Parts of the people, for what operators write to them: chosen by what is stored, counted live.

Empty is everybody. Who can be written to is the audience: people with a session who have not
switched such messages off.
"""
# ruff: noqa: S608  (statements are put together from this module's own words, never from data)

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection

from accounts.names_of_people import countries
from arbedge.choices import VENUES, Notice, mask
from arbedge.errors import BadInput
from arbedge.names import AccountState, Language, Role, Tier
from notifications.letters import OF_PERSON

MOST_DAYS: Final = 365
NOTICES: Final = (Notice.NEWS, Notice.SERVICE)
_NOTICE_BITS: Final = {one: 1 << list(Notice).index(one) for one in NOTICES}


@dataclass(frozen=True, slots=True)
class Segment:
    """Who is meant. `notice` is the switch that lets the message through: news, or service for what
    everybody has to know. `active_days`: seen within so many days, None is any time. `venues`: who
    follows one of them.
    """

    notice: str = Notice.NEWS.value
    tiers: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    venues: tuple[str, ...] = ()
    active_days: int | None = None

    def stored(self) -> dict[str, Any]:
        """As JSON; `segment` reads it back."""
        return {name: value for name, value in asdict(self).items() if value not in ((), None)}


@dataclass(frozen=True, slots=True)
class Counted:
    """How many people of a segment can be written to, and why the others cannot."""

    reachable: int
    switched_off: int
    without_session: int
    by_language: Mapping[str, int]


def segment(given: Mapping[str, Any]) -> Segment:
    """Reads and checks a segment. Raises BadInput with the field."""
    strange = set(given) - set(Segment.__slots__)
    if strange:
        raise BadInput(f"A segment has no {min(strange)[:32]!r}.", field="segment")
    notice = given.get("notice", Notice.NEWS.value)
    if notice not in NOTICES:
        raise BadInput("Choose news or service.", field="notice")
    return Segment(
        notice=str(notice),
        tiers=_names(given, "tiers", list(Tier)),
        languages=_names(given, "languages", list(Language)),
        countries=_names(given, "countries", countries()),
        roles=_names(given, "roles", list(Role)),
        venues=_names(given, "venues", VENUES),
        active_days=_days(given.get("active_days")),
    )


def _names(given: Mapping[str, Any], field: str, known: Collection[str]) -> tuple[str, ...]:
    chosen = given.get(field) or ()
    if isinstance(chosen, str) or not isinstance(chosen, Sequence):
        raise BadInput(f"Give {field} as a list.", field=field)
    strange = [str(one) for one in chosen if one not in known]
    if strange:
        raise BadInput(f"There is no {strange[0][:32]!r} among the {field}.", field=field)
    return tuple(dict.fromkeys(str(one) for one in chosen))


def _days(days: Any) -> int | None:
    if days in (None, ""):
        return None
    if isinstance(days, bool) or not isinstance(days, int) or not 1 <= days <= MOST_DAYS:
        raise BadInput(f"Days go from 1 to {MOST_DAYS}.", field="active_days", limit=MOST_DAYS)
    return days


def values(one: Segment, now: datetime) -> dict[str, Any]:
    """The parameters of MEANT and WANTED."""
    since = None if one.active_days is None else now - timedelta(days=one.active_days)
    return {
        "now": now,
        "notice": _NOTICE_BITS[Notice(one.notice)],
        "tiers": _numbers(one.tiers, list(Tier)),
        "roles": _numbers(one.roles, list(Role)),
        "languages": list(one.languages) or None,
        "countries": list(one.countries) or None,
        "venues": mask(one.venues, VENUES) or None,
        "since": since,
    }


def _numbers(chosen: Sequence[str], known: Sequence[str]) -> list[int] | None:
    return [list(known).index(one) for one in chosen] or None


# The person `a` of the audience is meant, and lets such messages through.
MEANT: Final = f"""
    a.session_until > %(now)s
    AND (%(tiers)s::int[] IS NULL OR ({OF_PERSON["tier"]}) = ANY(%(tiers)s))
    AND (%(roles)s::int[] IS NULL OR a.role = ANY(%(roles)s))
    AND (%(languages)s::text[] IS NULL OR a.language = ANY(%(languages)s))
    AND (%(countries)s::text[] IS NULL OR a.country = ANY(%(countries)s))
    AND (%(venues)s::bigint IS NULL OR a.venues & %(venues)s <> 0)
    AND (%(since)s::timestamptz IS NULL OR a.seen_at >= %(since)s)
"""
WANTED: Final = "a.notices & %(notice)s <> 0 AND cardinality(a.channels) > 0"
_COUNT: Final = f"""
    SELECT a.language, count(*) FILTER (WHERE {WANTED}), count(*) FILTER (WHERE NOT ({WANTED}))
    FROM accounts_audience a WHERE {MEANT} GROUP BY a.language ORDER BY a.language
"""
# By what the account says; venues are a preference, so they need the row of those.
_ABSENT: Final = f"""
    SELECT count(*)
    FROM accounts_user u LEFT JOIN accounts_preferences p ON p.user_id = u.id
    WHERE u.state = '{AccountState.ACTIVE}'
      AND NOT EXISTS (SELECT FROM accounts_audience a
                      WHERE a.user_id = u.id AND a.session_until > %(now)s)
      AND (%(tier_names)s::text[] IS NULL OR u.tier = ANY(%(tier_names)s))
      AND (%(role_names)s::text[] IS NULL OR u.role = ANY(%(role_names)s))
      AND (%(languages)s::text[] IS NULL OR u.language = ANY(%(languages)s))
      AND (%(countries)s::text[] IS NULL OR u.country = ANY(%(countries)s))
      AND (%(venues)s::bigint IS NULL OR p.venues IS NULL OR p.venues & %(venues)s <> 0)
      AND %(since)s::timestamptz IS NULL
"""


def count(one: Segment, now: datetime) -> Counted:
    """Counts a segment as it is now, in two queries.

    Whoever has no session is counted only where no activity is asked for: he has none.
    """
    told = values(one, now)
    names = {"tier_names": list(one.tiers) or None, "role_names": list(one.roles) or None}
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, told)
        rows = cursor.fetchall()
        cursor.execute(_ABSENT, {**told, **names})
        [(absent,)] = cursor.fetchall()
    return Counted(
        reachable=sum(row[1] for row in rows),
        switched_off=sum(row[2] for row in rows),
        without_session=absent,
        by_language={row[0]: row[1] for row in rows if row[1]},
    )


def words(one: Segment) -> list[str]:
    """The segment in words, one condition each; none is everybody."""
    title: Callable[[str], str] = str.capitalize
    lands = countries()
    told = [
        ("Tiers", [title(name) for name in one.tiers]),
        ("Languages", list(one.languages)),
        ("Countries", [lands[name] for name in one.countries]),
        ("Roles", [name.replace("_", " ") for name in one.roles]),
        ("Follow", list(one.venues)),
    ]
    said = [f"{name}: {', '.join(chosen)}" for name, chosen in told if chosen]
    if one.active_days is not None:
        said.append(f"Seen within {one.active_days} days")
    return said
