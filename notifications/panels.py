"""What messages add to the console's first page, its navigation, and an opportunity's page."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from accounts.admin.kept import kept
from arbedge import console, dashboard, writing
from arbedge.errors import NoData
from notifications import channel_health
from notifications.addressing.address_words import NAMES
from notifications.admin.messages import told_of
from notifications.bot import ears
from notifications.bot.staff import load, told_us
from notifications.models.bot import UpdateState
from opportunities.admin import parts

OLD_S: Final = 60
PERMISSION: Final = "notifications.view_delivery"
NOT_RUNNING: Final = "is manage.py bot running?"
SEES_BOT: Final = "notifications.view_botupdate"


def broken(request: HttpRequest) -> Iterable[dashboard.Line]:
    """Channels that are not asked, and messages that wait too long or were given up."""
    if not request.user.has_perm(PERMISSION):
        return
    channels = reverse("admin:notifications_delivery_channels")
    for one in channel_health.closed(ours=True):
        text = f"{NAMES[one.channel]}: {one.why}"
        yield dashboard.Line("bad", text, f"again {one.again(timezone.now())}", channels)
    age_s = channel_health.queue_age_s(timezone.now())
    if age_s is not None and age_s > OLD_S:
        age = writing.duration(age_s)
        yield dashboard.Line("bad", "Messages wait; the oldest for", age, channels)
    dead = channel_health.dead_letters()
    if dead:
        url = f"{reverse('admin:notifications_delivery_changelist')}?state=dead"
        yield dashboard.Line("warn", "Messages given up after five tries", f"{dead:,}", url)


def bot(request: HttpRequest) -> Iterable[dashboard.Line]:
    """Whether whoever writes to the bot is answered."""
    if not request.user.has_perm(SEES_BOT):
        return
    now, url = timezone.now(), reverse("admin:notifications_botupdate_changelist")
    yield from _deaf(now, url)
    found = load.load(now)
    if found.slow:
        age = writing.duration(found.oldest_s or 0)
        waits = f"{url}?state={UpdateState.WAITING.value}"
        yield dashboard.Line("bad", "The bot is late; somebody waits for", age, waits)
    if found.failed:
        failed = f"{url}?state={UpdateState.FAILED.value}"
        text = "Updates the bot could not answer in 24 h"
        yield dashboard.Line("warn", text, f"{found.failed:,}", failed)


def _deaf(now: datetime, url: str) -> Iterable[dashboard.Line]:
    """Whether updates come at all: without them nobody waits, and nobody is answered."""
    try:
        heard = ears.found()
    except NoData:
        return  # that the cache is gone is said where it is asked for itself
    if heard is None:
        if settings.BOT_TOKEN and not settings.TELEGRAM_WEBHOOK:
            yield dashboard.Line("bad", f"The bot hears nothing: {NOT_RUNNING}", "", url)
    elif heard.trouble:
        for_ = writing.duration((now - (heard.since or heard.at)).total_seconds())
        yield dashboard.Line("bad", f"The bot hears nothing. {heard.trouble}", f"for {for_}", url)
    elif settings.BOT_TOKEN and now > heard.next_at:
        age = writing.duration((now - heard.at).total_seconds())
        yield dashboard.Line("bad", f"The bot hears nothing: {NOT_RUNNING}", f"for {age}", url)


def feedback(request: HttpRequest) -> Iterable[dashboard.Line]:
    """What people told us and nobody has read."""
    if not request.user.has_perm("notifications.view_feedback"):
        return
    number = told_us.unread()
    if number:
        url = f"{reverse('admin:notifications_feedback_changelist')}?read=no"
        yield dashboard.Line("warn", "Feedback to read", f"{number:,}", url)


def reached(request: HttpRequest) -> Iterable[dashboard.Line]:
    """How many messages arrived in a day."""
    if not request.user.has_perm(PERMISSION):
        return
    day = timezone.now() - timedelta(days=1)
    number = kept("messages-day", lambda: channel_health.arrived(day))
    url = reverse("admin:notifications_message_changelist")
    yield dashboard.Line("soft", "Messages that arrived in 24 h", f"{number:,}", url)


dashboard.answer("broken", broken)
dashboard.answer("broken", bot)
dashboard.answer("waiting", feedback)
dashboard.answer("found", reached)
parts.add("Who was told", told_of)
for title, name, icon in (
    ("Messages", "message_changelist", "campaign"),
    ("Queue", "delivery_changelist", "outbox"),
    ("Channels", "delivery_channels", "cell_tower"),
    ("Sent and ended", "deliverylog_changelist", "inventory"),
    ("Broadcasts", "broadcast_changelist", "brand_awareness"),
    ("Distribution", "distribution_changelist", "share"),
    ("Texts", "variant_texts", "translate"),
    ("Wordings", "variant_changelist", "science"),
    ("Addresses", "address_changelist", "alternate_email"),
    ("Chats", "chat_changelist", "groups"),
    ("Left alone", "suppression_changelist", "do_not_disturb_on"),
    ("Bot updates", "botupdate_changelist", "smart_toy"),
    ("Feedback", "feedback_changelist", "rate_review"),
    ("Conversations", "talk_changelist", "chat"),
    ("Own command names", "alias_changelist", "shortcut"),
):
    model = name.partition("_")[0]
    console.link(
        "Messages", title, f"admin:notifications_{name}", icon, f"notifications.view_{model}"
    )
