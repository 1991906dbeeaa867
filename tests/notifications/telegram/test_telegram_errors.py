"""What the Bot API's answers mean, as they were recorded and as they are documented."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from notifications.codes import Code
from notifications.names import Outcome
from notifications.telegram.telegram_errors import Again, Verdict, verdict

PERMANENT, RETRY, SENT = Outcome.PERMANENT, Outcome.RETRY, Outcome.SENT
# Each recorded answer: outcome, code, whether the chat is gone.
RECORDED: dict[str, tuple[Outcome, str, bool]] = {
    "too_many_requests": (RETRY, Code.RATE_LIMITED, False),
    "user_deactivated": (PERMANENT, Code.GONE, True),
    "message_too_long": (PERMANENT, Code.TOO_LONG, False),
    "error_with_migrate_and_retry": (RETRY, Code.MOVED, False),
    "message_sent_ok": (SENT, "", False),
    "bot_blocked": (PERMANENT, Code.BLOCKED, True),
    "bot_kicked_supergroup": (PERMANENT, Code.BLOCKED, True),
    "bot_kicked_channel": (PERMANENT, Code.BLOCKED, True),
    "chat_not_found": (PERMANENT, Code.GONE, True),
    "message_not_modified": (SENT, "", False),
    "group_upgraded": (RETRY, Code.MOVED, False),
    "cant_parse_entities": (PERMANENT, Code.BAD_MESSAGE, False),
    "query_too_old": (PERMANENT, Code.BAD_MESSAGE, False),
    "conflict_other_get_updates": (RETRY, Code.SERVER, False),
    "unauthorized": (PERMANENT, Code.UNAUTHORISED, False),
    "get_updates_ok": (SENT, "", False),
    "get_updates_write_access": (SENT, "", False),
    "get_updates_empty": (SENT, "", False),
}


def recorded(folder: Path, name: str) -> tuple[int, dict[str, Any]]:
    body: dict[str, Any] = json.loads(
        gzip.decompress((folder / "telegram" / "responses" / f"{name}.json.gz").read_bytes())
    )
    return int(body.get("error_code", 200)), body


@pytest.mark.recordings
@pytest.mark.parametrize("name", RECORDED)
def test_recorded_answers_mean_what_they_say(recordings: Path, name: str) -> None:
    found = verdict(*recorded(recordings, name))
    assert (found.outcome, found.code, found.gone) == RECORDED[name]


@pytest.mark.recordings
def test_every_recorded_answer_is_read(recordings: Path) -> None:
    files = (recordings / "telegram" / "responses").glob("*.json.gz")
    assert {file.name.removesuffix(".json.gz") for file in files} == set(RECORDED)


@pytest.mark.recordings
def test_a_recorded_flood_pauses_the_whole_bot(recordings: Path) -> None:
    found = verdict(*recorded(recordings, "too_many_requests"))
    assert (found.retry_after_s, found.pause_s) == (14.0, 14.0)


@pytest.mark.recordings
def test_a_recorded_migration_tells_where_to(recordings: Path) -> None:
    assert verdict(*recorded(recordings, "group_upgraded")).moved_to == -1001555296434
    both = verdict(*recorded(recordings, "error_with_migrate_and_retry"))
    assert (both.moved_to, both.retry_after_s, both.pause_s) == (12345, 12.0, None)


@pytest.mark.recordings
def test_recorded_entities_that_cannot_be_read_ask_for_plain_text(recordings: Path) -> None:
    assert verdict(*recorded(recordings, "cant_parse_entities")).again is Again.PLAIN


def said(status: int, words: str) -> Verdict:
    return verdict(status, {"ok": False, "error_code": status, "description": words})


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408, 409])
def test_troubles_of_the_server_are_tried_again(status: int) -> None:
    assert verdict(status, {}).outcome is RETRY


@pytest.mark.parametrize(
    ("words", "again"),
    [
        ("Bad Request: can't parse entities: Unsupported start tag", Again.PLAIN),
        ("Bad Request: BUTTON_DATA_INVALID", Again.BARE),
        ("Bad Request: inline keyboard button URL 'http://localhost/' is invalid", Again.BARE),
        ("Bad Request: message to edit not found", Again.ANEW),
        ("Bad Request: message can't be edited", Again.ANEW),
        ("Bad Request: there is no text in the message to edit", Again.CAPTION),
        ("Bad Request: something new", None),
    ],
)
def test_a_bad_message_may_work_another_way(words: str, again: Again | None) -> None:
    found = said(400, words)
    assert (found.outcome, found.code, found.again) == (PERMANENT, Code.BAD_MESSAGE, again)


@pytest.mark.parametrize(
    "words",
    [
        "Forbidden: bot can't initiate conversation with a user",
        "Forbidden: bot is not a member of the channel chat",
        "Forbidden: the group chat was deleted",
        "Bad Request: PEER_ID_INVALID",
    ],
)
def test_chats_that_cannot_be_written_to_any_more_are_gone(words: str) -> None:
    assert said(int("Forbidden" not in words) * -3 + 403, words).gone


@pytest.mark.parametrize(
    "words", ["Bad Request: not enough rights to send text messages to the chat",
              "Bad Request: CHAT_WRITE_FORBIDDEN", "Forbidden: something new"],
)  # fmt: skip
def test_a_right_that_is_missing_may_come_back(words: str) -> None:
    found = said(403 if words.startswith("F") else 400, words)
    assert (found.outcome, found.code, found.gone) == (PERMANENT, Code.REFUSED, False)


def test_a_flood_without_a_time_waits_at_least_a_second() -> None:
    assert verdict(429, {}).pause_s == 1.0


def test_success_that_is_no_answer_of_the_bot_api_is_tried_again() -> None:
    assert verdict(200, {}) == Verdict(
        RETRY, Code.MALFORMED, "an answer that is none of the Bot API's"
    )


@pytest.mark.parametrize("told", [{"parameters": "x"}, {"parameters": {"retry_after": "soon"}}])
def test_parameters_of_an_unknown_kind_are_passed_over(told: dict[str, Any]) -> None:
    assert verdict(400, told).outcome is PERMANENT
