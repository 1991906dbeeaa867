"""/opportunity: one trade with all that decides about it, or what became of it."""

from __future__ import annotations

from typing import Final

from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.permissions import Permission
from arbedge.names import Event, Kind, State
from notifications.bot import registry
from notifications.bot.asks import Ask
from notifications.bot.grammar import Arg
from notifications.bot.market import figures
from notifications.bot.market.figures import joined, name
from notifications.bot.market.seen import WHICH, Seen, find, headline, number_or_coin, page_button
from notifications.bot.registry import EVERYWHERE, Command, Section
from notifications.bot.replies import Button, Reply, fitting, in_rows
from notifications.writing import facts_now
from notifications.writing.message_links import label
from notifications.writing.reason_words import ending

MUTED_HOURS: Final = 24


def opportunity(ask: Ask) -> Reply:
    """One opportunity: its figures, sentence, legs, costs, risks and where it stands."""
    seen = find(ask, ask.args["id"])
    if isinstance(seen, Reply):
        return seen
    lines = _closed(seen) if seen.closed else _live(seen)
    return Reply(joined(lines), _buttons(seen))


def _live(seen: Seen) -> list[str | SafeString | None]:
    trade, one = seen.trade, seen.one
    at_size = trade.at_size()
    size = seen.say("depth_unknown") if at_size is None else (
        seen.say("at_size", net=at_size, size=trade.size()))  # fmt: skip
    cost = trade.cost()
    score = None if one.score is None else (
        seen.say("confidence", share=seen.style.share(one.score, 0)))  # fmt: skip
    doubts, others = trade.caution(), trade.others()
    return [
        headline(seen),
        *_state(seen),
        "",
        _sentence(seen),
        "",
        *_legs(seen),
        seen.say("costs", cost=cost or seen.style.unknown, size=size),
        f"{_even(seen)} · {seen.say('risk', risk=trade.risk())}",
        _payment(seen),
        score,
        None if doubts is None else seen.say("careful", doubts=doubts),
        None if others is None else seen.say("others", others=others),
        None if trade.figures.own else seen.say("default_figures"),
    ]


def _state(seen: Seen) -> list[str]:
    told = []
    if seen.stale:
        told.append(seen.say("state.stale", age=seen.style.span(seen.age_s)))
    if seen.one.state in {State.FADING, State.HELD}:
        told.append(seen.say(f"state.{seen.one.state}"))
    elif seen.one.settling:
        told.append(seen.say("state.settling"))
    return told


def _sentence(seen: Seen) -> str:
    trade, one = seen.trade, seen.one
    told = {
        "coin": name(one.asset), "net": trade.net(), "cost": trade.cost() or seen.style.unknown,
        "long": trade.long_venue(), "short": trade.short_venue() or "", "side": trade.long_side(),
    }  # fmt: skip
    if one.kind == Kind.TECHNICAL:
        return seen.say("signal", **told)
    if one.kind == Kind.SPOT:
        return seen.say("gap", **told)
    text = seen.say("carry", hours=trade.horizon() or "", **told)
    after, never = trade.even_after(), trade.even_limit()
    if after is not None:
        return text + seen.say("carry_even", hours=after)
    return text + (seen.say("carry_never", hours=never) if never else ".")


def _legs(seen: Seen) -> list[str]:
    trade = seen.trade
    long = (trade.long_side(), trade.long_venue(), trade.long_terms() or "")
    if not seen.one.short_venue:
        return [format_html("▲ {} {} {}", *long)]
    short = (trade.short_side(), trade.short_venue(), trade.short_terms() or "")
    return [format_html("▲ {} {} {}", *long), format_html("▼ {} {} {}", *short)]


def _even(seen: Seen) -> str:
    after, never = seen.trade.even_after(), seen.trade.even_limit()
    if after is not None:
        return seen.say("even", hours=after)
    return seen.say("never_even", hours=never) if never else seen.say("at_once")


def _payment(seen: Seen) -> str:
    due, age = seen.trade.next_payment(), seen.trade.data_age()
    parts = [] if due is None else [seen.say("next", when=due)]
    parts.append(seen.say("age_unknown") if age is None else seen.say("age", age=age))
    text = " · ".join(parts)
    if len(text) > figures.WIDE:  # a phone would break it, and not at the dot
        text = "\n".join(part[:1].upper() + part[1:] for part in parts)
    return text[:1].upper() + text[1:]


def _closed(seen: Seen) -> list[str | SafeString | None]:
    """Why it ended, what was promised, and what a trade on paper made of it."""
    one, style = seen.one, seen.style
    lived = ((one.closed_at or seen.now) - one.opened_at).total_seconds()
    ended = one.events.filter(type=Event.CLOSED).order_by("-at").first()
    because = ended.reason if ended else one.close_reason
    reason = ending(seen.ask.language, because) or one.close_reason
    promised, paper = style.percent(one.promise_net), facts_now.paper_net(one)
    paid = "paper_unknown" if paper is None else "promised"
    known = seen.style.unknown if paper is None else style.percent(paper)
    coin = seen.say("coin", coin=name(one.asset))
    moment = style.when(one.closed_at or seen.now, seen.now)
    return [
        f"{seen.say('state.closed', lived=style.span(lived))}: {coin} {seen.trade.kind()}",
        seen.say("because", reason=reason),
        seen.say(paid, promised=promised, paper=known),
        "",
        *_legs(seen),
        seen.say("ended", when=moment),
    ]


def _buttons(seen: Seen) -> tuple[tuple[Button, ...], ...]:
    one, language = seen.one, seen.ask.language
    pk, coin = one.pk, name(one.asset)
    first = [
        Button(label(language, "why"), f"why {pk}"),
        Button(label(language, "chart"), f"picture {pk}"),
    ]
    second = fitting(label(language, "mute", coin), "mute", f"${one.asset}", MUTED_HOURS)
    again = Button(seen.say("refresh"), f"opportunity {pk}")
    back = Button(seen.say("everything"), "opportunities all")
    return in_rows(first, [*second, page_button(seen)], [again, back])


_ID: Final = Arg("id", number_or_coin, optional=True, shown=WHICH)
registry.add(
    Command("opportunity", opportunity, topic="opportunities", section=Section.MARKET,
            args=(_ID,), permission=Permission.OPPORTUNITIES_VIEW, scopes=EVERYWHERE),
)  # fmt: skip
