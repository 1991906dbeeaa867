"""What messages add to the console's first page, its navigation, and an opportunity's page."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from accounts.admin.kept import kept
from arbedge import console, dashboard, writing
from notifications import channel_health
from notifications.admin.messages import told_of
from notifications.bot.staff import load, told_us
from notifications.models.bot import UpdateState
from opportunities.admin import parts

OLD_S: Final = 60
PERMISSION: Final = "notifications.view_delivery"
SEES_BOT: Final = "notifications.view_botupdate"


def broken(request: HttpRequest) -> Iterable[dashboard.Line]:
    """Channels that are not asked, and messages that wait too long or were given up."""
    if not request.user.has_perm(PERMISSION):
        return
    age_s = channel_health.queue_age_s(timezone.now())
    if age_s is not None and age_s > OLD_S:
        url = reverse("admin:notifications_delivery_channels")
        yield dashboard.Line("bad", "Messages wait; the oldest for", writing.duration(age_s), url)
    dead = channel_health.dead_letters()
    if dead:
        url = f"{reverse('admin:notifications_delivery_changelist')}?state=dead"
        yield dashboard.Line("warn", "Messages given up after five tries", f"{dead:,}", url)


def bot(request: HttpRequest) -> Iterable[dashboard.Line]:
    """Whether whoever writes to the bot is answered."""
    if not request.user.has_perm(SEES_BOT):
        return
    found, url = load.load(timezone.now()), reverse("admin:notifications_botupdate_changelist")
    if found.slow:
        age = writing.duration(found.oldest_s or 0)
        waits = f"{url}?state={UpdateState.WAITING.value}"
        yield dashboard.Line("bad", "The bot is late; somebody waits for", age, waits)
    if found.failed:
        failed = f"{url}?state={UpdateState.FAILED.value}"
        text = "Updates the bot could not answer in 24 h"
        yield dashboard.Line("warn", text, f"{found.failed:,}", failed)


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
