"""Updates are stored once, sealed, in the lane of whoever they are from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from prometheus_client import REGISTRY
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings
from structlog.testing import capture_logs

from arbedge.errors import NoData
from notifications.bot import intake
from notifications.models import BotUpdate
from notifications.models.bot import UpdateState
from tests.accounts.web import fresh_cache
from tests.notifications.bot.updates import (
    ANNA,
    ANONYMOUS,
    BEN,
    GROUP,
    person,
    raw,
    recorded,
    said,
    stored,
    text,
    woken,
)
from tests.notifications.factories import NOON

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
NOWHERE = "redis://127.0.0.1:9/0"


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    fresh_cache()
    monkeypatch.setattr(intake._cache, "gone_until", 0.0)
    yield
    fresh_cache()


def counted(outcome: str, kind: str = intake.OTHER) -> float:
    labels = {"kind": kind, "outcome": outcome}
    return REGISTRY.get_sample_value("arbedge_bot_updates_total", labels) or 0.0


# Storing


def test_an_update_waits_as_it_came() -> None:
    update = text("/why 7")
    row = stored(update)
    assert (row.state, row.attempts, row.calls) == (UpdateState.WAITING, 0, [])
    assert (row.kind, row.lane, row.received_at, row.due_at) == ("message", ANNA, NOON, NOON)
    assert said(row) == update


def membership(old: str, new: str) -> dict[str, Any]:
    """Somebody's state in a group was changed."""
    states = {f"{which}_chat_member": {"user": person(BEN), "status": status}
              for which, status in (("old", old), ("new", new))}  # fmt: skip
    change = {"chat": {"id": GROUP, "type": "supergroup"}, "from": person(ANNA), **states}
    return {"update_id": 5, "chat_member": change}


@pytest.mark.parametrize(
    ("old", "new"), [("left", "member"), ("member", "left"), ("restricted", "kicked")]
)
def test_who_comes_to_a_large_group_is_not_stored(old: str, new: str) -> None:
    before = counted("needless", "chat_member")
    assert not intake.store(raw(membership(old, new)), NOON)
    assert not BotUpdate.objects.exists()
    assert counted("needless", "chat_member") == before + 1


@pytest.mark.parametrize(
    ("old", "new"), [("member", "administrator"), ("administrator", "left"), ("creator", "member")]
)
def test_a_change_of_who_runs_a_group_is_stored(old: str, new: str) -> None:
    assert intake.store(raw(membership(old, new)), NOON)


def test_what_is_typed_is_not_in_the_table() -> None:
    update = text("my key is CANARY-91")
    stored(update)
    with connection.cursor() as cursor:
        cursor.execute("SELECT b::text FROM notifications_botupdate b")
        assert "CANARY" not in str(cursor.fetchall())


def test_the_same_update_is_stored_once() -> None:
    update = text("/start")
    stored(update)
    repeated = counted("repeated", "message")
    assert not intake.store(raw(update), NOON)
    assert BotUpdate.objects.count() == 1
    assert counted("repeated", "message") == repeated + 1


def test_what_was_read_already_is_stored_alike() -> None:
    update = text("Ünïcødé 👋")
    assert intake.store(update, NOON)
    assert said(BotUpdate.objects.get()) == update


def test_halves_of_characters_become_question_marks() -> None:
    update = text("a")
    broken = json.dumps(update).replace('"a"', '"a\\ud83d"').encode()
    assert intake.store(broken, NOON)
    assert said(BotUpdate.objects.get())["message"]["text"] == "a?"


@pytest.mark.parametrize(
    "body",
    [
        b"", b"\xff\xfe", b"{", b"[]", b"null", b"7", b'"text"', b"{}", b"[" * 100_000,
        b'{"message":{}}', b'{"update_id":null}', b'{"update_id":true}', b'{"update_id":"7"}',
        b'{"update_id":1.5}', b'{"update_id":-1}', b'{"update_id":9223372036854775808}',
        b'{"update_id":' + b"9" * 5_000 + b"}",
    ],
)  # fmt: skip
def test_what_is_no_update_is_counted_and_left(body: bytes) -> None:
    before = counted("unusable")
    assert not intake.store(body, NOON)
    assert counted("unusable") == before + 1
    assert not BotUpdate.objects.exists()


def test_nothing_that_was_sent_is_logged() -> None:
    with capture_logs() as lines:
        intake.store(b'{"message":"CANARY-91"}', NOON)
        intake.store(raw(text("CANARY-91")), NOON)
    assert [line["event"] for line in lines] == ["update_unusable"]
    assert "CANARY" not in str(lines)


# Lanes


