"""Secrets are put through every door, and searched in everything that comes out of any."""

from __future__ import annotations

import json
import pickle
import sys
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import kombu.serialization
import pytest
from cryptography.fernet import Fernet
from django.core.signals import got_request_exception
from django.forms.models import model_to_dict
from django.test import Client, override_settings
from django.urls import reverse
from django.views.debug import ExceptionReporter
from pytest_django import Settings

from accounts import sessions, vault
from accounts.credentials import KeyRefused, Secret
from accounts.doors import cookie_name
from accounts.models import StoredKey, User
from arbedge import sealing
from arbedge.errors import ArbEdgeError
from arbedge.names import Door, Role
from exchanges.simulator.accounts import Account, account
from tests.accounts.canaries import cache_text, database_text, everything_logged, leaks, spellings
from tests.accounts.factories import UserFactory
from tests.simulated import simulated_venues

VENUES = ("binance", "bybit", "okx", "bitget")
TELLING = ("bybit", "okx")  # repeats the key in its answers; has a passphrase
AI_KEY = "sk-canary-7d41c0ffee7d41c0ffee"
PAGES = (
    "/console/", "/console/accounts/storedkey/", "/console/accounts/user/",
    "/console/auditlog/logentry/",
)  # fmt: skip


@pytest.fixture(autouse=True)
def venues(settings: Settings) -> Iterator[None]:
    with simulated_venues(settings):
        yield


@pytest.fixture
def user(transactional_db: None) -> User:
    return UserFactory()


def secrets_of(who: Account) -> list[str]:
    return [text for text in (who.key, who.secret, who.passphrase) if text]


def browser(user: User) -> Client:
    client = Client(raise_request_exception=False)
    started = sessions.start(user, Door.WEB, datetime.now(UTC))
    client.cookies[cookie_name()] = started.token
    return client


def typed(who: Account, **other: str) -> dict[str, str]:
    parts = {"key": who.key, "secret": who.secret, "passphrase": who.passphrase}
    return {"venue": who.venue, **parts, **other}


def add(user: User, who: Account, **other: Any) -> StoredKey:
    return vault.add_exchange(
        user, who.venue, who.key, who.secret, who.passphrase, door=Door.WEB, **other
    )


def post(client: Client, fields: dict[str, str]) -> str:
    answer = client.post(reverse("accounts:add_exchange_key"), fields, follow=True)
    return answer.content.decode()


def everywhere() -> str:
    """The database, the cache and the broker as text."""
    return database_text() + cache_text()


def test_the_search_finds_what_is_there() -> None:
    for spelling in spellings("canary-secret-1234"):
        assert leaks(f"before {spelling} after", "canary-secret-1234") == ["canary-secret-1234"]
    assert leaks("nothing of it", "canary-secret-1234") == []


def test_the_search_reads_tables_and_cache(user: User) -> None:
    client = browser(user)
    post(client, typed(account("okx", "reader")))
    row = StoredKey.objects.get()

    dump = everywhere()

    assert row.sealed in dump
    assert f"who:{user.pk}" in dump


@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize("name", ["trader", "withdrawer", "expired", "elsewhere", "odd"])
def test_no_secret_leaves_the_vault(user: User, venue: str, name: str) -> None:
    who = account(venue, name)

    with everything_logged() as log:
        try:
            told = repr(add(user, who))
        except ArbEdgeError as error:
            told = "".join(traceback.format_exception(error)) + repr(error.details)
        for shown in vault.listed(user):
            vault.relabel(user, shown.id, "another", door=Door.WEB)
            vault.disable(user, shown.id, door=Door.WEB)
            vault.enable(user, shown.id, door=Door.WEB)
            told += repr(shown) + repr(vault.open_exchange(shown.id, user))

    assert "INSERT" in log.getvalue() or name != "trader"
    assert leaks(told + log.getvalue() + everywhere(), *secrets_of(who)) == []


@pytest.mark.parametrize("venue", TELLING)
@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("trader", {}),
        ("withdrawer", {}),
        ("odd", {}),
        ("trader", {"secret": "canary-of-a-wrong-secret"}),
        ("trader", {"label": "l" * 90}),
        ("trader", {"venue": "mtgox"}),
    ],
    ids=["taken", "withdraws", "odd", "wrong secret", "wrong label", "wrong venue"],
)
def test_no_page_gives_a_secret_back(
    user: User, venue: str, name: str, wrong: dict[str, str]
) -> None:
    who, client = account(venue, name), browser(user)

    with everything_logged() as log:
        page = post(client, typed(who, **wrong))
        page += client.get(reverse("accounts:keys")).content.decode()

    assert "Exchange" in page
    assert leaks(page + log.getvalue() + everywhere(), *secrets_of(who), *wrong.values()) in (
        [], [wrong.get("label")], ["mtgox"],
    )  # fmt: skip


