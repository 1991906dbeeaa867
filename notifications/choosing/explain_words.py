"""Why somebody was not told something, in his words: what happened, what it means, what to do.

Times are those of the person's own clock. Figures are those of his own size, horizon and levels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from accounts import permissions, tiers
from accounts.models import Audience
from accounts.standing import Standing, effective_tier
from arbedge import writing
from arbedge.choices import VENUES
from arbedge.names import AccountState, Kind, Shelf, Tier
from notifications.codes import Code, Why
from notifications.models import Delivery, DeliveryLog, Slice
from notifications.names import CHANNELS, DeliveryState
from notifications.writing.cohort_figures import Figures, figures_for, venues_of
from opportunities.readers import SHELFLESS

NO_OPENING: Final = "You were not sent the opening, so there was nothing to follow up."
NOT_FOR_ALL: Final = "This message was for named people only."
_PREFERENCES: Final = "/preferences"
_UPGRADE: Final = "A higher tier has more: /subscription"

_ENDED: Final[Mapping[str, str]] = {
    Code.HOUR_FULL: f"your messages of that hour were used up. {_UPGRADE}",
    Code.DAY_FULL: f"your messages of that day were used up. {_UPGRADE}",
    Code.SESSION_OVER: "your session was over. Send /start to begin one",
    Code.CLOSED: "the opportunity was over before it could be sent",
    Code.EXPIRED: "it was out of date before it could be sent",
    Code.SUPERSEDED: "a later message took its place",
    Code.OPENING_FAILED: "the opening could not be sent to you",
    Code.DO_NOT_DISTURB: "it was your quiet time",
    Code.BLOCKED: "you blocked the bot. Unblock it, and send /start",
    Code.GONE: "that address is gone. Give another one under Channels in your account",
    Code.BAD_ADDRESS: "that address does not work. Correct it under Channels in your account",
    Code.NO_ADDRESS: "you have no address there. Add one under Channels in your account",
    Code.UNVERIFIED: "your address there is not verified. Do so under Channels in your account",
    Code.SUPPRESSED: "you unsubscribed there. Subscribe again under Channels in your account",
    Code.STOPPED: "it was stopped by an operator",
}


@dataclass(frozen=True)
class _Case:
    """What the words of a rule are made of."""

    person: Standing
    row: Audience
    mine: Slice
    now: datetime

    @property
    def own(self) -> Figures:
        row = self.row
        return figures_for(
            self.mine.facts_of.facts,
            row.notional_usd,
            row.horizon_hours,
            row.vip_levels,
            row.leverage,
        )

    @property
    def tier(self) -> str:
        return _tier(effective_tier(self.person, self.now).rank)

    @property
    def venues(self) -> str:
        return " and ".join(venues_of(self.mine.facts_of.facts))


def of_delivery(row: Delivery | DeliveryLog, zone: str, now: datetime) -> str:
    """What became of a delivery."""
    state, channel = DeliveryState(row.state), CHANNELS[row.channel].value.replace("_", " ")
    at = _when(row.sent_at or row.settled_at or row.due_at, zone, now)
    if state in {DeliveryState.SENT, DeliveryState.DELIVERED, DeliveryState.READ}:
        return f"It was sent to you by {channel} at {at}."
    if state is DeliveryState.SENDING:
        return f"It is being sent to you by {channel} now."
    if state is DeliveryState.PENDING:
        return f"It waits to be sent to you by {channel}, not before {at}."
    cause = _ENDED.get(row.code, row.code.replace("_", " ") or "nobody noted why")
    return f"It was not sent by {channel} (tried until {at}): {cause}."


def of_digest(due_at: datetime, zone: str, now: datetime) -> str:
    """It waits to be bundled."""
    at = _when(due_at, zone, now)
    return f"It comes with your digest at {at}. To get each at once: {_PREFERENCES}"


def of_delay(mine: Slice, zone: str, now: datetime) -> str:
    """His tier's time has not come, or has only just."""
    if mine.due_at <= now:
        return "It is being shared out now, and yours is on its way."
    waits, at = writing.duration((mine.due_at - now).total_seconds()), _when(mine.due_at, zone, now)
    return f"{_tier(mine.tier)} gets it at {at}, in {waits}. Higher tiers wait less: /subscription"