def test_a_person_has_one_lane_in_all_chats() -> None:
    pressed = {"id": "1", "from": person(ANNA), "data": "why 7", "chat_instance": "1",
               "message": {"chat": {"id": GROUP}}}  # fmt: skip
    blocked = {"from": person(ANNA), "chat": {"id": ANNA}}
    lanes = [
        stored(text("/why 7")).lane,
        stored(text("/why 7", chat=GROUP)).lane,
        stored({"update_id": 1, "callback_query": pressed}).lane,
        stored({"update_id": 2, "my_chat_member": blocked}).lane,
        stored({"update_id": 3, "edited_message": text("/why 8")["message"]}).lane,
        stored({"update_id": 4, "poll_answer": {"poll_id": "1", "user": person(ANNA)}}).lane,
    ]
    assert lanes == [ANNA] * 6


def test_who_writes_as_the_chat_is_in_the_lane_of_the_chat() -> None:
    as_group = text("/mute WIF", ANONYMOUS, chat=GROUP, sender_chat={"id": GROUP})
    post = {"update_id": 1, "channel_post": {"message_id": 1, "chat": {"id": GROUP}}}
    assert stored(as_group).lane == GROUP
    assert stored(post).lane == GROUP


@pytest.mark.parametrize(
    "update",
    [
        {"new_kind": {"from": {"id": ANNA}}},
        {"message": None},
        {"message": "text"},
        {"message": {"from": [], "chat": 7}},
        {"message": {"from": {"id": "7"}, "chat": {"id": 1 << 63}}},
        {},
    ],
)
def test_what_is_from_nobody_is_in_a_lane_of_its_own(update: dict[str, Any]) -> None:
    assert stored({"update_id": 1, **update}).lane == intake.NOBODYS


def test_unknown_kinds_are_stored_without_their_name() -> None:
    """A name is whatever somebody sends, and goes into a label of a metric."""
    row = stored({"update_id": 1, "n" * 100: {}})
    assert row.kind == intake.OTHER


def test_every_recorded_update_is_stored(recordings: Path) -> None:
    for number, (name, body) in enumerate(recorded(recordings).items()):
        update = {**json.loads(body), "update_id": number}
        row = stored(update)
        assert said(row) == update, name
        assert (row.kind == intake.OTHER) == (name == "unknown_update_kind"), name


# Waking


def test_a_lane_is_woken_when_its_update_is_committed(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        stored(text("/why 7", BEN))
        assert woken() == []
    assert woken() == [BEN]


def test_what_is_known_wakes_nobody(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    update = text("/start")
    stored(update)
    with django_capture_on_commit_callbacks(execute=True):
        intake.store(raw(update), NOON)
    assert woken() == []


def test_lanes_are_heard_of_in_the_order_they_were_woken() -> None:
    intake.wake(ANNA, GROUP)
    assert [intake.woken(0.05), intake.woken(0.05), intake.woken(0.05)] == [ANNA, GROUP, None]


def test_the_list_does_not_grow_while_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "MOST_WOKEN", 3)
    for lane in range(1, 6):
        intake.wake(lane)
    assert woken() == [3, 4, 5]


def test_without_the_cache_updates_are_stored_all_the_same(
    settings: Settings, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    settings.CACHE_URL = NOWHERE
    with django_capture_on_commit_callbacks(execute=True):
        stored(text("/start"))
    assert BotUpdate.objects.count() == 1
    with pytest.raises(NoData):
        intake.woken(0.05)


def test_a_cache_that_is_gone_is_left_alone_for_a_while(settings: Settings) -> None:
    here, settings.CACHE_URL = settings.CACHE_URL, NOWHERE
    assert not intake.wake(ANNA)
    settings.CACHE_URL = here
    assert not intake.wake(ANNA)
    intake._cache.gone_until = 0.0
    assert intake.wake(ANNA)


# Looking after


def test_what_ended_is_forgotten_when_telegram_repeats_it_no_more() -> None:
    old, young = stored(text("1")), stored(text("2"))
    done = BotUpdate.objects.filter(pk__in=[old.pk, young.pk])
    done.update(state=2, sealed="", settled_at=NOON)
    BotUpdate.objects.filter(pk=old.pk).update(settled_at=NOON - timedelta(seconds=1))
    assert intake.tidy(NOON + 2 * DAY) == (0, 1)
    assert list(BotUpdate.objects.all()) == [young]


def test_what_nobody_handled_for_a_day_is_given_up() -> None:
    late, last = stored(text("1"), NOON), stored(text("2"), NOON + timedelta(seconds=1))
    now = NOON + DAY + timedelta(seconds=1)
    assert intake.tidy(now) == (1, 0)
    late.refresh_from_db()
    last.refresh_from_db()
    assert (late.state, late.problem, late.sealed) == (UpdateState.FAILED, "too_late", "")
    assert late.settled_at == now
    assert last.state == UpdateState.WAITING


# The secret


def test_the_secret_is_the_bots_own_and_telegram_takes_it(settings: Settings) -> None:
    settings.BOT_TOKEN = "7:one"
    one = intake.secret_token()
    assert len(one) == 64
    assert int(one, 16)
    settings.BOT_TOKEN = "7:two"
    two = intake.secret_token()
    settings.SECRET_KEY = "another"
    assert len({one, two, intake.secret_token()}) == 3
