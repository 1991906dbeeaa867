"""/admin_users: the staff looks somebody up and decides about his tier, beta, state, sessions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from accounts import crowds, people, permissions, ranks, sessions, tiers, usage
from accounts.models import User
from accounts.permissions import Permission
from accounts.standing import effective_tier, known
from arbedge.errors import BadInput, Forbidden
from arbedge.names import AccountState, Door, Tier
from notifications.bot import grammar, planning, registry
from notifications.bot.asks import Ask
from notifications.bot.grammar import Arg
from notifications.bot.registry import Command, Section
from notifications.bot.replies import Button, Reply, rows
from notifications.bot.staff import people_found

FOR_GOOD: Final = "forever"
BETA_DAYS: Final = 90
TIER_DAYS: Final = 30
MOST_DAYS: Final = 3_650
# What is kept, and what the person may read, in the operator's place.
REASONS: Final = {
    "abuse": "abuse of the service", "wish": "wish of the person", "review": "under review",
}  # fmt: skip
NO_REASON: Final = "given in Telegram"


def admin_users(ask: Ask) -> Reply:
    """Shows somebody, or does something to him once the operator has said yes."""
    found = people_found.found(ask.args["who"])
    if len(found) > 1:
        return _which(ask, found)
    [person] = found
    if not ask.args["deed"]:
        return _shown(ask, person)
    return _decide(ask, person, DEEDS[ask.args["deed"]], ask.args["more"] or "")


# Showing


def _which(ask: Ask, found: list[User]) -> Reply:
    buttons = [Button(f"#{one.pk} {one.name}"[:40], f"admin_users #{one.pk}") for one in found]
    return Reply(ask.say("admin.admin_users.several"), rows(buttons))


def _shown(ask: Ask, person: User, first: str = "") -> Reply:
    lines = [*([first, ""] if first else []), *_facts(ask, person)]
    buttons = _buttons(ask, person)
    if buttons:
        lines += ["", ask.say("admin.admin_users.more", number=person.pk)]
    return Reply("\n".join(lines), rows(buttons))


def _facts(ask: Ask, person: User) -> Iterator[str]:
    style, who = ask.style(), known(person.pk)
    say = _of(ask)
    yield say("title_of", number=person.pk, name=_called(person))
    yield say(
        "telegram_name" if person.telegram_name else "telegram",
        id=person.telegram_id or style.unknown, name=person.telegram_name,
    )  # fmt: skip
    if person.email:
        yield say("email", email=person.email)
    yield say("state", state=ask.say(f"admin.states.{person.state}"),
              role=ask.say(f"admin.roles.{person.role}"))  # fmt: skip
    if person.state != AccountState.ACTIVE and person.state_reason:
        yield say("reason", reason=person.state_reason)
    until = style.when(person.tier_until, ask.now) if person.tier_until else ""
    yield say("tier_until" if until else "tier", until=until,
              tier=effective_tier(who, ask.now).capitalize())  # fmt: skip
    if person.beta_until and person.beta_until > ask.now:
        yield say("beta_until", until=style.when(person.beta_until, ask.now))
    held = list(sessions.active(person.pk, ask.now))
    if held:
        yield say("sessions", number=len(held), seen=style.when(held[0].seen_at, ask.now))
    else:
        yield say("no_session")
    yield from _used(ask, person)
    yield say("joined", when=style.moment(person.date_joined), language=person.language,
              zone=person.time_zone, country=person.country or style.unknown)  # fmt: skip


def _called(person: User) -> str:
    return person.name or person.telegram_name or person.username


def _used(ask: Ask, person: User) -> Iterator[str]:
    allowance = tiers.of(known(person.pk), now=ask.now)
    for line in usage.lines(person.pk, allowance, ask.now):
        if line.used is not None:
            title = ask.say(f"account.limits.{line.name}")
            limit = ask.say("account.no_cap") if line.limit is None else line.limit
            used = ask.say("account.used_of", used=line.used, limit=limit)
            yield ask.say("account.line", title=title, used=used)


def _buttons(ask: Ask, person: User) -> list[Button]:
    """What this operator may do to this person now."""
    if not ask.holds(Permission.USERS_MANAGE):
        return []
    made = []
    for deed in DEEDS.values():
        if deed.line and deed.wanted(person) and deed.refused(ask.user, person) is None:
            label = ask.say(f"admin.admin_users.buttons.{deed.name}", **(deed.shown or {}))
            made.append(Button(label, f"admin_users #{person.pk} {deed.line}"))
    return made


# Deciding


@dataclass(frozen=True)
class Deed:
    """One thing that can be done: how its words are read, who may not, what does it.

    `line` is what its button says after the person, `shown` what the button's label tells.
    """

    name: str
    read: Callable[[str], Mapping[str, Any]]
    does: Callable[[Ask, User, Mapping[str, Any]], object]
    line: str = ""
    shown: Mapping[str, Any] | None = None
    to_oneself: bool = False
    wanted: Callable[[User], bool] = lambda _: True

    def refused(self, by: User, person: User) -> ranks.Refusal | None:
        """Why this operator may not, None where he may."""
        rule = ranks.not_above if self.to_oneself else ranks.below
        return rule(by, [person.pk])


def _decide(ask: Ask, person: User, deed: Deed, words: str) -> Reply:
    """Asks with the consequence, then does it; who may not is told before he is asked."""
    assert ask.standing is not None
    permissions.need(ask.standing, Permission.USERS_MANAGE, now=ask.now)
    refusal = deed.refused(ask.user, person)
    if refusal is not None:
        raise Forbidden(refusal.words, code=refusal.why.value)
    if deed.name in _NEED_A_REASON and not words.strip():
        return _why(ask, person, deed)
    given = deed.read(words.strip())
    told = {**given, "name": _called(person), "number": person.pk}
    told |= {"for": _span(ask, given)} if "days" in given else {}
    told |= {"tier": given["tier"].capitalize()} if "tier" in given else {}
    if not ask.confirmed:
        text = ask.say(f"admin.admin_users.ask.{deed.name}", **told)
        line = f"admin_users #{person.pk} {deed.name} {words.strip()}".strip()
        return Reply(text, planning.asked(ask, line))
    deed.does(ask, person, given)
    person.refresh_from_db()
    return _shown(ask, person, ask.say(f"admin.admin_users.done.{deed.name}", **told))


def _why(ask: Ask, person: User, deed: Deed) -> Reply:
    buttons = [
        Button(ask.say(f"admin.reasons.{one}"),
               f"admin_users #{person.pk} {deed.name} {reason}")
        for one, reason in REASONS.items()
    ]  # fmt: skip
    text = ask.say("admin.admin_users.why", line=f"admin_users #{person.pk} {deed.name}")
    return Reply(text, rows(buttons, 1))


def _span(ask: Ask, given: Mapping[str, Any]) -> str:
    days = given["days"]
    return ask.say("admin.for_good") if days is None else ask.style().span(days * 86_400)


def _of(ask: Ask) -> Callable[..., str]:
    return lambda key, **values: ask.say(f"admin.admin_users.{key}", **values)


# The words of each deed


def _tier(words: str) -> dict[str, Any]:
    """`premium 30`, `premium forever`, `free`."""
    name, _, rest = words.partition(" ")
    tier = Tier(grammar.one_of(*Tier)(name or "?"))
    if rest.strip().lower() == FOR_GOOD or (tier is Tier.FREE and not rest.strip()):
        return {"tier": tier, "days": None}
    if not rest.strip():
        text = f"For how many days? Or {FOR_GOOD}."
        raise BadInput(text, code="missing_days", field="days", limit=MOST_DAYS)
    return {"tier": tier, "days": grammar.whole(1, MOST_DAYS)(rest.strip())}


def _beta(words: str) -> dict[str, Any]:
    return {"days": grammar.whole(1, MOST_DAYS)(words or str(BETA_DAYS))}


def _reason(words: str) -> dict[str, Any]:
    return {"reason": words or NO_REASON}


# What each deed does


def _ends(ask: Ask, days: int | None) -> datetime | None:
    return None if days is None else ask.now + timedelta(days=days)


def _give_tier(ask: Ask, person: User, given: Mapping[str, Any]) -> object:
    return crowds.grant(
        [person.pk], given["tier"], ends_at=_ends(ask, given["days"]), by=ask.user,
        door=Door.TELEGRAM, note=NO_REASON, price_usd=Decimal(0), now=ask.now,
    )  # fmt: skip


def _give_beta(ask: Ask, person: User, given: Mapping[str, Any]) -> object:
    until = _ends(ask, given["days"])
    assert until is not None
    return crowds.grant_beta(
        [person.pk], until, by=ask.user, door=Door.TELEGRAM, note=NO_REASON, now=ask.now
    )


def _end_sessions(ask: Ask, person: User, given: Mapping[str, Any]) -> object:
    return crowds.end_sessions(
        [person.pk], by=ask.user, door=Door.TELEGRAM, reason=given["reason"], now=ask.now
    )


def _to_state(state: AccountState) -> Callable[[Ask, User, Mapping[str, Any]], object]:
    def does(ask: Ask, person: User, given: Mapping[str, Any]) -> object:
        return people.set_state(
            [person.pk], state, given["reason"], door=Door.TELEGRAM, by=ask.user
        )

    return does


def _active(person: User) -> bool:
    return person.state == AccountState.ACTIVE


_NEED_A_REASON: Final = frozenset({"suspend", "ban"})
DEEDS: Final[Mapping[str, Deed]] = {
    one.name: one
    for one in (
        Deed("tier", _tier, _give_tier, f"tier {Tier.PREMIUM} {TIER_DAYS}",
             {"tier": Tier.PREMIUM.capitalize(), "days": TIER_DAYS}, to_oneself=True),
        Deed("beta", _beta, _give_beta, f"beta {BETA_DAYS}", {"days": BETA_DAYS}, to_oneself=True),
        Deed("suspend", _reason, _to_state(AccountState.SUSPENDED), "suspend", wanted=_active),
        Deed("ban", _reason, _to_state(AccountState.BANNED)),
        Deed("reinstate", _reason, _to_state(AccountState.ACTIVE), "reinstate",
             wanted=lambda person: not _active(person)),
        Deed("end", _reason, _end_sessions, "end"),
    )
}  # fmt: skip

registry.add(
    Command("admin_users", admin_users, topic="admin", section=Section.ADMIN,
            permission=Permission.SYSTEM_VIEW,
            args=(Arg("who", grammar.text, shown="ID|@NAME|E-MAIL"),
                  Arg("deed", grammar.one_of(*DEEDS), optional=True, shown="ACTION"),
                  Arg("more", grammar.text, optional=True, rest=True, shown="…"))),
)  # fmt: skip