@pytest.mark.parametrize("venue", TELLING)
def test_the_console_shows_four_characters(user: User, venue: str) -> None:
    who = account(venue, "trader")
    row, desk = add(user, who), Client()
    desk.force_login(UserFactory(role=Role.SUPER_ADMIN))

    own = (
        f"/console/accounts/storedkey/{row.pk}/change/",
        f"/console/accounts/user/{user.pk}/change/",
    )
    pages = [desk.get(path, follow=True).content.decode() for path in (*PAGES, *own)]

    assert any(who.key[-4:] in page for page in pages)
    assert leaks("".join(pages), *secrets_of(who), row.sealed) == []


@pytest.mark.parametrize("venue", TELLING)
@pytest.mark.parametrize(
    "where",
    ["arbedge.sealing._ring", "accounts.vault_rows.mark", "exchanges.rights._only",
     "exchanges.keys._listening"],
)  # fmt: skip
def test_a_crash_tells_no_secret_in_page_log_or_report(
    user: User, venue: str, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    who, client, reports = account(venue, "trader"), browser(user), list[str]()

    def breaks(*_: object) -> None:
        raise RuntimeError("it broke")

    def report(request: Any, **_: Any) -> None:
        kind, error, trace = sys.exc_info()
        mail = ExceptionReporter(request, kind, error, trace, is_email=True)
        reports.extend([mail.get_traceback_html(), mail.get_traceback_text()])

    monkeypatch.setattr(where, breaks)
    got_request_exception.connect(report)
    try:
        with everything_logged() as log:
            answer = client.post(reverse("accounts:add_exchange_key"), typed(who))
    finally:
        got_request_exception.disconnect(report)

    assert answer.status_code == 500
    assert "it broke" in log.getvalue()
    assert "it broke" in "".join(reports)
    told = answer.content.decode() + log.getvalue() + "".join(reports) + everywhere()
    assert leaks(told, *secrets_of(who)) == []


def test_a_refused_ai_key_is_told_nowhere(user: User) -> None:
    client = browser(user)
    fields = {"provider": "compatible", "key": AI_KEY, "base_url": "https://127.0.0.1/v1"}

    with everything_logged() as log, pytest.raises(KeyRefused):
        vault.add_ai(user, "compatible", AI_KEY, base_url="https://localhost", door=Door.WEB)
    with everything_logged() as web_log:
        page = client.post(reverse("accounts:add_ai_key"), fields).content.decode()

    assert "public" in page
    assert leaks(page + log.getvalue() + web_log.getvalue() + everywhere(), AI_KEY) == []


@pytest.mark.parametrize("venue", TELLING)
def test_an_open_key_is_no_argument_of_a_task(user: User, venue: str) -> None:
    who = account(venue, "trader")
    opened = vault.open_exchange(add(user, who).pk, user)

    for serializer in ("json", "pickle", "yaml"):
        try:
            told = str(kombu.serialization.dumps(((opened,), {"key": opened.key}), serializer))
        except Exception as error:  # noqa: BLE001  whatever it says is searched
            told = "".join(traceback.format_exception(error))
        assert leaks(told, *secrets_of(who)) == []


@pytest.mark.parametrize(
    "show",
    [
        repr,
        str,
        "{}".format,
        lambda one: json.dumps(one, default=str),
        lambda one: json.dumps(one, default=repr),
        lambda one: repr([one, {"key": one.key}]),
        lambda one: repr(getattr(one, "__dict__", "")),
    ],
)
def test_an_open_key_shows_itself_to_nobody(user: User, show: Any) -> None:
    who = account("okx", "trader")
    opened: Secret = vault.open_exchange(add(user, who).pk, user)

    assert leaks(show(opened), *secrets_of(who)) == []


def test_an_open_key_is_not_pickled(user: User) -> None:
    opened = vault.open_exchange(add(user, account("okx", "trader")).pk, user)

    with pytest.raises(TypeError):
        pickle.dumps(opened)


def test_a_row_shows_no_secret(user: User) -> None:
    who = account("okx", "trader")
    row = add(user, who)

    shown = f"{row!r} {row} {vars(row)} {model_to_dict(row)} {row.pk:d}"

    assert leaks(shown, *secrets_of(who)) == []


def test_a_stolen_dump_opens_nothing(user: User, settings: Settings) -> None:
    """Whoever has the dump, and even SECRET_KEY, can neither open nor confirm a key."""
    who = account("okx", "trader")
    row = add(user, who)
    thief = Fernet.generate_key().decode()

    with override_settings(ENCRYPTION_KEYS=[thief]), pytest.raises(sealing.Unsealable):
        sealing.unseal(row.sealed)
    guesses = {sealing.sha256(text) for text in secrets_of(who)}
    assert bytes(row.digest) not in guesses
