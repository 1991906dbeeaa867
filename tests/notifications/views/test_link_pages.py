"""Following a link: on to its target, counted once, only where a person did it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.test import Client
from structlog.testing import capture_logs

from notifications import clicks
from notifications.models import Click, VariantResult
from notifications.writing import links
from tests.accounts.web import body
from tests.notifications.factories import ChatFactory, DeliveryFactory, DeliveryLogFactory

pytestmark = pytest.mark.django_db
PERSON = "Mozilla/5.0 (iPhone; CPU iPhone OS 26_1 like Mac OS X) Safari/605.1.15"


@pytest.fixture(autouse=True)
def _site(settings: Any) -> None:
    settings.SITE_URL = "http://testserver"


def link(delivery_id: int = 7, action: str = "open", target: str = "/o/1") -> str:
    """The path of a signed link."""
    return links.signed(delivery_id, action, target).removeprefix("http://testserver")


def follow(client: Client, path: str, agent: str = PERSON, **headers: str) -> Any:
    """Presses a link."""
    return client.get(path, headers={"User-Agent": agent, **headers})


def test_a_link_leads_on(client: Client) -> None:
    answer = follow(client, link(target="/o/1?from=mail"))
    assert (answer.status_code, answer["Location"]) == (302, "/o/1?from=mail")


def test_a_venues_page_is_reached_without_telling_it_the_token(client: Client) -> None:
    answer = follow(client, link(target="https://www.okx.com/trade-swap/wif"))
    assert answer["Location"] == "https://www.okx.com/trade-swap/wif"
    assert answer["Referrer-Policy"] == "no-referrer"
    assert "no-store" in answer["Cache-Control"]


def test_a_click_counts_once_for_each_action_of_a_delivery(client: Client) -> None:
    for _ in range(3):
        follow(client, link(7, "open"))
    follow(client, link(7, "why"))
    follow(client, link(8, "open"))
    assert sorted(Click.objects.values_list("delivery_id", "link")) == [
        (7, "open"), (7, "why"), (8, "open")
    ]  # fmt: skip


@pytest.mark.parametrize("made", [DeliveryFactory, DeliveryLogFactory])
def test_a_click_remembers_the_wording_in_queue_and_log(client: Client, made: Any) -> None:
    delivery = made(variant="shorter")
    follow(client, link(delivery.id))
    assert Click.objects.get().variant == "shorter"


def test_a_wordings_result_counts_messages_not_links(client: Client) -> None:
    delivery = DeliveryFactory(variant="shorter")
    for action in ("open", "why", "open"):
        follow(client, link(delivery.id, action))
    assert list(VariantResult.objects.values_list("variant", "clicked")) == [("shorter", 1)]


def test_every_press_in_a_group_counts_for_the_group(client: Client) -> None:
    chat = ChatFactory()
    post = DeliveryFactory(recipient="chat", recipient_id=chat.pk, state="sent")
    for _ in range(3):
        follow(client, link(post.pk))
    follow(client, link(post.pk), agent="TelegramBot (like TwitterBot)")
    assert chat.days.get().pressed == 3
    assert Click.objects.count() == 1


@pytest.mark.parametrize(
    "agent",
    [
        "", "TelegramBot (like TwitterBot)", "Slackbot-LinkExpanding 1.0", "WhatsApp/2.23",
        "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)", "curl/8.5.0",
        "facebookexternalhit/1.1", "Mozilla/5.0 Barracuda Sentinel (EE)",
    ],
)  # fmt: skip
def test_programs_that_look_ahead_are_led_on_but_not_counted(client: Client, agent: str) -> None:
    assert follow(client, link(), agent).status_code == 302
    assert not Click.objects.exists()


@pytest.mark.parametrize("header", ["Sec-Purpose", "Purpose", "X-Moz"])
def test_what_a_browser_loads_ahead_is_not_counted(client: Client, header: str) -> None:
    follow(client, link(), **{header: "prefetch"})
    assert not Click.objects.exists()


def test_a_head_is_nobodys_finger(client: Client) -> None:
    assert client.head(link(), headers={"User-Agent": PERSON}).status_code == 302
    assert not Click.objects.exists()


def test_a_link_cannot_be_posted_to(client: Client) -> None:
    assert client.post(link()).status_code == 405


def test_a_forged_link_says_so_and_leads_nowhere(client: Client) -> None:
    answer = follow(client, "/go/WzcsIm9wZW4iLCIvby8xIiwxXQ.forged")
    assert answer.status_code == 400
    assert "not one of ours" in body(answer)
    assert "Location" not in answer
    assert not Click.objects.exists()


def test_an_old_link_says_so(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("notifications.writing.links.time.time", lambda: 1)
        path = link()
    answer = follow(client, path)
    assert answer.status_code == 410
    assert "long over" in body(answer)


def test_a_target_taken_off_the_list_is_not_led_to_any_more(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = link(target="https://www.okx.com/trade")
    monkeypatch.setattr(links, "VENUE_SITES", frozenset())
    assert follow(client, path).status_code == 400


def test_a_link_works_while_it_cannot_be_counted(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone() -> None:
        raise DatabaseError

    with capture_logs() as said:
        monkeypatch.setattr(connection, "cursor", gone)
        counted = clicks.count(links.Link(7, "open", "/"), datetime.now(UTC))
    assert not counted
    assert [line["event"] for line in said] == ["click_not_counted"]
