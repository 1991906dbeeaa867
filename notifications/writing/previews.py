"""How a message reads, made of a real one that was told lately; or that there is none."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.template import TemplateSyntaxError
from django.utils.safestring import SafeString, mark_safe

from arbedge.choices import NumberFormat
from arbedge.names import Channel
from notifications.models import Delivery, DeliveryLog, Message
from notifications.names import OPENINGS, Topic
from notifications.writing import dialects
from notifications.writing.dialects import DIALECTS
from notifications.writing.languages import Style
from notifications.writing.template_language import FOLDER, console_text
from notifications.writing.texts import HTML, Text, lines_of, text_for, written
from notifications.writing.values import MissingVariable, Reader, Told

HAND_OVER: Final = timedelta(seconds=4)  # previews read as they did just after they were written
SECRET: Final = (Topic.CODE,)  # what they say is nobody's to see: an example is shown
EXAMPLE: Final[Mapping[str, Any]] = {"code": "418203", "minutes": 10}
TITLED: Final = (Channel.EMAIL, Channel.WEB_PUSH)
_INCLUDED: Final = re.compile(r'\{% include "([a-z_/.]+)" %\}')


@dataclass(frozen=True, slots=True)
class Sample:
    """A message to show texts with: what it tells, and where it comes from, in words."""

    told: Told
    origin: str


@dataclass(frozen=True, slots=True)
class Preview:
    """A text as it reads: its lines, its buttons, its size; or the problem there is with it.

    `title` is "" where the channel shows no line of its own for it.
    """

    title: str
    lines: list[SafeString]
    buttons: list[str]
    size: int
    limit: int
    problem: str = ""


def sample(topic: Topic, now: datetime) -> Sample | None:
    """The newest message of the topic; None where none was told yet."""
    if topic in SECRET:
        return Sample(Told(EXAMPLE, now, now), "an example: real codes are shown to nobody")
    if topic is Topic.DIGEST:
        return _digest()
    message = Message.objects.filter(topic=topic).order_by("-id").first()
    if message is None:
        return None
    told = Told(message.facts, message.at, message.at + HAND_OVER, _before(message))
    return Sample(told, f"message {message.pk}")


def preview(
    topic: Topic, channel: Channel, language: str, found: Sample, body: str | None = None
) -> Preview:
    """How the sample reads on a channel in a language: in the words of `body`, else the house's.

    The reader has the default cohort. A text that cannot be written says why.
    """
    style = Style(language, "UTC", NumberFormat.POINT)
    reader = Reader(1_000, 72, 0, 2.0, personal=True, style=style)
    try:
        template = text_for(topic, channel, language) if body is None else console_text(body)
        lines = lines_of(template, topic, found.told, reader)
        text = written(topic, channel, found.told, reader, body)
    except MissingVariable as error:
        return _problem(channel, f"This message does not know its “{error.name}”: not sent.")
    except TemplateSyntaxError as error:
        return _problem(channel, str(error))
    return _shown(channel, lines, text)


def source(topic: Topic, channel: Channel, language: str) -> str:
    """The house's text of a topic as it is written, for who wants to write another."""
    name = str(text_for(topic, channel, language).name)
    return _INCLUDED.sub(lambda found: _file(found[1]).rstrip("\n"), _file(name)).strip()


def _file(name: str) -> str:
    text = (settings.BASE_DIR / FOLDER / name).read_text(encoding="utf-8")
    return _INCLUDED.sub(lambda found: _file(found[1]).rstrip("\n"), text)


def _shown(channel: Channel, lines: list[str], text: Text) -> Preview:
    dialect = DIALECTS[channel]
    kept = lines[1:] if channel is Channel.WEB_PUSH and len(lines) > 1 else lines
    return Preview(
        title=text.title if channel in TITLED else "",
        lines=[mark_safe(_read(line)) for line in kept],  # noqa: S308  (escaped by the dialect)
        buttons=[way.label for way in text.ways if way.shown],
        size=len(dialects.filled(text.body, {})),
        limit=dialect.limit,
    )


def _read(line: str) -> str:
    """A line as a page shows it; places of links, which only a recipient has, are named."""
    shown = dialects.written(line, HTML).replace('<a href="', '<u data-link="')
    return dialects.named_slots(shown.replace("</a>", "</u>"))


def _problem(channel: Channel, words: str) -> Preview:
    return Preview("", [], [], 0, DIALECTS[channel].limit, words)


def _before(message: Message) -> Mapping[str, Any] | None:
    """The facts that were announced last before this message."""
    if message.opportunity_id is None:
        return None
    earlier = Message.objects.filter(
        opportunity_id=message.opportunity_id, topic__in=OPENINGS, pk__lt=message.pk
    )
    found: Mapping[str, Any] | None = (
        earlier.order_by("-id").values_list("facts", flat=True).first()
    )
    return found


def _digest() -> Sample | None:
    """The newest bundle with the items it told."""
    for rows in (Delivery.objects, DeliveryLog.objects):
        last = rows.filter(topic=Topic.DIGEST, items__len__gt=0).order_by("-id").first()
        if last is None:
            continue
        items = list(Message.objects.filter(pk__in=last.items or ()))
        if items:
            told = Told(
                {}, last.created_at, last.created_at, items=[(one.at, one.facts) for one in items]
            )
            return Sample(told, f"bundle {last.pk}")
    return None
