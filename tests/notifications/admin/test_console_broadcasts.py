"""The console's broadcasts: written, counted, told, watched, stopped, and by whom."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from arbedge.names import Role
from notifications.broadcasting import broadcasts
from notifications.models import Broadcast, Delivery
from notifications.names import BroadcastState
from tests.accounts.console import desk
from tests.notifications.admin.pages import text
from tests.notifications.factories import HOUR, reachable_person

pytestmark = pytest.mark.django_db
PATH = "/console/notifications/broadcast/"
GIVEN = {"title": "Maintenance", "text_en": "Back at ten.", "notice": "news"}
SCRIPT = "<script>alert(1)</script>"


def people(number: int, **wishes: Any) -> list[User]:
    until = timezone.now() + HOUR
    return [reachable_person(session_until=until, **wishes) for _ in range(number)]


@pytest.fixture
def console() -> tuple[Client, User]:
    return desk(Role.ADMIN)


def write(client: Client, **given: Any) -> Broadcast:
    client.post(f"{PATH}add/", {**GIVEN, **given})
    return Broadcast.objects.latest("pk")


def do(client: Client, row: Broadcast, deed: str) -> Any:
    return client.post(f"{PATH}{row.pk}/do/{deed}/", {"sure": "1"}, follow=True)


def test_a_draft_is_kept_and_nobody_told(console: tuple[Client, User]) -> None:
    client, operator = console
    people(2)

    row = write(client, text_es="A las diez.", tiers=["pro", "free"], active_days="7")

    assert (row.made_by, row.state) == (operator, BroadcastState.DRAFT)
    assert row.texts == {"en": "Back at ten.", "es": "A las diez."}
    assert row.segment == {"notice": "news", "tiers": ["pro", "free"], "active_days": 7}
    assert not Delivery.objects.exists()


def test_the_side_of_the_form_counts_while_it_is_filled_in(console: tuple[Client, User]) -> None:
    client, _ = console
    people(3, language="es")
    people(2, language="fr")

    told = text(client.post(f"{PATH}count/", {**GIVEN, "languages": ["es"]}))

    assert "<b>3</b> people get it" in told
    assert "Languages: es" in told
    assert "Back at ten." in told
    assert "not written, so they read English" in told


def test_the_side_of_an_empty_form_counts_too(console: tuple[Client, User]) -> None:
    people(1)
    told = text(console[0].post(f"{PATH}count/", {}))
    assert "<b>1</b> person gets it" in told
    assert "Write a heading" in told


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"title": ""}, "This field is required"),
        ({"text_en": ""}, "This field is required"),
        ({"text_en": "x" * 3_001}, "at most 3000 characters"),
        ({"tiers": ["gold"]}, "gold is not one of the available choices"),
        ({"active_days": "0"}, "greater than or equal to 1"),
        ({"active_days": "soon"}, "Enter a whole number"),
        ({"text_en": "\u202e"}, "English must be there"),
    ],
)
def test_what_cannot_be_told_is_said_beside_its_field(
    console: tuple[Client, User], given: dict[str, Any], said: str
) -> None:
    answer = console[0].post(f"{PATH}add/", {**GIVEN, **given})
    assert said in text(answer)
    assert not Broadcast.objects.exists()


def test_what_is_typed_is_shown_as_it_is(console: tuple[Client, User]) -> None:
    client, _ = console
    row = write(client, title=SCRIPT, text_en=SCRIPT)
    for page in (f"{PATH}{row.pk}/change/", PATH, f"{PATH}{row.pk}/edit/"):
        assert SCRIPT not in text(client.get(page))
    assert SCRIPT not in text(client.post(f"{PATH}count/", {"title": SCRIPT, "text_en": SCRIPT}))


def test_a_draft_shows_whom_it_is_for_and_how_it_reads(console: tuple[Client, User]) -> None:
    client, _ = console
    people(2, language="es")
    row = write(client, text_es="A las diez.")

    page = text(client.get(f"{PATH}{row.pk}/change/"))

    assert "Everybody with a session" in page
    assert "A las diez." in page
    assert "not sent yet" in page
    assert "How far it is" not in page


def test_a_draft_can_be_written_anew(console: tuple[Client, User]) -> None:
    client, _ = console
    row = write(client, tiers=["pro"])
    assert "Back at ten." in text(client.get(f"{PATH}{row.pk}/edit/"))

    client.post(f"{PATH}{row.pk}/edit/", {**GIVEN, "title": "Other"})

    row.refresh_from_db()
    assert (row.title, row.segment) == ("Other", {"notice": "news"})


def test_before_people_are_told_their_number_is(console: tuple[Client, User]) -> None:
    client, _ = console
    people(3)
    row = write(client)
    assert "Tell 3 people?" in text(client.get(f"{PATH}{row.pk}/do/start/"))
    assert Broadcast.objects.get().state == BroadcastState.DRAFT


def test_a_broadcast_is_told_watched_and_stopped(console: tuple[Client, User]) -> None:
    client, _ = console
    people(3)
    row = write(client)

    assert "It is being told to 3 people." in text(do(client, row, "start"))
    broadcasts.run(timezone.now())
    page = text(client.get(f"{PATH}{row.pk}/change/"))
    assert f'hx-get="{PATH}{row.pk}/progress/"' in page
    assert "<b>0</b> sent of 3 people" in page
    sent = Delivery.objects.earliest("pk")
    now = timezone.now()
    Delivery.objects.filter(pk=sent.pk).update(state="sent", sent_at=now, settled_at=now)
    assert "33 %" in text(client.get(f"{PATH}{row.pk}/progress/"))

    assert "Stopped: 2 messages" in text(do(client, row, "stop"))
    over = client.get(f"{PATH}{row.pk}/progress/")
    assert over["HX-Refresh"] == "true"
    assert "<dt>Stopped</dt><dd>2</dd>" in text(over)
    assert "/progress/" not in text(client.get(f"{PATH}{row.pk}/change/"))


def test_a_test_needs_a_session_of_the_operator(console: tuple[Client, User]) -> None:
    client, _ = console
    row = write(client)
    assert "You have no session" in text(do(client, row, "test"))
    assert not Delivery.objects.exists()


def test_a_started_broadcast_offers_nothing_but_to_stop(console: tuple[Client, User]) -> None:
    client, _ = console
    people(1)
    row = write(client)
    do(client, row, "start")

    page = text(client.get(f"{PATH}{row.pk}/change/"))

    assert "/do/stop/" in page
    for gone in ("/do/start/", "/do/discard/", "/do/test/", "/edit/"):
        assert gone not in page
    assert "It has begun already" in text(do(client, row, "start"))


def test_a_draft_is_discarded(console: tuple[Client, User]) -> None:
    client, _ = console
    row = write(client)
    client.post(f"{PATH}{row.pk}/do/discard/", {"sure": "1"})
    assert not Broadcast.objects.exists()


def test_support_sees_and_does_nothing(console: tuple[Client, User]) -> None:
    row = write(console[0])
    client, _ = desk(Role.SUPPORT)

    assert client.get(PATH).status_code == 200
    page = client.get(f"{PATH}{row.pk}/change/")
    assert page.status_code == 200
    assert "/do/" not in text(page)
    for path in ("add/", f"{row.pk}/edit/", f"{row.pk}/do/start/", f"{row.pk}/do/stop/"):
        assert client.get(f"{PATH}{path}").status_code == 403, path
        assert client.post(f"{PATH}{path}", {**GIVEN, "sure": "1"}).status_code == 403, path
    assert client.post(f"{PATH}count/", GIVEN).status_code == 403
    assert Broadcast.objects.get().state == BroadcastState.DRAFT


@pytest.mark.parametrize("role", [Role.ADMIN, Role.SUPER_ADMIN])
def test_administrators_write_to_everybody(role: Role) -> None:
    client, _ = desk(role)
    people(1)
    row = write(client)
    do(client, row, "start")
    row.refresh_from_db()
    assert row.state == BroadcastState.RUNNING


def test_people_have_no_way_in() -> None:
    client = Client()
    client.force_login(reachable_person())
    for path in ("", "add/", "count/", "1/progress/", "1/change/", "1/do/start/"):
        assert client.get(f"{PATH}{path}").status_code in {302, 403}


@pytest.mark.parametrize("path", ["999/change/", "x/change/", "999/edit/", "999/progress/"])
def test_what_is_not_there_is_not_found(console: tuple[Client, User], path: str) -> None:
    assert console[0].get(f"{PATH}{path}").status_code == 404


def test_the_list_takes_the_same_queries_however_long(
    console: tuple[Client, User], django_assert_max_num_queries: Any
) -> None:
    client, _ = console
    for _ in range(5):
        write(client)
    client.get(PATH)
    with django_assert_max_num_queries(9):
        assert text(client.get(PATH)).count("Everybody with a session") == 5
