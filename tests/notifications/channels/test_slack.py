"""Slack's incoming webhooks: what a room shows, and what Slack's words mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import pytest
from pytest_django import Settings

from arbedge.errors import ArbEdgeError, BadInput
from notifications.channels import base
from notifications.channels.slack import sender
from notifications.codes import Code
from notifications.names import Outcome
from notifications.receivers.book import Call, Shown
from notifications.receivers.faults import Kind
from notifications.receivers.slack import Slack
from notifications.writing.content import Action
from tests.notifications.channels.outgoing import (
    OPEN,
    Receiving,
    outgoing,
    receiving,
    send,
    send_one,
)

URL = "https://hooks.slack.com/services/T00000000/B00000000/abcdefghijklmnopqrstuvwx"
Rooms = Receiving[Slack]


@pytest.fixture
def slack(settings: Settings) -> Iterator[Rooms]:
    settings.TRUSTED_RECEIVER_HOSTS = ["127.0.0.1"]
    with receiving(Slack) as server:
        yield server


@pytest.fixture
def room(slack: Rooms) -> Mapping[str, Any]:
    return sender.take({"url": f"{slack.url}/services/T0/B0/word"})


def shown(slack: Rooms) -> Shown:
    """The last message a room shows."""
    return list(slack.fake.book.shown.values())[-1]


def payload(call: Call) -> dict[str, Any]:
    return msgspec.json.decode(call.text, type=dict[str, Any])


def test_the_channel_finds_its_sender() -> None:
    assert base.sender(sender.channel) is sender


def test_a_message_arrives_with_its_links(slack: Rooms, room: Mapping[str, Any]) -> None:
    result = send_one(sender, room, actions=(OPEN,))

    assert result.outcome is Outcome.SENT
    assert shown(slack).text == "Long OKX\nShort Bybit\nCosts 0.23 %"
    assert [(button.label, button.url) for button in shown(slack).buttons] == [("Open", OPEN.url)]


def test_notifications_show_the_title(slack: Rooms, room: Mapping[str, Any]) -> None:
    send_one(sender, room, title="A & B <up>")

    assert payload(slack.calls[0])["text"] == "A &amp; B &lt;up&gt;"


def test_a_title_the_text_does_not_have_stands_above_it(
    slack: Rooms, room: Mapping[str, Any]
) -> None:
    send_one(sender, room, title="Code", body="123456")

    assert (shown(slack).title, shown(slack).text) == ("Code", "123456")


def test_a_title_the_text_begins_with_is_not_said_twice(
    slack: Rooms, room: Mapping[str, Any]
) -> None:
    send_one(sender, room, title="WIF & co", body="🟢 *WIF &amp; co*\nLong OKX")

    [block] = payload(slack.calls[0])["blocks"]
    assert block["text"]["text"] == "🟢 *WIF &amp; co*\nLong OKX"


@pytest.mark.parametrize("call", ["<!channel>", "<!here|now>", "<@U0123>", "<#C0123>"])
def test_no_text_calls_people(slack: Rooms, room: Mapping[str, Any], call: str) -> None:
    send_one(sender, room, title=call, body=f"WIF {call} pays")

    assert slack.fake.mentions == []


def test_a_label_cannot_end_its_link_early(slack: Rooms, room: Mapping[str, Any]) -> None:
    evil = Action("mute", "Mute <b>|x> <https://evil.example|here>", "https://a.example/?q=a|b>c")
    send_one(sender, room, actions=(evil,))

    assert [button.url for button in shown(slack).buttons] == ["https://a.example/?q=a%7Cb>c"]


def test_a_very_long_text_is_sent_in_sections_slack_takes(
    slack: Rooms, room: Mapping[str, Any]
) -> None:
    result = send_one(sender, room, title=10_000 * "t", body=10_000 * "&amp; ")

    assert result.outcome is Outcome.SENT
    sections = [block["text"]["text"] for block in payload(slack.calls[0])["blocks"][1:]]
    assert len(sections) == 10
    assert not any("&" in text.replace("&amp;", "") for text in sections)


@pytest.mark.parametrize(
    ("word", "detail"),
    [
        ("no_service", "HTTP 404: no_service"),
        ("channel_is_archived", "HTTP 410: channel_is_archived"),
        ("invalid_token", "HTTP 403: invalid_token"),
    ],
)
def test_a_room_that_is_no_more_is_gone(
    slack: Rooms, room: Mapping[str, Any], word: str, detail: str
) -> None:
    slack.fake.gone["T0/B0/word"] = word

    result = send_one(sender, room)

    assert (result.outcome, result.code, result.gone, result.detail) == (
        Outcome.PERMANENT, Code.GONE, True, detail,
    )  # fmt: skip


def test_a_message_slack_cannot_read_is_our_fault(slack: Rooms, room: Mapping[str, Any]) -> None:
    slack.fake.words.append("invalid_blocks")

    result = send_one(sender, room)

    assert (result.outcome, result.code, result.gone) == (
        Outcome.PERMANENT, Code.BAD_MESSAGE, False,
    )  # fmt: skip


def test_a_room_takes_one_message_a_second(slack: Rooms, room: Mapping[str, Any]) -> None:
    slack.fake.limited = True

    results = send(sender, outgoing(room), outgoing(room, number=2))

    [busy] = [result for result in results if result.outcome is not Outcome.SENT]
    assert (busy.outcome, busy.code, busy.retry_after_s) == (Outcome.RETRY, Code.RATE_LIMITED, 1.0)


def test_slack_says_when_to_come_back(slack: Rooms, room: Mapping[str, Any]) -> None:
    slack.fail(Kind.FLOOD, retry_after_s=30)

    assert send_one(sender, room).retry_after_s == 30.0


def test_troubles_are_tried_again(slack: Rooms, room: Mapping[str, Any]) -> None:
    slack.fail(status=503)

    assert send_one(sender, room).outcome is Outcome.RETRY


def test_a_connection_that_breaks_is_tried_again(slack: Rooms, room: Mapping[str, Any]) -> None:
    result = send_one(sender, {**room, "url": "http://127.0.0.1:1/services/x"})

    assert (result.outcome, result.code) == (Outcome.RETRY, Code.UNREACHABLE)


@pytest.mark.parametrize(
    "url", [URL, URL.replace("slack.com", "slack-gov.com"), URL.replace("services", "workflows")]
)
def test_webhooks_of_slack_are_taken(url: str) -> None:
    assert sender.take({"url": url}) == {"url": url}


@pytest.mark.parametrize(
    "url",
    [
        "", "https://hooks.slack.com/", "https://slack.com/services/T0/B0/abcdefghijkl",
        "https://hooks.slack.com.evil.example/services/T0/B0/abcdefghijkl",
        "https://evil.example/hooks.slack.com/services/T0/B0/abcdefghijkl",
        "https://hooks.slack.com/services/../api/abcdefghijkl", URL + "?x=1",
        "http://hooks.slack.com/services/T0/B0/abcdefghijkl", "https://169.254.169.254/services/x",
        "https://user@hooks.slack.com/services/T0/B0/abcdefghijkl",
    ],
)  # fmt: skip
def test_anything_else_is_refused(url: str) -> None:
    with pytest.raises(ArbEdgeError):
        sender.take({"url": url})


def test_bad_input_names_its_field() -> None:
    with pytest.raises(BadInput) as error:
        sender.take({"url": "https://example.com/hook"})

    assert error.value.details["field"] == "url"


def test_the_secret_of_the_url_is_not_shown(slack: Rooms) -> None:
    slack.fail(status=500)
    message = outgoing({"url": URL})

    assert "abcdefghijkl" not in repr(message) + sender.shown(message.address)
    assert sender.host(message.address) == "hooks.slack.com"
