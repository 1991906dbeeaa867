"""/chart: a coin's best live opportunity drawn, or its funding where none lives."""

from __future__ import annotations

from typing import Final

from accounts.permissions import Permission
from arbedge.names import Kind
from notifications.bot import grammar, registry
from notifications.bot.asks import Ask
from notifications.bot.commands import market
from notifications.bot.grammar import Arg
from notifications.bot.market import naming, tellers, viewers
from notifications.bot.market.figures import joined, name
from notifications.bot.market.seen import Seen, headline, look_up
from notifications.bot.registry import EVERYWHERE, Command, Section
from notifications.bot.replies import Button, Reply, in_rows
from opportunities import listing, pictures, stored_policy

FIRST: Final = "net"
OF_NET: Final = ("net", "waterfall")  # pictures of a net, which has a size and a horizon
PLACES: Final = 4  # of a net as it is shown
_LONGEST_ID: Final = 1 << 62


def chart(ask: Ask) -> Reply:
    """The net of the coin's best opportunity over time; without one the coin's funding."""
    coin = ask.args["coin"]
    if coin is None:
        return naming.which(ask, "chart")
    best = listing.best_of_coin(coin, ask.now, viewers.reader(ask))
    if best is None:
        none = ask.say("market.none_of_coin", coin=name(coin))
        return market.funding_of(ask, coin, ask.args["theme"] or tellers.LIGHT, [none, ""])
    return _drawn(ask, best.pk, FIRST, ask.args["theme"] or tellers.LIGHT)


def picture(ask: Ask) -> Reply:
    """One of an opportunity's pictures, with buttons to the others."""
    return _drawn(
        ask, ask.args["id"], ask.args["name"] or FIRST, ask.args["theme"] or tellers.LIGHT
    )


def _drawn(ask: Ask, opportunity_id: int, which: str, theme: str) -> Reply:
    seen = look_up(ask, opportunity_id)
    if isinstance(seen, Reply):
        return seen
    names = pictures.names(seen.one)
    which = which if which in names else FIRST
    about = ask.say(f"market.picture_{which}")
    text = joined([headline(seen), about, *_of_everybody(seen, which), *_of_old(seen)])
    other = tellers.other(theme)
    charts = [Button(ask.say(f"market.button_{one}"), f"picture {seen.one.pk} {one} {theme}")
              for one in names if one != which]  # fmt: skip
    ways = [
        Button(ask.say(f"market.{other}"), f"picture {seen.one.pk} {which} {other}"),
        Button(ask.say("market.details"), f"opportunity {seen.one.pk}"),
    ]
    drawn = tellers.picture(ask, "opportunity", theme, str(seen.one.pk), which)
    return Reply(text, in_rows(charts, ways), drawn)


def _of_everybody(seen: Seen, which: str) -> list[str]:
    """For what the picture is drawn, where the reader's own figures above it are others."""
    one, own = seen.one, seen.trade.figures
    if which not in OF_NET or round(own.net - one.net, PLACES) == 0:
        return []
    usd = stored_policy.current().value("notional", Kind(one.kind))
    hours = seen.style.hours(one.horizon_hours or 0)
    figures = {"size": seen.style.money(usd), "net": seen.style.percent(one.net)}
    if one.kind == Kind.SPOT:
        return [seen.ask.say("market.picture_usual_spot", **figures)]
    return [seen.ask.say("market.picture_usual", hours=hours, **figures)]


def _of_old(seen: Seen) -> list[str]:
    """That nobody should act on it, where its data are old."""
    return [seen.say("state.stale", age=seen.style.span(seen.age_s))] if seen.stale else []


registry.add(
    Command("chart", chart, topic="market", reads=True, section=Section.MARKET,
            args=(Arg("coin", grammar.coin, optional=True), market.THEME),
            permission=Permission.OPPORTUNITIES_VIEW, scopes=EVERYWHERE),
    Command("picture", picture, topic="market", reads=True,
            args=(Arg("id", grammar.whole(1, _LONGEST_ID)),
                  Arg("name", grammar.one_of(*pictures.PICTURES), optional=True), market.THEME),
            permission=Permission.OPPORTUNITIES_VIEW, scopes=EVERYWHERE, hidden=True),
)  # fmt: skip
