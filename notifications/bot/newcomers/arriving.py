"""Coming in: /start makes somebody known, redeems what he brought, and begins his session."""

from __future__ import annotations

from dataclasses import replace

from django.db import transaction

from accounts import arrivals, redeeming, sessions, standing
from accounts.arrivals import Arrived, Proof
from arbedge.errors import ArbEdgeError
from arbedge.names import Door
from notifications.bot import planning, registry
from notifications.bot.asks import Ask
from notifications.bot.groups import joins, membership
from notifications.bot.groups.joins import Start
from notifications.bot.newcomers import onboarding
from notifications.bot.replies import Button, Reply, html, rows

WAYS: tuple[str, ...] = ("opportunities", "market", "settings", "help")


def start(ask: Ask) -> Reply:
    """Begins the session, which is the consent. Somebody new is made known and led on; somebody
    who came by a link reads what it is about."""
    payload = ask.args["code"] or ""
    came_for = joins.read(payload, ask.now)
    proof = Proof(
        telegram_id=ask.sender.telegram_id, name=ask.sender.name, username=ask.sender.username
    )
    needed = arrivals.needs_code(proof)
    if needed and not came_for.code:
        joins.keep(ask.sender.telegram_id, payload)
        return onboarding.code_needed(ask)
    by = joins.kept(ask.sender.telegram_id, ask.now) if needed else came_for
    came = arrivals.arrive(
        proof, now=ask.now, code=came_for.code, referral=by.referral,
        language=ask.sender.language, door=Door.TELEGRAM,
    )  # fmt: skip
    return _arrived(ask, came, by, _invited(ask, came, "" if needed else came_for.code))


def _invited(ask: Ask, came: Arrived, code: str) -> str:
    """What became of a code that was brought and not asked for, "" where there was none."""
    if came.refused is not None:
        return ask.say("first.start.referral_not", reason=html(ask.problem(came.refused)))
    if not code:
        return ""
    try:
        with transaction.atomic():
            found = redeeming.redeem(came.user, code, Door.TELEGRAM, now=ask.now)
    except ArbEdgeError as error:
        return ask.say("first.start.invitation_not", reason=html(ask.problem(error)))
    if found.beta_until is None:
        return ""
    return ask.say("first.start.invited", until=ask.style().moment(found.beta_until))


def _arrived(ask: Ask, came: Arrived, came_for: Start, note: str) -> Reply:
    begun = sessions.start(came.user, Door.TELEGRAM, ask.now)
    known = replace(ask, person=came.user, standing=standing.known(came.user.pk))
    joins.counted(came.user, came_for, ask.now)
    led_on = onboarding.begin(known) if came.is_new else onboarding.resume(known)
    reply = led_on or _welcome_back(known, is_new=begun.is_new)
    others = [Reply(note)] if note else []
    if came_for.opportunity_id is not None:
        others.append(_opportunity(known, came_for.opportunity_id))
    if came_for.registers is not None:
        others.append(membership.registered(known, came_for.registers))
    return reply.then(*others)


def _welcome_back(ask: Ask, *, is_new: bool) -> Reply:
    key = "first.start.begun" if is_new else "first.start.goes_on"
    buttons = [Button(ask.say(f"first.ways.{name}"), name) for name in WAYS]
    return Reply(ask.say(key, name=ask.user.get_short_name()), rows(buttons))


def _opportunity(ask: Ask, opportunity_id: int) -> Reply:
    """The opportunity, or why the reader may not see it."""
    command = registry.find("opportunity")
    assert command is not None
    try:
        return planning.of_command(ask, command, str(opportunity_id)).run()
    except ArbEdgeError as error:
        return Reply(ask.problem(error))
