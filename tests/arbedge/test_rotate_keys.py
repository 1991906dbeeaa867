"""Sealing everything anew: complete, repeatable, resumable after a kill, safe beside writers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import Settings

from accounts.models import Invitation, InvitationBatch, Purpose, StoredKey, User
from arbedge import resealing, sealing
from tests.accounts.factories import NOON, UserFactory

ROOT = Path(__file__).resolve().parents[2]
OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def old_key(settings: Settings) -> None:
    settings.ENCRYPTION_KEYS = [OLD]


def stored(user: User, slot: int, text: str = "a secret") -> StoredKey:
    return StoredKey.objects.create(
        user=user, slot=slot, kind="exchange", provider="okx", last4="abcd",
        digest=sealing.sha256(f"{user.pk} {slot}"), sealed=sealing.seal(text),
    )  # fmt: skip


def invitation(sealed: str) -> Invitation:
    batch = InvitationBatch.objects.create(purpose=Purpose.BETA, number=1)
    return Invitation.objects.create(
        batch=batch, digest=sealing.sha256(sealed or "empty"), start="ABC", sealed=sealed,
        purpose=Purpose.BETA, expires_at=NOON,
    )  # fmt: skip


def rotate(**options: object) -> str:
    out = StringIO()
    call_command("rotate_keys", stdout=out, **options)
    return out.getvalue()


def newest(model: type[StoredKey | Invitation] = StoredKey) -> list[bool]:
    rows = model.objects.order_by("pk").values_list("sealed", flat=True)
    return [sealing.is_newest(one) for one in rows]


def test_every_sealed_column_is_found() -> None:
    tables = [resealing.table(model) for model in resealing.columns()]

    assert {"accounts_storedkey", "accounts_invitation"} <= set(tables)


def test_afterwards_the_old_key_may_go(settings: Settings) -> None:
    row, code = stored(UserFactory(), 1, "one"), invitation(sealing.seal("CODE1234"))
    settings.ENCRYPTION_KEYS = [NEW, OLD]

    rotate()

    settings.ENCRYPTION_KEYS = [NEW]
    row.refresh_from_db()
    code.refresh_from_db()
    assert sealing.unseal(row.sealed) == b"one"
    assert sealing.unseal(code.sealed) == b"CODE1234"


def test_it_says_what_it_did_and_doing_it_again_does_nothing(settings: Settings) -> None:
    user = UserFactory()
    rows = [stored(user, slot) for slot in range(1, 6)]
    settings.ENCRYPTION_KEYS = [NEW, OLD]

    first = rotate(batch=2)
    kept = StoredKey.objects.get(pk=rows[0].pk).sealed
    second = rotate(batch=2)

    assert "accounts_storedkey: 5 rows, 5 sealed anew" in first
    assert "accounts_storedkey: 5 rows, 0 sealed anew" in second
    assert StoredKey.objects.get(pk=rows[0].pk).sealed == kept


def test_a_dry_run_only_counts(settings: Settings) -> None:
    stored(UserFactory(), 1)
    settings.ENCRYPTION_KEYS = [NEW, OLD]

    told = rotate(dry_run=True)

    assert "1 to seal anew" in told
    assert "Run it without --dry-run" in told
    assert newest() == [False]


def test_only_what_an_older_key_sealed_is_touched(settings: Settings) -> None:
    user = UserFactory()
    stored(user, 1)
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    fresh = stored(user, 2)

    told = rotate()

    assert "2 rows, 1 sealed anew" in told
    assert StoredKey.objects.get(pk=fresh.pk).sealed == fresh.sealed


def test_emptied_columns_stay_empty(settings: Settings) -> None:
    code = invitation("")
    settings.ENCRYPTION_KEYS = [NEW, OLD]

    rotate()

    code.refresh_from_db()
    assert code.sealed == ""


def test_rows_of_a_lost_key_are_told_and_hold_no_other_back(settings: Settings) -> None:
    user = UserFactory()
    lost = stored(user, 1)
    settings.ENCRYPTION_KEYS = [third := Fernet.generate_key().decode()]
    stored(user, 2)
    settings.ENCRYPTION_KEYS = [NEW, third]

    with pytest.raises(CommandError, match="1 rows open with none"):
        rotate()

    assert newest() == [False, True]
    assert StoredKey.objects.get(pk=lost.pk).sealed == lost.sealed


def test_a_batch_has_at_least_one_row() -> None:
    with pytest.raises(CommandError, match="--batch"):
        rotate(batch=0)


def test_what_a_writer_changed_in_between_wins(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = stored(UserFactory(), 1, "before")
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    written = sealing.seal("after")
    real = sealing.reseal

    def slowly(held: str) -> str:
        StoredKey.objects.filter(pk=row.pk).update(sealed=written)
        return real(held)

    monkeypatch.setattr(sealing, "reseal", slowly)
    list(resealing.reseal(StoredKey))

    row.refresh_from_db()
    assert row.sealed == written


def test_an_old_process_that_seals_for_ever_is_found_out(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored(UserFactory(), 1)
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    old = Fernet(OLD).encrypt(b"again").decode()
    real = resealing.reseal

    def undone(*args: object, **how: object) -> Iterator[resealing.Tally]:
        yield from real(*args, **how)  # type: ignore[arg-type]
        StoredKey.objects.update(sealed=old)

    monkeypatch.setattr(resealing, "reseal", undone)

    with pytest.raises(CommandError, match="restart every process"):
        rotate()


@pytest.mark.django_db(transaction=True)
def test_writers_keep_writing_meanwhile(settings: Settings) -> None:
    user = UserFactory()
    rows = [stored(user, slot, f"first {slot}") for slot in range(1, 11)]
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    stop = threading.Event()
    written: dict[int, str] = {}

    def write() -> None:
        number = 0
        while not stop.is_set():
            row = rows[number % len(rows)]
            written[row.pk] = f"later {number}"
            StoredKey.objects.filter(pk=row.pk).update(sealed=sealing.seal(written[row.pk]))
            number += 1
        connection.close()

    writer = threading.Thread(target=write)
    writer.start()
    for _ in range(5):
        rotate(batch=3)
    stop.set()
    writer.join()

    for row in StoredKey.objects.all():
        assert sealing.unseal(row.sealed).decode() == written[row.pk]


@pytest.mark.django_db(transaction=True)
def test_a_killed_rotation_is_taken_up_where_it_was(settings: Settings) -> None:
    many = 3_000
    users = User.objects.bulk_create(UserFactory.build_batch(many // 10))
    sealed = sealing.seal("a secret")
    StoredKey.objects.bulk_create(
        StoredKey(
            user=user, slot=slot, kind="exchange", provider="okx", last4="abcd",
            digest=sealing.sha256(f"{user.pk} {slot}"), sealed=sealed,
        )
        for user in users
        for slot in range(1, 11)
    )  # fmt: skip
    settings.ENCRYPTION_KEYS = [NEW, OLD]

    with _rotation_in_a_process(batch=20) as killed:
        _wait_until(lambda: StoredKey.objects.exclude(sealed=sealed).count() > 100, killed)
        killed.send_signal(signal.SIGKILL)
    half = sum(newest())
    told = rotate()

    assert 100 < half < many
    assert f"{many:,} rows, {many - half:,} sealed anew" in told
    assert all(newest())
    assert {sealing.unseal(row.sealed) for row in StoredKey.objects.all()[:50]} == {b"a secret"}


def _rotation_in_a_process(batch: int) -> subprocess.Popen[bytes]:
    database = connection.settings_dict["NAME"]
    url = os.environ["DATABASE_URL"].replace("/arbedge?", f"/{database}?")
    names = {"DATABASE_URL": url, "ENCRYPTION_KEYS": f"{NEW},{OLD}"}
    return subprocess.Popen(
        [sys.executable, "manage.py", "rotate_keys", "--batch", str(batch)],
        cwd=ROOT, env={**os.environ, **names}, stdout=subprocess.DEVNULL,
    )  # fmt: skip


def _wait_until(true: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    while not true():
        assert process.poll() is None, "the process ended too early"
        time.sleep(0.01)
