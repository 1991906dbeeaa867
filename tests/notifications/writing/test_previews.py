"""Previews: of something real, as it reads, or with the reason why not."""

from __future__ import annotations

import pytest
from django.utils import timezone

from arbedge.names import Channel
from notifications.names import Topic
from notifications.writing import previews
from notifications.writing.previews import Preview, Sample, preview, sample, source
from notifications.writing.template_language import check
from tests.notifications.factories import (
    NOON,
    DeliveryLogFactory,
    MessageFactory,
    facts,
)
from tests.notifications.writing.reading import told

pytestmark = pytest.mark.django_db
OPENED = Sample(told(Topic.OPENED), "a test")


def shown(body: str | None = None, channel: Channel = Channel.TELEGRAM) -> Preview:
    return preview(Topic.OPENED, channel, "en", OPENED, body)


def typed(text: str) -> str:
    return text.replace("\u202f", " ")


def test_the_newest_message_is_shown() -> None:
    MessageFactory(facts=facts(asset="OLD"))
    newest = MessageFactory(facts=facts(asset="NEW"))
    found = sample(Topic.OPENED, timezone.now())
    assert found is not None
    assert found.told.facts["asset"] == "NEW"
    assert found.origin == f"message {newest.pk}"


def test_what_was_never_told_has_no_sample() -> None:
    MessageFactory()
    assert sample(Topic.CLOSED, timezone.now()) is None
    assert sample(Topic.DIGEST, timezone.now()) is None


def test_it_reads_as_when_it_was_told_not_as_old_as_it_is() -> None:
    MessageFactory(at=NOON)
    found = sample(Topic.OPENED, timezone.now())
    assert found is not None
    assert (found.told.now - found.told.at) == previews.HAND_OVER


def test_a_follow_up_knows_what_was_announced_before_it() -> None:
    opening = MessageFactory(facts=facts(net=0.005))
    MessageFactory(
        topic=Topic.IMPROVED, opening=opening, opportunity_id=opening.opportunity_id,
        facts=facts(net=0.006),
    )  # fmt: skip
    found = sample(Topic.IMPROVED, timezone.now())
    assert found is not None
    assert found.told.before is not None
    assert found.told.before["net"] == 0.005


def test_a_bundle_that_was_sent_is_found_in_the_log() -> None:
    item = MessageFactory()
    DeliveryLogFactory(topic=Topic.DIGEST, items=[item.pk])
    found = sample(Topic.DIGEST, timezone.now())
    assert found is not None
    assert len(found.told.items) == 1


def test_a_bundle_whose_items_are_gone_is_none() -> None:
    DeliveryLogFactory(topic=Topic.DIGEST, items=[999_999_999])
    assert sample(Topic.DIGEST, timezone.now()) is None


def test_a_preview_has_lines_buttons_and_size() -> None:
    found = shown()
    assert typed(found.lines[0]).startswith("🟢 <strong>WIF</strong> funding <strong>+0.42 %")
    assert found.buttons == ["Why?", "Chart", "Mute WIF", "Open"]
    assert 100 < found.size < found.limit == 4096
    assert found.problem == ""


def test_other_words_are_shown_in_their_place() -> None:
    assert typed("".join(shown("{{ asset|strong }} <i>pays</i>").lines)) == (
        "<strong>WIF</strong> &lt;i&gt;pays&lt;/i&gt;"
    )


@pytest.mark.parametrize("body", ["{% if net %}", "{{ net|upper }}", "{# nothing #}"])
def test_words_that_cannot_be_sent_say_why(body: str) -> None:
    found = shown(body)
    assert found.problem
    assert found.lines == []


def test_a_message_that_lacks_a_figure_says_which() -> None:
    broken = Sample(told(Topic.OPENED, facts={"kind": "funding"}), "a test")
    assert "asset" in preview(Topic.OPENED, Channel.TELEGRAM, "en", broken).problem


@pytest.mark.parametrize(
    ("channel", "titled"),
    [(Channel.EMAIL, True), (Channel.WEB_PUSH, True), (Channel.TELEGRAM, False)],
)
def test_a_title_is_shown_where_a_channel_shows_one(channel: Channel, titled: bool) -> None:
    assert bool(shown(channel=channel).title) is titled


@pytest.mark.parametrize("topic", Topic)
@pytest.mark.parametrize("channel", [Channel.TELEGRAM, Channel.EMAIL, Channel.SMS])
def test_the_house_s_own_text_could_be_sent_from_the_console_too(
    topic: Topic, channel: Channel
) -> None:
    words = source(topic, channel, "en")
    assert "include" not in words
    check(words, topic)
