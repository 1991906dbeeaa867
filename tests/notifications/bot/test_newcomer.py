"""A newcomer's first hour, over HTTP with the Bot API's double, word for word in each language.

`GOLDEN=write` writes the transcripts anew.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from accounts import invitations
from accounts.models.invitation import Purpose
from arbedge import cache, clock
from arbedge.choices import mask
from arbedge.names import Door, Event, Shelf
from notifications.bot import intake
from notifications.sending import pacing
from tests.notifications.bot.stage import NOW, Phone
from tests.notifications.events import born, event, opportunity
from tests.notifications.receiving import TOKEN, Running, running

GOLDEN = Path(__file__).parent / "golden"
LONGEST_LINE = 40
FOR_BEGINNERS = mask((Shelf.LOW_RISK, Shelf.BEGINNER), Shelf)
JARGON = ("None", "null", "Traceback", "utc+", "callback", "fingerprint", "payload", "enum")


@pytest.fixture
def telegram(
    settings: Settings, live_server: LiveServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Running]:
    monkeypatch.setattr(pacing, "_marks", {})
    cache.client().flushdb()
    with running(TOKEN) as at:
        settings.BOT_TOKEN, settings.BOT_NAME = TOKEN, "ArbEdgeBot"
        settings.TELEGRAM_API_URL, settings.SITE_URL = at.url, live_server.url
        settings.TELEGRAM_PER_SECOND, settings.INVITE_ONLY = 1000, True
        at.call(
            "setWebhook",
            url=f"{live_server.url}/telegram/webhook",
            secret_token=intake.secret_token(),
        )
        yield at
    cache.client().flushdb()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("language", ["en", "es", "fr"])
def test_from_the_first_word_to_the_last(
    telegram: Running, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = invitations.make(Purpose.BETA, door=Door.TASK, now=NOW)[0].code
    phone = Phone(telegram, language)
    monkeypatch.setattr(clock, "now_ms", phone.now_ms)
    phone.type("/help")
    phone.type("/start")
    phone.type(f"/start {code}", shown="/start CODE")
    onboard(phone)
    wif = opportunity(asset="WIF", as_of=phone.now, shelves=FOR_BEGINNERS)
    born(event(wif, Event.OPENED, at=phone.now), now=phone.now)
    assert phone.wait(15), "the opportunity is pushed"
    phone.press("why ")
    phone.press("mute ")
    phone.type("/digest")
    phone.type("/logout")
    phone.type("/opportunities")
    compare(phone.transcript(), GOLDEN / f"newcomer.{language}.txt")


STEPS = (
    "onb set focus arbitrage", "onb set experience beginner", "onb risk ", "onb flip bitget",
    "onb go notifications", "onb set frequency immediate", "onb go zone",
)  # fmt: skip


def onboard(phone: Phone) -> None:
    """The first steps by their buttons; the time zone by a place that is shared."""
    for line in STEPS:
        phone.press(line)
    phone.press("zone onboarding ask")
    phone.share(40.4168, -3.7038)
    phone.press("onb go done")


def compare(transcript: str, golden: Path) -> None:
    if os.environ.get("GOLDEN") == "write":
        golden.write_text(transcript)
    assert transcript == golden.read_text()


@pytest.mark.parametrize("golden", sorted(GOLDEN.glob("*.txt")), ids=lambda one: one.stem)
class TestTranscripts:
    def test_lines_with_figures_fit_a_phone(self, golden: Path) -> None:
        lines = [line for line in golden.read_text().splitlines()
                 if re.match(r"\s*[▲▼■]|.*\d.* %\s*$", line)]  # fmt: skip
        assert [line for line in lines if len(line) > LONGEST_LINE] == []

    def test_no_words_of_programmers(self, golden: Path) -> None:
        text = golden.read_text()
        assert [word for word in JARGON if word in text] == []
