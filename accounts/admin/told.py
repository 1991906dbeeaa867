"""Small tables, words and links that the pages of people share."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from accounts.models import User
from arbedge import writing
from arbedge.desk import word
from arbedge.names import AccountState, Role

STATE_TONES: Final = {
    AccountState.ACTIVE: "good",
    AccountState.SUSPENDED: "warn",
    AccountState.BANNED: "bad",
    AccountState.DEACTIVATED: "soft",
}


def table(head: Iterable[str], rows: Iterable[Iterable[Any]], empty: str = "None.") -> SafeString:
    """A small table for a detail page; `empty` where there are no rows."""
    lines = list(rows)
    if not lines:
        return format_html('<p class="desk-soft">{}</p>', empty)
    titles = format_html_join("", "<th>{}</th>", ((title,) for title in head))
    body = format_html_join(
        "",
        "<tr>{}</tr>",
        ((format_html_join("", "<td>{}</td>", ((cell,) for cell in row)),) for row in lines),
    )
    return format_html(
        '<div class="desk-wide"><table class="desk-table"><tr>{}</tr>{}</table></div>', titles, body
    )


def facts(pairs: Iterable[tuple[str, Any]]) -> SafeString:
    """Names and values, one to a line."""
    lines = format_html_join("", "<dt>{}</dt><dd>{}</dd>", pairs)
    return format_html('<dl class="desk-facts">{}</dl>', lines)


def state(person: User) -> SafeString:
    """The state as a word with a dot; staff with their role."""
    role = "" if person.role == Role.USER else f" · {person.role.replace('_', ' ')}"
    return word(
        STATE_TONES[AccountState(person.state)], f"{person.state}{role}", person.state_reason
    )


def tier(person: User) -> str:
    """The tier, until when, and whether a beta runs."""
    until = f" until {day(person.tier_until)}" if person.tier_until else ""
    beta = person.beta_until
    running = f" · beta until {day(beta)}" if beta and beta > timezone.now() else ""
    return f"{person.tier}{until}{running}"


def day(at: datetime | None) -> str:
    """A day: `21 Nov 2026`."""
    return writing.NONE if at is None else f"{at.day} {at:%b %Y}"


def when(at: datetime | None) -> str:
    """A moment as people say it, – where there is none."""
    return writing.NONE if at is None else writing.relative(at, timezone.now())


def link(name: str, text: object, *args: Any, query: str = "") -> SafeString:
    """A link to a page of the console; `name` is its name within the site."""
    url = reverse(f"admin:{name}", args=args)
    return format_html('<a class="desk-link" href="{}{}">{}</a>', url, query, text)


def person(one: User | None) -> SafeString | str:
    """A person's name as a link to his page; – for nobody."""
    return writing.NONE if one is None else link("accounts_user_change", one, one.pk)


def deeds(url_name: str, pk: int, known: Iterable[Any], leads: Iterable[str]) -> SafeString:
    """Links to those of the known deeds that are named, for a row's page."""
    named = set(leads)
    links = (
        (reverse(f"admin:{url_name}", args=[pk, deed.name]), deed.label)
        for deed in known
        if deed.name in named
    )
    return format_html(
        '<nav class="desk-deeds">{}</nav>', format_html_join("", '<a href="{}">{}</a>', links)
    )
