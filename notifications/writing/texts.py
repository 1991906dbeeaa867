"""The text of a message for everybody who shares it: lines from a template, in a channel's form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Final

import structlog
from django.template import Context
from django.template.base import Template
from django.template.loader import get_template
from django.utils.safestring import mark_safe

from arbedge.names import Channel, Language
from notifications.names import Topic
from notifications.webhook_data import data_of
from notifications.writing import dialects
from notifications.writing.dialects import DIALECTS, Dialect, slot
from notifications.writing.message_links import Way, item_way, led, ways
from notifications.writing.other_values import Alert, Blind, Broadcast, Digest, Proof, Trial
from notifications.writing.template_language import console_text, file_text
from notifications.writing.trade_values import Trade
from notifications.writing.values import MissingVariable, Reader, Told, Values
from notifications.writing.variables import Variable, named

SOURCES: Final[Mapping[Topic, type]] = {
    Topic.OPENED: Trade,
    Topic.IMPROVED: Trade,
    Topic.RECOVERED: Trade,
    Topic.FADING: Trade,
    Topic.CLOSED: Trade,
    Topic.VENUE_BLIND: Blind,
    Topic.ALERT: Alert,
    Topic.DIGEST: Digest,
    Topic.BROADCAST: Broadcast,
    Topic.CODE: Proof,
    Topic.TEST: Trial,
}
# Channels that have no buttons of their own get their links in the text.
LINKS_IN_TEXT: Final = {
    Channel.EMAIL: ("why", "chart", "mute", "open", "board", "preferences", "more"),
    Channel.CUSTOM: ("open", "board", "more"),
    Channel.SMS: ("open", "board", "more"),
}
HTML: Final = Dialect(
    DIALECTS[Channel.TELEGRAM].escape,
    ("<strong>", "</strong>"),
    '<a href="{url}" style="color:#0b6b64">{text}</a>',
    100_000,
)
MAIN: Final = ("open", "board", "more", "proof")
# The sign a text begins with belongs in a preview, not in a subject or a program's field.
WITH_SIGN: Final = (
    Channel.TELEGRAM, Channel.SLACK, Channel.DISCORD, Channel.WEB_PUSH, Channel.CUSTOM,
)  # fmt: skip
_LINK_ROOM: Final = 260  # characters a signed link takes at most

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Text:
    """A text in a channel's form. `ways` are all links it has slots for, and the buttons."""

    title: str
    body: str
    html: str = ""
    ways: tuple[Way, ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict)


def written(
    topic: Topic, channel: Channel, told: Told, reader: Reader, variant: str | None = None
) -> Text:
    """The text of a message for all who read like `reader`, in the words of `variant` if given.

    Raises MissingVariable where the facts do not give what the text needs.
    """
    template = console_text(variant) if variant is not None else text_for(
        topic, channel, reader.style.language
    )  # fmt: skip
    lines = lines_of(template, topic, told, reader)
    title = _title(lines, channel)
    buttons = _ways(topic, channel, told, reader)
    return Text(
        title=title,
        body=_body(lines, channel, buttons, reader.style.language),
        html=_html(title, lines, reader, buttons) if channel is Channel.EMAIL else "",
        ways=buttons,
        data=_data(topic, channel, told, reader),
    )


def lines_of(template: Template, topic: Topic, told: Told, reader: Reader) -> list[str]:
    """The lines of a template with its variables filled in, marks for strong words left in."""
    source = SOURCES[topic](told, reader)
    values = Values(source, _named(topic), reader.style.unknown)
    text = template.render(Context(values, autoescape=False))
    if values.missing:  # raised within an {% if %}, whose operators swallow it
        raise MissingVariable(values.missing)
    lines = dialects.lines_of(text)
    if not lines:
        raise MissingVariable("any words")
    return lines


@lru_cache(maxsize=1024)
def text_for(topic: Topic, channel: Channel, language: str) -> Template:
    """The house's text of a topic: the channel's own, else that of its form, else in English.

    Raises LookupError where there is none.
    """
    form = "short" if DIALECTS[channel].short else "text"
    for tongue in dict.fromkeys((language, Language.EN.value)):
        for name in (channel.value, form):
            if (found := file_text(f"{topic.value}/{name}.{tongue}.txt")) is not None:
                if tongue != language:
                    log.warning("texts.not_in_language", topic=topic, language=language)
                return found
    raise LookupError(f"no text for {topic.value}")


@lru_cache(maxsize=32)
def _named(topic: Topic) -> Mapping[str, Variable]:
    return named(topic)


def _title(lines: list[str], channel: Channel) -> str:
    limit = DIALECTS[channel].title_limit
    title = dialects.bare(lines[0], signed=channel in WITH_SIGN)
    return title if len(title) <= limit else title[: limit - 1] + dialects.MORE


def _ways(topic: Topic, channel: Channel, told: Told, reader: Reader) -> tuple[Way, ...]:
    """The links of the text: one where there is room for one, none in what programs read."""
    language = reader.style.language
    buttons = ways(topic, told.facts, language, personal=reader.personal)
    if channel is Channel.WEBHOOK:
        return tuple(way for way in buttons if way.raw)
    if DIALECTS[channel].short:
        return tuple(way for way in buttons if way.name in MAIN)[:1]
    if channel is not Channel.TELEGRAM or not reader.personal:
        buttons = tuple(replace(way, line="") for way in buttons)
    items = [item_way(facts, language) for _, facts in told.items] if topic is Topic.DIGEST else []
    return (*buttons, *items)


def _body(lines: list[str], channel: Channel, buttons: tuple[Way, ...], language: str) -> str:
    dialect = DIALECTS[channel]
    named = {way.name: way for way in buttons}
    told = [named[name] for name in LINKS_IN_TEXT.get(channel, ()) if name in named]
    if channel is Channel.SMS:
        ends = [slot(way.name) for way in told[:1]]
        room = dialect.limit
        return " ".join([dialects.body_of([". ".join(lines)], dialect, room), *ends])
    ends = [led(language, way.label, slot(way.name)) for way in told]
    kept = lines[1:] if channel is Channel.WEB_PUSH and len(lines) > 1 else lines
    room = dialect.limit - _LINK_ROOM * len(ends)
    body = dialects.body_of(kept, dialect, room)
    return body + ("\n\n" + "\n".join(ends) if ends else "")


def _html(title: str, lines: list[str], reader: Reader, buttons: tuple[Way, ...]) -> str:
    shown = [mark_safe(dialects.written(line, HTML)) for line in lines]  # noqa: S308  (escaped)
    page = get_template("notifications/_email.html")
    told = [
        {"slot": slot(way.name), "label": way.label, "main": way.name in MAIN}
        for way in buttons
        if way.shown
    ]
    return page.render(
        {"language": reader.style.language, "title": title, "lines": shown, "ways": told}
    )


def _data(topic: Topic, channel: Channel, told: Told, reader: Reader) -> Mapping[str, Any]:
    return data_of(topic, told, reader) if channel is Channel.WEBHOOK else {}
