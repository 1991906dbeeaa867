"""/admin_stats and /admin_config: how everything does, and the settings that are changed here."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from django.db.models import Count, Max

from accounts import engagement
from accounts.permissions import Permission
from arbedge.writing import THIN
from notifications import channel_health
from notifications.bot import grammar, planning, registry
from notifications.bot.asks import Ask
from notifications.bot.grammar import Arg
from notifications.bot.registry import Command, Section
from notifications.bot.replies import Button, Reply, fitting, in_rows, rows
from notifications.bot.staff import configured, load, told_us
from notifications.bot.staff.configured import DEFAULT, UNCAPPED, Setting
from notifications.models import Delivery, DeliveryLog
from notifications.names import DeliveryState
from opportunities.models import Opportunity, ScanRecord

DAY: Final = timedelta(days=1)
COUNTED: Final = 10_000
_FAILED: Final = (DeliveryState.FAILED, DeliveryState.DEAD)


def admin_stats(ask: Ask) -> Reply:
    """People, opportunities, messages, the bot: what the console's first page tells."""
    parts = [_people(ask), _opportunities(ask), _messages(ask), _bot(ask)]
    buttons = [Button(ask.say("account.refresh"), "admin_stats"), Button("/venues", "venues"),
               Button("/queue", "queue")]  # fmt: skip
    return Reply("\n\n".join("\n".join(part) for part in parts), rows(buttons, 3))


def _people(ask: Ask) -> Iterator[str]:
    active, plain = engagement.active(ask.now), ask.style().plain
    new = engagement.new(ask.now - DAY, ask.now)
    yield ask.say("admin.admin_stats.people", now=plain(active.now), day=plain(active.day),
                  week=plain(active.week))  # fmt: skip
    yield ask.say("admin.admin_stats.new", people=plain(new.people), sessions=plain(new.sessions))
    unread = told_us.unread()
    if unread:
        yield ask.say("admin.admin_stats.feedback", number=plain(unread))


def _opportunities(ask: Ask) -> Iterator[str]:
    style = ask.style()
    live = Opportunity.objects.filter(live_key__isnull=False).count()
    opened = (
        Opportunity.objects.filter(opened_at__gte=ask.now - DAY).values("kind")
        .annotate(number=Count("pk")).order_by("kind")
    )  # fmt: skip
    kinds = ", ".join(f"{style.plain(row['number'])} {ask.say('account.kinds.' + row['kind'])}"
                      for row in opened)  # fmt: skip
    yield ask.say("admin.admin_stats.live", number=style.plain(live))
    yield ask.say("admin.admin_stats.opened", kinds=kinds or ask.say("admin.nothing"))
    last: datetime | None = ScanRecord.objects.aggregate(at=Max("as_of"))["at"]
    if last is None:
        yield ask.say("admin.admin_stats.no_scan")
    else:
        yield ask.say("admin.admin_stats.scan", when=style.when(last.astimezone(UTC), ask.now))


def _messages(ask: Ask) -> Iterator[str]:
    style, since = ask.style(), ask.now - DAY
    failed = sum(
        table.objects.filter(state__in=_FAILED, settled_at__gte=since)
        .values("pk")[:COUNTED]
        .count()
        for table in (Delivery, DeliveryLog)
    )
    yield ask.say("admin.admin_stats.messages", arrived=style.plain(channel_health.arrived(since)),
                  failed=style.plain(failed))  # fmt: skip
    waiting = sum(one.waiting for one in channel_health.report(ask.now))
    age_s = channel_health.queue_age_s(ask.now)
    if waiting:
        age = style.span(age_s or 0)
        yield ask.say("admin.admin_stats.waits", number=style.plain(waiting), age=age)
    else:
        yield ask.say("admin.admin_stats.waiting")
    dead = channel_health.dead_letters()
    if dead:
        yield ask.say("admin.admin_stats.dead", number=style.plain(dead))


