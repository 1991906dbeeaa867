"""Tests of wordings: who reads which, what is counted, and when the counts say something."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.db import DatabaseError
from pytest_django import DjangoAssertNumQueries
from structlog.testing import capture_logs

from arbedge.errors import BadInput, Conflict
from arbedge.names import Channel
from notifications.models import Variant, VariantResult
from notifications.writing import wording
from notifications.writing.rendering import render
from notifications.writing.wording import Count, chosen, compared
from tests.notifications.factories import NOON, DeliveryFactory, MessageFactory
from tests.notifications.writing.reading import plain

TODAY = NOON.date()


def variant(name: str = "shorter", **changes: Any) -> Variant:
    """A draft of another opening for Telegram in English."""
    usual: dict[str, Any] = {
        "topic": "opened", "channel": "telegram", "language": "en",
        "body": "{{ asset|strong }} pays {{ net }}", "share": 0.5,
    }  # fmt: skip
    return Variant.objects.create(name=name, **(usual | changes))


def running_test(share: float, name: str = "shorter") -> wording.Tests:
    """A running test of openings by Telegram in English."""
    key = ("opened", "telegram", "en")
    return {key: wording.Test(name, *key, body="x", share=share)}


def readers(number: int) -> list[Any]:
    """So many people who get an opening in English, never stored."""
    return [DeliveryFactory.build(message=None, facts_of=None, recipient_id=n, topic="opened",
                                  opportunity_id=1, expires_at=None, priority=2, language="en")
            for n in range(number)]  # fmt: skip


def test_a_share_of_the_readers_gets_the_test_the_others_are_its_control() -> None:
    tests = running_test(0.3)
    counts = Counter(chosen(tests, row, Channel.TELEGRAM) for row in readers(2_000))
    assert counts.keys() == {"shorter", "control:shorter"}
    assert 0.26 < counts["shorter"] / 2_000 < 0.34


def test_a_reader_stays_with_his_wording() -> None:
    [row] = readers(1)
    assert len({chosen(running_test(0.5), row, Channel.TELEGRAM) for _ in range(5)}) == 1


def test_another_test_divides_the_readers_anew() -> None:
    rows = readers(400)
    first, second = (
        [chosen(running_test(0.5, name), row, Channel.TELEGRAM) == name for row in rows]
        for name in ("one", "two")
    )
    same = sum(a == b for a, b in zip(first, second, strict=True))
    assert 140 < same < 260


@pytest.mark.parametrize(("share", "expected"), [(0.0, "control:shorter"), (1.0, "shorter")])
def test_nobody_and_everybody_are_shares_too(share: float, expected: str) -> None:
    names = {chosen(running_test(share), row, Channel.TELEGRAM) for row in readers(50)}
    assert names == {expected}


def test_other_topics_channels_and_languages_are_in_no_test() -> None:
    [row] = readers(1)
    assert chosen(running_test(1.0), row, Channel.SLACK) == ""
    row.language = "fr"
    assert chosen(running_test(1.0), row, Channel.TELEGRAM) == ""


@pytest.mark.django_db
def test_who_is_in_the_test_reads_its_words() -> None:
    wording.start(variant(share=1.0), NOON)
    row = DeliveryFactory()
    content = render([row], {}, NOON)[row.pk]
    assert plain(content.body) == "WIF pays +0.42 %"  # type: ignore[union-attr]


@pytest.mark.django_db
def test_the_control_reads_the_house_s_words() -> None:
    wording.start(variant(share=0.0), NOON)
    row = DeliveryFactory()
    assert "▲ Long OKX" in render([row], {}, NOON)[row.pk].body  # type: ignore[union-attr]


@pytest.mark.django_db
def test_both_wordings_of_one_message_go_out_side_by_side() -> None:
    wording.start(variant(share=0.5), NOON)
    message = MessageFactory()
    rows = [DeliveryFactory(message=message) for _ in range(20)]
    bodies = Counter(content.body for content in render(rows, {}, NOON).values())  # type: ignore[union-attr]
    assert len(bodies) == 2


@pytest.mark.django_db
def test_a_test_that_was_stopped_is_read_by_nobody() -> None:
    draft = variant(share=1.0)
    wording.start(draft, NOON)
    wording.stop(draft, NOON + timedelta(hours=1))
    assert wording.running() == {}
    assert draft.ended_at == NOON + timedelta(hours=1)


@pytest.mark.django_db
def test_only_one_test_of_a_kind_runs() -> None:
    wording.start(variant("one"), NOON)
    second = variant("two")
    with pytest.raises(Conflict, match="Stop it first"):
        wording.start(second, NOON)
    assert not Variant.objects.get(name="two").active
    wording.start(variant("three", language="fr"), NOON)
    assert len(wording.running()) == 2


@pytest.mark.django_db
def test_a_text_that_cannot_be_sent_is_not_started() -> None:
    with pytest.raises(BadInput, match="nett"):
        wording.start(variant(body="{{ nett }}"), NOON)
    assert wording.running() == {}


@pytest.mark.django_db
def test_results_are_counted_by_day() -> None:
    wording.sent({"shorter": 3, "control:shorter": 4, "": 9}, TODAY)
    wording.sent({"shorter": 2}, TODAY)
    wording.sent({"shorter": 7}, TODAY + timedelta(days=1))
    wording.clicked("shorter", NOON)
    wording.acted("shorter", NOON)
    rows = VariantResult.objects.order_by("variant", "day").values_list(
        "variant", "sent", "clicked", "acted"
    )
    assert list(rows) == [
        ("control:shorter", 4, 0, 0),
        ("shorter", 5, 1, 1),
        ("shorter", 7, 0, 0),
    ]


@pytest.mark.django_db
def test_what_is_in_no_test_is_not_counted(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_num_queries(0):
        wording.sent({"": 9}, TODAY)
        wording.clicked("", NOON)
        wording.acted("", NOON)


@pytest.mark.django_db
def test_results_of_many_tests_are_one_query(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    wording.sent({"a": 200, "control:a": 200, "b": 1}, TODAY)
    with django_assert_num_queries(1):
        found = wording.results(["a", "b", "c"])
    assert found["a"].control == Count(sent=200)
    assert found["c"].variant == Count()
    assert found["c"].variant.rate is None


def test_the_comparison_is_the_two_proportion_z_test() -> None:
    found = compared(Count(1_000, 130), Count(1_000, 100))
    pooled = 230 / 2_000
    expected = 0.03 / (pooled * (1 - pooled) * 2 / 1_000) ** 0.5
    assert found.z == pytest.approx(expected)
    assert found.verdict == "probably more clicks than the house's text"


@pytest.mark.parametrize(
    ("variant_count", "control_count", "verdict"),
    [
        (Count(99, 50), Count(5_000, 100), "too early to say"),
        (Count(0, 0), Count(0, 0), "too early to say"),
        (Count(200, 2), Count(200, 1), "too early to say"),
        (Count(200, 200), Count(200, 199), "too early to say"),
        (Count(1_000, 100), Count(1_000, 101), "no difference seen so far"),
        (Count(1_000, 200), Count(1_000, 100), "surely more clicks than the house's text"),
        (Count(1_000, 100), Count(1_000, 200), "surely fewer clicks than the house's text"),
    ],
)
def test_nothing_is_said_before_the_counts_say_it(
    variant_count: Count, control_count: Count, verdict: str
) -> None:
    assert compared(variant_count, control_count).verdict == verdict


@pytest.mark.django_db
def test_what_was_sent_is_noted_at_the_delivery_and_counted() -> None:
    wording.start(variant(share=1.0), NOON)
    row, other = DeliveryFactory(), DeliveryFactory(language="fr")
    wording.told([(row, Channel.TELEGRAM), (other, Channel.TELEGRAM)], NOON)
    row.refresh_from_db()
    other.refresh_from_db()
    assert (row.variant, other.variant) == ("shorter", "")
    assert wording.results(["shorter"])["shorter"].variant.sent == 1


@pytest.mark.django_db
def test_the_longest_name_has_room_at_the_delivery() -> None:
    draft = variant("n" * wording.LONGEST_NAME, share=0.0)
    wording.start(draft, NOON)
    row = DeliveryFactory()
    wording.told([(row, Channel.TELEGRAM)], NOON)
    row.refresh_from_db()
    assert row.variant == "control:" + draft.name
    with pytest.raises(BadInput, match="too long"):
        wording.start(variant("n" * 33, language="fr"), NOON)


@pytest.mark.django_db
def test_without_a_test_counting_costs_one_query(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    row = DeliveryFactory()
    with django_assert_num_queries(3):  # a savepoint around it
        wording.told([(row, Channel.TELEGRAM)], NOON)
    with django_assert_num_queries(0):
        wording.told([], NOON)


@pytest.mark.django_db
def test_a_database_that_refuses_to_count_stops_nothing() -> None:
    wording.start(variant(share=1.0), NOON)
    row = DeliveryFactory()
    with (
        patch("notifications.writing.wording.sent", side_effect=DatabaseError("no room")),
        capture_logs() as logs,
    ):
        wording.told([(row, Channel.TELEGRAM)], NOON)
    assert [entry["event"] for entry in logs] == ["wordings.not_counted"]
