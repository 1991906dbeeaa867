"""A message as Twilio's form: who, from whom, what in three segments, until when."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.conf import settings

from notifications.channels import segments
from notifications.channels.base import Outgoing
from notifications.channels.fitting import says
from notifications.writing.content import Content

SHORTEST_LIFE_S, LONGEST_LIFE_S = 60, 14_400
SERVICE_PREFIX: Final = "MG"  # a messaging service instead of a number


def form(message: Outgoing, now: datetime) -> dict[str, str]:
    """The fields; a message that ended is not delivered late."""
    content, by = message.content, settings.TWILIO_FROM
    fields = {
        "To": str(message.address["number"]),
        "MessagingServiceSid" if by.startswith(SERVICE_PREFIX) else "From": by,
        "Body": _text(content),
    }
    if content.expires_at is not None:
        left_s = int((content.expires_at - now).total_seconds())
        fields["ValidityPeriod"] = str(min(max(left_s, SHORTEST_LIFE_S), LONGEST_LIFE_S))
    return fields


def _text(content: Content) -> str:
    """Title and text, shortened, and behind them one link that is never cut."""
    links = [action.url for action in content.actions if action.url]
    link = next((url for url in links if url in content.body), links[0] if links else "")
    body = content.body.replace(link, "") if link else content.body
    head = "" if says(body, content.title) else f"{content.title}\n"
    return segments.fit(segments.plain(head + body), f"\n{link}" if link else "")
