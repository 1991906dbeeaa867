"""The page of keys: added, named, switched, checked, deleted, and never shown again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from accounts import vault
from accounts.credentials import KeyRefused, Rights, Secret, Unchecked
from accounts.models import (
    KeyKind,
    KeyState,
    StoredKey,
    User,
)
from tests.accounts.factories import UserFactory
from tests.accounts.web import PAGES, body, fresh_cache, log_in, wrong

pytestmark = pytest.mark.django_db
KEY, SECRET, PHRASE = "ak-9f27canaryKEY4242", "canary-secret-5b1e9d", "canary phrase"


@pytest.fixture(autouse=True)
def _fresh() -> None:
    fresh_cache()


@pytest.fixture
def ada(client: Client) -> User:
    """Somebody who is logged in."""
    user = UserFactory(name="Ada")
    log_in(client, user)
    return user


@pytest.fixture
def asked() -> Iterator[list[Secret]]:
    """Exchanges say that every key may read and trade; what they were asked about."""
    seen: list[Secret] = []

    def check(secret: Secret) -> Rights:
        seen.append(secret)
        return Rights(read=True, trade=True, withdraw=False, ip_bound=True)

    before = dict(vault._validators)
    vault.validator(KeyKind.EXCHANGE, check)
    vault.validator(KeyKind.AI, check)
    yield seen
    vault._validators.clear()
    vault._validators.update(before)


def answer(error: Exception) -> None:
    """Exchanges answer every question about a key with this error."""

    def check(_: Secret) -> Rights:
        raise error

    vault.validator(KeyKind.EXCHANGE, check)


def add_key(client: Client, **changed: str) -> Any:
    """Adds an exchange key by the form."""
    told = {"venue": "okx", "key": KEY, "secret": SECRET, "passphrase": PHRASE, "label": "main"}
    return client.post("/account/keys/exchange", told | changed, follow=True)


def test_a_key_is_added_with_the_rights_the_exchange_tells(
    client: Client, ada: User, asked: list[Secret]
) -> None:
    page = body(add_key(client))
    assert "OKX …4242 is added: it may read and trade" in page
    assert "may not withdraw" in page
    assert asked[0].secret.reveal() == SECRET
    assert StoredKey.objects.get().user == ada


def test_no_page_shows_a_key_again(client: Client, ada: User, asked: list[Secret]) -> None:
    shown = body(add_key(client)) + "".join(body(client.get(page)) for page in PAGES)
    answer(KeyRefused("This key is wrong.", code="key_wrong", field="key"))
    shown += body(add_key(client, key=KEY + "2", secret=SECRET))
    for canary in (KEY, SECRET, PHRASE):
        assert canary not in shown


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize(
    ("error", "words"),
    [
        (KeyRefused("Not so.", code="passphrase_wrong", field="passphrase"), "Not so."),
        (Unchecked("OKX cannot be asked now.", code="venue_unreachable"), "cannot be asked"),
    ],
)  # fmt: skip
def test_a_refused_key_says_why_and_nothing_is_kept(
    client: Client, ada: User, error: Exception, words: str
) -> None:
    answer(error)
    assert words in wrong(add_key(client))
    assert not StoredKey.objects.exists()


@pytest.mark.usefixtures("asked")
def test_a_key_that_may_withdraw_is_refused(client: Client, ada: User) -> None:
    rights = Rights(read=True, trade=True, withdraw=True)
    vault.validator(KeyKind.EXCHANGE, lambda _: rights)
    assert "may withdraw" in wrong(add_key(client))
    assert not StoredKey.objects.exists()


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize(
    "changed",
    [{"venue": "nowhere"}, {"key": ""}, {"key": "short"}, {"secret": ""}, {"key": "ключ" * 5},
     {"label": "l" * 41}, {"secret": "s" * 9000}],
)  # fmt: skip
def test_bad_entries_are_told(client: Client, ada: User, changed: dict[str, str]) -> None:
    assert wrong(add_key(client, **changed))
    assert not StoredKey.objects.exists()


@pytest.fixture
def key(client: Client, ada: User, asked: list[Secret]) -> StoredKey:
    """A key of Ada's."""
    add_key(client)
    return StoredKey.objects.get()


def test_a_key_is_disabled_and_enabled(client: Client, key: StoredKey) -> None:
    client.post(f"/account/keys/{key.pk}/disable")
    key.refresh_from_db()
    assert key.state == KeyState.DISABLED
    assert "is used again" in body(client.post(f"/account/keys/{key.pk}/enable", follow=True))
    key.refresh_from_db()
    assert key.state == KeyState.ACTIVE


def test_a_key_gets_a_label(client: Client, key: StoredKey) -> None:
    client.post(f"/account/keys/{key.pk}/label", {"label": "🦊 second"})
    key.refresh_from_db()
    assert key.label == "🦊 second"
    assert wrong(client.post(f"/account/keys/{key.pk}/label", {"label": "l" * 41}))


def test_deleting_a_key_is_asked_about_first(client: Client, key: StoredKey) -> None:
    assert "for good" in body(client.get(f"/account/keys/{key.pk}/delete"))
    assert StoredKey.objects.exists()
    client.post(f"/account/keys/{key.pk}/delete")
    assert not StoredKey.objects.exists()


def test_a_key_that_is_not_accepted_any_more_says_so(client: Client, key: StoredKey) -> None:
    answer(KeyRefused("OKX does not know this key.", code="key_wrong"))
    page = body(client.post(f"/account/keys/{key.pk}/check", follow=True))
    assert "OKX does not know this key." in page
    assert "not accepted any more" in page


@pytest.mark.parametrize("deed", ["disable", "enable", "check", "delete", "label"])
def test_nobody_touches_anothers_key(client: Client, key: StoredKey, deed: str) -> None:
    stranger = Client()
    log_in(stranger, UserFactory())
    address = f"/account/keys/{key.pk}/{deed}"
    assert stranger.get(address).status_code == 404
    assert stranger.post(address, {"label": "mine"}).status_code == 404
    key.refresh_from_db()
    assert (key.state, key.label) == (KeyState.ACTIVE, "main")


@pytest.mark.parametrize("deed", ["open", "reveal", "_delete", ""])
def test_there_are_no_other_deeds(client: Client, key: StoredKey, deed: str) -> None:
    assert client.post(f"/account/keys/{key.pk}/{deed}").status_code == 404


def test_an_ai_key_is_added(client: Client, ada: User, asked: list[Secret]) -> None:
    told = {"provider": "compatible", "key": KEY, "base_url": "https://ai.example.org/v1"}
    assert "is added and answers" in body(client.post("/account/keys/ai", told, follow=True))
    assert asked[0].base_url == "https://ai.example.org/v1"


@pytest.mark.usefixtures("asked")
def test_an_ai_service_needs_a_proper_address(client: Client, ada: User) -> None:
    told = {"provider": "compatible", "key": KEY, "base_url": "http://10.0.0.1/v1"}
    assert "https address" in wrong(client.post("/account/keys/ai", told))
