"""The way out: one press, without a log-in, and back again."""

from __future__ import annotations

from typing import Any

import pytest
from auditlog.models import LogEntry
from django.core import signing
from django.test import Client

from accounts.models import User
from arbedge.errors import BadInput, Forbidden
from arbedge.names import Channel
from notifications.addressing import address_rows, addresses, suppressions, unsubscribing
from notifications.models import Suppression
from tests.accounts.factories import NOON, UserFactory
from tests.accounts.web import body
from tests.notifications.addressing.places import wanted

pytestmark = pytest.mark.django_db
MAIL = {"email": "ada@example.org"}
MARK = (Channel.EMAIL, address_rows.digest(Channel.EMAIL, MAIL))


@pytest.fixture(autouse=True)
def _site(settings: Any) -> None:
    settings.SITE_URL = "http://testserver"


@pytest.fixture
def ada() -> User:
    return UserFactory(email="ada@example.org", email_verified_at=NOON, telegram_id=None)


@pytest.fixture
def path() -> str:
    """The way out of a mail to Ada."""
    return unsubscribing.url(Channel.EMAIL, MAIL).removeprefix("http://testserver")


def reached(user: User) -> object:
    one = wanted(user, Channel.EMAIL)
    return addresses.reach([one])[one.id]


def test_looking_at_the_page_ends_nothing(client: Client, path: str) -> None:
    page = body(client.get(path))
    assert "End all messages to a…@example.org?" in page
    assert "ada@" not in page
    assert client.head(path).status_code == 200
    assert not Suppression.objects.exists()


def test_one_press_of_a_mail_program_is_enough(path: str, ada: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    answer = strict.post(path, {"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert reached(ada) == "suppressed"
    assert LogEntry.objects.filter(additional_data__what="address.suppressed").count() == 1


def test_pressing_twice_is_as_good_as_once(client: Client, path: str) -> None:
    client.post(path)
    assert "We write no more" in body(client.post(path))
    assert Suppression.objects.count() == 1


def test_the_way_out_can_be_undone(client: Client, path: str, ada: User) -> None:
    client.post(path)
    assert "Undo" in body(client.get(path))
    assert "Welcome back" in body(client.post(f"{path}/undo"))
    assert isinstance(reached(ada), list)


def test_undoing_needs_a_press_too(client: Client, path: str) -> None:
    client.post(path)
    assert client.get(f"{path}/undo").status_code == 405
    assert Suppression.objects.exists()


def test_what_bounced_is_not_undone_by_a_link(client: Client, path: str) -> None:
    suppressions.suppress(*MARK, suppressions.BOUNCED, "a…@example.org")
    assert client.post(f"{path}/undo").status_code == 403
    page = body(client.get(path))
    assert "came back" in page
    assert "Undo" not in page
    assert suppressions.reason(*MARK) == "bounced"


@pytest.mark.parametrize("token", ["nonsense", "WyJlbWFpbCJd:forged", "a:b:c"])
def test_forged_links_end_nobodys_mail(client: Client, token: str) -> None:
    for deed in (client.get, client.post):
        assert deed(f"/unsubscribe/{token}").status_code == 400
    assert client.post(f"/unsubscribe/{token}/undo").status_code == 400
    assert not Suppression.objects.exists()


def test_a_link_works_after_the_account_took_another_address(path: str, ada: User) -> None:
    ada.email = "new@example.org"
    ada.save()
    Client().post(path)
    assert suppressions.reason(*MARK) == "unsubscribed"
    assert isinstance(reached(ada), list)


def test_a_link_names_its_address_to_nobody(path: str) -> None:
    assert "ada" not in path
    who = unsubscribing.read(path.rpartition("/")[2])
    assert (who.channel, who.digest, who.shown) == (*MARK, "a…@example.org")


def test_a_token_of_another_room_is_none() -> None:
    with pytest.raises(BadInput):
        unsubscribing.read(signing.Signer(salt="another room").sign_object(["email", "", "x"]))


def test_a_harder_reason_replaces_the_owners_own_wish() -> None:
    assert suppressions.suppress(*MARK, suppressions.UNSUBSCRIBED, "…")
    assert not suppressions.suppress(*MARK, suppressions.COMPLAINED, "…")
    assert suppressions.reason(*MARK) == "complained"
    suppressions.suppress(*MARK, suppressions.UNSUBSCRIBED, "…")
    assert suppressions.reason(*MARK) == "complained"


def test_staff_lifts_what_owners_cannot_and_it_is_written_down() -> None:
    staff = UserFactory()
    suppressions.suppress(*MARK, suppressions.BARRED, "…")
    with pytest.raises(Forbidden):
        suppressions.lift(*MARK)
    assert suppressions.lift(*MARK, staff=staff)
    assert suppressions.reason(*MARK) == ""
    assert LogEntry.objects.get(additional_data__what="address.allowed").actor == staff


def test_lifting_what_is_not_there_changes_nothing() -> None:
    assert not suppressions.lift(*MARK)