def _bot(ask: Ask) -> Iterator[str]:
    found, style = load.load(ask.now), ask.style()
    yield ask.say("admin.admin_stats.bot", answered=style.plain(found.answered),
                  waiting=style.plain(found.waiting), failed=style.plain(found.failed))  # fmt: skip
    if found.took_ms is not None:
        yield ask.say("admin.admin_stats.took", ms=style.plain(round(found.took_ms)))


# /admin_config


def admin_config(ask: Ask) -> Reply:
    """Shows what operators set, shows one setting, or changes it after a yes."""
    name, typed = ask.args["name"], ask.args["value"]
    if not name:
        return _changed(ask)
    setting = configured.find(name.lower())
    if not typed:
        return Reply(_one(ask, setting))
    wanted = setting.read(typed)
    configured.refuse_same(setting, wanted)
    told = {
        "name": setting.name,
        "before": _shown(ask, setting, setting.value),
        "after": _shown(ask, setting, setting.default if wanted is None else wanted),
    }
    if not ask.confirmed:
        line = f"admin_config {setting.name} {DEFAULT if wanted is None else wanted}"
        text = ask.say("admin.admin_config.sure", **told)
        return Reply(text, planning.asked(ask, line))
    setting.write(wanted, ask.user)
    undo = fitting(ask.say("admin.undo"), "admin_config", setting.name, setting.back)
    return Reply(ask.say("admin.admin_config.done", **told), in_rows(undo))


def _changed(ask: Ask) -> Reply:
    lines = [ask.say("admin.admin_config.changed")]
    for one in configured.changed():
        default = _shown(ask, one, one.default)
        key = "own" if one.own else "plain"
        lines.append(ask.say(f"admin.admin_config.{key}", name=one.name, default=default,
                             value=_shown(ask, one, one.value)))  # fmt: skip
    return Reply("\n".join([*lines, "", ask.say("admin.admin_config.how")]))


def _one(ask: Ask, one: Setting) -> str:
    lines = [
        ask.say("admin.admin_config.own" if one.own else "admin.admin_config.plain", name=one.name,
                value=_shown(ask, one, one.value), default=_shown(ask, one, one.default)),
        ask.say("admin.admin_config.note", note=one.note),
    ]  # fmt: skip
    if one.bounds is not None:
        low, high = (_number(ask, one.unit, bound) for bound in one.bounds)
        lines.append(ask.say("admin.admin_config.bounds", low=low, high=high))
    if one.choices:
        lines.append(ask.say("admin.admin_config.choices", choices=", ".join(one.choices)))
    lines.append(ask.say("admin.admin_config.change", name=one.name, value=one.value))
    return "\n".join(lines)


def _shown(ask: Ask, one: Setting, typed: str) -> str:
    if one.choices:
        return typed
    return ask.say("account.no_cap") if typed == UNCAPPED else _number(ask, one.unit, float(typed))


def _number(ask: Ask, unit: str, value: float) -> str:
    """A figure with its unit: 0.15 %, 30 s, $1,000."""
    plain = ask.style().plain
    if value == float("inf"):
        return ask.say("account.no_cap")
    if unit == "fraction":
        return f"{plain(round(value * 100, 10))}{THIN}%"
    if unit in ("usd", "USD"):
        return f"${plain(value)}"
    return f"{plain(value)}{THIN}{unit}" if unit in ("s", "h") else plain(value)


registry.add(
    Command("admin_stats", admin_stats, topic="admin", section=Section.ADMIN,
            permission=Permission.SYSTEM_VIEW),
    Command("admin_config", admin_config, topic="admin", section=Section.ADMIN,
            permission=Permission.SYSTEM_CONFIGURE,
            args=(Arg("name", grammar.text, optional=True, shown="NAME"),
                  Arg("value", grammar.text, optional=True, rest=True, shown="VALUE"))),
)  # fmt: skip
