"""Setting an alert, in one line or step by step: kind, subject, level, note."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from arbedge.errors import BadInput, NotFound
from notifications.alerts import trigger_rules, triggers
from notifications.alerts.alert_words import venue_name
from notifications.alerts.trigger_rules import RULES, About, Unit
from notifications.bot import registry, talks
from notifications.bot.alerts import alert_lines, levels
from notifications.bot.asks import Ask
from notifications.bot.registry import Conversation
from notifications.bot.replies import Button, Reply, Rows, rows
from notifications.models import AlertTrigger, Talk
from notifications.names import TriggerKind

TALK: Final = "alert"
SUBJECT, LEVEL, NOTE = "subject", "level", "note"


def begin(ask: Ask, kind: TriggerKind) -> Reply:
    """Asks what the alert is to be about."""
    talks.put(ask.user.pk, TALK, SUBJECT, ask.now, {"kind": kind.value})
    about = RULES[kind].about
    names: list[str] = []
    if about is About.VENUE:
        names = trigger_rules.venues_followed(ask.user.pk)
    elif about is About.KEY:
        names = trigger_rules.venues_with_key(ask.user.pk)
    buttons = [Button(venue_name(one), f"alert_say {one}") for one in names]
    return Reply(alert_lines.asked_subject(ask, kind), (*rows(buttons), *_leaving(ask)))


def one_line(ask: Ask, kind: TriggerKind, subject: str, rest: str) -> Reply:
    """An alert of a whole line: level, then the venue, then a note, as far as they are there."""
    rule, level, venue = RULES[kind], None, ""
    if rule.unit is not Unit.NONE:
        figure, rest = levels.first(rest)
        if not figure:
            return _with_subject(ask, kind, subject)
        level = levels.read(figure, kind, _numbers(ask))
    words = rest.split()
    if rule.at_a_venue and words and words[0].lower() in trigger_rules.watched():
        venue = words.pop(0)
    given = {"kind": kind.value, "subject": subject, "venue": venue, "level": level}
    return made(ask, add(ask, {**given, "label": " ".join(words)}))


def answer(ask: Ask, talk: Talk) -> Reply:
    """What was said to the question of the present step."""
    kind, said = TriggerKind(talk.data["kind"]), ask.said.strip()
    if not said:  # a place that is shared is no answer
        raise BadInput("Write a text.", code="missing_argument", field="TEXT")
    if talk.step == SUBJECT:
        return _with_subject(ask, kind, said)
    if talk.step == LEVEL:
        done = one_line(ask, kind, talk.data["subject"], said)
        talks.end(ask.user.pk)
        return done
    row = triggers.one(ask.user.pk, talk.data["id"])
    talks.end(ask.user.pk)
    return made(ask, change(ask, row, label=said))


def say(ask: Ask) -> Reply:
    """A button that says what could be typed. Raises NotFound (talk_over)."""
    talk = talks.current(ask.user.pk, ask.now)
    if talk is None or talk.name != TALK:
        raise NotFound("This was asked long ago. Begin again with /alerts.", code="talk_over")
    return answer(replace(ask, said=ask.args["text"]), talk)


def note(ask: Ask) -> Reply:
    """Asks for the note that comes with an alert's message."""
    row = triggers.one(ask.user.pk, ask.args["id"])
    talks.put(ask.user.pk, TALK, NOTE, ask.now, {"kind": row.kind, "id": row.pk})
    return Reply(ask.say("alerts.ask_note", most=trigger_rules.LABEL_LENGTH), _leaving(ask))


def add(ask: Ask, given: Mapping[str, Any]) -> AlertTrigger:
    """Sets an alert. Raises as triggers.add, bounds in the reader's own figures."""
    try:
        return triggers.add(ask.user.pk, given)
    except BadInput as error:
        raise _told(ask, TriggerKind(given["kind"]), error) from error


def change(ask: Ask, row: AlertTrigger, **other: Any) -> AlertTrigger:
    """Gives an alert another level or note. Raises as triggers.change."""
    now = {"kind": row.kind, "subject": row.subject, "venue": row.venue, "level": row.level,
           "label": row.label}  # fmt: skip
    try:
        return triggers.change(ask.user.pk, row.pk, {**now, **other})
    except BadInput as error:
        raise _told(ask, TriggerKind(row.kind), error) from error


def made(ask: Ask, row: AlertTrigger) -> Reply:
    """What is said of an alert that was just set."""
    parts = [ask.say("alerts.made", what=alert_lines.sentence(ask, row))]
    if row.label:
        parts.append(ask.say("alerts.note", note=row.label))
    parts.append(ask.say("alerts.crossing"))
    buttons = (Button(ask.say("alerts.add_note"), f"alert_note {row.pk}"),
               Button(ask.say("alerts.undo"), f"alert_remove {row.pk}"),
               Button(ask.say("alerts.all"), "alerts"))  # fmt: skip
    return Reply("\n".join(parts), rows(buttons))


def _with_subject(ask: Ask, kind: TriggerKind, subject: str) -> Reply:
    """The next question, once the subject is one that can be watched."""
    rule = RULES[kind]
    highest = None if rule.unit is Unit.NONE else rule.highest
    found = trigger_rules.spec(
        kind.value, subject, level=highest,
        venues=trigger_rules.venues_followed(ask.user.pk),
        keys=trigger_rules.venues_with_key(ask.user.pk),
    )  # fmt: skip
    given = {"kind": kind.value, "subject": found.subject}
    if rule.unit is Unit.NONE:
        talks.end(ask.user.pk)
        return made(ask, add(ask, given))
    talks.put(ask.user.pk, TALK, LEVEL, ask.now, given)
    return Reply(alert_lines.asked_level(ask, kind), _leaving(ask))


def _told(ask: Ask, kind: TriggerKind, error: BadInput) -> BadInput:
    return alert_lines.bounds(ask, kind) if error.code == "level_out_of_bounds" else error


def _numbers(ask: Ask) -> str:
    return str(ask.style().numbers)


def _leaving(ask: Ask) -> Rows:
    return ((Button(ask.say("alerts.leave"), "stop"),),)


registry.converse(Conversation(TALK, answer))
