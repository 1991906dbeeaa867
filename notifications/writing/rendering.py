"""Messages as their recipients read them.

A text is made once for all who share its figures, language, channel and wording; what is a
recipient's own, the links, is filled in afterwards. A text that cannot be made whole is not made:
its rows get Code.BAD_MESSAGE.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import structlog

from arbedge.choices import NumberFormat
from arbedge.errors import ArbEdgeError
from arbedge.names import Channel, Language
from notifications.codes import Code
from notifications.models import Message
from notifications.names import CHANNELS, Recipient, Topic
from notifications.telegram import press_lines
from notifications.writing import links, pictures_of, wording
from notifications.writing.cohort_figures import level_held
from notifications.writing.content import Action, Content
from notifications.writing.dialects import filled
from notifications.writing.gathering import Addressed, announced, numbers, with_missing
from notifications.writing.languages import Style
from notifications.writing.message_links import RECIPIENT, Way, label, led
from notifications.writing.texts import Text, written
from notifications.writing.values import MissingVariable, Reader, Told
from opportunities.board import replaying

WITHOUT_FIGURES: Final = (Topic.BROADCAST, Topic.CODE, Topic.TEST, Topic.VENUE_BLIND, Topic.ALERT)
UNSUBSCRIBE_MARK: Final = "<!--unsubscribe-->"
_UNSUBSCRIBE: Final = (
    '<p style="margin:20px 0 0;font-size:13px"><a href="{}" style="color:#51605d">{}</a></p>'
)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Built:
    """A text made for all who share it; its links are slots, its actions have no URL yet."""

    content: Content
    ways: tuple[Way, ...]
    zone: str  # "" where the reader's zone did not matter


def render(
    rows: Sequence[Addressed],
    messages: Mapping[int, Message],
    now: datetime,
    *,
    channel: Channel | None = None,
) -> dict[int, Content | Code]:
    """The content of every delivery by its id, or Code.BAD_MESSAGE where it cannot be written.

    `messages` are those the caller has at hand (the facts', and a digest's items); what is missing
    is read in one query. `channel` writes all of them for another channel than the rows' own.
    A handful of queries whatever the number of rows.
    """
    press = Press(rows, messages, now, channel)
    return {row.id: press.of(row) for row in rows}


def unsubscribable(content: Content, url: str) -> Content:
    """The content of an e-mail with the link by which its address ends all mail to it."""
    words = label(content.language, "unsubscribe")
    link = _UNSUBSCRIBE.format(html.escape(url), html.escape(words))
    return replace(
        content,
        body=f"{content.body}\n\n{led(content.language, words, url)}",
        html=content.html.replace(UNSUBSCRIBE_MARK, link),
        unsubscribe_url=url,
    )


class Press:
    """One batch: what is needed for all of it is read once, every text made once."""

    def __init__(
        self,
        rows: Sequence[Addressed],
        messages: Mapping[int, Message],
        now: datetime,
        channel: Channel | None = None,
    ) -> None:
        self.now = now
        self.channel = channel
        self.messages = with_missing(rows, messages)
        self.announced = announced(rows, self.messages)
        self.numbers = numbers(rows)
        self.tests = wording.running()
        self._built: dict[tuple[Any, ...], Built | Code] = {}
        self._levels: dict[tuple[int, int], int] = {}
        self._fallen_back: set[str] = set()

    def of(self, row: Addressed) -> Content | Code:
        """The recipient's own content."""
        built = self._shared(row)
        if isinstance(built, Code):
            return built
        try:
            return _own(built, row)
        except ArbEdgeError as error:  # a target no link may lead to
            log.warning("rendering.bad_link", delivery_id=row.id, cause=str(error))
            return Code.BAD_MESSAGE

    def _shared(self, row: Addressed) -> Built | Code:
        key = self._key(row)
        for zone in ("", row.zone):
            if (found := self._built.get((*key, zone))) is not None:
                return found
        built = self._make(row)
        zone = built.zone if isinstance(built, Built) else ""
        self._built[*key, zone] = built
        return built

    def _key(self, row: Addressed) -> tuple[Any, ...]:
        personal = row.recipient == Recipient.USER
        channel = self.channel or CHANNELS[row.channel]
        same = (row.facts_of_id, row.topic, row.language, channel, personal)
        numbers = self.numbers.get(row.recipient_id, "") if personal else ""
        test = wording.chosen(self.tests, row, channel)
        if row.topic in WITHOUT_FIGURES:
            return *same, numbers, test
        cohort = (row.notional_usd, row.horizon_hours, self._level(row), row.leverage)
        return *same, numbers, test, tuple(row.items or ()), *cohort

    def _level(self, row: Addressed) -> int:
        """The VIP level that counts; of a digest, whose items differ, all of them do."""
        if row.items or not row.vip_levels:
            return row.vip_levels
        key = (row.facts_of_id, row.vip_levels)
        if key not in self._levels:
            facts = self.messages[row.facts_of_id].facts if row.facts_of_id in self.messages else {}
            self._levels[key] = level_held(facts, row.vip_levels)
        return self._levels[key]

    def _make(self, row: Addressed) -> Built | Code:
        message = self.messages.get(row.facts_of_id)
        if message is None:
            log.warning("rendering.no_message", message_id=row.facts_of_id)
            return Code.BAD_MESSAGE
        channel = self.channel or CHANNELS[row.channel]
        reader = self._reader(row)
        told = self._told(row, message)
        try:
            text = written(
                Topic(row.topic), channel, told, reader, wording.body(self.tests, row, channel)
            )
        except MissingVariable as error:
            log.warning(
                "rendering.bad_message", message_id=message.pk, topic=row.topic,
                variable=error.name, cause=str(error.__cause__ or "missing"),
            )  # fmt: skip
            return Code.BAD_MESSAGE
        zone = row.zone if reader.style.zoned else ""
        return Built(_content(message, row, text, channel, reader), text.ways, zone)

    def _reader(self, row: Addressed) -> Reader:
        personal = row.recipient == Recipient.USER
        language = row.language if row.language in set(Language) else Language.EN
        if language != row.language and row.language not in self._fallen_back:
            self._fallen_back.add(row.language)
            log.warning("rendering.no_such_language", language=row.language, used=Language.EN.value)
        numbers = self.numbers.get(row.recipient_id, "") if personal else ""
        style = Style(language, row.zone, numbers or NumberFormat.POINT)
        return Reader(
            row.notional_usd, row.horizon_hours, row.vip_levels, row.leverage, personal, style
        )

    def _told(self, row: Addressed, message: Message) -> Told:
        held = [self.messages[one] for one in row.items or () if one in self.messages]
        return Told(
            facts=message.facts,
            at=message.at,
            now=_clock(message, self.now),
            before=self.announced.get(message.pk),
            items=tuple((one.at, one.facts) for one in held),
        )


