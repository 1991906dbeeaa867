"""What the Bot API's answers mean for a message: a pure function of status and body.

Source of the words: core.telegram.org/bots/api#making-requests and the texts the Bot API has been
seen to answer with; statuses alone decide where the words are unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from notifications.codes import Code
from notifications.names import Outcome

LONGEST_DETAIL: Final = 200
AT_ONCE_S: Final = 1.0


class Again(StrEnum):
    """What may work at once where the first try did not."""

    PLAIN = "plain"  # without tags
    BARE = "bare"  # without buttons that open pages
    ANEW = "anew"  # a new message instead of an edit
    CAPTION = "caption"  # an edit of the caption: the message has a picture
    GENERAL = "general"  # in the forum's general topic: the one meant is no more, or closed


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a message. Times are seconds; `pause_s` holds for the whole bot."""

    outcome: Outcome
    code: str = ""
    detail: str = ""
    gone: bool = False
    retry_after_s: float | None = None
    pause_s: float | None = None
    moved_to: int | None = None
    again: Again | None = None


# Parts of the description, in lower case, and what they mean. The first that fits counts.
GONE: Final = (
    "bot was blocked", "user is deactivated", "bot was kicked", "chat not found",
    "bot is not a member", "group chat was deleted", "peer_id_invalid", "user not found",
    "bot can't initiate conversation", "can't send messages to bots",
)  # fmt: skip
NO_RIGHT: Final = (
    "rights to send", "chat_write_forbidden", "chat_restricted", "need administrator rights",
)  # fmt: skip
OTHER_WAY: Final[Mapping[str, Again]] = {
    "can't parse entities": Again.PLAIN,
    "button": Again.BARE,
    "there is no text in the message": Again.CAPTION,
    "message to edit not found": Again.ANEW,
    "message can't be edited": Again.ANEW,
    "message_id_invalid": Again.ANEW,
    "message thread not found": Again.GENERAL,
    "topic_deleted": Again.GENERAL,
    "topic_closed": Again.GENERAL,
}
UNCHANGED: Final = "message is not modified"
TOO_LONG: Final = ("message is too long", "caption is too long", "message_too_long")


def verdict(status: int, told: Mapping[str, Any]) -> Verdict:
    """What an answer means: `told` is its JSON, empty where it was none."""
    words = str(told.get("description", ""))[:LONGEST_DETAIL]
    wishes = told.get("parameters")
    wishes = wishes if isinstance(wishes, Mapping) else {}
    wait_s = _seconds(wishes.get("retry_after"))
    if 200 <= status < 300:
        return _answered(told)
    if isinstance(wishes.get("migrate_to_chat_id"), int):
        return Verdict(
            Outcome.RETRY, Code.MOVED, words,
            retry_after_s=wait_s or AT_ONCE_S, moved_to=wishes["migrate_to_chat_id"],
        )  # fmt: skip
    if status == 429:
        wait_s = wait_s or AT_ONCE_S
        return Verdict(
            Outcome.RETRY, Code.RATE_LIMITED, words, retry_after_s=wait_s, pause_s=wait_s
        )
    if status >= 500 or status in (408, 409):
        code = Code.TIMEOUT if status == 408 else Code.SERVER
        return Verdict(Outcome.RETRY, code, words or f"HTTP {status}", retry_after_s=wait_s)
    if status in (401, 404):
        return Verdict(Outcome.PERMANENT, Code.UNAUTHORISED, words or f"HTTP {status}")
    return _refused(status, words)


def _answered(told: Mapping[str, Any]) -> Verdict:
    if told.get("ok") is True:
        return Verdict(Outcome.SENT)
    return Verdict(Outcome.RETRY, Code.MALFORMED, "an answer that is none of the Bot API's")


def _refused(status: int, words: str) -> Verdict:
    lower = words.lower()
    if UNCHANGED in lower:
        return Verdict(Outcome.SENT, detail="unchanged")
    if any(part in lower for part in GONE):
        code = Code.BLOCKED if "blocked" in lower or "kicked" in lower else Code.GONE
        return Verdict(Outcome.PERMANENT, code, words, gone=True)
    if any(part in lower for part in TOO_LONG):
        return Verdict(Outcome.PERMANENT, Code.TOO_LONG, words)
    if status == 403 or any(part in lower for part in NO_RIGHT):
        return Verdict(Outcome.PERMANENT, Code.REFUSED, words)
    again = next((way for part, way in OTHER_WAY.items() if part in lower), None)
    return Verdict(Outcome.PERMANENT, Code.BAD_MESSAGE, words or f"HTTP {status}", again=again)


def _seconds(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and value > 0 else None
