"""From an update to its answer: who asks, whether he may, what is done, and once only.

Effects of a command and the calls that answer it are written in one transaction, so that an update
that is handled again after a crash finds all of it done or nothing. Commands that talk to others
run in no transaction and bear to be repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import structlog
from django.db import InterfaceError, OperationalError, transaction
from django.views.decorators.debug import sensitive_variables
from prometheus_client import Counter

from accounts import sessions
from arbedge import limits
from arbedge.errors import ArbEdgeError, TooMany
from notifications import clicks
from notifications.bot import asking, hearing, loading, planning, render
from notifications.bot.asks import Ask
from notifications.bot.groups import member_updates, membership
from notifications.bot.hearing import Heard
from notifications.bot.planning import Plan
from notifications.bot.render import Call, Target
from notifications.bot.replies import Reply
from notifications.writing import message_links

COMMANDS_RATE: Final = "10/minute"
PRESSES_RATE: Final = "60/minute"
GROUP_RATE: Final = "20/minute"  # of all who ask in it: Telegram lets no more answers through
WARNINGS_RATE: Final = "1/minute"
HANDLED: Final = Counter("arbedge_bot_handled", "Updates by what was asked.", ["what", "outcome"])

Keep = Callable[[list[Call]], None]
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Done:
    """What became of a plan; `unkept` are the calls of an answer that changed nothing."""

    reply: Reply | None
    outcome: str
    unkept: list[Call] = field(default_factory=list)


@sensitive_variables("update", "heard")
def handle(update: Mapping[str, Any], now: datetime, keep: Keep) -> list[Call]:
    """Does what an update asks for and gives the calls that answer it to `keep`, once.

    `keep` is called within the transaction of the effects. Where there are none it is not called:
    then the calls are returned, and handling the update again does no harm. Raises
    OperationalError and InterfaceError, where the database is gone and the update is to be handled
    again; nothing else.
    """
    loading.load()
    try:
        moved = member_updates.read(update) is not None and _moved(update, now, keep)
        heard = None if moved else hearing.heard(update)
    except (OperationalError, InterfaceError):
        raise
    except ArbEdgeError as error:
        _unread(error.code, keep)
        return []
    except Exception:
        log.exception("update_failed", update_id=update.get("update_id"))
        _unread("failed", keep)
        return []
    if moved:
        HANDLED.labels("membership", "done").inc()
    elif heard is None:
        HANDLED.labels("nothing", "ignored").inc()
        keep([])
    else:
        return _asked(heard, now, keep)
    return []


def _moved(update: Mapping[str, Any], now: datetime, keep: Keep) -> bool:
    """Whether the update was about who is where; then its answer is kept with what it changed."""
    with transaction.atomic():
        calls = membership.happened(update, now)
        if calls is not None:
            keep(calls)
    return calls is not None


def _unread(code: str, keep: Keep) -> None:
    HANDLED.labels("update", code).inc()
    keep([])


@sensitive_variables("ask", "heard", "plan", "first", "done")
def _asked(heard: Heard, now: datetime, keep: Keep) -> list[Call]:
    """One thing somebody said or pressed. Returns as `handle`."""
    ask = asking.ask(heard, now)
    plan: Plan | None = None
    try:
        _within_limits(ask, heard)
        plan = planning.plan(ask, heard)
        if plan is None:
            keep(render.calls(_target(ask, heard), None))
            return []
        first = planning.forget_message(ask) if plan.forgets else []
        done = _done(plan, ask, heard, lambda calls: keep([*first, *calls]))
    except (OperationalError, InterfaceError):
        raise
    except ArbEdgeError as error:
        done = _Done(_problem(ask, error), error.code)
        keep(_calls(ask, heard, done.reply))
    except Exception:
        log.exception("command_failed", what=plan.what if plan else "")
        done = _Done(Reply(ask.say("errors.internal"), new=True), "failed")
        keep(_calls(ask, heard, done.reply))
    HANDLED.labels(plan.what if plan else "unknown", done.outcome).inc()
    _touch(ask, plan)
    _count(ask, heard, plan)
    return done.unkept


def _done(plan: Plan, ask: Ask, heard: Heard, keep: Keep) -> _Done:
    if plan.reads:
        reply = plan.run()
        calls = _calls(ask, heard, reply)
        if not calls:
            keep(calls)
        return _Done(reply, "done", calls)
    if plan.outside:
        reply = plan.run()
        with transaction.atomic():
            plan.finish()
            keep(_calls(ask, heard, reply))
    else:
        with transaction.atomic():
            reply = plan.run()
            plan.finish()
            keep(_calls(ask, heard, reply))
    return _Done(reply, "done")


def _within_limits(ask: Ask, heard: Heard) -> None:
    """Raises TooMany, with words once a minute and without them after that. A secret is taken out
    of the chat whatever the limits say."""
    if not heard.private and not heard.line:
        return
    try:
        _count_in(ask, heard)
    except TooMany:
        if heard.private and not heard.line and planning.holds_secret(ask):
            planning.forget_message(ask)
        raise


def _count_in(ask: Ask, heard: Heard) -> None:
    who = str(ask.sender.telegram_id)
    typed = bool(heard.line) and not heard.callback_id
    name, rate = ("bot", COMMANDS_RATE) if typed else ("bot-presses", PRESSES_RATE)
    _allow(name, who, rate, "flood")
    if typed and not heard.private:
        _allow("bot-groups", str(heard.chat_id), GROUP_RATE, "group_flood")


def _allow(name: str, who: str, rate: str, code: str) -> None:
    found = limits.allow(name, who, rate, when_gone=True)
    if found.ok:
        return
    told = limits.allow("bot-warnings", who, WARNINGS_RATE, when_gone=True).ok
    raise TooMany(
        "That was quick. Wait a moment.", code=code if told else "flood_again",
        retry_after_s=found.retry_after_s,
    )  # fmt: skip


def _problem(ask: Ask, error: ArbEdgeError) -> Reply | None:
    """What went wrong and what to do next; wrong arguments are answered with the usage."""
    if error.code == "flood_again":
        return None
    text = ask.problem(error)
    if ask.pressed:
        return Reply(toast=render.toast(text), alert=True)
    if usage := error.details.get("usage"):
        text = f"{text}\n\n{ask.say('errors.usage', usage=usage)}"
    return Reply(text)


def _calls(ask: Ask, heard: Heard, reply: Reply | None) -> list[Call]:
    reader = _reader(ask, heard)
    return render.calls(_target(ask, heard), reply, lambda button: planning.usable(reader, button))


def _reader(ask: Ask, heard: Heard) -> Ask:
    """Who reads the answer: whoever had no session when he asked may have one now."""
    held = ask.standing
    known = ask.person is not None and held is not None and held.has_session(ask.now)
    return ask if known or not ask.place.private else asking.ask(heard, ask.now)


def _target(ask: Ask, heard: Heard) -> Target:
    stays = heard.anew or heard.has_picture
    return Target(
        heard.chat_id,
        ask.language,
        heard.thread_id,
        edits=0 if stays or not heard.callback_id else heard.message_id,
        answers=0 if heard.private or heard.callback_id else heard.message_id,
        callback_id=heard.callback_id,
    )


def _touch(ask: Ask, plan: Plan | None) -> None:
    """Whatever somebody does keeps his session alive."""
    held = ask.standing
    if plan is None or ask.person is None or held is None or not ask.place.private:
        return
    if held.session_id is not None and held.has_session(ask.now):
        sessions.touch(ask.person.pk, held.session_id, plan.what, ask.now)


def _count(ask: Ask, heard: Heard, plan: Plan | None) -> None:
    """A button of a message that was sent counts as its links do."""
    if heard.delivery_id and ask.person is not None and plan is not None:
        action = message_links.ASKED_BY.get(plan.what, plan.what)
        clicks.count_press(ask.person.pk, heard.delivery_id, action, ask.now)
