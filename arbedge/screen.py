"""The one screen of `manage.py up`: where to go, who is running, how fresh the markets are."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from arbedge.logins import Login
from arbedge.status import Level, Line
from arbedge.supervisor import Process

STYLES = {
    Level.GOOD: ("●", "green"),
    Level.WARN: ("●", "yellow"),
    Level.BAD: ("●", "red"),
    Level.UNKNOWN: ("○", "bright_black"),
}
NEWS_SHOWN = 5


@dataclass
class View:
    """What the screen shows now."""

    title: str
    addresses: Mapping[str, str]
    login: Login | None
    processes: Sequence[Process]
    hints: Sequence[str]
    ready: bool = False
    reports: Mapping[str, Sequence[Line]] = field(default_factory=dict)
    news: list[str] = field(default_factory=list)


def draw(view: View) -> RenderableType:
    """Returns the screen."""
    state = Text("ready", "green") if view.ready else Text("starting…", "yellow")
    parts: list[RenderableType] = [_addresses(view), _processes(view.processes)]
    parts += [_section(name, lines) for name, lines in view.reports.items()]
    if view.news:
        parts.append(Text("\n".join(view.news[-NEWS_SHOWN:]), "yellow"))
    parts.append(Text("\n".join(view.hints), "bright_black"))
    title = Text.assemble((f" {view.title} ", "bold"), state, " ")
    return Panel(Group(*parts), title=title, border_style="cyan", padding=(1, 2))


def _addresses(view: View) -> Table:
    table = _plain_table()
    for name, address in view.addresses.items():
        table.add_row(Text(name, "bold"), address)
    for name, value in login_lines(view.login):
        table.add_row(Text(name, "bold"), value)
    return table


def login_lines(login: Login | None) -> list[tuple[str, str]]:
    """Returns what to say about the console login."""
    if login is None:
        return []
    known = f"{login.username} / {login.password}"
    return [("Log in", known if login.password else f"{login.username} / the password you chose")]


def _processes(processes: Sequence[Process]) -> Table:
    table = _plain_table()
    for process in processes:
        up = process.running is not None
        mark, style = STYLES[Level.GOOD if up else Level.BAD]
        since = f"{_duration(time.monotonic() - process.started_at)}" if up else ""
        again = f"started {process.starts} times" if process.starts > 1 else ""
        table.add_row(Text.assemble((mark, style), f" {process.name}"), process.state, since, again)
    return table


def _section(name: str, lines: Sequence[Line]) -> Table:
    table = _plain_table(title=name)
    for line in lines:
        mark, style = STYLES[line.level]
        table.add_row(Text.assemble((mark, style), f" {line.label}"), line.text)
    return table


def _plain_table(title: str | None = None) -> Table:
    table = Table(
        box=None, show_header=False, padding=(0, 2, 0, 0), title=title, title_justify="left"
    )
    table.add_column(min_width=12)
    return table


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
