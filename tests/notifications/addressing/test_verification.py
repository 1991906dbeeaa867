"""Proving an address: by a code or by a link in a mail, once, within ten minutes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from auditlog.models import LogEntry
from django.core import mail
from django.utils import timezone

from accounts.models import User
from arbedge import cache
from arbedge.errors import ArbEdgeError, BadInput, NoData, NotFound, TooMany
from arbedge.names import Channel, Door
from notifications import tasks
from notifications.addressing import addresses, order, verification
from notifications.models import Address, Verification
from notifications.names import AddressState
from tests.accounts.factories import NOON, UserFactory
from tests.accounts.web import link_in
from tests.accounts.web import token_of as token_in
from tests.notifications.addressing.places import OTHER_MAIL, kept
from tests.notifications.addressing.proving import code_in, confirm, mailed, start, state

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_cache", "site")]
MINUTE = timedelta(minutes=1)
UNVERIFIED = AddressState.UNVERIFIED


def another(code: str) -> str:
    """A code that is not this one."""
    return f"{(int(code) + 1) % 1_000_000:06d}"


def refused(user: User, row: Address, code: str, **more: Any) -> ArbEdgeError:
    """Why a code is not taken."""
    with pytest.raises(ArbEdgeError) as told:
        confirm(user, row, code, **more)
    return told.value


def test_a_code_comes_to_the_address_and_proves_it(ada: User, mailbox: Address) -> None:
    started = start(ada, mailbox)
    assert (started.done, started.by_link) == (False, True)
    assert mail.outbox[-1].to == ["ada@elsewhere.example"]
    proven = confirm(ada, mailbox, code_in(mailed()))
    assert proven.state == AddressState.ACTIVE
    assert proven.verified_at is not None


def test_a_proven_channel_is_used_from_now_on_after_the_others(ada: User, mailbox: Address) -> None:
    start(ada, mailbox)
    confirm(ada, mailbox, code_in(mailed()))
    assert order.of(ada) == (Channel.TELEGRAM, Channel.EMAIL)


def test_the_audit_knows_who_proved_what_and_no_code(ada: User, mailbox: Address) -> None:
    start(ada, mailbox)
    code = code_in(mailed())
    confirm(ada, mailbox, code)
    line = LogEntry.objects.get(additional_data__what="address.verified")
    assert (line.actor, line.additional_data["whom"]) == (ada, ada.pk)
    assert code not in str(list(LogEntry.objects.values_list("changes", "object_repr")))


def test_the_database_does_not_give_a_code_away(ada: User, mailbox: Address) -> None:
    start(ada, mailbox)
    code = code_in(mailed())
    held = Verification.objects.get()
    assert code.encode() not in bytes(held.digest)
    assert code not in str(held)


@pytest.mark.parametrize("typed", ["{} {}", "{}-{}", " {}{} "])
def test_a_code_may_be_typed_as_people_do(ada: User, mailbox: Address, typed: str) -> None:
    start(ada, mailbox)
    code = code_in(mailed())
    assert confirm(ada, mailbox, typed.format(code[:3], code[3:])).state == AddressState.ACTIVE


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "12345\0", "-1e5.0"])
def test_what_is_no_code_costs_no_try(ada: User, mailbox: Address, typed: str) -> None:
    start(ada, mailbox)
    error = refused(ada, mailbox, typed)
    assert (error.code, error.details["field"]) == ("code_form", "code")
    assert Verification.objects.get().tries == 0


def test_a_wrong_code_says_how_many_tries_are_left(ada: User, mailbox: Address) -> None:
    start(ada, mailbox)
    error = refused(ada, mailbox, another(code_in(mailed())))
    assert (error.code, error.details["left"]) == ("code_wrong", 4)
    assert state(mailbox) == UNVERIFIED


def test_five_wrong_tries_spend_a_code_for_good(ada: User, mailbox: Address) -> None:
    start(ada, mailbox)
    code = code_in(mailed())
    told = [refused(ada, mailbox, another(code)).code for _ in range(5)]
    assert told == ["code_wrong"] * 5
    assert refused(ada, mailbox, code).code == "code_spent"
    assert state(mailbox) == UNVERIFIED


def test_guessing_goes_on_with_no_new_codes_either(ada: User, mailbox: Address) -> None:
    for _ in range(5):
        start(ada, mailbox)
    with pytest.raises(TooMany):
        start(ada, mailbox)


def test_guesses_of_a_person_are_counted_whatever_the_address(
    ada: User, monkeypatch: pytest.MonkeyPatch, mailbox: Address
) -> None:
    monkeypatch.setattr(verification, "GUESSED", "3/hour")
    start(ada, mailbox)
    for _ in range(3):
        refused(ada, mailbox, "x")
    assert isinstance(refused(ada, mailbox, "x"), TooMany)


def test_without_the_cache_nobody_guesses(
    ada: User, mailbox: Address, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object, **__: object) -> None:
        raise NoData("the cache is gone")

    monkeypatch.setattr(cache, "reachable", gone)
    assert isinstance(refused(ada, mailbox, "123456"), TooMany)


def test_a_code_is_good_for_ten_minutes(ada: User, mailbox: Address) -> None:
    start(ada, mailbox, now=NOON)
    code = code_in(mailed())
    assert refused(ada, mailbox, code, now=NOON + 10 * MINUTE).code == "code_old"
    assert confirm(ada, mailbox, code, now=NOON + 9 * MINUTE).state == AddressState.ACTIVE


def test_a_code_is_used_once(ada: User, mailbox: Address) -> None:
    start(ada, mailbox)
    code = code_in(mailed())
    confirm(ada, mailbox, code)
    Address.objects.filter(pk=mailbox.pk).update(state=UNVERIFIED)
    assert refused(ada, mailbox, code).code == "code_used"
    assert state(mailbox) == UNVERIFIED


def test_a_newer_code_ends_the_older(
    ada: User, mailbox: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    digits = iter("111111222222")
    monkeypatch.setattr(
        "notifications.addressing.verification.secrets.choice", lambda _: next(digits)
    )
    start(ada, mailbox)
    start(ada, mailbox)
    assert refused(ada, mailbox, "111111").code == "code_wrong"
    assert confirm(ada, mailbox, "222222").state == AddressState.ACTIVE


def test_a_code_of_one_address_proves_no_other(ada: User, mailbox: Address) -> None:
    start(ada, mailbox)
    code = code_in(mailed())
    eve = UserFactory()
    hers = kept(eve, Channel.EMAIL, {"email": "victim@example.org"}, UNVERIFIED)
    assert refused(eve, hers, code).code == "code_none"
    start(eve, hers)
    assert refused(eve, hers, code).code in {"code_wrong", "code_none"}
    assert state(hers) == UNVERIFIED


def test_nobody_proves_or_asks_for_what_is_somebody_elses(ada: User, mailbox: Address) -> None:
    start(ada, mailbox)
    code = code_in(mailed())
    eve = UserFactory()
    assert isinstance(refused(eve, mailbox, code), NotFound)
    with pytest.raises(NotFound):
        start(eve, mailbox)
    assert Verification.objects.get().tries == 0


@pytest.mark.parametrize(
    ("held", "code"),
    [(AddressState.ACTIVE, "address_verified"), (AddressState.DISABLED, "address_disabled")],
)
def test_only_what_waits_is_sent_a_code(ada: User, held: AddressState, code: str) -> None:
    row = kept(ada, Channel.EMAIL, OTHER_MAIL, held)
    with pytest.raises(BadInput) as told:
        start(ada, row)
    assert told.value.code == code
    assert not mail.outbox


def test_the_link_in_a_mail_proves_without_a_log_in(ada: User, mailbox: Address) -> None:
    start(ada, mailbox)
    assert link_in(mailed()).startswith("https://arbedge.example/confirm?token=")
    token = token_in(mailed())
    assert verification.look(token)[0].address == mailbox
    assert state(mailbox) == UNVERIFIED
    assert verification.confirm_by_link(token).state == AddressState.ACTIVE
    with pytest.raises(BadInput) as told:
        verification.confirm_by_link(token)
    assert told.value.code == "code_used"


def test_link_and_code_are_one_proof(ada: User, mailbox: Address) -> None:
    start(ada, mailbox)
    confirm(ada, mailbox, code_in(mailed()))
    with pytest.raises(BadInput):
        verification.confirm_by_link(token_in(mailed()))


@pytest.mark.parametrize("token", ["", "x", "WzEsIjEyMzQ1NiJd:1abc:forged"])
def test_forged_links_prove_nothing(mailbox: Address, token: str) -> None:
    with pytest.raises(BadInput) as told:
        verification.confirm_by_link(token)
    assert told.value.code == "link_forged"


def test_a_link_is_over_after_ten_minutes(
    ada: User, mailbox: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    start(ada, mailbox)
    token = token_in(mailed())
    with pytest.raises(BadInput) as told:
        verification.confirm_by_link(token, now=timezone.now() + 11 * MINUTE)
    assert told.value.code == "code_old"
    monkeypatch.setattr(verification, "LIFE", timedelta(seconds=-1))
    with pytest.raises(BadInput) as told:
        verification.look(token)
    assert told.value.code == "link_old"


def test_a_link_to_an_address_that_was_removed_says_so(ada: User, mailbox: Address) -> None:
    start(ada, mailbox)
    token = token_in(mailed())
    addresses.remove(ada, mailbox.pk, door=Door.WEB)
    with pytest.raises(BadInput, match="removed"):
        verification.look(token)


def test_a_link_of_a_person_who_is_gone_proves_nothing(ada: User, mailbox: Address) -> None:
    start(ada, mailbox)
    Address.objects.update(recipient_id=404)
    with pytest.raises(NotFound):
        verification.confirm_by_link(token_in(mailed()))


def test_old_proofs_are_forgotten_a_day_after_their_end(ada: User, mailbox: Address) -> None:
    start(ada, mailbox, now=NOON)
    assert verification.forget_old(NOON + timedelta(days=1)) == 0
    assert verification.forget_old(NOON + timedelta(days=1, minutes=11)) == 1


def test_the_task_forgets_them(ada: User, mailbox: Address) -> None:
    start(ada, mailbox, now=timezone.now() - timedelta(days=2))
    tasks.forget_codes()
    assert not Verification.objects.exists()
