"""The console's texts of messages, and tests of other wordings."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from arbedge.errors import Conflict
from arbedge.names import Role
from notifications.models import Variant, VariantResult
from notifications.names import Topic
from notifications.writing import previews, wording
from tests.accounts.console import desk
from tests.notifications.admin.pages import text
from tests.notifications.factories import NOON, DeliveryFactory, MessageFactory, facts

pytestmark = pytest.mark.django_db
PATH = "/console/notifications/variant/"
GIVEN = {
    "name": "shorter", "topic": "opened", "channel": "telegram", "language": "en", "percent": "30",
    "body": "{{ asset|strong }} pays {{ net }}",
}  # fmt: skip
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def console() -> Client:
    return desk(Role.SUPER_ADMIN)[0]


def write(client: Client, **given: Any) -> Variant:
    client.post(f"{PATH}add/", {**GIVEN, **given})
    return Variant.objects.latest("pk")


def do(client: Client, row: Variant, deed: str) -> Any:
    return client.post(f"{PATH}{row.pk}/do/{deed}/", {"sure": "1"}, follow=True)


def test_a_draft_is_kept_and_read_by_nobody(console: Client) -> None:
    row = write(console)
    assert (row.name, row.share, row.active) == ("shorter", 0.3, False)
    assert wording.running() == {}


def test_a_text_with_an_unknown_variable_is_refused_beside_its_field(console: Client) -> None:
    said = text(console.post(f"{PATH}add/", {**GIVEN, "body": "{{ nett }}"}))
    assert "There is no variable “nett” here; nearest: net" in said
    assert not Variant.objects.exists()


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("percent", "0", "greater than or equal to 1"),
        ("percent", "100", "less than or equal to 99"),
        ("name", "no blanks", "valid “slug”"),
        ("topic", "weather", "Select a valid choice"),
        ("body", "", "This field is required"),
        ("body", "x" * 4_097, "at most 4096 characters"),
    ],
)
def test_what_makes_no_sense_is_told_beside_its_field(
    console: Client, field: str, value: str, why: str
) -> None:
    assert why in text(console.post(f"{PATH}add/", {**GIVEN, field: value}))
    assert not Variant.objects.exists()


def test_two_tests_cannot_share_a_name(console: Client) -> None:
    write(console)
    said = text(console.post(f"{PATH}add/", {**GIVEN, "language": "fr"}))
    assert "Another test has this name" in said


def test_a_draft_can_be_written_anew_under_its_own_name(console: Client) -> None:
    row = write(console)
    console.post(f"{PATH}{row.pk}/edit/", {**GIVEN, "percent": "10"})
    row.refresh_from_db()
    assert row.share == 0.1


def test_starting_is_asked_first_and_then_done(console: Client) -> None:
    row = write(console)
    asked = text(console.get(f"{PATH}{row.pk}/do/start/"))
    assert "Start the test shorter?" in asked
    assert wording.running() == {}
    assert "30% of the readers" in text(do(console, row, "start"))
    assert list(wording.running()) == [("opened", "telegram", "en")]


def test_what_runs_is_not_rewritten(console: Client) -> None:
    row = write(console)
    do(console, row, "start")
    console.post(f"{PATH}{row.pk}/edit/", {**GIVEN, "body": "other"})
    row.refresh_from_db()
    assert row.body == GIVEN["body"]


def test_a_draft_that_was_started_while_it_was_rewritten_keeps_its_text(console: Client) -> None:
    row = write(console)
    do(console, row, "start")
    with pytest.raises(Conflict):  # by whoever had the form open before
        wording.draft({"body": "{{ asset }}"}, of=row)
    row.refresh_from_db()
    assert (row.body, row.active) == (GIVEN["body"], True)


def test_a_second_test_of_the_same_place_is_refused_with_the_reason(console: Client) -> None:
    do(console, write(console), "start")
    second = write(console, name="other")
    assert "Another test of this topic" in text(do(console, second, "start"))
    assert not Variant.objects.get(name="other").active


def test_a_stopped_test_does_not_go_on(console: Client) -> None:
    row = write(console)
    do(console, row, "start")
    assert "It has ended" in text(do(console, row, "stop"))
    assert "It has run already" in text(do(console, row, "start"))
    assert wording.running() == {}


def test_a_running_test_cannot_be_discarded(console: Client) -> None:
    row = write(console)
    do(console, row, "start")
    assert "Stop it first" in text(do(console, row, "discard"))
    assert Variant.objects.exists()


def test_a_discarded_test_takes_its_results_with_it(console: Client) -> None:
    row = write(console)
    wording.sent({"shorter": 3, "control:shorter": 2, "another": 1}, NOON.date())
    do(console, row, "discard")
    assert not Variant.objects.exists()
    assert list(VariantResult.objects.values_list("variant", flat=True)) == ["another"]


def test_the_page_holds_both_wordings_side_by_side(console: Client) -> None:
    row = write(console)
    MessageFactory()
    wording.sent({"shorter": 1_000, "control:shorter": 1_000}, NOON.date())
    VariantResult.objects.filter(variant="shorter").update(clicked=200)
    VariantResult.objects.filter(variant="control:shorter").update(clicked=100)
    said = text(console.get(f"{PATH}{row.pk}/change/"))
    assert "Surely more clicks than the house&#x27;s text" in said
    assert "20.00 %" in said
    assert "<strong>WIF</strong> pays +0.42 %" in said
    assert "▲ Long OKX" in said


def test_acts_are_told_where_there_are_any(console: Client) -> None:
    row = write(console)
    wording.sent({"shorter": 10}, NOON.date())
    assert "Acted" not in text(console.get(f"{PATH}{row.pk}/change/"))
    wording.acted("shorter", NOON)
    assert "Acted" in text(console.get(f"{PATH}{row.pk}/change/"))


def test_before_the_counts_say_something_the_page_does_not(console: Client) -> None:
    assert "Too early to say" in text(console.get(f"{PATH}{write(console).pk}/change/"))


def test_the_list_tells_the_results_of_all(
    console: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(5):
        write(console, name=f"test{number}")
    wording.sent({"test1": 7, "control:test1": 9}, NOON.date())
    with django_assert_max_num_queries(8):
        said = text(console.get(PATH))
    assert "7 / 9" in said
    assert "opened · telegram · English" in said
    assert "– / –" in said


def test_the_preview_shows_a_real_message_in_every_language(console: Client) -> None:
    MessageFactory()
    said = text(console.post(f"{PATH}preview/", GIVEN))
    for words in ("WIF</strong> pays", "Costs 0.23 %", "Costes 0.23 %", "Coûts 0.23 %"):
        assert words in said


def test_the_preview_says_that_there_is_nothing_real_to_show(console: Client) -> None:
    assert "nothing real to show" in text(console.post(f"{PATH}preview/", GIVEN))


def test_the_preview_says_what_is_wrong_while_it_is_typed(console: Client) -> None:
    MessageFactory()
    said = text(console.post(f"{PATH}preview/", {**GIVEN, "body": "{% if net %}"}))
    assert "Unclosed tag" in said
    assert "Costs 0.23 %" in said


def test_the_preview_of_an_empty_form_shows_an_opening(console: Client) -> None:
    MessageFactory()
    assert "Costs 0.23 %" in text(console.post(f"{PATH}preview/", {}))


def test_the_preview_lists_the_variables_and_the_house_s_own_text(console: Client) -> None:
    said = text(console.post(f"{PATH}preview/", GIVEN))
    assert "even_after" in said
    assert "{{ asset|strong }} {{ kind }} {{ net|strong }} net" in said
    assert "include" not in said


@pytest.mark.parametrize("topic", Topic)
def test_every_topic_has_texts_to_look_at(console: Client, topic: Topic) -> None:
    text(console.get(f"{PATH}texts/", {"topic": topic.value, "channel": "email"}))


def test_a_name_that_would_be_a_script_is_shown_as_words(console: Client) -> None:
    MessageFactory(facts=facts(asset=SCRIPT))
    for answer in (
        console.get(f"{PATH}texts/"),
        console.post(f"{PATH}preview/", {**GIVEN, "body": SCRIPT + "{{ asset }}"}),
        console.get(f"{PATH}{write(console, body=SCRIPT).pk}/change/"),
    ):
        assert SCRIPT not in answer.content.decode()
        assert "&lt;script&gt;" in answer.content.decode()


def test_a_test_can_begin_with_the_house_s_words(console: Client) -> None:
    said = text(console.get(f"{PATH}add/?topic=fading&channel=slack&language=fr"))
    assert "faiblit" in said


def test_a_bundle_is_shown_with_the_items_it_really_had() -> None:
    item = MessageFactory()
    digest = MessageFactory(topic=Topic.DIGEST, facts={}, opportunity_id=None)
    DeliveryFactory(message=digest, items=[item.pk])
    found = previews.sample(Topic.DIGEST, timezone.now())
    assert found is not None
    assert [told["asset"] for _, told in found.told.items] == ["WIF"]


def test_codes_of_people_are_shown_to_nobody() -> None:
    MessageFactory(topic=Topic.CODE, facts={"code": "999999", "minutes": 10}, opportunity_id=None)
    found = previews.sample(Topic.CODE, timezone.now())
    assert found is not None
    assert found.told.facts["code"] != "999999"


def test_support_looks_and_changes_nothing() -> None:
    client, _ = desk(Role.SUPPORT)
    row = write(desk(Role.SUPER_ADMIN)[0])
    assert client.get(f"{PATH}{row.pk}/change/").status_code == 200
    assert client.get(f"{PATH}texts/").status_code == 200
    assert client.get(f"{PATH}add/").status_code == 403
    assert client.get(f"{PATH}{row.pk}/do/start/").status_code == 403
    assert client.post(f"{PATH}{row.pk}/edit/", GIVEN).status_code == 403


def test_what_was_started_stands_in_the_audit(console: Client) -> None:
    from auditlog.models import LogEntry

    row = write(console)
    do(console, row, "start")
    changes = LogEntry.objects.get_for_object(row).first().changes_dict
    assert changes["active"] == ["False", "True"]


@pytest.mark.parametrize("path", ["999999/change/", "nothing/change/", "999999/edit/"])
def test_a_test_that_is_not_there_is_not_found(console: Client, path: str) -> None:
    assert console.get(f"{PATH}{path}").status_code == 404
