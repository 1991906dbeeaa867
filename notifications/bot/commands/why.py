"""/why: where a net comes from, what was checked, and why somebody was told of it or not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.utils.html import escape
from django.utils.safestring import SafeString

from accounts.permissions import Permission
from arbedge import writing
from arbedge.errors import NotFound
from arbedge.names import Language
from notifications.bot import registry, words
from notifications.bot.asks import Ask
from notifications.bot.grammar import Arg
from notifications.bot.market import figures
from notifications.bot.market.figures import joined
from notifications.bot.market.seen import WHICH, Seen, find, headline, number_or_coin, page_button
from notifications.bot.registry import EVERYWHERE, Command, Section
from notifications.bot.replies import Button, Reply, in_rows
from notifications.choosing import explain
from notifications.choosing.explain import Explanation
from notifications.codes import Why
from notifications.names import DeliveryState
from notifications.writing.languages import Style
from notifications.writing.trade_values import venue_name
from opportunities import breakdown, pages, stored_policy
from opportunities.pages import Gate
from opportunities.voice import slug

PLACES: Final = 3


def why(ask: Ask) -> Reply:
    """The parts of the net line by line, the gates, and in private what became of its message."""
    seen = find(ask, ask.args["id"])
    if isinstance(seen, Reply):
        return seen
    lines: list[str | SafeString | None] = [
        headline(seen), "", f"<b>{seen.say('parts')}</b>", _parts(seen),
        f"<b>{seen.say('checks')}</b>", _gates(seen),
    ]  # fmt: skip
    if ask.place.private and ask.person is not None:
        lines += ["", f"<b>{seen.say('you')}</b>", _explained(seen)]
    back = Button(seen.say("back"), f"opportunity {seen.one.pk}")
    return Reply(joined(lines), in_rows([back, page_button(seen)]))


def _parts(seen: Seen) -> SafeString:
    """The parts, rounded so that they add up to the net as it is shown."""
    parts = breakdown.waterfall(seen.one)
    shown = rounded([part.value for part in parts[:-1]], parts[-1].value, PLACES)
    rows = [[_part(seen, part.label), _points(seen.style, value)]
            for part, value in zip(parts, [*shown, parts[-1].value], strict=True)]  # fmt: skip
    own = seen.trade.figures
    if own.own and round(own.net - seen.one.net, PLACES + 2):
        hours = seen.style.hours(own.horizon_hours) if own.horizon_hours else ""
        yours = seen.say("yours", size=seen.style.money(own.notional_usd), hours=hours)
        difference = round(own.net, PLACES + 2) - round(seen.one.net, PLACES + 2)
        rows += [[seen.say("difference"), _points(seen.style, difference)],
                 [yours, _points(seen.style, own.net)]]  # fmt: skip
    return figures.table(rows, "<>")


def rounded(values: Sequence[float], total: float, places: int) -> list[float]:
    """The values as per cents of so many places that add up to their total's own rounding.

    What rounding leaves over goes to those it moved most the other way.
    """
    unit = 10.0 ** -(places + 2)
    whole = [round(value / unit) for value in values]
    left = round(total / unit) - sum(whole)
    step = 1 if left > 0 else -1
    moved = sorted(range(len(values)), key=lambda at: step * (whole[at] - values[at] / unit))
    for at in moved * (abs(left) // max(len(values), 1) + 1):
        if left:
            whole[at] += step
            left -= step
    return [value * unit for value in whole]


def _part(seen: Seen, text: str) -> str:
    key = f"opportunities.part.{slug(text)}"
    return words.say(seen.ask.language, key) if words.known(key) else text


def _points(style: Style, value: float) -> str:
    return style.percent(value, PLACES)


def _gates(seen: Seen) -> SafeString:
    """Each gate with what was seen and its limit; a leg's come under its name."""
    found = pages.gates(seen.one, stored_policy.current())
    rows: list[list[str]] = []
    leg = None
    for gate in found:
        if gate.leg is not None and gate.leg != leg:
            leg = gate.leg
            rows.append([f"{'▲' if leg.side == 'long' else '▼'} {venue_name(leg.venue)}"])
        elif gate.leg is None and leg is not None:
            leg = None
        rows.append(_gate(seen, gate))
    return figures.table(rows, "<>>")


def _gate(seen: Seen, gate: Gate) -> list[str]:
    key = f"opportunities.gate.{gate.code}"
    text = words.say(seen.ask.language, key) if words.known(key) else gate.label
    value = gate.value
    if value in {"within", "beyond", writing.UNKNOWN}:
        value = seen.say(f"gate.{value}")
    limit = seen.style.number(gate.limit)
    return [f" {text}", seen.style.number(value), limit + ("" if gate.passed else " ⚠")]


def _explained(seen: Seen) -> str:
    """Why the person was told of it or not; English tells it with every figure."""
    try:
        found = explain.explain_opportunity(seen.ask.user.pk, seen.one.pk, seen.ask.now)
    except NotFound:
        return seen.say("told.nobody")
    if seen.ask.language == Language.EN:
        return str(escape(found.text))
    key = f"opportunities.told.{_told(found)}"
    if not words.known(key):
        return str(escape(found.text))
    at = "" if found.at is None else seen.style.moment(found.at)
    return words.say(seen.ask.language, key, at=at)


_STATES: Final = {
    DeliveryState.SENT: "sent", DeliveryState.DELIVERED: "sent", DeliveryState.READ: "sent",
    DeliveryState.SENDING: "sending", DeliveryState.PENDING: "pending",
}  # fmt: skip


def _told(found: Explanation) -> str:
    if found.state is not None:
        return _STATES.get(found.state, "failed")
    if found.why is Why.FOR_DIGEST and found.at is not None:
        return "digest"
    return "" if found.why is None else found.why.code


registry.add(
    Command("why", why, topic="opportunities", reads=True, section=Section.MARKET,
            args=(Arg("id", number_or_coin, optional=True, shown=WHICH),),
            permission=Permission.OPPORTUNITIES_VIEW, scopes=EVERYWHERE),
)  # fmt: skip
