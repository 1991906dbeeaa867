"""/alerts and /watch: what a person wants to be told of, set, paused, changed and removed."""

from __future__ import annotations

from typing import Final

from django.conf import settings

from accounts.permissions import Permission
from notifications.alerts import triggers
from notifications.alerts.trigger_rules import Unit
from notifications.bot import grammar, registry
from notifications.bot.alerts import alert_lines, alert_making, levels
from notifications.bot.asks import Ask
from notifications.bot.grammar import Arg
from notifications.bot.registry import Command, Section
from notifications.bot.replies import Button, Reply, fitting, in_rows, rows, turns
from notifications.models import AlertTrigger
from notifications.names import TriggerKind
from opportunities import stored_policy
from opportunities.board import KINDS

PER_PAGE: Final = 6
OFFERED_NETS: Final = ("0.3", "0.5", "1")
LONGEST_LEVEL: Final = 32
NONE: Final = "-"


def alerts(ask: Ask) -> Reply:
    """The person's alerts; with a kind sets one, asking for what is missing."""
    if ask.args["kind"] is None:
        return _list(ask, 1)
    kind = TriggerKind(ask.args["kind"])
    if ask.args["subject"] is None:
        return alert_making.begin(ask, kind)
    return alert_making.one_line(ask, kind, ask.args["subject"], ask.args["rest"] or "")


def page(ask: Ask) -> Reply:
    """A page of the person's alerts."""
    return _list(ask, ask.args["page"])


def new(ask: Ask) -> Reply:
    """Asks what kind of alert it is to be."""
    kinds = [Button(alert_lines.kind_title(ask, kind), f"alerts {kind.value}")
             for kind, _ in triggers.choices(ask.user.pk)]  # fmt: skip
    back = Button(ask.say("alerts.back"), "alerts")
    return Reply(ask.say("alerts.ask_kind"), (*rows(kinds, 1), (back,)))


def shown(ask: Ask) -> Reply:
    """One alert with what can be done about it."""
    return _one(ask, triggers.one(ask.user.pk, ask.args["id"]))


def switch(ask: Ask) -> Reply:
    """Pauses an alert or lets it go on."""
    on = ask.args["way"] == "on"
    return _one(ask, triggers.switch(ask.user.pk, ask.args["id"], active=on))


def remove(ask: Ask) -> Reply:
    """Deletes an alert; it can be set again by a press."""
    row = triggers.one(ask.user.pk, ask.args["id"])
    told = ask.say("alerts.removed", what=alert_lines.sentence(ask, row))
    triggers.remove(ask.user.pk, row.pk)
    again = fitting(ask.say("alerts.again"), *_words_of(row))
    return Reply(told, rows([*again, Button(ask.say("alerts.all"), "alerts")]))


def again(ask: Ask) -> Reply:
    """Sets an alert again that was just deleted."""
    wanted = {name: "" if ask.args[name] in {None, NONE} else ask.args[name]
              for name in ("kind", "subject", "venue", "label")}  # fmt: skip
    return alert_making.made(ask, alert_making.add(ask, {**wanted, "level": ask.args["level"]}))


def watch(ask: Ask) -> Reply:
    """Watches a coin for what pays at least so much net; without a coin lists what is watched."""
    if ask.args["coin"] is None:
        return _watched(ask)
    said = ask.args["net"]
    level = _usual_net(ask) if said is None else _net(ask, said)
    given = {"kind": TriggerKind.NET_ABOVE.value, "subject": ask.args["coin"], "level": level}
    held = [one for one in _watches(ask) if one.subject == ask.args["coin"]]
    if len(held) == 1:
        row = held[0]
        row = row if row.level == level else alert_making.change(ask, row, level=level)
        row = row if row.active else triggers.switch(ask.user.pk, row.pk, active=True)
    else:
        row = alert_making.add(ask, given)
    return _now_watched(ask, row)


