"""A scan's result as a terminal page: what pays, what nearly paid, and why the rest does not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from opportunities import reasons
from opportunities.detect import Tally
from opportunities.policy import Policy
from opportunities.report import iso, rejected_rows
from opportunities.scan import Result

MINUS, THIN = "\u2212", "\u2009"
_RISK_STYLE = {"low": "green", "medium": "yellow", "high": "red"}


def percent(fraction: float | None, digits: int = 2) -> str:
    """A fraction as per cent with its sign, a dash when unknown."""
    if fraction is None:
        return "–"
    sign = MINUS if fraction < 0 else "+"
    whole = abs(fraction) * 100
    return f"{sign}{whole:.{0 if whole >= 100 else digits}f}{THIN}%"


def page(result: Result) -> RenderableType:
    """Opportunities best first, the nearest misses, and rejected candidates by code."""
    found = result.opportunities
    parts: list[RenderableType] = [
        Text(
            f"{found.height} opportunities net of every cost   as of {iso(result.as_of_ms)}   "
            f"fees {result.fee_version}   limits {result.policy_version}",
            style="bold",
        )
    ]
    if found.height:
        parts.append(_table(found.iter_rows(named=True), result.as_of_ms))
    else:
        parts.append(Text("Nothing pays after costs right now. The nearest misses say why."))
    if result.misses.height:
        parts += [Text("\nNearest misses", style="bold")]
        parts.append(_table(result.misses.head(8).iter_rows(named=True), result.as_of_ms))
    parts += [Text("\nRejected candidates by reason", style="bold"), _counts(result.counts)]
    return Group(*parts)


def explanation(result: Result, policy: Policy, asset: str) -> RenderableType:
    """Every candidate of one coin with each reason's value and limit."""
    table = Table(box=box.SIMPLE, title=f"{asset}: every candidate and its reasons")
    for name in ("kind", "long", "short", "net", "announced", "reasons (value / limit)"):
        table.add_column(name, overflow="fold")
    passing = result.opportunities.filter(result.opportunities["asset"] == asset)
    for row in passing.iter_rows(named=True):
        table.add_row(
            row["kind"],
            _leg(row, "long"),
            _leg(row, "short"),
            percent(row["net"], 3),
            percent(row["net_announced"], 3),
            Text("passes every gate", style="green"),
        )
    for found in rejected_rows(result, policy, asset):
        long, *others = (f"{leg['venue']} {leg['instrument']}" for leg in found["legs"])
        table.add_row(
            found["kind"] or "alone",
            long,
            others[0] if others else "–",
            percent(found["net"], 3),
            percent(found["net_announced"], 3),
            ", ".join(map(_finding, found["reasons"])),
        )
    return table


def _table(rows: Iterable[Mapping[str, Any]], now_ms: float) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    for name in ("NET", "APR", "KIND", "COIN", "▲ LONG", "▼ SHORT", "COSTS", "NEXT", "RISK", "WHY"):
        table.add_column(name, justify="right" if name in {"NET", "APR", "COSTS"} else "left")
    for row in rows:
        table.add_row(
            percent(row["net"]),
            percent(row["apr_net"]),
            row["kind"],
            row["asset"],
            _leg(row, "long"),
            _leg(row, "short"),
            percent(row["cost"]).lstrip("+"),
            _next(row, now_ms),
            Text(row["risk"], style=_RISK_STYLE[row["risk"]]),
            ", ".join(reasons.codes(row["reasons"])),
        )
    return table


def _leg(row: Mapping[str, Any], side: str) -> str:
    text = f"{row[f'{side}_venue']} {row[f'{side}_symbol']}"
    rate, hours = row[f"{side}_rate"], row[f"{side}_interval_hours"]
    if rate is None:
        return f"{text} {row[f'{side}_market']}"
    return f"{text} {percent(rate, 4)}/{hours or 0:g}h"


def _next(row: Mapping[str, Any], now_ms: float) -> str:
    due = [row[f"{side}_next_ms"] for side in ("long", "short") if row[f"{side}_next_ms"]]
    if not due:
        return "–"
    minutes = max(0, round((min(due) - now_ms) / 60_000))
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"


def _counts(counts: Mapping[str, int]) -> Table:
    tally = Tally.of(counts)
    table = Table(box=box.SIMPLE, show_header=False)
    meaning = {reason.code: text for reason, text in reasons.MEANING.items()}
    for code, number in sorted(tally.rejected.items(), key=lambda item: -item[1]):
        table.add_row(f"{number:,}", code, meaning[code])
    return table


def _finding(finding: Mapping[str, Any]) -> str:
    if finding["value"] is None:
        return str(finding["code"])
    leg = f" {finding['leg']}" if finding["leg"] else ""
    return f"{finding['code']}{leg} {finding['value']:.6g} / {finding['limit']:.6g}"
