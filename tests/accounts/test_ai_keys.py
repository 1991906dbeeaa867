"""Keys of AI providers: asked over real HTTP, and never sent to a private address."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from accounts import ai_keys, key_shapes, vault
from accounts.credentials import KeyRefused, Secret, Unchecked
from accounts.models import KeyKind, StoredKey, User
from arbedge import http
from arbedge.errors import NotFound
from arbedge.hidden import Hidden
from arbedge.names import Door
from tests.accounts.factories import UserFactory
from tests.loopback import Loopback, Reply, running

KEY = "sk-canary-0123456789abcdef"
MODELS = json.dumps({"data": [{"id": "one"}, {"id": "two"}]}).encode()
PRIVATE = (
    "https://localhost/v1", "https://127.0.0.1:8443/v1", "https://[::1]/v1", "https://10.0.0.7/v1",
    "https://192.168.1.1", "https://169.254.169.254/latest", "https://[::ffff:127.0.0.1]/v1",
    "https://2130706433/v1", "https://0/v1", "https://100.64.0.1/v1", "https://[fd00::1]/v1",
)  # fmt: skip


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    """A provider on loopback, which counts as public for the time of the test."""
    with running() as loopback:
        loopback.on("/v1/models", Reply(MODELS))
        monkeypatch.setattr(http, "is_public", lambda _: True)
        for name, provider in ai_keys.PROVIDERS.items():
            here = replace(provider, base_url=f"{loopback.url}/v1")
            monkeypatch.setitem(ai_keys.PROVIDERS, name, here)
        yield loopback


def secret(provider: str, base_url: str = "") -> Secret:
    return Secret(provider, Hidden(KEY), Hidden(""), Hidden(""), base_url=base_url)


@pytest.mark.parametrize(
    ("provider", "header", "value"),
    [
        ("openai", "authorization", f"bearer {KEY}"),
        ("anthropic", "x-api-key", KEY),
        ("compatible", "authorization", f"bearer {KEY}"),
    ],
)
def test_each_provider_is_asked_in_its_own_way(
    service: Loopback, provider: str, header: str, value: str
) -> None:
    told = ai_keys.check(secret(provider))

    (call,) = service.calls
    assert call.headers[header] == value.lower()
    assert ("anthropic-version" in call.headers) is (provider == "anthropic")
    assert (told.read, told.trade, told.withdraw) == (True, False, False)
    assert told.note == "It answers with 2 models."


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_nobody_accepts(service: Loopback, status: int) -> None:
    service.on("/v1/models", Reply(b'{"error": {"message": "Incorrect API key"}}', status))

    with pytest.raises(KeyRefused) as caught:
        ai_keys.check(secret("openai"))

    assert caught.value.code == "key_wrong"


@pytest.mark.parametrize(
    "reply",
    [
        Reply(b"busy", 500),
        Reply(b"slow down", 429),
        Reply(b"", 302, {"Location": "http://127.0.0.1:1/"}),
        Reply(hang_up=True),
        Reply(b"x" * (ai_keys.LONGEST_BODY + 1)),
    ],
    ids=["error", "limit", "redirect", "hang-up", "endless"],
)
def test_no_usable_answer_is_no_verdict(service: Loopback, reply: Reply) -> None:
    service.on("/v1/models", reply)

    with pytest.raises(Unchecked) as caught:
        ai_keys.check(secret("anthropic"))

    assert caught.value.code == "venue_unreachable"
    assert service.paths() == ["/v1/models"]


def test_a_silent_service_is_not_waited_for(
    service: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ai_keys, "TIMEOUT_S", 0.1)
    service.on("/v1/models", Reply(MODELS, delay_s=0.6))

    with pytest.raises(Unchecked):
        ai_keys.check(secret("openai"))


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"data": 1}', b"null", b""])
def test_a_page_is_no_ai_service(service: Loopback, body: bytes) -> None:
    service.on("/v1/models", Reply(body))

    with pytest.raises(KeyRefused) as caught:
        ai_keys.check(secret("compatible"))

    assert caught.value.code == "rights_unknown"


@pytest.mark.parametrize("url", PRIVATE)
def test_a_private_address_never_sees_the_key(url: str) -> None:
    with pytest.raises(KeyRefused) as caught:
        ai_keys.check(secret("compatible", url))

    assert caught.value.code == "address_refused"
    assert KEY not in str(caught.value)


@pytest.mark.django_db
@pytest.mark.parametrize("url", PRIVATE)
def test_a_key_for_a_private_address_is_not_saved(url: str) -> None:
    user = UserFactory()

    with pytest.raises(KeyRefused):
        vault.add_ai(user, "compatible", KEY, base_url=url, door=Door.WEB)

    assert not StoredKey.objects.exists()


@pytest.mark.django_db
def test_an_address_that_turned_private_after_it_was_saved_is_refused_when_used(
    service: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    user: User = UserFactory()
    row = vault.add_ai(user, "openai", KEY, door=Door.WEB)
    monkeypatch.undo()
    private = replace(ai_keys.PROVIDERS["openai"], base_url=f"{service.url}/v1")
    monkeypatch.setitem(ai_keys.PROVIDERS, "openai", private)

    again = vault.revalidate(user, row.pk, door=Door.WEB)

    assert "not on the public internet" in again.problem
    assert len(service.calls) == 1


@pytest.mark.django_db
def test_an_ai_key_is_kept_and_opened_as_such(service: Loopback) -> None:
    user = UserFactory()

    row = vault.add_ai(user, "anthropic", KEY, label="mine", door=Door.WEB)

    assert (row.kind, row.last4, row.can_trade) == (KeyKind.AI, KEY[-4:], False)
    assert vault.open_ai(row.pk, user).key.reveal() == KEY
    with pytest.raises(NotFound):
        vault.open_exchange(row.pk, user)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"provider": "oracle"}, "provider_unknown"),
        ({"key": ""}, "key_wrong"),
        ({"provider": "compatible"}, "address_refused"),
        ({"provider": "compatible", "base_url": "http://api.example.com"}, "address_refused"),
        ({"provider": "compatible", "base_url": "https://a:b@example.com"}, "address_refused"),
    ],
)
def test_what_cannot_be_asked_is_refused(wrong: dict[str, str], code: str) -> None:
    asked: dict[str, Any] = {"provider": "openai", "key": KEY, **wrong}

    with pytest.raises(KeyRefused) as caught:
        vault.add_ai(UserFactory(), **asked, door=Door.WEB)

    assert caught.value.code == code


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (" https://api.example.com/v1/ ", "https://api.example.com/v1"),
        ("https://example.com:8443", "https://example.com:8443"),
    ],
)
def test_an_address_is_kept_without_the_slash_at_its_end(typed: str, kept: str) -> None:
    assert key_shapes.base_url(typed) == kept


@pytest.mark.parametrize(
    "typed",
    ["", "example.com", "ftp://example.com", "https://", "https://example.com:port",
     "https://example.com/?key=1", "https://example.com/#a", "https://[::1", "https://"
     + "a" * 200 + ".com"],
)  # fmt: skip
def test_what_is_no_address_is_refused(typed: str) -> None:
    with pytest.raises(KeyRefused):
        key_shapes.base_url(typed)


def test_a_name_that_cannot_be_resolved_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(*_: Any, **__: Any) -> Any:
        raise socket.gaierror("unknown")

    monkeypatch.setattr(socket, "getaddrinfo", nowhere)

    with pytest.raises(KeyRefused) as caught:
        ai_keys.check(secret("compatible", "https://nowhere.example"))

    assert caught.value.code == "address_refused"
