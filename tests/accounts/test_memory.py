"""A cache that fails, is waited for, and is not believed when it comes back."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import transaction

from accounts import memory
from arbedge import cache, clock
from tests.accounts.memories import Commands, cache_gone, forget, pause_is_over


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    forget()
    yield
    forget()


def epoch() -> bytes:
    held: Any = cache.client().get(memory.epoch_key())
    return memory.epoch_of(held)


def ping() -> Any:
    return memory.ask("test", lambda client: client.ping())


def test_an_answer_is_passed_on() -> None:
    assert ping() is True
    assert epoch() == memory.FIRST_EPOCH


def test_nobody_answering_is_no_error() -> None:
    with cache_gone():
        assert ping() is None
    assert memory.trust.failed_ms > 0


def test_a_command_the_cache_refuses_is_a_failure_too() -> None:
    """A full memory refuses writes while it still answers reads."""

    def refused(client: Any) -> Any:
        return client.execute_command("NOSUCHCOMMAND")

    assert memory.ask("test", refused) is None
    assert memory.trust.failed_ms > 0


def test_after_a_failure_it_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    with cache_gone():
        ping()
    commands = Commands(monkeypatch)
    assert ping() is None
    assert commands.sent == []


def test_a_cache_that_kept_us_waiting_is_left_alone_as_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks = iter([1_000.0, 1_000.0, 1_007.0])
    with monkeypatch.context() as slow, cache_gone():
        slow.setattr(memory, "time", SimpleNamespace(monotonic=lambda: next(looks)))
        ping()
    assert memory.trust.paused_until == 1_014.0


def test_when_it_is_back_a_new_epoch_begins() -> None:
    with cache_gone():
        ping()
    failed_ms = memory.trust.failed_ms
    pause_is_over()
    assert ping() is True
    assert int(epoch()) > failed_ms
    assert memory.trust.failed_ms == 0.0


def test_a_later_epoch_of_another_process_serves_as_well() -> None:
    with cache_gone():
        ping()
    others = b"%013d" % int(clock.now_ms() + 60_000)
    cache.client().set(memory.epoch_key(), others)
    pause_is_over()
    ping()
    assert epoch() == others


def test_an_earlier_epoch_of_another_process_does_not() -> None:
    others = b"%013d" % int(clock.now_ms() - 60_000)
    cache.client().set(memory.epoch_key(), others)
    with cache_gone():
        ping()
    pause_is_over()
    ping()
    assert epoch() > others


def test_a_process_that_never_asks_again_still_begins_an_epoch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(memory, "PAUSE_S", 0.01)
    memory.missed()
    mender = memory.trust.mender
    assert mender is not None
    mender.join(timeout=30)
    assert not mender.is_alive()
    assert epoch() != memory.FIRST_EPOCH


def test_one_thread_waits_however_many_changes_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "PAUSE_S", 0.05)
    memory.missed()
    first = memory.trust.mender
    memory.missed()
    assert first is not None
    assert memory.trust.mender is first
    first.join(timeout=30)


@pytest.mark.django_db
def test_within_a_transaction_nothing_is_settled() -> None:
    assert memory.settled()
    with transaction.atomic():
        assert not memory.settled()
