"""What a tier has, what of it is used, and what the next ones add, as lines of a message."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, datetime

from accounts import offers as tier_offers
from accounts import tiers, usage
from accounts.offers import Gain, Gains
from accounts.standing import effective_tier
from accounts.tiers import Allowance
from arbedge.names import Tier
from notifications.bot.asks import Ask


def tier(ask: Ask) -> Iterator[str]:
    """The tier that counts and until when, and a beta that runs."""
    who, style = ask.standing, ask.style()
    assert who is not None
    now = effective_tier(who, ask.now)
    if who.tier is now and who.tier_until_ms is not None:
        until = style.when(_moment(who.tier_until_ms), ask.now)
        yield ask.say("account.tier_until", tier=now.capitalize(), until=until)
    else:
        yield ask.say("account.tier_is", tier=now.capitalize())
    if who.in_beta(ask.now) and who.beta_until_ms is not None:
        until = style.when(_moment(who.beta_until_ms), ask.now)
        yield ask.say("account.beta_until", until=until)


def used(ask: Ask, have: Allowance, only: Collection[str] = ()) -> Iterator[str]:
    """What is used of the limits in their own windows; `only` names some of them."""
    assert ask.standing is not None
    yield ask.say("account.subscription.used")
    for one in usage.lines(ask.standing.user_id, have, ask.now):
        if not only or one.name in only:
            title = ask.say(f"account.limits.{one.name}")
            yield ask.say("account.line", title=title, used=of(ask, one.used, one.limit))


def of(ask: Ask, count: int | None, limit: int | None) -> str:
    """ "12 of 200"; what is not counted is said by its limit alone."""
    most = _most(ask, limit)
    if count is None:
        return most if limit is None else ask.say("account.up_to", limit=most)
    return ask.say("account.used_of", used=ask.style().plain(count), limit=most)


def offers(ask: Ask, have: Allowance) -> Iterator[list[str]]:
    """The tiers above, each with its price and what it adds to the one before it."""
    assert ask.standing is not None
    rank, table = effective_tier(ask.standing, ask.now).rank, tiers.table()
    for above in Tier:
        more = tier_offers.gains(have, table[above]) if above.rank > rank else []
        if more:
            have = table[above]
            price = ask.style().exact_money(float(have.price_usd)).removesuffix(".00")
            title = ask.say("account.subscription.offer", tier=above.capitalize(), price=price)
            yield [title, *(f"· {_gain(ask, one)}" for one in more)]


def _moment(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)


def _most(ask: Ask, limit: int | None) -> str:
    return ask.say("account.no_cap") if limit is None else ask.style().plain(limit)


def _gain(ask: Ask, one: Gain) -> str:
    facts, style = one.facts, ask.style()
    if one.what is Gains.SOONER:
        key = "sooner" if facts["delay_s"] else "at_once"
        spans = {name: style.span(facts[name]) for name in ("delay_s", "from_s")}
        return ask.say(f"account.gains.{key}", **spans)
    if one.what is Gains.RIGHT:
        return ask.say(f"account.rights.{facts['name'].replace('.', '_')}")
    if one.what is Gains.COUNT:
        title = ask.say(f"account.limits.{facts['name']}")
        return ask.say("account.gains.count", title=title, limit=_most(ask, facts["number"]))
    names = ", ".join(ask.say(f"account.{one.what}.{name}") for name in facts["names"])
    return ask.say(f"account.gains.{one.what}", names=names)
