"""Text messages through an interface that speaks Twilio's words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from arbedge.errors import BadInput
from notifications.channels import base
from notifications.channels.sms import sender
from notifications.codes import Code
from notifications.names import Outcome
from notifications.receivers.faults import Kind
from notifications.receivers.twilio import Twilio
from tests.notifications.channels.outgoing import (
    OPEN,
    Receiving,
    outgoing,
    receiving,
    send,
    send_one,
)

ANN = {"number": "+447700900123"}
ACCOUNT, TOKEN = "AC" + 32 * "1", "account-token"
Provider = Receiving[Twilio]


@pytest.fixture
def twilio(settings: Settings) -> Iterator[Provider]:
    with receiving(lambda book, board: Twilio(book, board, ACCOUNT, TOKEN)) as server:
        settings.TWILIO_API_URL = server.url
        settings.TWILIO_ACCOUNT, settings.TWILIO_TOKEN = ACCOUNT, TOKEN
        settings.TWILIO_FROM = "+15005550006"
        yield server


def form(twilio: Provider) -> dict[str, str]:
    """What the last message was asked with."""
    asked: dict[str, str] = twilio.calls[-1].data["form"]
    return asked


def test_the_channel_finds_its_sender() -> None:
    assert base.sender(sender.channel) is sender


def test_a_text_arrives(twilio: Provider) -> None:
    result = send_one(sender, ANN)

    assert result.outcome is Outcome.SENT
    assert result.provider_id == twilio.calls[0].number != ""
    assert form(twilio) == {
        "To": "+447700900123",
        "From": "+15005550006",
        "Body": "WIF funding +0.42 % net in 72 h\nLong OKX\nShort Bybit\nCosts 0.23 %",
    }


def test_a_title_the_text_begins_with_is_not_said_twice(twilio: Provider) -> None:
    send_one(sender, ANN, title="Code", body="Code 123456")

    assert form(twilio)["Body"] == "Code 123456"


def test_the_link_stays_when_the_text_is_cut(twilio: Provider) -> None:
    send_one(sender, ANN, body="word " * 2000, actions=(OPEN,))

    assert form(twilio)["Body"].endswith(f"...\n{OPEN.url}")
    assert len(form(twilio)["Body"]) <= 459


@pytest.mark.parametrize(
    ("left", "life_s"), [(timedelta(hours=1), 3600), (timedelta(days=3), 14_400)]
)
def test_a_text_is_not_delivered_after_its_message_ended(
    twilio: Provider, left: timedelta, life_s: int
) -> None:
    send_one(sender, ANN, expires_at=timezone.now() + left)

    assert abs(int(form(twilio)["ValidityPeriod"]) - life_s) <= 60


def test_a_messaging_service_may_send(twilio: Provider, settings: Settings) -> None:
    settings.TWILIO_FROM = "MG" + 32 * "2"

    send_one(sender, ANN)

    assert form(twilio)["MessagingServiceSid"] == settings.TWILIO_FROM
    assert "From" not in form(twilio)


def test_what_looks_like_a_form_is_text(twilio: Provider) -> None:
    send_one(sender, ANN, title="a", body="a&To=+15005550006\r\nFrom: x")

    assert form(twilio)["To"] == "+447700900123"
    assert form(twilio)["Body"] == "a&To=+15005550006\nFrom: x"


@pytest.mark.parametrize(
    ("number", "code", "gone", "detail"),
    [
        ("+15005550001", Code.BAD_ADDRESS, True, "error 21211"),
        ("+15005550009", Code.BAD_ADDRESS, True, "error 21614"),
        ("+15005550004", Code.SUPPRESSED, True, "error 21610"),
        ("+15005550003", Code.REFUSED, False, "HTTP 400: error 21408"),
    ],
)
@pytest.mark.usefixtures("twilio")
def test_refusals_by_the_providers_numbers(
    number: str, code: Code, gone: bool, detail: str
) -> None:
    result = send_one(sender, {"number": number})

    assert (result.outcome, result.code, result.gone, result.detail) == (
        Outcome.PERMANENT, code, gone, detail,
    )  # fmt: skip


def test_too_many_texts_pause_the_whole_channel(twilio: Provider) -> None:
    twilio.fake.per_second = 1

    results = send(sender, outgoing(ANN), outgoing(ANN, number=2))

    assert sorted(result.outcome for result in results) == [Outcome.RETRY, Outcome.SENT]
    [busy] = [result for result in results if result.outcome is Outcome.RETRY]
    assert (busy.code, busy.retry_after_s, busy.pause_s) == (Code.RATE_LIMITED, 1.0, 1.0)


def test_the_providers_own_wait_is_honoured(twilio: Provider) -> None:
    twilio.fail(Kind.FLOOD, retry_after_s=30)

    assert send_one(sender, ANN).pause_s == 30.0


def test_a_wrong_token_is_our_own_fault(twilio: Provider, settings: Settings) -> None:
    settings.TWILIO_TOKEN = "wrong"

    result = send_one(sender, ANN)

    assert (result.outcome, result.code, result.gone) == (
        Outcome.PERMANENT, Code.NOT_CONFIGURED, False,
    )  # fmt: skip


@pytest.mark.parametrize("name", ["TWILIO_ACCOUNT", "TWILIO_TOKEN", "TWILIO_FROM"])
def test_without_an_account_nothing_is_sent_and_it_is_said(
    twilio: Provider, settings: Settings, name: str
) -> None:
    setattr(settings, name, "")

    result = send_one(sender, ANN)

    assert (result.outcome, result.code) == (Outcome.PERMANENT, Code.NOT_CONFIGURED)
    assert twilio.calls == []


@pytest.mark.parametrize(("status", "code"), [(500, Code.SERVER), (503, Code.SERVER)])
def test_troubles_are_tried_again(twilio: Provider, status: int, code: Code) -> None:
    twilio.fail(status=status)

    result = send_one(sender, ANN)

    assert (result.outcome, result.code) == (Outcome.RETRY, code)


@pytest.mark.usefixtures("twilio")
def test_a_dead_provider_is_unreachable(settings: Settings) -> None:
    settings.TWILIO_API_URL = "http://127.0.0.1:1"

    assert send_one(sender, ANN).code == Code.UNREACHABLE


def test_one_bad_number_does_not_hold_up_the_rest(twilio: Provider) -> None:
    results = send(sender, outgoing({"number": "+15005550001"}), outgoing(ANN, number=2))

    assert [result.outcome for result in results] == [Outcome.PERMANENT, Outcome.SENT]


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("+447700900123", "+447700900123"), ("+44 (7700) 900-123", "+447700900123"),
        ("0044 7700 900123", "+447700900123"), ("+33 6.12.34.56.78", "+33612345678"),
    ],
)  # fmt: skip
def test_numbers_are_taken_as_people_write_them(typed: str, number: str) -> None:
    assert sender.take({"number": typed}) == {"number": number}


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "07700900123",
        "+0123456789",
        "+44",
        "+1234567890123456",
        "+44770090012a",
        "+४४७७००९००१२३",
    ],
)
def test_bad_input_names_field_and_limit(typed: str) -> None:
    with pytest.raises(BadInput) as error:
        sender.take({"number": typed})

    assert error.value.details == {"field": "number", "limit": 15}


def test_number_and_token_are_not_shown(twilio: Provider) -> None:
    message = outgoing(ANN)
    [result] = send(sender, message)

    for text in (repr(message), repr(result), sender.shown(ANN)):
        assert "7700900" not in text
        assert TOKEN not in text


def test_the_provider_is_whose_breaker_counts(settings: Settings) -> None:
    settings.TWILIO_API_URL = "https://api.twilio.com"

    assert sender.host(ANN) == "api.twilio.com"
