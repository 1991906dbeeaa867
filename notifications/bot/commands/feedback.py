"""/feedback: what people tell us."""

from __future__ import annotations

from notifications.bot import grammar, registry
from notifications.bot.asks import Ask
from notifications.bot.grammar import Arg
from notifications.bot.registry import Command, Section
from notifications.bot.replies import Reply
from notifications.bot.staff import told_us


def feedback(ask: Ask) -> Reply:
    """Keeps what the person tells us."""
    _, is_new = told_us.keep(ask.user, ask.args["text"], ask.now)
    return Reply(ask.say("feedback.thanks" if is_new else "feedback.had_it"))


registry.add(
    Command("feedback", feedback, topic="feedback", section=Section.ACCOUNT,
            args=(Arg("text", grammar.text, rest=True),)),
)  # fmt: skip
