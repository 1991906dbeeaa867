"""Sending the bot's answers: paced with all else the bot sends, repeated where that may help."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import structlog
from prometheus_client import Counter

from arbedge import aio, clock
from arbedge.errors import ArbEdgeError
from arbedge.names import Channel
from notifications.bot import pictures
from notifications.channels.answers import Unsent
from notifications.channels.telegram import HOST
from notifications.codes import Code
from notifications.names import Outcome
from notifications.sending import pacing
from notifications.sending.pacing import Want
from notifications.telegram.telegram_errors import Again, Verdict, verdict
from notifications.telegram.telegram_text import plain
from notifications.telegram.telegram_transport import transport

URGENT: Final = -1000  # before everything that nobody waits for with the phone in his hand
NEAR_MS: Final = 2_000.0
NETWORK_S: Final = 2.0
REFUSED_S: Final = 20.0  # somebody has to change the token
PACED: Final = re.compile(r"send(?!ChatAction)|edit")  # what counts against Telegram's limits
ANSWERS: Final = Counter("arbedge_bot_answers", "Calls the bot answered by.", ["method", "outcome"])

Call = Mapping[str, Any]
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Sent:
    """What is still to be sent, and in how many seconds to try; None where nothing is left."""

    left: list[Call] = field(default_factory=list)
    wait_s: float | None = None


def send(calls: Sequence[Call]) -> Sent:
    """Sends the calls in their order. What Telegram refuses for good is dropped and counted."""
    drawn = [_drawn(call) for call in calls]
    done, wait_s = aio.run(_all(drawn))
    return Sent(list(calls[done:]), wait_s) if wait_s is not None else Sent()


def _drawn(call: Call) -> tuple[Call, bytes | None]:
    """The call with its picture; where it cannot be drawn, its text alone."""
    if not call.get("picture"):
        return call, None
    name, *args = call["picture"]
    try:
        return call, pictures.draw(name, args)
    except ArbEdgeError as error:
        log.warning("picture_not_drawn", name=name, reason=error.message)
    except Exception:
        log.exception("picture_failed", name=name)
    told = dict(call["told"])
    told["text"] = told.pop("caption", "") or "–"
    return {"method": "sendMessage", "told": told}, None


async def _all(calls: Sequence[tuple[Call, bytes | None]]) -> tuple[int, float | None]:
    for done, (call, photo) in enumerate(calls):
        wait_s = await _one(call, photo)
        if wait_s is not None:
            return done, wait_s
    return len(calls), None


async def _one(call: Call, photo: bytes | None) -> float | None:
    """Sends a call, in the ways Telegram asks for. Returns the seconds to wait where not now."""
    method, told, tried = str(call["method"]), dict(call["told"]), set[Again]()
    while True:
        wait_s = await _paced(method, told)
        if wait_s is not None:
            return wait_s
        try:
            answer = await transport().call(method, told, photo)
        except Unsent as error:
            ANSWERS.labels(method, "unsent").inc()
            log.warning("answer_unsent", method=method, code=error.code)
            return NETWORK_S
        found = verdict(answer.status, answer.json())
        ANSWERS.labels(method, found.outcome.value).inc()
        if found.moved_to is not None and told.get("chat_id") != found.moved_to:
            told["chat_id"] = found.moved_to
        elif found.again is not None and found.again not in tried:
            tried.add(found.again)
            method, told = _otherwise(found.again, method, told)
        elif found.code is Code.UNAUTHORISED:
            log.warning("answer_unauthorised", method=method, hint="Look at BOT_TOKEN.")
            return REFUSED_S
        elif found.outcome is Outcome.RETRY:
            return await _later(found)
        else:
            _note(method, found)
            return None


async def _paced(method: str, told: Call) -> float | None:
    """Waits for a place that is near; returns the seconds where it is not."""
    if not PACED.match(method):
        return None
    chat = int(told["chat_id"])
    want = Want(f"bot:{chat}", Channel.TELEGRAM, HOST, chat, chat < 0, URGENT)
    while True:
        now_ms = clock.now_ms()
        (go,) = await pacing.admit([want], now_ms)
        if go.at_ms == 0:
            return None
        if go.at_ms > now_ms + NEAR_MS:
            return (go.at_ms - now_ms) / 1000
        await asyncio.sleep((go.at_ms - now_ms) / 1000)


async def _later(found: Verdict) -> float:
    if found.pause_s is not None:
        await pacing.pause(Channel.TELEGRAM, HOST, found.pause_s)
    return max(found.pause_s or 0.0, found.retry_after_s or 0.0, NETWORK_S)


def _otherwise(way: Again, method: str, told: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    if way is Again.ANEW:
        told.pop("message_id", None)
        return "sendMessage", told
    if way is Again.CAPTION:
        told["caption"] = told.pop("text", "")
        return "editMessageCaption", told
    if way is Again.BARE:
        told.pop("reply_markup", None)
    elif way is Again.GENERAL:
        told.pop("message_thread_id", None)
    else:
        told.pop("parse_mode", None)
        field_ = "caption" if "caption" in told else "text"
        told[field_] = plain(str(told.get(field_, "")))
    return method, told


def _note(method: str, found: Verdict) -> None:
    if found.outcome is not Outcome.SENT:
        log.info("answer_refused", method=method, code=found.code, detail=found.detail)
