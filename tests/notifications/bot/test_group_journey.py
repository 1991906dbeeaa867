"""A group's life with the bot, over HTTP with the Bot API's double and long polling."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Event as Flag
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from arbedge import aio, cache
from arbedge.choices import mask
from arbedge.names import Channel, Event, Shelf, Tier
from notifications import fanout
from notifications.bot import lanes, polling
from notifications.bot.polling import Asking, Poller
from notifications.models import BotUpdate, Chat, ChatJoin
from notifications.sending import delivery, pacing
from notifications.telegram import chat_figures
from notifications.telegram.telegram_transport import Transport
from tests.notifications.bot.asking import member
from tests.notifications.bot.stage import NOW
from tests.notifications.events import born, event, opportunity
from tests.notifications.receiving import TOKEN, Running, running

pytestmark = pytest.mark.django_db(transaction=True)
GROUP, TOPIC, EVE, NORA = -1_001_999, 33, 4_500_001, 4_500_002
BEGINNERS = mask((Shelf.LOW_RISK, Shelf.BEGINNER), Shelf)
PERSON = {"User-Agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 26_1 like Mac OS X) Safari/605.1.15"}


@dataclass
class Stage:
    """Telegram, and the bot that asks it for updates."""

    telegram: Running
    bot: Asking
    now: datetime = NOW

    def after(self, path: str, **told: Any) -> None:
        """Something happens at Telegram, and the bot deals with it."""
        self.telegram.ask(path, **told)
        self.work()

    def work(self) -> None:
        """Takes all updates and works off their lanes."""
        self.now += timedelta(seconds=4)
        Poller(Flag()).once(self.bot)
        for lane in set(BotUpdate.objects.filter(state__lt=2).values_list("lane", flat=True)):
            lanes.work(lane, self.now)
        assert not BotUpdate.objects.exclude(problem="").exists()

    def post(self, coin: str) -> Any:
        """An opportunity opens and is posted; the post as the group sees it."""
        self.open(coin)
        return self.last()

    def open(self, coin: str) -> None:
        """An opportunity opens, and what is due is sent."""
        self.now += timedelta(seconds=4)
        one = opportunity(asset=coin, as_of=self.now, shelves=BEGINNERS)
        born(event(one, Event.OPENED, at=self.now), now=self.now)
        self.now += timedelta(seconds=4)
        while fanout.run(self.now).slices:
            pass
        delivery.run(Channel.TELEGRAM, self.now)

    def last(self, chat: int = GROUP) -> Any:
        """The newest message of the bot in a chat."""
        return [one for one in self.telegram.chat(chat)["messages"] if one["who"] == "bot"][-1]

    def raw(self) -> Any:
        """The newest message as Telegram keeps it."""
        return list(self.telegram.receivers.book.shown.values())[-1].raw


@pytest.fixture
def stage(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    monkeypatch.setattr(polling, "POLL_S", 0)
    monkeypatch.setattr(polling, "close_old_connections", lambda: None)
    monkeypatch.setattr(pacing, "_marks", {})
    cache.client().flushdb()
    with running(TOKEN) as telegram:
        settings.BOT_TOKEN, settings.BOT_NAME = TOKEN, "arbedge_bot"
        settings.TELEGRAM_API_URL = telegram.url
        settings.SITE_URL = "https://arbedge.example.org"
        settings.TELEGRAM_PER_SECOND = 1000
        transport = Transport(1)
        yield Stage(telegram, Asking(transport))
        aio.run(transport.shutdown())
    cache.client().flushdb()


@pytest.fixture
def ada(stage: Stage) -> User:
    """She runs a forum where Eve is a member."""
    found = member(tier=Tier.PRO, tier_until=NOW + timedelta(days=9),
                   session_until=NOW + timedelta(days=7))  # fmt: skip
    stage.telegram.ask("/_chats", chat=GROUP, type="supergroup", title="Traders", forum=True)
    stage.telegram.ask("/_bot", chat=GROUP, status="left", silent=True)
    stage.telegram.ask("/_members", chat=GROUP, member=found.telegram_id, status="creator")
    stage.telegram.ask("/_members", chat=GROUP, member=EVE)
    return found


def links(message: Any) -> dict[str, str]:
    return {one["label"]: one["url"] for row in message["buttons"] for one in row}


def test_a_group_from_the_first_day_to_the_last(stage: Stage, ada: User, client: Client) -> None:
    stage.after("/_bot", chat=GROUP, status="member", by=ada.telegram_id)
    assert "posted here from now on" in stage.last()["text"]
    chat = Chat.objects.get()
    assert (chat.registered_by, chat.title) == (ada, "Traders")

    stage.after("/_type", chat=GROUP, by=ada.telegram_id, text="/admin_group_config", thread=TOPIC)
    pressed = stage.telegram.press(GROUP, label="Pause", by=EVE)
    stage.work()
    assert "Only admins" in stage.telegram.see("/_query", id=pressed["query"])["text"]
    stage.after("/_press", chat=GROUP, label="Topic", by=ada.telegram_id)
    stage.after("/_press", chat=GROUP, label="Post in this topic", by=ada.telegram_id)
    chat.refresh_from_db()
    assert (chat.thread_id, chat.paused) == (TOPIC, False)

    post = stage.post("WIF")
    assert "WIF" in post["text"]
    assert stage.raw()["message_thread_id"] == TOPIC

    client.get(urlsplit(links(post)["Open"]).path, headers=PERSON)
    payload = links(post)["My figures"].partition("start=")[2]
    stage.after("/_type", chat=NORA, by={"id": NORA, "name": "Nora"}, text=f"/start {payload}")
    assert ChatJoin.objects.get().chat == chat
    week = chat_figures.of(chat, datetime.now(UTC))[0]  # the stage's clock is ahead of sending's
    assert (week.posts, week.pressed, week.joined) == (1, 2, 1)

    stage.telegram.ask("/_chats", chat=GROUP, forum=False)
    assert "closed or gone" in stage.post("BONK")["text"]
    chat.refresh_from_db()
    assert chat.thread_id is None

    stage.after("/_bot", chat=GROUP, status="kicked", by=ada.telegram_id)
    chat.refresh_from_db()
    assert chat.gone == "blocked"


def test_a_group_that_moves_is_posted_to_where_it_went(stage: Stage, ada: User) -> None:
    stage.telegram.ask("/_chats", chat=-77, type="group", title="Friends")
    stage.telegram.ask("/_bot", chat=-77, status="left", silent=True)
    stage.after("/_bot", chat=-77, status="member", by=ada.telegram_id)
    stage.after("/_migrate", chat=-77, to=-1_001_077, by=ada.telegram_id)
    assert Chat.objects.get().telegram_id == -1_001_077
    stage.open("WIF")
    assert "WIF" in stage.last(-1_001_077)["text"]


def test_who_blocks_the_bot_and_takes_it_back_is_reached_again(stage: Stage, ada: User) -> None:
    stage.after("/_type", chat=ada.telegram_id, text="/help")
    stage.after("/_block", chat=ada.telegram_id)
    said = stage.last(ada.telegram_id or 0)
    stage.open("WIF")
    assert stage.last(ada.telegram_id or 0) == said
    stage.after("/_unblock", chat=ada.telegram_id)
    stage.open("BONK")
    assert "BONK" in stage.last(ada.telegram_id or 0)["text"]


def test_who_is_admin_no_more_configures_no_more(stage: Stage, ada: User) -> None:
    stage.after("/_bot", chat=GROUP, status="administrator", by=ada.telegram_id)
    stage.after("/_type", chat=GROUP, by=ada.telegram_id, text="/admin_group_config")
    stage.after("/_members", chat=GROUP, member=ada.telegram_id, status="member", by=EVE)
    pressed = stage.telegram.press(GROUP, label="Pause", by=ada.telegram_id)
    stage.work()
    assert "Only admins" in stage.telegram.see("/_query", id=pressed["query"])["text"]
    assert not Chat.objects.get().paused
