"""/referral and /invite: one's own codes, who came by them, and what that brings."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from accounts import invitation_codes, invitations, referrals, rewards
from accounts.invitation_codes import CodeState, Shown
from accounts.models import Stage
from accounts.rewards import Figures, Place
from arbedge.errors import NotFound
from arbedge.names import Door, Tier
from notifications.bot import grammar, planning, registry
from notifications.bot.asks import Ask
from notifications.bot.grammar import Arg
from notifications.bot.registry import Command, Section
from notifications.bot.replies import Button, Reply, rows

LEADERS_OF: Final = timedelta(days=30)
LEADERS: Final = 100
SHOWN: Final = 10


def referral(ask: Ask) -> Reply:
    """The person's referral code and what came of it; with a code, that becomes his."""
    if ask.args["code"]:
        referrals.edit(ask.user, ask.args["code"], door=Door.TELEGRAM)
    code = referrals.code_of(ask.user)
    link, came = referrals.deep_link(code), rewards.figures(ask.user.pk)
    changed = [ask.say("referrals.referral.changed")] if ask.args["code"] else []
    lines = [
        *changed,
        ask.say("referrals.referral.code", code=code, link=link),
        "",
        *_stages(ask, came),
        *_place(ask),
        "",
        ask.say("referrals.referral.change"),
    ]
    spend = [
        Button(ask.say("referrals.points.button", tier=tier.capitalize()), f"points {tier}")
        for tier in rewards.POINTS_A_DAY
        if came.balance >= rewards.cost(tier, rewards.FEWEST_DAYS)
    ]
    return Reply(
        "\n".join(lines), rows([*spend, Button(ask.say("referrals.invite.make"), "invite new")])
    )


def points(ask: Ask) -> Reply:
    """Spends points for a week of a tier, once the person has said yes to its price."""
    tier, days = Tier(ask.args["tier"]), rewards.FEWEST_DAYS
    told = {"tier": tier.capitalize(), "days": days, "points": rewards.cost(tier, days)}
    if not ask.confirmed:
        text = ask.say("referrals.points.confirm", **told)
        return Reply(text, planning.asked(ask, f"points {tier}"))
    row = rewards.redeem_points(ask.user, tier, days, door=Door.TELEGRAM, now=ask.now)
    assert row.ends_at is not None
    until = ask.style().when(row.ends_at, ask.now)
    return Reply(ask.say("referrals.points.done", until=until, **told))


def _stages(ask: Ask, came: Figures) -> Iterator[str]:
    style = ask.style()
    yield ask.say("referrals.referral.stages")
    for stage in Stage:
        yield ask.say(
            f"referrals.stages.{stage.value}",
            number=style.plain(getattr(came, stage.value)), points=referrals.POINTS[stage],
        )  # fmt: skip
    yield ask.say("referrals.referral.points", earned=style.plain(came.earned),
                  balance=style.plain(came.balance))  # fmt: skip
    days = ", ".join(
        ask.say("referrals.referral.price", tier=tier.capitalize(), points=points)
        for tier, points in rewards.POINTS_A_DAY.items()
    )
    yield ask.say("referrals.referral.buys", days=days)


def _place(ask: Ask) -> Iterator[str]:
    places = rewards.leaderboard(ask.now - LEADERS_OF, LEADERS)
    mine: Place | None = next((one for one in places if one.user_id == ask.user.pk), None)
    if mine is not None:
        yield ask.say("referrals.referral.place", rank=mine.rank, points=mine.points,
                      days=LEADERS_OF.days)  # fmt: skip


def invite(ask: Ask) -> Reply:
    """The person's invitation codes; `new` makes one."""
    made = ""
    if ask.args["deed"] == "new":
        one = invitations.make_own(ask.user, door=Door.TELEGRAM, now=ask.now)
        made = ask.say("referrals.invite.made", code=one.code,
                       link=invitation_codes.deep_link(one.code))  # fmt: skip
    return _codes(ask, made)


def withdraw(ask: Ask) -> Reply:
    """Makes one of the person's codes unusable, once he has said yes to which."""
    number = ask.args["number"]
    mine = (one for one in invitation_codes.own(ask.user, ask.now) if one.invitation.pk == number)
    found = next((one for one in mine if one.state is CodeState.OPEN), None)
    if found is None:
        raise NotFound("You have no such code.", code="invitation_unknown")
    if not ask.confirmed:
        text = ask.say("referrals.invite_withdraw.confirm", code=found.code)
        return Reply(text, planning.asked(ask, f"invite_withdraw {number}"))
    invitations.revoke([number], door=Door.TELEGRAM, by=ask.user, now=ask.now)
    return _codes(ask, ask.say("referrals.invite_withdraw.done"))


def _codes(ask: Ask, first: str) -> Reply:
    codes = invitation_codes.own(ask.user, ask.now)
    waiting = [one for one in codes if one.state is CodeState.OPEN]
    used = sum(one.invitation.uses for one in codes)
    lines = [first, ""] if first else []
    lines.append(ask.say("referrals.invite.open" if waiting else "referrals.invite.none",
                         number=len(waiting), most=invitations.MOST_OPEN_OF_ONE))  # fmt: skip
    lines += [_code(ask, one) for one in waiting[:SHOWN]]
    if used:
        lines.append(ask.say("referrals.invite.came", number=used))
    buttons = [Button(ask.say("referrals.invite.make"), "invite new")] if _may_make(waiting) else []
    buttons += [
        Button(ask.say("referrals.invite.withdraw", code=one.code),
               f"invite_withdraw {one.invitation.pk}")
        for one in waiting[:SHOWN]
    ]  # fmt: skip
    return Reply("\n".join(lines), rows(buttons))


def _may_make(waiting: list[Shown]) -> bool:
    return len(waiting) < invitations.MOST_OPEN_OF_ONE


def _code(ask: Ask, one: Shown) -> str:
    until = ask.style().when(one.invitation.expires_at, ask.now)
    return ask.say("referrals.invite.line", code=one.code, link=one.link, until=until)


registry.add(
    Command("referral", referral, topic="referrals", section=Section.ACCOUNT,
            args=(Arg("code", grammar.text, optional=True),)),
    Command("points", points, topic="referrals", hidden=True,
            args=(Arg("tier", grammar.one_of(*rewards.POINTS_A_DAY)),)),
    Command("invite", invite, topic="referrals", section=Section.ACCOUNT,
            args=(Arg("deed", grammar.one_of("new"), optional=True, shown="new"),)),
    Command("invite_withdraw", withdraw, topic="referrals", hidden=True,
            args=(Arg("number", grammar.whole(1, 2**53)),)),
)  # fmt: skip
