"""What the analytics page of sessions shows, kept for a minute: its questions go over months."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Count
from django.db.models.functions import TruncDay
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from accounts import engagement
from accounts.admin import drawing, told
from accounts.admin.kept import kept
from accounts.models import Outcome, Session, User
from arbedge import writing

DAYS: Final = 30
WEEKS: Final = 8
OUTCOME_STYLES: Final = {
    Outcome.LOGOUT: "long",
    Outcome.EXPIRED: "soft",
    Outcome.REPLACED: "line",
    Outcome.BY_STAFF: "warn",
    Outcome.ACCOUNT: "bad",
}


def context(now: datetime) -> dict[str, Any]:
    """The parts of the page, not older than a minute."""
    parts: dict[str, str] = kept(
        "session-analytics", lambda: {name: str(html) for name, html in _parts(now).items()}
    )
    return {name: mark_safe(html) for name, html in parts.items()}  # noqa: S308  made here


def _parts(now: datetime) -> dict[str, SafeString]:
    since = now - timedelta(days=DAYS)
    return {
        "tiles": _tiles(now, since),
        "begun": _begun(now),
        "ended": _ended(now),
        "outcomes": _outcomes(now, since),
        "retention": _retention(now),
        "onboarding": _onboarding(now, since),
        "as_of": format_html("{}", writing.moment(now)),
    }


def _tiles(now: datetime, since: datetime) -> SafeString:
    active = engagement.active(now)
    fresh = engagement.new(since, now)
    median = engagement.median_duration(since, now)
    lasted = writing.UNKNOWN if median is None else writing.duration(median.total_seconds())
    return tiles((
        ("Active now", f"{active.now:,}", "a word in the last 5 minutes"),
        ("Active today", f"{active.day:,}", "in the last 24 hours"),
        ("Active this week", f"{active.week:,}", "in the last 7 days"),
        ("New people", f"{fresh.people:,}", f"in {DAYS} days"),
        ("New sessions", f"{fresh.sessions:,}", f"in {DAYS} days"),
        ("Median length", lasted, f"of sessions that ended in {DAYS} days"),
    ))  # fmt: skip


def tiles(figures: Iterable[tuple[str, str, str]]) -> SafeString:
    """Figures with a name above and words below."""
    return format_html_join(
        "",
        '<div class="desk-tile"><span>{}</span><b>{}</b><small>{}</small></div>',
        figures,
    )


def _begun(now: datetime) -> SafeString:
    days = _days(now)
    first = datetime.combine(days[0], datetime.min.time(), now.tzinfo)
    sessions = _by_day(Session.objects.filter(started_at__gte=first), "started_at")
    people = _by_day(User.objects.filter(date_joined__gte=first), "date_joined")
    series = (
        drawing.Series("sessions begun", "long", [sessions.get(day, 0) for day in days]),
        drawing.Series("new people", "short", [people.get(day, 0) for day in days]),
    )
    chart = drawing.lines(days, series, f"Sessions begun and new people per day, {DAYS} days")
    return chart + drawing.key(series)


def _ended(now: datetime) -> SafeString:
    days = _days(now)
    first = datetime.combine(days[0], datetime.min.time(), now.tzinfo)
    rows = (
        Session.objects.filter(ended_at__gte=first)
        .annotate(day=TruncDay("ended_at"))
        .values_list("outcome", "day")
        .annotate(number=Count("pk"))
        .order_by("outcome", "day")
    )
    counts = {(outcome, day.date()): number for outcome, day, number in rows}
    series = [
        drawing.Series(outcome.label, style, [counts.get((outcome.value, day), 0) for day in days])
        for outcome, style in OUTCOME_STYLES.items()
    ]
    chart = drawing.columns(days, series, f"Sessions ended per day by outcome, {DAYS} days")
    return chart + drawing.key(series)


def _outcomes(now: datetime, since: datetime) -> SafeString:
    return told.table(
        ("Outcome", "Sessions", "Actions each", "Seen", "Acted on"),
        (
            (
                one.outcome.label,
                f"{one.sessions:,}",
                f"{one.interactions / one.sessions:.1f}",
                f"{one.opportunities_seen:,}",
                f"{one.opportunities_acted:,}",
            )
            for one in engagement.ended(since, now)
        ),
        empty=f"No session ended in {DAYS} days.",
    )


def _retention(now: datetime) -> SafeString:
    cohorts = engagement.retention(now, WEEKS)
    if not cohorts:
        return format_html('<p class="desk-soft">{}</p>', f"Nobody joined in {WEEKS} weeks.")
    head = format_html_join(
        "", "<th>{}</th>", (("Joined",), ("People",), *((f"week {n}",) for n in range(WEEKS)))
    )
    body = format_html_join(
        "", "<tr><td>{}</td><td>{}</td>{}</tr>",
        (
            (f"{one.week.day} {one.week:%b}", f"{one.people:,}", _kept(one.kept))
            for one in cohorts
        ),
    )  # fmt: skip
    return format_html(
        '<div class="desk-wide"><table class="desk-table desk-heat"><tr>{}</tr>{}</table></div>',
        head, body,
    )  # fmt: skip


def _kept(weeks: list[float | None]) -> SafeString:
    """The share of each week, tinted by its size; a week under way is told as such."""
    return format_html_join(
        "",
        '<td style="--share: {}">{}</td>',
        (
            (0, "under way") if share is None else (f"{share:.3f}", writing.share(share, 0))
            for share in weeks
        ),
    )


def _onboarding(now: datetime, since: datetime) -> SafeString:
    found = engagement.onboarding(since, now)
    steps = [
        (step.name or "not begun", f"{step.under_way:,}", f"{step.completed:,}")
        for step in found.steps
    ]
    whole = f"{writing.share(found.share, 1)} of {found.people:,} newcomers finished."
    return format_html(
        '<p class="desk-lead">{}</p>{}',
        whole if found.people else f"Nobody joined in {DAYS} days.",
        told.table(("Last step", "Under way", "Finished"), steps) if steps else "",
    )


def _days(now: datetime) -> list[Any]:
    return [(now - timedelta(days=ago)).date() for ago in range(DAYS - 1, -1, -1)]


def _by_day(rows: Any, column: str) -> dict[Any, int]:
    counted = rows.annotate(day=TruncDay(column)).values_list("day").annotate(number=Count("pk"))
    return {day.date(): number for day, number in counted.order_by("day")}