def of_end(mine: Slice, code: str) -> str:
    """It was over before his tier's time came."""
    over = "out of date" if code == Code.EXPIRED else "over"
    return f"It was {over} before {_tier(mine.tier)} got it. Higher tiers wait less: /subscription"


def of_rule(why: Why, person: Standing, row: Audience | None, mine: Slice, now: datetime) -> str:
    """Why a rule holds it back, and the next step."""
    if why is Why.ACCOUNT_STATE:
        return _account(person, now)
    if why is Why.NO_SESSION or row is None:
        return "You have no active session. Send /start to begin one."
    return _WORDS[why](_Case(person, row, mine, now))


def _account(person: Standing, now: datetime) -> str:
    if person.state is AccountState.ACTIVE:
        return "Your account is active again, so that you will get the next one."
    return permissions.may(person, permissions.Permission.OPPORTUNITIES_VIEW, now=now).message


def _tier_kind(case: _Case) -> str:
    kind = Kind(case.mine.message.kind)
    bit = 1 << list(Kind).index(kind)
    needed = next((tier for tier, may in tiers.table().items() if may.kinds & bit), None)
    return _needs(case, needed, f"{kind.value} opportunities")


def _tier_shelf(case: _Case) -> str:
    shelves = case.mine.facts_of.facts.get("shelves") or SHELFLESS
    needed = next((tier for tier, may in tiers.table().items() if may.shelves & shelves), None)
    return _needs(case, needed, "the shelves it stands on")


def _needs(case: _Case, needed: Tier | None, what: str) -> str:
    if needed is None:
        return f"No tier has {what} at present. You are on {case.tier}."
    return f"{needed.value.capitalize()} shows {what}. You are on {case.tier}. /subscription"


def _shelf(case: _Case) -> str:
    shelves = case.mine.facts_of.facts.get("shelves") or SHELFLESS
    names = ", ".join(
        shelf.value.replace("_", " ") for bit, shelf in enumerate(Shelf) if shelves >> bit & 1
    )
    return f"It stands on shelves you do not follow: {names}. {_PREFERENCES}"


def _asset(case: _Case) -> str:
    asset = case.mine.message.asset
    if case.row.assets_out and asset in case.row.assets_out:
        return f"You asked never to hear of {asset}. {_PREFERENCES}"
    return f"You asked for {', '.join(case.row.assets_in or ())} only, and this is {asset}."


def _net(case: _Case) -> str:
    own, row = case.own, case.row
    return (
        f"For {writing.money(row.notional_usd)} over {row.horizon_hours} h it pays you "
        f"{writing.percent(own.pays)} net, and you ask for {writing.percent(row.min_net)} "
        f"at least. {_PREFERENCES}"
    )


def _apr(case: _Case) -> str:
    asked = writing.percent(case.row.min_apr)
    return f"Its net APR for you is {writing.percent(case.own.apr_net)}, and you ask for {asked}."


def _confidence(case: _Case) -> str:
    score = case.mine.facts_of.facts.get("score")
    known = "unknown" if score is None else writing.share(score, 0)
    return (
        f"Confidence in it is {known}, and you ask for "
        f"{writing.share(case.row.min_confidence, 0)} at least. {_PREFERENCES}"
    )


def _keys(case: _Case) -> str:
    held = [venue for bit, venue in enumerate(VENUES) if case.row.keys >> bit & 1]
    missing = [venue for venue in venues_of(case.mine.facts_of.facts) if venue not in held]
    return (
        "You asked only for what you can trade, and have no key that may trade on "
        f"{' and '.join(missing)}. /setup_exchange"
    )


