"""Really? What costs or cannot be undone is asked for once more, and carried out once."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Final

from arbedge.errors import Conflict, Forbidden, NotFound
from notifications.models import Question

LASTS: Final = timedelta(minutes=5)
YES: Final = "yes"
NO: Final = "no"


def ask(user_id: int, chat_id: int, line: str, now: datetime) -> str:
    """Keeps a command's line until the person says yes, and returns the nonce of the question."""
    nonce = secrets.token_urlsafe(9)
    Question.objects.create(
        nonce=nonce, user_id=user_id, chat_id=chat_id, line=line, expires_at=now + LASTS
    )
    return nonce


def look(nonce: str, user_id: int, chat_id: int, now: datetime) -> str:
    """The line that was asked about, the question left open.

    Raises NotFound (question_unknown), Forbidden (question_of_another), Conflict
    (question_answered, question_old).
    """
    return _open(Question.objects.filter(nonce=nonce[:16]).first(), user_id, chat_id, now).line


def answer(nonce: str, user_id: int, chat_id: int, now: datetime) -> str:
    """The line that was asked about; from the end of this transaction on it is answered, whatever
    was said. Raises as `look`."""
    found = Question.objects.select_for_update().filter(nonce=nonce[:16]).first()
    question = _open(found, user_id, chat_id, now)
    question.answered_at = now
    question.save(update_fields=["answered_at"])
    return question.line


def _open(found: Question | None, user_id: int, chat_id: int, now: datetime) -> Question:
    if found is None:
        raise NotFound("This question is not known any more.", code="question_unknown")
    if (found.user_id, found.chat_id) != (user_id, chat_id):
        raise Forbidden("Somebody else was asked this.", code="question_of_another")
    if found.answered_at is not None:
        raise Conflict("This was answered before.", code="question_answered")
    if found.expires_at <= now:
        raise Conflict("This question is older than five minutes. Ask again.", code="question_old")
    return found


def forget_old(now: datetime) -> int:
    """Deletes questions a day after their end. Returns how many."""
    return Question.objects.filter(expires_at__lte=now - timedelta(days=1)).delete()[0]
