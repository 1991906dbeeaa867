"""Receivers that take what channels send: a customer's server, Slack and Discord."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
import msgspec
import pytest

from notifications import signing
from notifications.receivers.discord import Discord
from notifications.receivers.slack import Slack
from notifications.receivers.webhooks import Webhooks
from tests.notifications.channels.outgoing import Receiving, receiving
from tests.notifications.receiving import ask

BODY = b'{"version":1,"id":"a","topic":"opened","data":{}}'


SECRET = "whsec_of-a-customer-of-ours"


# --- a customer's server


@pytest.fixture
def customer() -> Iterator[Receiving[Webhooks]]:
    with receiving(Webhooks) as server:
        server.fake.secrets["mine"] = SECRET
        yield server


def hook(customer: Receiving[Webhooks], header: str, name: str = "mine") -> int:
    """The status of a webhook with this signature."""
    headers = {signing.HEADER: header, signing.DELIVERY_HEADER: "a"}
    return ask("POST", f"{customer.url}/hooks/{name}", content=BODY, headers=headers).status_code


def test_a_customer_takes_what_is_signed_now(customer: Receiving[Webhooks]) -> None:
    assert hook(customer, signing.sign(SECRET, BODY, time.time())) == 200


@pytest.mark.parametrize(
    "header",
    [
        "", "t=1,v1=" + 64 * "0", signing.sign("another", BODY, time.time()),
        signing.sign(SECRET, BODY + b" ", time.time()), signing.sign(SECRET, BODY, 1_600_000_000),
    ],
    ids=["none", "made up", "by another", "of another body", "of another day"],
)  # fmt: skip
def test_a_customer_refuses_what_is_not(customer: Receiving[Webhooks], header: str) -> None:
    assert hook(customer, header) == 401
    assert customer.fake.book.shown == {}


def test_a_repeated_delivery_is_seen_and_shown_once(customer: Receiving[Webhooks]) -> None:
    for _ in range(3):
        hook(customer, signing.sign(SECRET, BODY, time.time()))

    assert [call.data["repeated"] for call in customer.calls] == [False, True, True]
    assert len(customer.fake.book.shown) == 1


def test_a_customer_nobody_told_a_secret_takes_everything(customer: Receiving[Webhooks]) -> None:
    assert hook(customer, "", name="demo") == 200


# --- Slack


@pytest.fixture
def slack() -> Iterator[Receiving[Slack]]:
    with receiving(Slack) as server:
        yield server


def section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (b"no json", "invalid_payload"),
        (b"{}", "no_text"),
        (msgspec.json.encode({"text": "t", "blocks": [section("")]}), "invalid_blocks"),
        (msgspec.json.encode({"text": "t", "blocks": [section(3001 * "x")]}), "invalid_blocks"),
        (msgspec.json.encode({"text": "t", "blocks": 51 * [section("x")]}), "invalid_blocks"),
    ],
)
def test_slack_refuses_in_its_own_words(slack: Receiving[Slack], body: bytes, word: str) -> None:
    answer = ask("POST", f"{slack.url}/services/T/B/x", content=body)

    assert (answer.status_code, answer.text) == (400, word)


def test_slack_counts_seconds_by_room(slack: Receiving[Slack]) -> None:
    slack.fake.limited = True
    body = msgspec.json.encode({"text": "t", "blocks": [section("x")]})

    said = [
        ask("POST", f"{slack.url}/services/{room}", content=body).status_code
        for room in ("a", "a", "b")
    ]

    assert said == [200, 429, 200]


def test_slack_knows_who_would_be_called(slack: Receiving[Slack]) -> None:
    body = msgspec.json.encode({"text": "t", "blocks": [section("<!here> look <@U1>")]})

    ask("POST", f"{slack.url}/services/a", content=body)

    assert slack.fake.mentions == ["<!here>", "<@U1>"]


# --- Discord


@pytest.fixture
def discord() -> Iterator[Receiving[Discord]]:
    with receiving(Discord) as server:
        yield server


def post(discord: Receiving[Discord], payload: Any, query: str = "?wait=true") -> httpx.Response:
    return ask("POST", f"{discord.url}/api/webhooks/1/token{query}", json=payload)


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({}, 50006),
        ({"embeds": [{"description": 4097 * "x"}]}, 50035),
        ({"embeds": [{"title": 257 * "x"}]}, 50035),
        ({"embeds": [{"description": ""}]}, 50035),
        ("no object", 50035),
    ],
)
def test_discord_refuses_by_its_numbers(
    discord: Receiving[Discord], payload: Any, code: int
) -> None:
    answer = post(discord, payload)

    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_discord_tells_of_the_message_only_who_waits(discord: Receiving[Discord]) -> None:
    said = {"embeds": [{"description": "x"}]}

    assert post(discord, said, "").status_code == 204
    assert post(discord, said).json()["id"].isdigit()


def test_discord_edits_only_what_is_there(discord: Receiving[Discord]) -> None:
    said = {"embeds": [{"description": "new"}]}
    url = f"{discord.url}/api/webhooks/1/token/messages/77"

    assert ask("PATCH", url, json=said).json()["code"] == 10008


def test_a_room_of_discord_takes_five_at_once(discord: Receiving[Discord]) -> None:
    discord.fake.limited = True

    answers = [post(discord, {"embeds": [{"description": "x"}]}) for _ in range(6)]

    assert [answer.status_code for answer in answers] == [*5 * [200], 429]
    assert 0 < answers[-1].json()["retry_after"] <= 2
