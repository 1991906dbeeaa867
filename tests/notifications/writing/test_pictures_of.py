"""Charts that go with messages: where wanted, where possible, drawn once."""

from __future__ import annotations

import os
from pathlib import Path
from time import time
from unittest.mock import patch

import pytest
from pytest_django import Settings

from arbedge.names import Channel
from notifications.names import Topic
from notifications.writing import pictures_of
from notifications.writing.rendering import render
from tests.notifications.factories import NOON, DeliveryFactory, MessageFactory
from tests.opportunities.factories import OpportunityFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _wanted(settings: Settings, tmp_path: Path) -> None:
    settings.CHARTS_IN_MESSAGES = True
    settings.DATA_DIR = tmp_path


def message(topic: Topic = Topic.OPENED) -> object:
    """A message about an opportunity that is there."""
    return MessageFactory(topic=topic, opportunity_id=OpportunityFactory().pk)


def test_an_opening_has_its_chart_as_a_png() -> None:
    found = pictures_of.path(message(), Channel.TELEGRAM)  # type: ignore[arg-type]
    assert Path(found).read_bytes().startswith(b"\x89PNG")


def test_a_chart_is_drawn_once_for_all_recipients_and_channels() -> None:
    told = message()
    rows = [DeliveryFactory(message=told, language=language) for language in ("en", "es")]
    with patch("opportunities.pictures.picture", return_value=b"png") as drawn:
        for channel in (Channel.TELEGRAM, Channel.EMAIL):
            contents = render(rows, {}, NOON, channel=channel).values()
            assert len({one.image_path for one in contents}) == 1  # type: ignore[union-attr]
    drawn.assert_called_once()


def test_by_default_nobody_waits_for_a_chart(settings: Settings) -> None:
    settings.CHARTS_IN_MESSAGES = False
    assert pictures_of.path(message(), Channel.TELEGRAM) == ""  # type: ignore[arg-type]


@pytest.mark.parametrize("channel", [Channel.SMS, Channel.WEBHOOK, Channel.SLACK])
def test_a_channel_without_pictures_gets_none(channel: Channel) -> None:
    assert pictures_of.path(message(), channel) == ""  # type: ignore[arg-type]


def test_a_closing_needs_no_chart() -> None:
    assert pictures_of.path(message(Topic.CLOSED), Channel.TELEGRAM) == ""  # type: ignore[arg-type]


def test_an_opportunity_that_is_gone_has_no_chart() -> None:
    assert pictures_of.path(MessageFactory(), Channel.TELEGRAM) == ""


def test_charts_nobody_sends_any_more_are_taken_away(tmp_path: Path) -> None:
    old = tmp_path / "charts" / "1.png"
    old.parent.mkdir()
    old.write_bytes(b"png")
    long_ago = time() - 2 * 86_400
    os.utime(old, (long_ago, long_ago))
    new = pictures_of.path(message(), Channel.EMAIL)  # type: ignore[arg-type]
    assert not old.exists()
    assert Path(new).exists()


def test_a_full_disk_costs_the_chart_not_the_message() -> None:
    row = DeliveryFactory(message=message())
    with patch("notifications.writing.pictures_of.tempfile.mkstemp", side_effect=OSError("full")):
        [content] = render([row], {}, NOON).values()
    assert content.image_path == ""  # type: ignore[union-attr]
    assert "WIF" in content.body or "COIN" in content.body  # type: ignore[union-attr]


def test_a_folder_that_cannot_be_made_costs_the_chart_not_the_message(
    settings: Settings, tmp_path: Path
) -> None:
    settings.DATA_DIR = tmp_path / "a file, no folder"
    settings.DATA_DIR.write_text("")
    row = DeliveryFactory(message=message())
    [content] = render([row], {}, NOON).values()
    assert content.image_path == ""  # type: ignore[union-attr]
