"""A run among mishaps: nothing is lost, and nothing sent twice that need not be."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from django.db import OperationalError, connection

from arbedge.names import Channel
from notifications.addressing import notices
from notifications.codes import Code
from notifications.models import Attempt
from notifications.sending import delivery, gates, outbox, teller
from notifications.sending.delivery import run
from notifications.sending.settling import STEP
from tests.notifications.factories import (
    MINUTE,
    NOON,
)
from tests.notifications.sending.delivering import (
    EMAIL,
    TELEGRAM,
    FakeSender,
    Texts,
    anna,
    state,
    waiting,
)

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("empty_cache", "fakes", "pace", "texts"),
]


class TestMishaps:
    """Whatever a text, an address or a sender does, its row ends and the others are sent."""

    @pytest.mark.parametrize("problem", [KeyError("net"), Code.BAD_MESSAGE])
    def test_a_text_that_cannot_be_written_fails_its_row(
        self, telegram: FakeSender, texts: Texts, problem: Exception | Code
    ) -> None:
        bad, good = waiting(), waiting()
        texts.broken[bad.pk] = problem

        ran = run(Channel.TELEGRAM, NOON)

        assert (ran.sent, ran.failed) == (1, 1)
        assert (state(bad), state(good)) == (("failed", "bad_message"), ("sent", ""))
        assert telegram.ids == [good.pk]

    def test_a_text_bad_for_one_channel_may_do_for_the_next(
        self, email: FakeSender, texts: Texts
    ) -> None:
        row = waiting(channels=[TELEGRAM, EMAIL])
        texts.broken[row.pk] = Code.BAD_MESSAGE
        run(Channel.TELEGRAM, NOON)
        texts.broken.clear()
        run(Channel.EMAIL, NOON + MINUTE)
        assert email.ids == [row.pk]

    @pytest.mark.parametrize(
        ("error", "anew"), [(LookupError("no words"), False), (OperationalError("gone"), True)]
    )
    def test_what_cannot_be_told_to_an_owner_sends_nothing_twice(
        self, monkeypatch: pytest.MonkeyPatch, error: Exception, anew: bool
    ) -> None:
        def untold(*_: Any) -> int:
            raise error

        closed: list[bool] = []
        monkeypatch.setattr(notices, "switched_off", untold)
        monkeypatch.setattr(connection, "close", lambda: closed.append(True))
        rows = [waiting() for _ in range(STEP + 1)]

        ran = run(Channel.TELEGRAM, NOON)

        assert ran.sent == len(rows)
        assert {state(row) for row in rows} == {("sent", "")}
        assert run(Channel.TELEGRAM, NOON + MINUTE).sent == 0
        assert any(closed) is anew

    def test_a_sender_that_raises_is_tried_again_later(self, telegram: FakeSender) -> None:
        def broken(_: Any) -> Any:
            raise RuntimeError("what now?")

        telegram.answer = broken
        row = waiting()
        run(Channel.TELEGRAM, NOON)
        assert state(row) == ("pending", "malformed")
        assert Attempt.objects.get().detail == "RuntimeError"

    def test_a_sender_that_never_answers_is_not_waited_for(
        self, telegram: FakeSender, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def silent(_: Any) -> Any:
            await asyncio.Event().wait()

        monkeypatch.setattr("notifications.sending.dispatch.SEND_WITHIN_S", 0.05)
        monkeypatch.setattr(telegram, "send", silent)
        row = waiting()
        run(Channel.TELEGRAM, NOON)
        assert state(row) == ("pending", "timeout")

    def test_what_was_answered_is_told_whatever_happens_beside_it(
        self, telegram: FakeSender, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The row that was sent is settled; the one nobody heard of lapses with its lease."""
        telegram.batch = 1
        heard, calls = gates.heard, [0]

        async def break_once(answers: Any) -> None:
            calls[0] += 1
            if calls[0] == 1:
                raise RuntimeError("what now?")
            await heard(answers)

        monkeypatch.setattr(gates, "heard", break_once)
        for _ in range(8):
            waiting()
        ran = run(Channel.TELEGRAM, NOON)
        assert ran.sent == len(telegram.sent) == 8

    def test_a_sender_that_loses_count_loses_no_row(
        self, telegram: FakeSender, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def forgetful(batch: Any) -> list[Any]:
            return []

        monkeypatch.setattr(telegram, "send", forgetful)
        rows = [waiting(), waiting()]
        assert run(Channel.TELEGRAM, NOON).later == 2
        assert [state(row)[0] for row in rows] == ["pending", "pending"]

    def test_an_address_nobody_can_read_fails_its_row(
        self, telegram: FakeSender, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bad, good = anna(), anna()
        rows = [waiting(recipient_id=one.pk) for one in (bad, good)]

        def host(address: Any) -> str:
            if address["chat_id"] == bad.telegram_id:
                raise ValueError(address)
            return "provider"

        monkeypatch.setattr(telegram, "host", host)
        run(Channel.TELEGRAM, NOON)
        assert [state(row) for row in rows] == [("failed", "bad_address"), ("sent", "")]

    def test_too_late_to_begin_is_given_back(
        self, telegram: FakeSender, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(delivery, "BEGIN_WITHIN_S", -1.0)
        monkeypatch.setattr(delivery, "BUDGET_S", 0.0)
        row = waiting()
        ran = run(Channel.TELEGRAM, NOON, budget_s=0.001)
        assert telegram.sent == []
        assert ran.given_back >= 1
        assert state(row)[0] == "pending"
        assert row.attempts == 0

    def test_what_was_sent_is_told_once_the_database_is_back(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real, calls = outbox.settle, [0]

        def away(results: Any, now: Any) -> Any:
            calls[0] += 1
            if calls[0] <= 2:
                raise OperationalError("the database system is starting up")
            return real(results, now)

        monkeypatch.setattr(outbox, "settle", away)
        monkeypatch.setattr("notifications.sending.teller.connection.close", lambda: None)
        monkeypatch.setattr(teller, "LISTEN_S", 0.01)
        row = waiting()

        ran = run(Channel.TELEGRAM, NOON)

        assert (ran.sent, state(row)) == (1, ("sent", ""))
        assert calls[0] == 3

    def test_a_database_away_for_longer_than_a_lease_is_told(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def away(*_: Any) -> Any:
            raise OperationalError("no route to host")

        monkeypatch.setattr(outbox, "settle", away)
        monkeypatch.setattr(teller, "TELL_WITHIN_S", -1.0)
        waiting()
        with pytest.raises(OperationalError):
            run(Channel.TELEGRAM, NOON)
