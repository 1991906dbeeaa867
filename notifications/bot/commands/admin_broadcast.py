"""/admin_broadcast: a text to many people: written, tried on oneself, counted, sent, stopped."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from accounts import audit
from accounts.permissions import Permission
from arbedge.choices import Notice
from arbedge.errors import BadInput, NotFound
from arbedge.names import Door, Language, Tier
from notifications.bot import grammar, planning, registry
from notifications.bot.asks import Ask
from notifications.bot.grammar import Arg
from notifications.bot.registry import Command, Section
from notifications.bot.replies import Button, Reply, rows
from notifications.broadcasting import broadcast_report, broadcasts, segments
from notifications.models import Broadcast
from notifications.names import BroadcastState

LONGEST: Final = 3 * broadcasts.TEXT_LENGTH
SHOWN: Final = 5
SHOWN_TEXT: Final = 900
HEADING: Final = "ArbEdge"
_MARKS: Final = {f"[{one.value}]": one.value for one in Language}


def admin_broadcast(ask: Ask) -> Reply:
    """Keeps a draft of the text and shows it with what can be done; without a text, the last."""
    if not ask.args["text"]:
        return _latest(ask)
    title, texts = written(ask.args["text"])
    with audit.doing(Door.TELEGRAM, ask.user):
        row = broadcasts.draft(ask.user, title, texts, {})
    return _shown(ask, row)


def act(ask: Ask) -> Reply:
    """One deed on one broadcast; what reaches people is asked for once more."""
    row = Broadcast.objects.filter(pk=ask.args["number"]).first()
    if row is None:
        raise NotFound("This broadcast is gone.", code="broadcast_unknown")
    deed, more = ask.args["deed"], ask.args["more"] or ""
    with audit.doing(Door.TELEGRAM, ask.user):
        return _DEEDS[deed](ask, row, more)


def written(text: str) -> tuple[str, dict[str, str]]:
    """Heading and texts by language of what was typed: the first line is the heading where more
    follow; a line `[es]` or `[fr]` begins that language."""
    lines = text.strip().splitlines()
    title = HEADING
    if len(lines) > 1 and lines[0].strip().lower() not in _MARKS:
        title, lines = lines[0].strip(), lines[1:]
    found: dict[str, list[str]] = {}
    language = Language.EN.value
    for line in lines:
        mark = _MARKS.get(line.strip().lower())
        if mark:
            language = mark
        else:
            found.setdefault(language, []).append(line)
    return title, {name: "\n".join(part).strip() for name, part in found.items()}


# Showing


def _latest(ask: Ask) -> Reply:
    latest = list(Broadcast.objects.order_by("-pk")[:SHOWN])
    lines = [ask.say("admin.admin_broadcast.how")]
    if latest:
        lines += ["", ask.say("admin.admin_broadcast.latest")]
    buttons = []
    for row in latest:
        lines.append(ask.say("admin.admin_broadcast.line", number=row.pk, title=row.title,
                             state=_state(ask, row)))  # fmt: skip
        buttons.append(Button(f"#{row.pk}", f"broadcast {row.pk} show"))
    return Reply("\n".join(lines), rows(buttons, SHOWN))


def _shown(ask: Ask, row: Broadcast, first: str = "") -> Reply:
    lines = [*([first, ""] if first else []),
             ask.say("admin.admin_broadcast.line", number=row.pk, title=row.title,
                     state=_state(ask, row))]  # fmt: skip
    lines += [*_texts(ask, row), "", *(_meant(ask, row) if _is_draft(row) else _reached(ask, row))]
    return Reply("\n".join(lines), _buttons(ask, row))


def _texts(ask: Ask, row: Broadcast) -> Iterator[str]:
    """Each language's text, the long ones cut: whole it is read by sending it to oneself."""
    for language, text in row.texts.items():
        cut = text if len(text) <= SHOWN_TEXT else f"{text[:SHOWN_TEXT]}…"
        yield ask.say("admin.admin_broadcast.text", language=language, text=cut)


def _meant(ask: Ask, row: Broadcast) -> Iterator[str]:
    segment, plain = segments.segment(row.segment), ask.style().plain
    counted = segments.count(segment, ask.now)
    whom = [ask.say(f"admin.notices.{segment.notice}")]
    told = [one for one in segments.words(segment) if not one.startswith("Tiers")]
    whom += [tier.capitalize() for tier in segment.tiers] + told or [ask.say("admin.everybody")]
    yield ask.say("admin.admin_broadcast.whom", whom=", ".join(whom))
    yield ask.say(
        "admin.admin_broadcast.count", reachable=plain(counted.reachable),
        off=plain(counted.switched_off), absent=plain(counted.without_session),
    )  # fmt: skip


def _reached(ask: Ask, row: Broadcast) -> Iterator[str]:
    told, style = broadcast_report.report(row), ask.style()
    yield ask.say("admin.admin_broadcast.reached", people=style.plain(told.people),
                  sent=style.plain(told.sent), waiting=style.plain(told.waiting),
                  failed=style.plain(told.not_sent), share=style.share(told.share, 0))  # fmt: skip