def _hour(case: _Case) -> str:
    limit = tiers.of(case.person, now=case.now).opportunities_per_hour
    return f"{case.tier} sends {limit} opportunities an hour, and you have had them. /subscription"


def _day(case: _Case) -> str:
    limit = tiers.of(case.person, now=case.now).pushes_per_day
    return f"{case.tier} sends {limit} opportunities a day, and you have had them. /subscription"


def _eligible(case: _Case) -> str:
    at = case.mine.ended_at
    when = (
        "" if at is None else f" When it was shared out, at {_when(at, case.row.zone, case.now)},"
    )
    return (
        f"Nothing holds it back from you now.{when} something did that has changed since: "
        "your preferences, a limit or its figures. You will get the next one."
    )


_WORDS: Final[Mapping[Why, Callable[[_Case], str]]] = {
    Why.TIER_KIND: _tier_kind,
    Why.TIER_SHELF: _tier_shelf,
    Why.SWITCHED_OFF: lambda _: f"You switched messages of new opportunities off. {_PREFERENCES}",
    Why.KIND_UNWANTED: lambda case: (
        f"You do not follow {case.mine.message.kind} opportunities. {_PREFERENCES}"
    ),
    Why.SHELF_UNWANTED: _shelf,
    Why.VENUE_UNWANTED: lambda case: (
        f"It trades on {case.venues}, which are not both among your venues. {_PREFERENCES}"
    ),
    Why.ASSET_UNWANTED: _asset,
    Why.NET_TOO_LOW: _net,
    Why.APR_TOO_LOW: _apr,
    Why.RISK_TOO_HIGH: lambda case: (
        f"Its risk is {case.mine.facts_of.facts.get('risk', 'unknown')}, more than you ask for. "
        f"{_PREFERENCES}"
    ),
    Why.CONFIDENCE_TOO_LOW: _confidence,
    Why.NO_CHANNEL: lambda _: "You have no channel. Add one under Channels in your account.",
    Why.DO_NOT_DISTURB: lambda _: (
        "It is your quiet time. To have such messages kept for the digest, or to change the hours: "
        f"{_PREFERENCES}"
    ),
    Why.COOLDOWN: lambda case: (
        f"You were told of the same trade in {case.mine.message.asset} within the last 4 h; only a "
        "clear improvement is told sooner."
    ),
    Why.HOUR_FULL: _hour,
    Why.DAY_FULL: _day,
    Why.KEYS_MISSING: _keys,
    Why.AI_KEY_MISSING: lambda case: (
        f"On {case.tier} the AI works with a key of yours. You have none yet. /setup_ai"
    ),
    Why.REGION_BLOCKED: lambda case: (
        f"Such opportunities are not told in your country ({case.row.country}). If that is not "
        f"where you live, correct it: {_PREFERENCES}"
    ),
    Why.TOLD_ALREADY: lambda _: "You were told of this opportunity already.",
    Why.FOR_DIGEST: lambda _: (
        f"It comes with your next digest. To get each at once: {_PREFERENCES}"
    ),
    Why.NOT_CHOSEN: lambda _: (
        "There were more people than places for it. Turns go round every 15 minutes, and whoever "
        "got little comes first: you are nearer to the next one."
    ),
    Why.ELIGIBLE: _eligible,
}


def _tier(rank: int | None) -> str:
    return list(Tier)[rank or 0].value.capitalize()


def _when(at: datetime, zone: str, now: datetime) -> str:
    """The hour of his clock, with the day where that is not today."""
    local, today = at.astimezone(ZoneInfo(zone)), now.astimezone(ZoneInfo(zone)).date()
    days = {
        today: "",
        today + timedelta(days=1): " tomorrow",
        today - timedelta(days=1): " yesterday",
    }
    return f"{local:%H:%M}" + days.get(local.date(), f" on {local.day} {local:%B}")
