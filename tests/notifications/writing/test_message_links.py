"""Where the buttons of messages lead."""

from __future__ import annotations

import pytest
from django.test import Client
from pytest_django import Settings

from arbedge.names import Language
from notifications.names import Topic
from notifications.writing.message_links import led, ways
from tests.notifications.writing.reading import FACTS, LANGUAGES
from tests.opportunities.factories import OpportunityFactory


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("topic", Topic)
def test_every_button_has_a_label_and_leads_into_this_site(topic: Topic, language: str) -> None:
    for way in ways(topic, FACTS[topic], language, personal=True):
        assert way.label
        assert way.target.startswith("/")


def test_a_code_leads_nowhere_and_a_proof_to_itself() -> None:
    assert ways(Topic.CODE, FACTS[Topic.CODE], "en", personal=True) == ()
    [way] = ways(Topic.CODE, {"link": "https://x.example/p", "minutes": 1}, "en", personal=True)
    assert way.raw
    assert way.target == "https://x.example/p"


def test_an_alert_about_a_trade_opens_it() -> None:
    [way] = ways(Topic.ALERT, {"opportunity_id": 7}, "en", personal=True)
    assert way.target == "/o/7"


def test_in_a_group_nobody_mutes_for_the_others() -> None:
    names = [way.name for way in ways(Topic.OPENED, FACTS[Topic.OPENED], "en", personal=False)]
    assert names == ["why", "chart", "open"]


@pytest.mark.parametrize("topic", [Topic.OPENED, Topic.IMPROVED, Topic.RECOVERED])
def test_from_a_group_everybody_goes_to_his_own_figures(topic: Topic, settings: Settings) -> None:
    settings.BOT_NAME = "arbedge_bot"
    way = ways(topic, FACTS[topic], "en", personal=False)[-1]
    assert (way.name, way.label, way.raw) == ("bot", "My figures", True)
    number = FACTS[topic]["opportunity_id"]
    assert way.target == f"https://t.me/arbedge_bot?start=o{number}-c{{recipient}}"


@pytest.mark.parametrize("personal", [True, False])
@pytest.mark.parametrize("topic", [Topic.FADING, Topic.CLOSED])
def test_what_follows_a_post_leads_to_no_private_chat(
    topic: Topic, personal: bool, settings: Settings
) -> None:
    settings.BOT_NAME = "arbedge_bot"
    assert "bot" not in [way.name for way in ways(topic, FACTS[topic], "en", personal=personal)]


@pytest.mark.django_db
def test_the_parts_of_the_page_that_buttons_name_are_there(client: Client) -> None:
    one = OpportunityFactory()
    page = client.get(f"/o/{one.pk}").content.decode()
    for way in ways(Topic.OPENED, {"opportunity_id": one.pk, "asset": "WIF"}, "en", personal=False):
        part = way.target.partition("#")[2]
        assert not part or f'id="{part}"' in page


def test_a_link_in_plain_text_reads_as_the_language_sets_it() -> None:
    assert led(Language.EN, "Why?", "x") == "Why: x"
    assert led(Language.ES, "¿Por qué?", "x") == "Por qué: x"
    assert led(Language.FR, "Pourquoi ?", "x") == "Pourquoi : x"
