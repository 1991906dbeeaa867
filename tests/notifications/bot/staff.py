"""Staff who command the bot, and their yes."""

from __future__ import annotations

from auditlog.models import LogEntry

from accounts.models import User
from arbedge.names import Role
from tests.notifications.bot.asking import Said, ask, member, press


def staff(role: Role = Role.SUPER_ADMIN) -> User:
    """Somebody of this role with a session."""
    return member(role=role)


def yes(who: User, asked: Said) -> Said:
    """Says yes to what was asked."""
    return press(who, asked.buttons["Yes"])


def sure(who: User, line: str) -> Said:
    """Types a command and says yes to its question."""
    return yes(who, ask(who, line))


def done(what: str) -> LogEntry:
    """The newest line of the audit that says this was done."""
    line: LogEntry = LogEntry.objects.filter(additional_data__what=what).latest("pk")
    return line
