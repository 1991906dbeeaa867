"""How the channels do: who waits, what arrived, what did not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from arbedge import aio, breaker
from arbedge.names import Channel, Fault
from notifications import channel_health
from notifications.channel_health import Health
from notifications.models import Attempt
from notifications.names import CHANNEL_NUMBERS, DeliveryState
from tests.notifications.factories import MINUTE, NOON, DeliveryFactory, DeliveryLogFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_cache")]
EMAIL = CHANNEL_NUMBERS[Channel.EMAIL]


def health(channel: Channel = Channel.TELEGRAM) -> Health:
    [found] = [one for one in channel_health.report(NOON) if one.channel is channel]
    return found


def attempt(outcome: str = "sent", code: str = "", took_ms: float = 40.0, **more: Any) -> None:
    Attempt.objects.create(
        delivery_id=1, recipient="user", recipient_id=1, channel=more.pop("channel", "telegram"),
        at=more.pop("at", NOON - MINUTE), outcome=outcome, code=code, took_ms=took_ms,
    )  # fmt: skip


def test_every_channel_is_told_of_even_when_it_is_quiet() -> None:
    assert [one.channel for one in channel_health.report(NOON)] == list(Channel)


def test_what_waits_is_counted_by_channel_with_the_age_of_the_oldest() -> None:
    DeliveryFactory(due_at=NOON - timedelta(seconds=42))
    DeliveryFactory(due_at=NOON - timedelta(seconds=7))
    DeliveryFactory(state=DeliveryState.SENDING)
    DeliveryFactory(channels=[EMAIL], due_at=NOON + MINUTE)
    telegram, email = health(), health(Channel.EMAIL)
    assert (telegram.waiting, telegram.sending, telegram.oldest_s) == (2, 1, 42)
    assert (email.waiting, email.sending, email.oldest_s) == (1, 0, None)


def test_attempts_are_counted_with_the_reason_they_failed_for() -> None:
    for took_ms in (10.0, 20.0, 30.0):
        attempt(took_ms=took_ms)
    attempt("retry", "rate_limited")
    attempt("permanent", "blocked")
    attempt("permanent", "blocked")
    found = health()
    assert (found.sent, found.failed) == (3, 3)
    assert found.failures == {"blocked": 2, "rate_limited": 1}
    assert found.median_ms == 20


def test_old_attempts_say_nothing_of_today() -> None:
    attempt(at=NOON - channel_health.WINDOW - MINUTE)
    assert health().sent == 0


def test_a_host_that_is_not_asked_is_named_with_the_reason() -> None:
    async def ban() -> None:
        board = await breaker.board()
        await board.failed("channel:webhook", "hooks.example", Fault.BANNED, 1_000.0)
        await board.failed("channel:slack", "hooks.slack.com", Fault.TIMEOUT, 1_000.0)

    aio.run(ban())
    assert health(Channel.WEBHOOK).breakers == ["hooks.example banned; asked again now"]
    assert health(Channel.SLACK).breakers == []  # one time-out may be chance


def shut(channel: Channel, host: str, fault: Fault, times: int = 1) -> None:
    """Tells the breaker of a fault so often, at NOON."""

    async def fail() -> None:
        board = await breaker.board()
        for _ in range(times):
            await board.failed(f"channel:{channel}", host, fault, NOON.timestamp() * 1000)

    aio.run(fail())


@pytest.mark.parametrize(
    ("channel", "setting"),
    [
        (Channel.TELEGRAM, "BOT_TOKEN"),
        (Channel.EMAIL, "EMAIL_URL"),
        (Channel.SMS, "TWILIO_ACCOUNT and TWILIO_TOKEN"),
    ],
)
def test_a_refusal_of_our_account_names_the_setting(channel: Channel, setting: str) -> None:
    shut(channel, "host.example", Fault.FORBIDDEN)
    said = f"our account is refused, look at {setting}; asked again in 10\u2009min"
    assert health(channel).breakers == [said]


def test_a_refusal_of_somebody_s_own_account_is_the_host_s() -> None:
    shut(Channel.SLACK, "hooks.slack.com", Fault.FORBIDDEN)
    assert health(Channel.SLACK).breakers[0].startswith("hooks.slack.com refuses us;")


def test_what_cannot_be_reached_is_said_so() -> None:
    shut(Channel.TELEGRAM, "api.telegram.org", Fault.UNREACHABLE, times=breaker.TOLERATED)
    [said] = health().breakers
    assert said.startswith("api.telegram.org cannot be reached from here; asked again in ")


def test_only_hosts_that_carry_a_whole_channel_are_ours() -> None:
    shut(Channel.WEBHOOK, "hooks.example", Fault.BANNED)
    shut(Channel.EMAIL, "mail.example", Fault.FORBIDDEN)
    assert [one.host for one in channel_health.closed()] == ["mail.example", "hooks.example"]
    assert [one.host for one in channel_health.closed(ours=True)] == ["mail.example"]


def test_the_age_of_the_queue_is_that_of_the_oldest_that_could_go() -> None:
    assert channel_health.queue_age_s(NOON) is None
    DeliveryFactory(due_at=NOON - timedelta(seconds=90))
    DeliveryFactory(due_at=NOON - timedelta(hours=1), state=DeliveryState.SENT)
    assert channel_health.queue_age_s(NOON) == 90


def test_what_was_given_up_is_counted_no_further_than_asked() -> None:
    DeliveryFactory.create_batch(3, state=DeliveryState.DEAD)
    assert channel_health.dead_letters() == 3
    assert channel_health.dead_letters(2) == 2


def test_what_arrived_is_counted_in_queue_and_log() -> None:
    DeliveryFactory(state=DeliveryState.SENT)
    DeliveryFactory(state=DeliveryState.FAILED)
    DeliveryLogFactory(state=DeliveryState.READ)
    DeliveryLogFactory(settled_at=NOON - timedelta(days=2))
    assert channel_health.arrived(NOON - timedelta(days=1)) == 2


@pytest.mark.parametrize("rows", [1, 40])
def test_the_report_asks_twice_whatever_the_load(
    rows: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(rows):
        DeliveryFactory()
        attempt()
    with django_assert_num_queries(2):
        channel_health.report(NOON)