def _content(
    message: Message, row: Addressed, text: Text, channel: Channel, reader: Reader
) -> Content:
    return Content(
        topic=Topic(row.topic),
        title=text.title,
        body=text.body,
        language=reader.style.language,
        at=message.at,
        html=text.html,
        actions=tuple(Action(way.name, way.label) for way in text.ways if way.shown),
        data=text.data,
        expires_at=message.expires_at,
        priority=message.priority,
        image_path=pictures_of.path(message, channel),
    )


def _own(built: Built, row: Addressed) -> Content:
    """The content with the recipient's own links in it."""
    content = built.content
    if not built.ways:
        return content
    urls = {
        way.name: way.target.replace(RECIPIENT, str(row.recipient_id))
        if way.raw
        else links.signed(row.id, way.name, way.target)
        for way in built.ways
    }
    return replace(
        content,
        body=filled(content.body, urls),
        html=filled(content.html, {name: html.escape(url) for name, url in urls.items()}),
        actions=tuple(_action(one, urls, built.ways, row.id) for one in content.actions),
    )


def _action(one: Action, urls: Mapping[str, str], ways: Sequence[Way], delivery_id: int) -> Action:
    """A button that asks the bot where it can, else one that opens its page."""
    line = next(way.line for way in ways if way.name == one.name)
    callback = press_lines.written(delivery_id, line)
    return replace(one, callback=callback) if callback else replace(one, url=urls[one.name])


def _clock(message: Message, now: datetime) -> datetime:
    """Now, on the clock of the message's figures: that of a recording stands elsewhere."""
    return message.at + (now - (message.created_at or now)) if replaying() else now
