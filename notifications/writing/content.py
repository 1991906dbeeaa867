"""A message as a recipient will read it, before a channel puts it into its own form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from notifications.names import Topic


@dataclass(frozen=True, slots=True)
class Action:
    """Something to press: `url` opens a page, `callback` speaks to the bot (Telegram only)."""

    name: str  # open, why, mute, legs, chart, manage, unsubscribe
    label: str
    url: str = ""
    callback: str = ""


@dataclass(frozen=True, slots=True)
class Content:
    """One message in one language, for one channel.

    `body` is the text in the channel's own form (Telegram HTML, Slack mrkdwn, Discord Markdown,
    plain text elsewhere), escaped already; `html` only where the channel takes a second form
    (e-mail). `data` is the versioned JSON that webhooks get.
    """

    topic: Topic
    title: str
    body: str
    language: str
    at: datetime
    html: str = ""
    actions: tuple[Action, ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict)
    expires_at: datetime | None = None
    priority: int = 2
    image_path: str = ""
    unsubscribe_url: str = ""