def _list(ask: Ask, number: int) -> Reply:
    held = triggers.own(ask.user.pk)
    add = Button(ask.say("alerts.new"), "alert_new")
    if not held:
        return Reply(ask.say("alerts.none"), ((add,),))
    last = -(-len(held) // PER_PAGE)
    number = min(number, last)
    first = (number - 1) * PER_PAGE
    some = list(enumerate(held, 1))[first : first + PER_PAGE]
    lines = [_line(ask, place, row) for place, row in some]
    title = ask.say("alerts.title", count=len(held), most=settings.ALERTS_PER_PERSON)
    buttons = [Button(str(place), f"alert {row.pk}") for place, row in some]
    text = "\n\n".join([title, *lines, ask.say("alerts.how_often")])
    return Reply(text, in_rows(*rows(buttons, 6), turns(number, last, "alert_page"), [add]))


def _line(ask: Ask, place: int, row: AlertTrigger) -> str:
    return ask.say(
        "alerts.line", place=place, what=alert_lines.sentence(ask, row),
        state=alert_lines.standing(ask, row, ask.now),
    )  # fmt: skip


def _one(ask: Ask, row: AlertTrigger) -> Reply:
    parts = [ask.say("alerts.one", what=alert_lines.sentence(ask, row)),
             alert_lines.standing(ask, row, ask.now)]  # fmt: skip
    if row.label:
        parts.append(ask.say("alerts.note", note=row.label))
    if row.fired_at is not None:
        parts.append(ask.say("alerts.told_last", at=ask.style().when(row.fired_at, ask.now)))
    way, key = ("off", "pause") if row.active else ("on", "go_on")
    buttons = (Button(ask.say(f"alerts.{key}"), f"alert_switch {row.pk} {way}"),
               Button(ask.say("alerts.remove"), f"alert_remove {row.pk}"),
               Button(ask.say("alerts.add_note"), f"alert_note {row.pk}"),
               Button(ask.say("alerts.back"), "alerts"))  # fmt: skip
    return Reply("\n".join(parts), rows(buttons))


def _words_of(row: AlertTrigger) -> list[str]:
    """The line that sets this alert again; the figure is written for programs."""
    level = NONE if row.level is None else repr(row.level)
    return ["alert_again", row.kind, row.subject, level, row.venue or NONE, *row.label.split()]


def _watches(ask: Ask) -> list[AlertTrigger]:
    held = triggers.own(ask.user.pk)
    return [one for one in held if one.kind == TriggerKind.NET_ABOVE.value]


def _watched(ask: Ask) -> Reply:
    held = _watches(ask)
    if not held:
        return Reply(ask.say("alerts.watch_none"))
    title = ask.say("alerts.watch_title", count=len(held))
    lines = [_line(ask, place, row) for place, row in enumerate(held[:PER_PAGE], 1)]
    if len(held) > PER_PAGE:
        lines.append(ask.say("alerts.watch_more"))
    buttons = [Button(ask.say("alerts.unwatch", coin=one.subject), f"alert_remove {one.pk}")
               for one in held[:PER_PAGE]]  # fmt: skip
    return Reply("\n\n".join([title, *lines]), rows(buttons))


def _now_watched(ask: Ask, row: AlertTrigger) -> Reply:
    style = ask.style()
    hours = style.hours(ask.preferences().horizon_hours)
    level = levels.shown(row, style)
    text = ask.say("alerts.watching", coin=row.subject, level=level, hours=hours)
    nets = [
        button for one in OFFERED_NETS
        for button in fitting(levels.written(float(one) / 100, Unit.NET, style), "watch",
                              row.subject, f"{one}%")
    ]  # fmt: skip
    stop = Button(ask.say("alerts.unwatch", coin=row.subject), f"alert_remove {row.pk}")
    return Reply(f"{text}\n{ask.say('alerts.crossing')}", in_rows(nets, [stop]))


def _usual_net(ask: Ask) -> float:
    """The least net the person wants at all, and at least what opportunities of any kind open at:
    below it nothing is there to cross."""
    policy = stored_policy.current()
    opens_at = min(policy.value("threshold", kind) for kind in KINDS)
    return max(ask.preferences().min_net, opens_at)


def _net(ask: Ask, said: str) -> float | None:
    return levels.read(said, TriggerKind.NET_ABOVE, str(ask.style().numbers))


def _figure(word: str) -> float | None:
    return None if word == NONE else grammar.number(-1e12, 1e12)(word)


def _level(word: str) -> str:
    """A level is read with its kind, which is not known here."""
    return word[:LONGEST_LEVEL]


_KINDS: Final = grammar.one_of(*(kind.value for kind in TriggerKind))
_ID: Final = Arg("id", grammar.whole(1, 1 << 62))

registry.add(
    Command("alerts", alerts, topic="alerts", section=Section.ALERTS,
            args=(Arg("kind", _KINDS, optional=True),
                  Arg("subject", grammar.text, optional=True),
                  Arg("rest", grammar.text, optional=True, rest=True, shown="LEVEL"))),
    Command("watch", watch, topic="alerts", section=Section.ALERTS,
            args=(Arg("coin", grammar.coin, optional=True),
                  Arg("net", _level, optional=True, rest=True, shown="NET%")),
            permission=Permission.OPPORTUNITIES_VIEW),
    Command("alert", shown, topic="alerts", args=(_ID,), hidden=True),
    Command("alert_again", again, topic="alerts",
            args=(Arg("kind", _KINDS), Arg("subject", grammar.text), Arg("level", _figure),
                  Arg("venue", grammar.text), Arg("label", grammar.text, optional=True, rest=True)),
            hidden=True),
    Command("alert_page", page, topic="alerts", args=(Arg("page", grammar.whole(1, 999)),),
            hidden=True),
    Command("alert_new", new, topic="alerts", hidden=True),
    Command("alert_say", alert_making.say, topic="alerts",
            args=(Arg("text", grammar.text, rest=True),), hidden=True),
    Command("alert_note", alert_making.note, topic="alerts", args=(_ID,), hidden=True),
    Command("alert_switch", switch, topic="alerts",
            args=(_ID, Arg("way", grammar.one_of("on", "off"))), hidden=True),
    Command("alert_remove", remove, topic="alerts", args=(_ID,), hidden=True),
)  # fmt: skip