def _buttons(ask: Ask, row: Broadcast) -> tuple[tuple[Button, ...], ...]:
    def button(key: str, deed: str, **shown: Any) -> Button:
        label = ask.say(f"admin.admin_broadcast.buttons.{key}", **shown)
        return Button(label, f"broadcast {row.pk} {deed}")

    if not _is_draft(row):
        running = row.state == BroadcastState.RUNNING
        return ((button("refresh", "show"), *((button("stop", "stop"),) if running else ())),)
    chosen = segments.segment(row.segment)
    tiers = [
        button("without" if tier in chosen.tiers else "only", f"tier {tier}",
               tier=tier.capitalize())
        for tier in Tier
    ]  # fmt: skip
    other = Notice.SERVICE if chosen.notice == Notice.NEWS else Notice.NEWS
    return (
        (button("test", "test"), button("send", "send")),
        *rows(tiers, 3),
        (button(other.value, f"as {other.value}"), button("discard", "discard")),
    )


def _state(ask: Ask, row: Broadcast) -> str:
    return ask.say(f"admin.broadcast_states.{row.state}")


def _is_draft(row: Broadcast) -> bool:
    return row.state == BroadcastState.DRAFT


# Deeds


def _show(ask: Ask, row: Broadcast, _: str) -> Reply:
    return _shown(ask, row)


def _test(ask: Ask, row: Broadcast, _: str) -> Reply:
    sent = broadcasts.test(row, ask.user, ask.now)
    return _shown(ask, row, ask.say(f"admin.admin_broadcast.{'tested' if sent else 'untested'}"))


def _tier(ask: Ask, row: Broadcast, name: str) -> Reply:
    """Adds a tier to those it is for, or takes it away; none is everybody."""
    tier = Tier(grammar.one_of(*Tier)(name))
    held = segments.segment(row.segment)
    tiers = [one for one in Tier if (one in held.tiers) != (one is tier)]
    return _aimed(ask, row, {**held.stored(), "tiers": tiers})


def _as(ask: Ask, row: Broadcast, notice: str) -> Reply:
    """News, which people may switch off, or service, for what everybody has to know."""
    return _aimed(ask, row, {**segments.segment(row.segment).stored(), "notice": notice})


def _aimed(ask: Ask, row: Broadcast, segment: dict[str, Any]) -> Reply:
    return _shown(ask, broadcasts.draft(ask.user, row.title, row.texts, segment, of=row))


def _send(ask: Ask, row: Broadcast, _: str) -> Reply:
    if not ask.confirmed:
        reachable = segments.count(segments.segment(row.segment), ask.now).reachable
        if not reachable:
            raise BadInput("Nobody would get it.", code="nobody_meant", field="segment")
        return _sure(ask, row, "send", number=ask.style().plain(reachable))
    broadcasts.start(row, ask.user, ask.now)
    row.refresh_from_db()
    return _shown(ask, row, ask.say("admin.admin_broadcast.begun"))


def _stop(ask: Ask, row: Broadcast, _: str) -> Reply:
    if not ask.confirmed:
        waiting = broadcast_report.report(row).waiting
        return _sure(ask, row, "stop", number=ask.style().plain(waiting))
    number = broadcasts.stop(row, ask.user, ask.now)
    row.refresh_from_db()
    return _shown(ask, row, ask.say("admin.admin_broadcast.stopped", number=number))


def _discard(ask: Ask, row: Broadcast, _: str) -> Reply:
    if not ask.confirmed:
        return _sure(ask, row, "discard")
    broadcasts.discard(row, ask.user)
    return Reply(ask.say("admin.admin_broadcast.discarded"))


def _sure(ask: Ask, row: Broadcast, deed: str, **told: Any) -> Reply:
    text = ask.say(f"admin.admin_broadcast.sure.{deed}", title=row.title, **told)
    line = f"broadcast {row.pk} {deed}"
    return Reply(text, planning.asked(ask, line))


_DEEDS: Final = {
    "show": _show, "test": _test, "tier": _tier, "as": _as, "send": _send, "stop": _stop,
    "discard": _discard,
}  # fmt: skip


def _long(word: str) -> str:
    if len(word) > LONGEST:
        text = f"This is longer than {LONGEST:,} characters."
        raise BadInput(text, code="too_long", field="text", limit=LONGEST)
    return word


registry.add(
    Command("admin_broadcast", admin_broadcast, topic="admin", section=Section.ADMIN,
            permission=Permission.SYSTEM_BROADCAST,
            args=(Arg("text", _long, optional=True, rest=True),)),
    Command("broadcast", act, topic="admin", hidden=True, permission=Permission.SYSTEM_BROADCAST,
            args=(Arg("number", grammar.whole(1, 2**31 - 1)), Arg("deed", grammar.one_of(*_DEEDS)),
                  Arg("more", grammar.text, optional=True, rest=True))),
)  # fmt: skip
