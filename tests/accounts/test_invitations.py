"""Invitations: how codes are made, kept, shown, downloaded, withdrawn and forgotten."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from typing import Any

import pytest
from auditlog.models import LogEntry
from django.core.management import call_command

from accounts import invitations
from accounts.invitation_codes import LENGTH, LETTERS, digest, fresh
from accounts.models import Invitation, InvitationBatch, Purpose, User
from arbedge import sealing
from arbedge.errors import ArbEdgeError, BadInput, Forbidden
from arbedge.names import Door, Role
from tests.accounts.factories import NOON, UserFactory

pytestmark = pytest.mark.django_db


def person(**facts: Any) -> User:
    made: User = UserFactory.create(**facts)
    return made


@pytest.fixture
def operator() -> User:
    return person(role=Role.ADMIN)


def make(by: User | None = None, **more: Any) -> list[invitations.Made]:
    wanted: dict[str, Any] = {"purpose": Purpose.BETA, "door": Door.CONSOLE, "now": NOON} | more
    return invitations.make(**wanted, by=by)


def refusal(by: User | None, **more: Any) -> ArbEdgeError:
    with pytest.raises(ArbEdgeError) as caught:
        make(by, **more)
    return caught.value


def open_sealed() -> list[str]:
    return [row.sealed for row in Invitation.objects.order_by("pk") if row.sealed]


def test_a_batch_holds_as_many_codes_as_asked_for(operator: User) -> None:
    made = make(operator, number=100, note="for the fair")

    [batch] = InvitationBatch.objects.all()
    assert len({one.code for one in made}) == batch.invitations.count() == batch.number == 100
    assert (batch.note, batch.made_by) == ("for the fair", operator)


def test_codes_are_eight_capitals_and_digits(operator: User) -> None:
    assert all(re.fullmatch(r"[A-Z0-9]{8}", one.code) for one in make(operator, number=50))


def test_codes_come_from_the_whole_alphabet(operator: User) -> None:
    signs = {sign for one in make(operator, number=100) for sign in one.code}

    assert signs == set(LETTERS)


def test_a_code_that_exists_is_not_made_again(
    operator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    [held] = make(operator)
    signs = iter(held.code + "NEWCODE9")
    monkeypatch.setattr("accounts.invitation_codes.secrets.choice", lambda _: next(signs))

    assert fresh(1) == ["NEWCODE9"]


def test_a_code_lives_30_days_and_serves_once_where_nothing_else_is_said(operator: User) -> None:
    [made] = make(operator)

    assert made.invitation.expires_at == NOON + timedelta(days=30)
    assert made.invitation.max_uses == 1


def test_the_database_never_holds_a_code_that_can_be_read(operator: User) -> None:
    [made] = make(operator)
    dump = io.StringIO()

    call_command("dumpdata", "accounts", "auditlog", stdout=dump)

    assert made.code not in dump.getvalue()
    assert made.code[:3] in dump.getvalue()


def test_whoever_has_the_database_cannot_try_codes_against_it(
    operator: User, settings: Any
) -> None:
    [made] = make(operator)

    settings.SECRET_KEY = "the thief's guess"

    assert bytes(made.invitation.digest) != digest(made.code)
    assert bytes(made.invitation.digest) != sealing.sha256(made.code)


@pytest.mark.parametrize(
    ("more", "field", "limit"),
    [
        ({"number": 0}, "number", 100),
        ({"number": 101}, "number", 100),
        ({"max_uses": 0}, "max_uses", 10_000),
        ({"max_uses": 10_001}, "max_uses", 10_000),
        ({"expires_at": NOON}, "expires_at", 365),
        ({"expires_at": NOON + timedelta(days=366)}, "expires_at", 365),
        ({"note": "x" * 201}, "note", 200),
    ],
)
def test_limits_of_a_batch_are_named(
    operator: User, more: dict[str, Any], field: str, limit: int
) -> None:
    assert refusal(operator, **more).details == {"field": field, "limit": limit}
    assert not InvitationBatch.objects.exists()


@pytest.mark.parametrize("role", [Role.USER, Role.SUPPORT])
def test_only_administrators_make_codes_for_everybody(role: Role) -> None:
    assert refusal(person(role=role)).code == "missing_role"


def test_staff_that_is_not_named_makes_none() -> None:
    assert refusal(None, door=Door.CONSOLE).code == "missing_role"


def test_nobody_makes_codes_in_anothers_name() -> None:
    refused = refusal(person(), purpose=Purpose.REFERRAL, inviter=person())

    assert isinstance(refused, Forbidden)


@pytest.mark.parametrize("purpose", [Purpose.BETA, Purpose.ADMIN])
def test_codes_of_staff_have_no_inviter(operator: User, purpose: Purpose) -> None:
    assert refusal(operator, purpose=purpose, inviter=person()).details["field"] == "inviter"


def test_making_is_audited_without_the_codes(operator: User) -> None:
    [made] = make(operator)

    line = LogEntry.objects.get(additional_data__what="invitations.made")
    assert (line.actor, line.additional_data["door"]) == (operator, "console")
    assert made.code not in str(line.changes) + line.object_repr


def test_people_invite_by_codes_of_their_own() -> None:
    user = person()

    made = invitations.make_own(user, door=Door.TELEGRAM, now=NOON)

    assert (made.invitation.purpose, made.invitation.inviter) == (Purpose.REFERRAL, user)
    assert [one.code for one in invitations.own(user, NOON)] == [made.code]


def test_ten_open_codes_of_ones_own_are_the_most() -> None:
    user = person()
    for _ in range(10):
        invitations.make_own(user, door=Door.WEB, now=NOON)

    with pytest.raises(BadInput, match="still wait") as caught:
        invitations.make_own(user, door=Door.WEB, now=NOON)

    assert caught.value.code == "too_many_open"
    assert invitations.make_own(user, door=Door.WEB, now=NOON + timedelta(days=31))


def test_links_open_the_bot_or_else_the_web(settings: Any) -> None:
    settings.BOT_NAME, settings.SITE_URL = "arbedge_bot", "https://arbedge.example.com/"

    assert invitations.deep_link("7KQ2M9XB") == "https://t.me/arbedge_bot?start=7KQ2M9XB"

    settings.BOT_NAME = ""
    assert invitations.deep_link("7KQ2M9XB") == "https://arbedge.example.com/login?code=7KQ2M9XB"


@pytest.mark.parametrize("typed", ["7kq2-m9xb", " 7KQ2 M9XB ", "7KQ2M9XB"])
def test_spaces_dashes_and_small_letters_are_forgiven(typed: str) -> None:
    assert invitations.normal(typed) == "7KQ2M9XB"


@pytest.mark.parametrize("typed", ["", "7KQ2M9X", "7KQ2M9XBB", "7KQ2M9X!", "🎟" * LENGTH])
def test_what_can_be_no_code_is_refused_with_what_one_looks_like(typed: str) -> None:
    with pytest.raises(BadInput, match="8 letters and digits") as caught:
        invitations.normal(typed)

    assert caught.value.code == "code_unknown"


def table(batch: InvitationBatch, **more: Any) -> list[list[str]]:
    return list(csv.reader(io.StringIO(invitations.csv_of(batch, now=NOON, **more))))


def test_a_batch_is_downloaded_with_codes_links_and_ends(operator: User, settings: Any) -> None:
    settings.BOT_NAME = "arbedge_bot"
    made = make(operator, number=3, max_uses=5, note="fair")

    head, *rows = table(made[0].invitation.batch)

    assert head[:2] == ["code", "link"]
    assert [row[0] for row in rows] == [one.code for one in made]
    assert rows[0][1:] == [
        f"https://t.me/arbedge_bot?start={made[0].code}", "beta", "0", "5",
        "2026-12-21 12:00", "fair",
    ]  # fmt: skip


def test_a_code_that_is_over_is_downloaded_by_its_first_characters(operator: User) -> None:
    [made] = make(operator)
    invitations.revoke([made.invitation.pk], door=Door.CONSOLE, by=operator, now=NOON)

    [_, row] = table(made.invitation.batch)

    assert row[:2] == [f"{made.code[:3]}…", ""]


@pytest.mark.parametrize("note", ["=HYPERLINK(1)", "+1", "-1", "@SUM(1)", "\t=1", "  =1"])
def test_a_spreadsheet_takes_no_cell_for_a_formula(operator: User, note: str) -> None:
    [made] = make(operator, note=note)

    [_, row] = table(made.invitation.batch)

    assert row[-1] == f"'{note}"


def test_a_download_is_a_security_event(operator: User) -> None:
    [made] = make(operator)

    table(made.invitation.batch, by=operator)

    line = LogEntry.objects.get(additional_data__what="invitations.downloaded")
    assert (line.actor, line.additional_data["security"]) == (operator, True)


def test_a_withdrawn_code_is_closed_and_its_sealed_text_gone(operator: User) -> None:
    made = make(operator, number=3)
    ids = [one.invitation.pk for one in made[:2]]

    assert invitations.revoke(ids, door=Door.CONSOLE, by=operator, now=NOON) == 2

    assert len(open_sealed()) == 1
    states = [one.state for one in invitations.shown(Invitation.objects.order_by("pk"), NOON)]
    assert states == ["revoked", "revoked", "open"]


def test_withdrawing_twice_changes_nothing_more(operator: User) -> None:
    [made] = make(operator)
    invitations.revoke([made.invitation.pk], door=Door.CONSOLE, by=operator, now=NOON)

    again = invitations.revoke([made.invitation.pk], door=Door.CONSOLE, by=operator)

    assert again == 0
    assert Invitation.objects.get().revoked_at == NOON


def test_people_withdraw_their_own_codes_and_nobody_elses(operator: User) -> None:
    user = person()
    own = invitations.make_own(user, door=Door.WEB, now=NOON).invitation
    [foreign] = make(operator)

    assert invitations.revoke([own.pk], door=Door.WEB, by=user) == 1
    with pytest.raises(Forbidden):
        invitations.revoke([foreign.invitation.pk], door=Door.WEB, by=user)
    assert Invitation.objects.get(pk=foreign.invitation.pk).revoked_at is None


def test_the_clean_up_empties_what_is_over_in_batches(operator: User) -> None:
    make(operator, number=7, expires_at=NOON + timedelta(days=1))
    [lasting] = make(operator)

    assert invitations.tidy(NOON + timedelta(days=2), batch=3) == 7

    assert open_sealed() == [lasting.invitation.sealed]


def test_a_clean_up_done_again_finds_nothing(operator: User) -> None:
    make(operator, number=2)
    later = NOON + timedelta(days=31)
    invitations.tidy(later)

    assert invitations.tidy(later) == 0
