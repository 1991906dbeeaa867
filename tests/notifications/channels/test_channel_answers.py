"""What answers mean, and that each message has its own."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from structlog.testing import capture_logs

from arbedge import aio
from arbedge.http import RefusedAddress
from notifications.channels import answers
from notifications.channels.answers import Answer, Unsent
from notifications.channels.base import Outgoing, Result
from notifications.codes import Code
from notifications.names import Outcome
from tests.notifications.channels.outgoing import outgoing

MESSAGE = outgoing({"url": "https://hooks.example.com/"})


@pytest.mark.parametrize(
    ("status", "outcome", "code"),
    [
        (200, Outcome.SENT, ""),
        (204, Outcome.SENT, ""),
        (301, Outcome.PERMANENT, Code.REFUSED),
        (400, Outcome.PERMANENT, Code.REFUSED),
        (401, Outcome.PERMANENT, Code.UNAUTHORISED),
        (404, Outcome.PERMANENT, Code.REFUSED),
        (408, Outcome.RETRY, Code.TIMEOUT),
        (410, Outcome.PERMANENT, Code.GONE),
        (413, Outcome.PERMANENT, Code.TOO_LONG),
        (425, Outcome.RETRY, Code.SERVER),
        (429, Outcome.RETRY, Code.RATE_LIMITED),
        (500, Outcome.RETRY, Code.SERVER),
        (503, Outcome.RETRY, Code.SERVER),
    ],
)
def test_what_a_status_means(status: int, outcome: Outcome, code: str) -> None:
    result = answers.judged(MESSAGE, Answer(status))

    assert (result.outcome, result.code, result.gone) == (outcome, code, status == 410)


@pytest.mark.parametrize(
    ("header", "wait_s"),
    [("7", 7.0), ("0.2", 1.0), ("-5", 1.0), ("1e9", 3600.0), ("inf", 3600.0), ("nan", None),
     ("soon", None), ("", None)],
)  # fmt: skip
def test_the_wish_to_wait_is_taken_within_reason(header: str, wait_s: float | None) -> None:
    assert Answer(429, {"retry-after": header}).retry_after_s == wait_s


def test_the_wish_to_wait_may_be_a_date() -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)

    wait_s = Answer(503, {"retry-after": later}).retry_after_s

    assert wait_s is not None
    assert 60 < wait_s <= 90


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b"\xff", b'{"a":'])
def test_a_body_that_is_no_object_is_an_empty_one(body: bytes) -> None:
    assert Answer(200, body=body).json() == {}


def sent(*failures: Exception | None) -> list[Result]:
    """The results of a batch whose messages meet these failures."""
    batch = [outgoing({}, number=number) for number in range(len(failures))]

    async def one(message: Outgoing) -> Result:
        failure = failures[message.delivery_id]
        if failure is not None:
            raise failure
        return answers.judged(message, Answer(200))

    return aio.run(answers.side_by_side(batch, one))


def test_each_message_has_its_own_result_in_order() -> None:
    results = sent(None, Unsent(Code.TIMEOUT, "slow"), None)

    assert [result.delivery_id for result in results] == [0, 1, 2]
    assert [result.outcome for result in results] == [Outcome.SENT, Outcome.RETRY, Outcome.SENT]


def test_a_failure_nobody_foresaw_is_told_by_kind_only_and_logged() -> None:
    with capture_logs() as logs:
        [result] = sent(ValueError("https://hooks.example.com/secret"))

    assert (result.outcome, result.code) == (Outcome.RETRY, Code.SERVER)
    assert result.detail == "ValueError"
    assert [line["delivery_id"] for line in logs] == [0]


def test_an_address_that_leads_inside_is_final() -> None:
    [result] = sent(RefusedAddress("x is not on the public internet", addresses=["10.0.0.1"]))

    assert (result.outcome, result.code) == (Outcome.PERMANENT, Code.PRIVATE_ADDRESS)


def test_a_name_that_is_not_found_may_come_back() -> None:
    [result] = sent(RefusedAddress("x cannot be resolved", cause="no answer"))

    assert (result.outcome, result.code) == (Outcome.RETRY, Code.UNREACHABLE)


def test_messages_are_sent_side_by_side() -> None:
    """Ten messages that wait for each other all arrive: one after the other none would."""
    gate: list[asyncio.Event] = []
    waiting: list[int] = []

    async def one(message: Outgoing) -> Result:
        waiting.append(message.delivery_id)
        if len(waiting) == 10:
            gate[0].set()
        await gate[0].wait()
        return answers.judged(message, Answer(200))

    async def all_of_them() -> list[Result]:
        gate.append(asyncio.Event())
        return await answers.side_by_side([outgoing({}, number=n) for n in range(10)], one)

    assert len(aio.run(all_of_them(), 30)) == 10


def test_the_time_taken_is_told() -> None:
    async def one(message: Outgoing) -> Result:
        await asyncio.sleep(0.02)
        return answers.judged(message, Answer(200))

    [result] = aio.run(answers.side_by_side([MESSAGE], one))

    assert result.took_ms >= 20
