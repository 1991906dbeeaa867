"""/queue: messages that wait, by channel, and the dead letters, which can be sent once more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from accounts import audit, permissions
from accounts.permissions import Permission
from arbedge.errors import Conflict
from arbedge.names import Door
from notifications import channel_health
from notifications.admin.words import names_of
from notifications.bot import grammar, planning, registry
from notifications.bot.asks import Ask
from notifications.bot.grammar import Arg
from notifications.bot.registry import Command, Section
from notifications.bot.replies import Button, Reply, in_rows, rows, turns
from notifications.channel_health import Health
from notifications.models import Delivery
from notifications.names import CHANNELS, DeliveryState
from notifications.sending import replaying

DEAD: Final = "dead"
REPLAY: Final = "replay"
A_PAGE: Final = 8
AT_ONCE: Final = 1_000


def queue(ask: Ask) -> Reply:
    """What waits; with `dead` the dead letters, with `replay` they are sent once more."""
    what = ask.args["what"]
    if what == REPLAY:
        return _replay(ask)
    return _dead(ask, ask.args["page"] or 1) if what == DEAD else _waiting(ask)


def _waiting(ask: Ask) -> Reply:
    lines = [line for one in channel_health.report(ask.now) for line in _channel(ask, one)]
    dead = channel_health.dead_letters()
    text = "\n".join([
        ask.say("admin.queue.title_line"),
        *(lines or [ask.say("admin.queue.nothing")]),
        "",
        ask.say("admin.queue.dead", number=ask.style().plain(dead)),
    ])  # fmt: skip
    buttons = [Button(ask.say("account.refresh"), "queue")]
    if dead:
        buttons.append(Button(ask.say("admin.queue.show_dead"), f"queue {DEAD}"))
    return Reply(text, rows(buttons))


def _channel(ask: Ask, one: Health) -> Iterator[str]:
    """A channel where something waits, was tried lately, or is not asked now."""
    style = ask.style()
    if not (one.waiting or one.sending or one.sent or one.failed or one.breakers):
        return
    yield ask.say(
        "admin.queue.channel", channel=_named(one.channel.value), sent=style.plain(one.sent),
        waiting=style.plain(one.waiting + one.sending), failed=style.plain(one.failed),
    )  # fmt: skip
    if one.oldest_s:
        yield ask.say("admin.queue.oldest", age=style.span(one.oldest_s))
    for told in one.breakers:
        yield ask.say("admin.queue.breaker", told=told)


def _dead(ask: Ask, page: int) -> Reply:
    dead = Delivery.objects.filter(state=DeliveryState.DEAD).order_by("-pk")
    number = channel_health.dead_letters(AT_ONCE)
    pages = -(-number // A_PAGE)
    page = min(page, pages)
    found = list(dead[(page - 1) * A_PAGE : page * A_PAGE]) if page else []
    if not found:
        return Reply(ask.say("admin.queue.no_dead"), ((Button("/queue", "queue"),),))
    names = names_of(found)
    lines = [
        ask.say("admin.queue.dead", number=ask.style().plain(number)),
        *(_letter(ask, one, names) for one in found),
    ]
    again = []
    if ask.holds(Permission.USERS_MANAGE):
        again.append(Button(ask.say("admin.queue.replay"), f"queue {REPLAY}"))
    return Reply(
        "\n".join(lines),
        in_rows(turns(page, pages, "queue", DEAD), [*again, Button("/queue", "queue")]),
    )


def _letter(ask: Ask, one: Delivery, names: Mapping[tuple[str, int], str]) -> str:
    style = ask.style()
    return ask.say(
        "admin.queue.letter", topic=_named(one.topic), number=one.pk,
        whom=names.get((one.recipient, one.recipient_id), style.unknown),
        channel=_named(CHANNELS[one.channel].value), why=_named(one.code),
        when=style.when(one.settled_at or one.created_at, ask.now),
    )  # fmt: skip


def _replay(ask: Ask) -> Reply:
    """Sends every dead letter once more, at most a thousand; a yes tells to how many."""
    assert ask.standing is not None
    permissions.need(ask.standing, Permission.USERS_MANAGE, now=ask.now)
    dead = Delivery.objects.filter(state=DeliveryState.DEAD).order_by("pk")
    ids = list(dead.values_list("pk", flat=True)[:AT_ONCE])
    if not ids:
        raise Conflict("There are no dead letters.", code="no_dead_letters")
    style = ask.style()
    if not ask.confirmed:
        text = ask.say("admin.queue.sure", number=style.plain(len(ids)))
        return Reply(text, planning.asked(ask, f"queue {REPLAY}"))
    with audit.doing(Door.TELEGRAM, ask.user):
        again = replaying.replay(ids, ask.user, ask.now)
    return Reply(ask.say("admin.queue.done", number=style.plain(again),
                         left=style.plain(len(ids) - again)),
                 ((Button("/queue", "queue"),),))  # fmt: skip


def _named(code: str) -> str:
    return code.replace("_", " ")


registry.add(
    Command("queue", queue, topic="admin", section=Section.ADMIN,
            permission=Permission.SYSTEM_VIEW,
            args=(Arg("what", grammar.one_of(DEAD, REPLAY), optional=True, shown="dead|replay"),
                  Arg("page", grammar.whole(1, 999), optional=True))),
)  # fmt: skip
