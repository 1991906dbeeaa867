"""Discord's webhooks: what a room shows, edits, and what Discord's numbers mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from pytest_django import Settings
from starlette.responses import JSONResponse

from arbedge.errors import ArbEdgeError, BadInput
from notifications.channels import base
from notifications.channels.discord import sender
from notifications.codes import Code
from notifications.names import Outcome
from notifications.receivers.book import Call
from notifications.receivers.discord import Discord
from notifications.writing.content import Action
from tests.notifications.channels.outgoing import (
    OPEN,
    Receiving,
    outgoing,
    receiving,
    send,
    send_one,
)

ROOM = "123456789012345678"
URL = f"https://discord.com/api/webhooks/{ROOM}/" + 60 * "t"
Rooms = Receiving[Discord]


@pytest.fixture
def discord(settings: Settings) -> Iterator[Rooms]:
    settings.TRUSTED_RECEIVER_HOSTS = ["127.0.0.1"]
    with receiving(Discord) as server:
        yield server


@pytest.fixture
def room(discord: Rooms) -> Mapping[str, Any]:
    return sender.take({"url": f"{discord.url}/api/webhooks/{ROOM}/word"})


def payload(call: Call) -> dict[str, Any]:
    return msgspec.json.decode(call.text, type=dict[str, Any])


def embed(discord: Rooms) -> dict[str, Any]:
    """What the last call put into the room."""
    [found] = payload(discord.calls[-1])["embeds"]
    assert isinstance(found, dict)
    return found


def test_the_channel_finds_its_sender() -> None:
    assert base.sender(sender.channel) is sender


def test_a_message_arrives_with_its_links(discord: Rooms, room: Mapping[str, Any]) -> None:
    result = send_one(sender, room, actions=(OPEN,))

    assert result.outcome is Outcome.SENT
    assert result.provider_id == discord.calls[0].number != ""
    assert embed(discord) == {
        "title": "WIF funding +0.42 % net in 72 h",
        "description": f"Long OKX\nShort Bybit\nCosts 0.23 %\n\n[Open]({OPEN.url})",
        "timestamp": "2026-11-21T12:00:00+00:00",
    }


def test_a_title_the_text_begins_with_is_not_said_twice(
    discord: Rooms, room: Mapping[str, Any]
) -> None:
    send_one(sender, room, title="WIF_X pays", body="🟢 **WIF\\_X** pays\nLong OKX")

    assert "title" not in embed(discord)


def test_no_text_calls_people(discord: Rooms, room: Mapping[str, Any]) -> None:
    send_one(sender, room, body="@everyone <@1234>")

    assert payload(discord.calls[0])["allowed_mentions"] == {"parse": []}


def test_signs_of_a_title_are_harmless(discord: Rooms, room: Mapping[str, Any]) -> None:
    send_one(sender, room, title="[x](https://evil.example) **b**", body="")

    assert embed(discord)["title"] == r"\[x\]\(https\://evil.example\) \*\*b\*\*"


def test_a_label_cannot_end_its_link_early(discord: Rooms, room: Mapping[str, Any]) -> None:
    evil = Action("mute", "M](https://evil.example)", "https://a.example/?q=(b)")
    send_one(sender, room, actions=(evil,))

    assert embed(discord)["description"].endswith(
        "[M\\]\\(https\\://evil.example\\)](https://a.example/?q=%28b%29)"
    )


def test_a_very_long_text_is_shortened_and_keeps_whole_links(
    discord: Rooms, room: Mapping[str, Any]
) -> None:
    long_link = Action("chart", "Chart", "https://a.example/" + 2000 * "x")

    result = send_one(sender, room, title=500 * "*", body=10_000 * "b", actions=(OPEN, long_link))

    assert result.outcome is Outcome.SENT
    assert len(embed(discord)["description"]) <= 4096
    assert embed(discord)["description"].endswith(f"…\n\n[Open]({OPEN.url})")


def test_a_follow_up_edits_its_opening(discord: Rooms, room: Mapping[str, Any]) -> None:
    opening = send_one(sender, room).provider_id

    [result] = send(sender, outgoing(room, number=2, replaces=opening, body="↑ now +0.55 %"))

    assert (result.outcome, result.provider_id) == (Outcome.SENT, opening)
    assert [call.method for call in discord.calls] == ["POST", "PATCH"]
    assert [shown.text for shown in discord.fake.book.shown.values()] == ["↑ now +0.55 %"]


def test_a_follow_up_of_a_deleted_message_is_a_new_one(
    discord: Rooms, room: Mapping[str, Any]
) -> None:
    opening = send_one(sender, room).provider_id
    discord.fake.messages.clear()

    [result] = send(sender, outgoing(room, number=2, replaces=opening))

    assert result.outcome is Outcome.SENT
    assert result.provider_id != opening
    assert [call.status for call in discord.calls] == [200, 404, 200]


def test_an_id_that_is_no_number_edits_nothing(discord: Rooms, room: Mapping[str, Any]) -> None:
    send(sender, outgoing(room, replaces="../../../users/@me"))

    assert [call.method for call in discord.calls] == ["POST"]


def test_a_silent_message_wakes_nobody(discord: Rooms, room: Mapping[str, Any]) -> None:
    send(sender, outgoing(room, silent=True))

    assert payload(discord.calls[0])["flags"] == 4096


def test_a_picture_goes_along(discord: Rooms, room: Mapping[str, Any], tmp_path: Path) -> None:
    chart = tmp_path / "chart.png"
    chart.write_bytes(b"\x89PNG\r\n")

    result = send_one(sender, room, image_path=str(chart))

    assert result.outcome is Outcome.SENT
    assert discord.calls[0].data["files"] == ["chart.png"]
    assert embed(discord)["image"] == {"url": "attachment://chart.png"}


def test_a_picture_that_was_cleared_away_is_left_out(
    discord: Rooms, room: Mapping[str, Any], tmp_path: Path
) -> None:
    result = send_one(sender, room, image_path=str(tmp_path / "gone.png"))

    assert result.outcome is Outcome.SENT
    assert "image" not in embed(discord)


def test_a_webhook_nobody_knows_is_gone(discord: Rooms, room: Mapping[str, Any]) -> None:
    discord.fake.gone.add(ROOM)

    result = send_one(sender, room)

    assert (result.outcome, result.code, result.gone, result.detail) == (
        Outcome.PERMANENT, Code.GONE, True, "error 10015",
    )  # fmt: skip


def test_a_message_discord_cannot_read_is_our_fault(
    discord: Rooms, room: Mapping[str, Any]
) -> None:
    result = send_one(sender, room, title="", body="")

    assert (result.outcome, result.code, result.gone) == (
        Outcome.PERMANENT, Code.BAD_MESSAGE, False,
    )  # fmt: skip


def test_a_busy_room_says_when_to_come_back(discord: Rooms, room: Mapping[str, Any]) -> None:
    discord.fake.limited = True

    results = send(sender, *(outgoing(room, number=number) for number in range(6)))

    [busy] = [result for result in results if result.outcome is not Outcome.SENT]
    assert (busy.outcome, busy.code, busy.pause_s) == (Outcome.RETRY, Code.RATE_LIMITED, None)
    assert busy.retry_after_s is not None
    assert 1 <= busy.retry_after_s <= 2


def test_a_global_limit_pauses_all_of_discord(discord: Rooms, room: Mapping[str, Any]) -> None:
    said = {"message": "rate limited", "retry_after": 64.57, "global": True}
    discord.fake.prepared.append(JSONResponse(said, 429))

    result = send_one(sender, room)

    assert (result.code, result.retry_after_s, result.pause_s) == (Code.RATE_LIMITED, 64.57, 64.57)


def test_troubles_are_tried_again(discord: Rooms, room: Mapping[str, Any]) -> None:
    discord.fail(status=502)

    assert send_one(sender, room).outcome is Outcome.RETRY


@pytest.mark.parametrize(
    "url", [URL, URL.replace("/api/", "/api/v10/"), URL.replace("discord.", "canary.discord.")]
)
def test_webhooks_of_discord_are_taken(url: str) -> None:
    assert sender.take({"url": f"{url}?wait=true"}) == {"url": url}


@pytest.mark.parametrize(
    "url",
    [
        "", "https://discord.com/", URL.replace("discord.com", "discord.com.evil.example"),
        URL.replace("webhooks", "channels"), URL + "/slack", URL.replace("https", "http"),
        "https://169.254.169.254/api/webhooks/1/x", URL.replace("://", "://user@"),
    ],
)  # fmt: skip
def test_anything_else_is_refused(url: str) -> None:
    with pytest.raises(ArbEdgeError):
        sender.take({"url": url})


def test_bad_input_names_its_field() -> None:
    with pytest.raises(BadInput) as error:
        sender.take({"url": "https://example.com/hook"})

    assert error.value.details["field"] == "url"


def test_the_secret_of_the_url_is_not_shown() -> None:
    message = outgoing({"url": URL})

    assert 10 * "t" not in repr(message) + sender.shown(message.address)
    assert sender.host(message.address) == "discord.com"
