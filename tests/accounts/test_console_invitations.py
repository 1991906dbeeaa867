"""Invitation codes in the console: made, told, downloaded, found and revoked."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from auditlog.models import LogEntry
from django.utils import timezone

from accounts import invitations
from accounts.models import Invitation, InvitationBatch, Purpose, Redemption, User
from arbedge.names import Door, Role
from tests.accounts.console import choose, desk, page, statements, told
from tests.accounts.factories import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_cache")]
ADD = "/console/accounts/invitationbatch/add/"
WISH = {"purpose": "beta", "number": "3", "max_uses": "2", "days": "14", "note": "for the meeting"}


def made(by: User, number: int = 3) -> list[invitations.Made]:
    """A batch of codes."""
    return invitations.make(Purpose.BETA, number, door=Door.CONSOLE, by=by, note="for the meeting")


def csv_path(batch_id: int) -> str:
    """Where a batch's codes are downloaded."""
    return f"/console/accounts/invitationbatch/{batch_id}/codes.csv"


@pytest.mark.parametrize("role", [Role.ADMIN, Role.SUPER_ADMIN])
def test_a_batch_is_made_as_wished(role: Role) -> None:
    client, operator = desk(role)
    answer = client.post(ADD, WISH, follow=True)
    batch = InvitationBatch.objects.get()
    assert (batch.number, batch.note, batch.made_by) == (3, "for the meeting", operator)
    rows = list(batch.invitations.all())
    assert [one.max_uses for one in rows] == [2, 2, 2]
    left = rows[0].expires_at - timezone.now()
    assert timedelta(days=13) < left < timedelta(days=15)
    text = told(answer)
    assert "Made 3 codes." in text
    assert all(one.code in text for one in invitations.shown(rows))


def test_to_load_the_page_of_a_batch_again_makes_no_other() -> None:
    client, _ = desk()
    answer = client.post(ADD, WISH, follow=True)
    client.get(answer.redirect_chain[-1][0])
    assert InvitationBatch.objects.count() == 1


@pytest.mark.parametrize(
    "wrong",
    [{"number": "0"}, {"number": "101"}, {"max_uses": "0"}, {"days": "366"}, {"purpose": "gift"},
     {"purpose": "referral"}, {"note": "x" * 201}],
)  # fmt: skip
def test_a_wish_beyond_its_bounds_makes_nothing(wrong: dict[str, str]) -> None:
    client, _ = desk()
    assert 'role="alert"' in told(client.post(ADD, WISH | wrong))
    assert not InvitationBatch.objects.exists()


def test_the_csv_holds_every_code_and_is_audited() -> None:
    client, operator = desk()
    codes = made(operator)
    answer = client.get(csv_path(codes[0].invitation.batch_id))
    lines = list(csv.reader(io.StringIO(told(answer))))
    assert [line[0] for line in lines[1:]] == [one.code for one in codes]
    assert answer["Content-Disposition"].startswith("attachment;")
    assert "no-store" in answer["Cache-Control"]
    line = LogEntry.objects.get(additional_data__what="invitations.downloaded")
    assert line.actor == operator


def test_support_sees_how_codes_begin_and_no_more() -> None:
    _, operator = desk()
    codes = made(operator)
    batch_id = codes[0].invitation.batch_id
    client, _ = desk(Role.SUPPORT)
    text = page(client, f"invitationbatch/{batch_id}/change/")
    assert f"{codes[0].code[:3]}…" in text
    assert all(one.code not in text for one in codes)
    assert client.get(csv_path(batch_id)).status_code == 403
    assert client.get(ADD).status_code == 403
    assert client.post(ADD, WISH).status_code == 403


def test_a_batch_is_revoked_with_all_its_codes() -> None:
    client, operator = desk()
    codes = made(operator)
    batch = codes[0].invitation.batch
    path = f"invitationbatch/{batch.pk}/do/revoke/"
    assert "Revoke every code of" in page(client, path)
    answer = client.post(f"/console/accounts/{path}", {"sure": "1"}, follow=True)
    assert "Revoked 3 codes." in told(answer)
    assert not batch.invitations.filter(revoked_at__isnull=True).exists()
    assert "revoked" in page(client, f"invitationbatch/{batch.pk}/change/")


def test_chosen_codes_are_revoked() -> None:
    client, operator = desk()
    one, other, _ = (code.invitation for code in made(operator))
    assert "Revoke 2 codes?" in told(choose(client, "invitation", "revoke", [one, other]))
    choose(client, "invitation", "revoke", [one, other], sure="2")
    assert Invitation.objects.filter(revoked_at__isnull=True).count() == 1


@pytest.mark.parametrize("part", [slice(0, 8), slice(0, 3), slice(0, 2)])
def test_a_code_is_found_by_itself_or_its_beginning(part: slice) -> None:
    client, operator = desk()
    code = made(operator, 1)[0]
    assert f"/{code.invitation.pk}/change/" in page(client, f"invitation/?q={code.code[part]}")


def test_a_code_nobody_made_is_not_found() -> None:
    client, operator = desk()
    code = made(operator, 1)[0]
    wrong = "A" + code.code[:7] if code.code[0] != "A" else "B" + code.code[:7]
    assert f"/{code.invitation.pk}/change/" not in page(client, f"invitation/?q={wrong}")


def test_the_page_of_a_code_tells_who_came_by_it_and_not_the_code() -> None:
    client, operator = desk()
    code = made(operator, 1)[0]
    guest = UserFactory(name="Ada")
    Redemption.objects.create(user=guest, invitation=code.invitation, door=Door.TELEGRAM)
    text = page(client, f"invitation/{code.invitation.pk}/change/")
    assert "Ada" in text
    assert code.code not in text
    assert code.invitation.sealed not in text


def test_lists_of_codes_read_neither_digest_nor_seal() -> None:
    client, operator = desk()
    made(operator)
    for sql in statements(client, "invitation/"):
        assert '"sealed"' not in sql
        assert '"digest"' not in sql


@pytest.mark.parametrize("model", ["invitation", "invitationbatch"])
def test_the_queries_of_a_list_do_not_grow(model: str) -> None:
    client, operator = desk()
    made(operator, 1)
    few = len(statements(client, f"{model}/"))
    for _ in range(4):
        made(operator, 5)
    assert len(statements(client, f"{model}/")) == few


@pytest.mark.parametrize("path", ["invitationbatch/9999/codes.csv", "invitationbatch/9999/change/"])
def test_a_batch_that_is_not_there_is_not_found(path: str) -> None:
    client, _ = desk()
    answer: Any = client.get(f"/console/accounts/{path}")
    assert answer.status_code == 404
