"""The session store: what the cookie holds opens, what the database holds does not."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import UpdateError
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts import websessions
from accounts.models import User, WebSession
from accounts.websessions import SessionStore
from arbedge.names import Role
from tests.accounts.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> User:
    return UserFactory(username="ada", role=Role.SUPER_ADMIN)


@pytest.fixture
def browser(ada: User) -> Client:
    signed_in = Client()
    signed_in.force_login(ada)
    return signed_in


def key_of(browser: Client) -> str:
    return browser.cookies[settings.SESSION_COOKIE_NAME].value


def saved(**data: object) -> SessionStore:
    store = SessionStore()
    store.update(data)
    store.save()
    return store


def lapse(store: SessionStore) -> None:
    WebSession.objects.filter(pk=websessions.stored(store.session_key or "")).update(
        expire_date=timezone.now() - timedelta(seconds=1)
    )


def is_inside(browser: Client) -> bool:
    return browser.get("/console/").status_code == 200


def with_cookie(value: str) -> Client:
    browser = Client()
    browser.cookies[settings.SESSION_COOKIE_NAME] = value
    return browser


def test_the_cookie_opens_the_console(browser: Client) -> None:
    assert is_inside(with_cookie(key_of(browser)))


def test_the_database_holds_the_sha256_of_the_cookie(browser: Client) -> None:
    digest = hashlib.sha256(key_of(browser).encode()).hexdigest()
    assert WebSession.objects.get().session_key == digest


def test_what_the_database_holds_opens_nothing(browser: Client) -> None:
    assert not is_inside(with_cookie(WebSession.objects.get().session_key))


def test_a_dump_of_every_column_does_not_hold_the_cookie(browser: Client) -> None:
    browser.get("/console/")
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_jsonb(t)::text FROM accounts_websession t")
        dump = "".join(row[0] for row in cursor.fetchall())
    assert key_of(browser) not in dump


def test_djangos_own_table_stays_empty(browser: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM django_session")
        assert cursor.fetchone() == (0,)


def test_what_is_saved_is_read_back() -> None:
    store = saved(colour="teal")
    assert SessionStore(store.session_key)["colour"] == "teal"


def test_saving_again_changes_the_same_row() -> None:
    store = saved(colour="teal")
    store["colour"] = "plum"
    store.save()
    assert WebSession.objects.count() == 1
    assert SessionStore(store.session_key)["colour"] == "plum"


def test_a_key_nobody_was_given_is_empty_and_forgotten() -> None:
    store = SessionStore("a" * 32)
    assert store.load() == {}
    assert store.session_key is None


def test_a_key_exists_under_its_cookie_and_not_under_its_digest() -> None:
    key = saved(colour="teal").session_key or ""
    assert SessionStore().exists(key)
    assert not SessionStore().exists(websessions.stored(key))


def test_cycling_keeps_the_data_and_kills_the_old_key() -> None:
    store = saved(colour="teal")
    old = store.session_key
    store.cycle_key()
    store.save()
    assert SessionStore(store.session_key)["colour"] == "teal"
    assert SessionStore(old).load() == {}
    assert WebSession.objects.count() == 1


def test_flushing_removes_the_row() -> None:
    store = saved(colour="teal")
    store.flush()
    assert not WebSession.objects.exists()


def test_deleting_twice_is_no_error() -> None:
    store = saved(colour="teal")
    store.delete()
    store.delete()
    SessionStore().delete()
    assert not WebSession.objects.exists()


def test_a_row_deleted_meanwhile_is_not_brought_back_by_a_save() -> None:
    store = saved(colour="teal")
    WebSession.objects.all().delete()
    with pytest.raises(UpdateError):
        store.save()


def test_a_lapsed_session_is_not_found() -> None:
    store = saved(colour="teal")
    lapse(store)
    assert SessionStore(store.session_key).load() == {}


def test_clearing_takes_lapsed_ones_only_in_as_many_batches_as_it_needs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(websessions, "BATCH", 2)
    for _ in range(5):
        lapse(saved(colour="teal"))
    alive = saved(colour="plum")
    SessionStore.clear_expired()
    assert WebSession.objects.get().pk == websessions.stored(alive.session_key or "")


def test_djangos_command_clears_them() -> None:
    lapse(saved(colour="teal"))
    call_command("clearsessions")
    assert not WebSession.objects.exists()


def test_logging_in_changes_the_key(ada: User) -> None:
    ada.set_password("correct horse")
    ada.save()
    browser = Client()
    store = browser.session
    store["colour"] = "teal"
    store.save()
    before = key_of(browser)
    browser.post("/console/login/", {"username": "ada", "password": "correct horse"})
    assert key_of(browser) != before
    assert SessionStore(before).load() == {}


def test_logging_out_removes_the_row(browser: Client) -> None:
    key = key_of(browser)
    browser.post("/console/logout/")
    assert not is_inside(with_cookie(key))
    assert not WebSession.objects.filter(user_id__isnull=False).exists()


def test_a_row_knows_whose_it_is(browser: Client, ada: User) -> None:
    assert WebSession.objects.get().user_id == ada.pk


def test_a_visitors_row_is_nobodys() -> None:
    saved(colour="teal")
    assert WebSession.objects.get().user_id is None


def test_all_log_ins_of_a_person_end_but_the_one_kept(ada: User, browser: Client) -> None:
    elsewhere, other = Client(), Client()
    elsewhere.force_login(ada)
    other.force_login(UserFactory(role=Role.ADMIN))
    assert websessions.end_all(ada.pk, but=key_of(browser)) == 1
    assert is_inside(browser)
    assert not is_inside(elsewhere)
    assert is_inside(other)


def test_all_log_ins_of_a_person_end(ada: User, browser: Client) -> None:
    assert websessions.end_all(ada.pk) == 1
    assert not is_inside(browser)


def test_the_asynchronous_way_is_keyed_by_digests_too() -> None:
    async def live() -> tuple[str, bool, bool, bool]:
        store = SessionStore()
        await store.aset("colour", "teal")
        await store.asave()
        key = store.session_key or ""
        read = await SessionStore(key).aget("colour") == "teal"
        known = await SessionStore().aexists(key)
        stolen = await SessionStore().aexists(websessions.stored(key))
        await store.adelete()
        return key, read, known, stolen

    key, read, known, stolen = async_to_sync(live)()
    assert (read, known, stolen) == (True, True, False)
    assert SessionStore(key).load() == {}


def test_an_unknown_key_is_empty_the_asynchronous_way() -> None:
    assert async_to_sync(SessionStore("b" * 32).aload)() == {}


def test_reading_costs_one_query(browser: Client, django_assert_num_queries: object) -> None:
    key = key_of(browser)
    with django_assert_num_queries(1):  # type: ignore[operator]
        assert SessionStore(key)[SESSION_KEY]
