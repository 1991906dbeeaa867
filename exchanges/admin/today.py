"""What the markets add to the first page of the console, and to its navigation."""

from __future__ import annotations

import time
from collections.abc import Iterable

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse

from arbedge import console, dashboard, writing
from exchanges import standing
from exchanges.admin.coins import DOUBTFUL
from exchanges.admin.venues import VENUE_TONES, breaker_words
from exchanges.models import (
    CoinVerdict,
)


def broken(request: HttpRequest) -> Iterable[dashboard.Line]:  # noqa: ARG001
    """Venues that are not well, and a cache that does not answer."""
    venues, problem = standing.known(time.time() * 1000)
    url = reverse("admin:exchanges_venuerecord_changelist")
    if problem:
        yield dashboard.Line("bad", problem[0].upper() + problem[1:])
    for one in venues:
        if one.word != "well":
            why = "; ".join(breaker_words(each) for each in one.breakers)
            tone = VENUE_TONES[one.word]
            yield dashboard.Line(tone, f"{one.name} {one.word} {why}", writing.age(one.age_s), url)


def waiting(request: HttpRequest) -> Iterable[dashboard.Line]:  # noqa: ARG001
    """Coins that wait for a person's word."""
    doubtful = CoinVerdict.objects.filter(verdict__in=DOUBTFUL).exclude(source="admin")
    count = doubtful[:1000].count()
    if count:
        url = reverse("admin:exchanges_coinverdict_changelist")
        text = "Coins in doubt: confirm or reject"
        yield dashboard.Line("warn", text, f"{count:,}", f"{url}?verdict__exact=quarantined")


admin.site.index_title = "Today"
dashboard.answer("broken", broken)
dashboard.answer("waiting", waiting)
for title, name, icon in (
    ("Venues", "venuerecord", "hub"),
    ("Instruments", "instrument", "list_alt"),
    ("Fees", "feerate", "percent"),
    ("Fee groups", "feegroupmember", "category"),
    ("Coins in doubt", "coinverdict", "gpp_maybe"),
    ("Networks", "networkstatus", "lan"),
):
    console.link(
        "Markets", title, f"admin:exchanges_{name}_changelist", icon, f"exchanges.view_{name}"
    )
