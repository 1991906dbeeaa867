"""What follows /start in a link to the bot, and whom groups have brought.

A link is `https://t.me/<bot>?start=<payload>`; Telegram takes 64 letters of A–Z a–z 0–9 _ -:

- `AB12CD34`: an invitation code, `ref_AB12CD34` a referral code, 6 to 12 of A–Z 0–9.
- `o<id>`: open this opportunity.
- `o<id>-c<chat>`: the same from a group's or channel's post; `chat` is the number of its row. It is
  not signed: all it can do is to count one new person, once, for a group.
- `g<sealed>`: register a group or channel, made by `registering`: Telegram's id of the chat, what
  kind it is, who added the bot and when, signed, good for a week.
"""

from __future__ import annotations

import base64
import binascii
import re
import struct
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog
from django.conf import settings
from django.core.cache import cache
from redis.exceptions import RedisError

from accounts import referrals
from accounts.models import User
from arbedge import sealing
from arbedge.errors import BadInput
from notifications.names import ChatType
from notifications.telegram import chat_figures

LIFE: Final = timedelta(days=7)
NEW: Final = timedelta(minutes=10)  # so long after his first moment somebody counts as brought
KEPT_S: Final = 24 * 3600
PURPOSE: Final = "bot_registers_chat"

_SEAL_BYTES: Final = 12
_BODY: Final = struct.Struct(">BqqI")  # kind, chat, who added the bot, unix seconds
_KINDS: Final = tuple(ChatType)
_ABOUT: Final = re.compile(r"o(\d{1,15})(?:-c(\d{1,15}))?")
_CODE: Final = re.compile(rf"({referrals.START})?([A-Z0-9]{{6,12}})", re.IGNORECASE)
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Registering:
    """A chat to be registered. `added_by` is the Telegram id of who added the bot, 0 where nobody
    knows: an admin who stayed anonymous."""

    telegram_id: int
    kind: str
    added_by: int


@dataclass(frozen=True, slots=True)
class Start:
    """What a payload asks for; at most one of the codes, opportunity and chat to register."""

    code: str = ""
    referral: str = ""
    opportunity_id: int | None = None
    chat_id: int | None = None  # the row of the chat whose post brought the reader
    registers: Registering | None = None


def read(payload: str, now: datetime) -> Start:
    """What the payload asks for, nothing where it is empty.

    Raises BadInput: bad_start for what is no payload, start_old for a registration made too long
    ago.
    """
    told = payload.strip()
    if not told:
        return Start()
    if about := _ABOUT.fullmatch(told):
        return Start(opportunity_id=int(about[1]), chat_id=int(about[2]) if about[2] else None)
    if code := _CODE.fullmatch(told):
        told = code[2].upper()
        return Start(referral=told) if code[1] else Start(code=told)
    return Start(registers=_registering(told, now))


def about(opportunity_id: int, chat_id: int | None = None) -> str:
    """The payload that opens an opportunity, from a chat's post where one is named."""
    return f"o{opportunity_id}" + ("" if chat_id is None else f"-c{chat_id}")


def registering(asked: Registering, now: datetime) -> str:
    """The payload that registers a chat: 45 letters."""
    number = _KINDS.index(ChatType(asked.kind))
    body = _BODY.pack(number, asked.telegram_id, asked.added_by, int(now.timestamp()))
    return "g" + base64.urlsafe_b64encode(body + _seal(body)).rstrip(b"=").decode()


def link(payload: str) -> str:
    """The address that opens the bot's private chat with this payload, "" where the bot's name is
    not set."""
    return f"https://t.me/{settings.BOT_NAME}?start={payload}" if settings.BOT_NAME else ""


def counted(user: User, start: Start, now: datetime) -> bool:
    """Counts that a chat's post was followed to here, and the person for that chat if he is new
    and nobody has brought him yet. Returns whether he was counted. May be called again."""
    if start.chat_id is None:
        return False
    if now - user.date_joined > NEW:
        chat_figures.pressed_in(start.chat_id, now)
        return False
    return chat_figures.joined(user, start.chat_id, now)


def keep(telegram_id: int, payload: str) -> None:
    """Remembers a link for a day, for whoever has to bring an invitation first."""
    try:
        cache.set(_kept(telegram_id), payload, KEPT_S)
    except RedisError as error:
        log.warning("start_not_kept", cause=type(error).__name__)


def kept(telegram_id: int, now: datetime) -> Start:
    """The link somebody came by before he had an invitation; nothing where there was none."""
    try:
        payload = cache.get(_kept(telegram_id))
        return read(str(payload), now) if payload else Start()
    except (RedisError, BadInput) as error:
        log.warning("start_forgotten", cause=type(error).__name__)
        return Start()


def _kept(telegram_id: int) -> str:
    return f"bot:start:{telegram_id}"


def _registering(told: str, now: datetime) -> Registering:
    try:
        raw = base64.urlsafe_b64decode(told[1:] + "=" * (-len(told[1:]) % 4))
    except (binascii.Error, ValueError):
        raise _bad() from None
    body, seal = raw[: _BODY.size], raw[_BODY.size :]
    if told[:1] != "g" or len(body) < _BODY.size or not sealing.same(seal, _seal(body)):
        raise _bad()
    number, telegram_id, added_by, at_s = _BODY.unpack(body)
    if now.timestamp() - at_s > LIFE.total_seconds():
        text = f"This link is older than {LIFE.days} days. Send /register in the group instead."
        raise BadInput(text, code="start_old", field="payload", limit=LIFE.days)
    return Registering(telegram_id, _KINDS[number].value, added_by)


def _seal(body: bytes) -> bytes:
    return sealing.digest(PURPOSE, body.hex())[:_SEAL_BYTES]


def _bad() -> BadInput:
    return BadInput("This link is not one of ours.", code="bad_start", field="payload")
