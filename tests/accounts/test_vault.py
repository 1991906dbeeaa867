"""The vault: what it takes, what it refuses, what it shows, and what it does when asked again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from auditlog.models import LogEntry
from django.db import connection
from django.test import override_settings
from pytest_django import DjangoAssertNumQueries

from accounts import standing, vault
from accounts.credentials import KeyRefused, Rights, Unchecked
from accounts.models import MOST_KEYS, KeyKind, KeyState, StoredKey, User
from arbedge import cache, sealing
from arbedge.choices import VENUE_BITS
from arbedge.errors import NotFound, TooMany
from arbedge.names import Door
from tests.accounts.factories import NOON, UserFactory
from tests.accounts.vaulting import KEY, READS, SECRET, TRADES, WITHDRAWS, Answers, add

pytestmark = pytest.mark.django_db
WEB = Door.WEB


@pytest.fixture(autouse=True)
def venues(monkeypatch: pytest.MonkeyPatch) -> Answers:
    answers = Answers()
    for kind in KeyKind:
        monkeypatch.setitem(vault._validators, kind, answers)
    monkeypatch.setattr(vault, "CHECKS", "1000/hour")
    return answers


@pytest.fixture
def user() -> User:
    return UserFactory()


def refused(user: User, *args: str, **more: Any) -> KeyRefused:
    with pytest.raises(KeyRefused) as caught:
        add(user, *args, **more)
    assert not StoredKey.objects.filter(user=user).exists()
    return caught.value


class TestAdding:
    def test_the_key_is_kept_with_what_it_may(self, user: User, venues: Answers) -> None:
        venues.says = Rights(True, True, False, ip_bound=True, expires_at=NOON)

        row = add(user, "bybit", label="  Main account ")

        row.refresh_from_db()
        assert (row.provider, row.label, row.last4) == ("bybit", "Main account", KEY[-4:])
        assert (row.can_read, row.can_trade, row.ip_bound) == (True, True, True)
        assert (row.state, row.expires_at, row.slot) == (KeyState.ACTIVE, NOON, 1)

    def test_the_venue_is_asked_with_the_whole_key(self, user: User, venues: Answers) -> None:
        add(user, "okx", passphrase=" with blanks ", testnet=True)

        (asked,) = venues.asked
        assert (asked.provider, asked.testnet) == ("okx", True)
        parts = (asked.key, asked.secret, asked.passphrase)
        assert [part.reveal() for part in parts] == [KEY, SECRET, " with blanks "]

    def test_what_is_stored_opens_with_the_key_only(self, user: User) -> None:
        row = add(user)

        assert KEY not in row.sealed
        assert SECRET not in row.sealed
        assert SECRET in sealing.unseal(row.sealed).decode()

    def test_blanks_from_copying_are_dropped(self, user: User) -> None:
        row = add(user, key=f"  {KEY}\n", secret=f"\t{SECRET} ")

        opened = vault.open_exchange(row.pk, user)
        assert (opened.key.reveal(), opened.secret.reveal()) == (KEY, SECRET)

    def test_a_private_key_may_be_the_secret(self, user: User) -> None:
        pem = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2Vw\n-----END PRIVATE KEY-----"

        row = add(user, secret=pem)

        assert vault.open_exchange(row.pk, user).secret.reveal() == pem

    def test_a_key_that_may_withdraw_is_refused_with_what_to_do(
        self, user: User, venues: Answers
    ) -> None:
        venues.says = WITHDRAWS

        error = refused(user)

        assert error.code == "key_withdraws"
        assert error.message.endswith("Untick it there.")

    def test_a_key_that_may_read_nothing_is_refused(self, user: User, venues: Answers) -> None:
        venues.says = Rights(read=False, trade=True, withdraw=False)

        assert refused(user).code == "cannot_read"

    def test_nothing_is_stored_while_the_venue_is_away(self, user: User, venues: Answers) -> None:
        venues.says = Unchecked("away")

        with pytest.raises(Unchecked):
            add(user)

        assert not StoredKey.objects.exists()
        assert not LogEntry.objects.filter(additional_data__what="key.added").exists()

    def test_the_same_key_is_taken_once_and_the_venue_not_bothered(
        self, user: User, venues: Answers
    ) -> None:
        add(user)

        with pytest.raises(KeyRefused) as caught:
            add(user, label="again")

        assert caught.value.code == "key_known"
        assert len(venues.asked) == 1

    def test_two_people_may_have_the_same_key(self, user: User) -> None:
        add(user)
        add(UserFactory())

        assert StoredKey.objects.count() == 2

    def test_one_person_may_have_the_same_text_at_two_venues(self, user: User) -> None:
        add(user, "binance")
        add(user, "bybit")

        assert len(vault.listed(user)) == 2

    def test_the_eleventh_key_is_refused(self, user: User, venues: Answers) -> None:
        for number in range(MOST_KEYS):
            add(user, key=f"{KEY}{number}")

        with pytest.raises(KeyRefused) as caught:
            add(user)

        assert caught.value.code == "too_many_keys"
        assert len(venues.asked) == MOST_KEYS

    def test_a_deleted_key_makes_room(self, user: User) -> None:
        rows = [add(user, key=f"{KEY}{number}") for number in range(3)]
        vault.delete(user, rows[1].pk, door=WEB)

        assert add(user).slot == 2

    @pytest.mark.parametrize(
        ("wrong", "code"),
        [
            ({"venue": "mtgox"}, "venue_unknown"),
            ({"key": ""}, "key_wrong"),
            ({"key": "short"}, "key_wrong"),
            ({"key": "two words in a key"}, "key_wrong"),
            ({"key": "evil\r\nX-Header: 1"}, "key_wrong"),
            ({"key": "schlüssel-mit-umlaut"}, "key_wrong"),
            ({"key": "k" * 257}, "key_wrong"),
            ({"secret": ""}, "secret_wrong"),
            ({"secret": "several\nlines of no key"}, "secret_wrong"),
            ({"secret": "s" * 4097}, "secret_wrong"),
            ({"passphrase": "p" * 65}, "passphrase_wrong"),
            ({"passphrase": "two\nlines"}, "passphrase_wrong"),
            ({"passphrase": "🔑"}, "passphrase_wrong"),
            ({"label": "l" * 41}, "label_too_long"),
            ({"label": "bell\a"}, "label_wrong"),
        ],
    )
    def test_what_cannot_be_a_key_is_said_before_anybody_is_asked(
        self, user: User, venues: Answers, wrong: dict[str, str], code: str
    ) -> None:
        assert refused(user, **wrong).code == code
        assert venues.asked == []

    def test_labels_may_be_emoji_and_right_to_left(self, user: User) -> None:
        assert add(user, label="مفتاح 🔑").label == "مفتاح 🔑"

    def test_a_person_may_not_have_keys_checked_all_day(
        self, user: User, venues: Answers, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(vault, "CHECKS", "2/hour")
        venues.says = KeyRefused("wrong", code="secret_wrong")
        for _ in range(2):
            refused(user)

        with pytest.raises(TooMany) as caught:
            add(user)

        assert caught.value.details["retry_after_s"] > 0
        assert len(venues.asked) == 2


class TestAfterwards:
    def test_the_list_shows_four_characters_and_reads_nothing_sealed(
        self, user: User, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        add(user)

        with django_assert_num_queries(1) as queries:
            (shown,) = vault.listed(user)

        assert shown.last4 == KEY[-4:]
        assert "sealed" not in queries[0]["sql"]
        assert KEY not in repr(shown)

    def test_other_peoples_keys_do_not_exist(self, user: User) -> None:
        row, stranger = add(user), UserFactory()

        for work in (vault.disable, vault.enable, vault.revalidate, vault.delete):
            with pytest.raises(NotFound):
                work(stranger, row.pk, door=WEB)
        with pytest.raises(NotFound):
            vault.relabel(stranger, row.pk, "mine", door=WEB)
        with pytest.raises(NotFound):
            vault.open_exchange(row.pk, stranger)
        assert vault.listed(stranger) == []

    def test_a_key_gets_another_name(self, user: User) -> None:
        row = add(user, label="old")

        vault.relabel(user, row.pk, "new", door=WEB)

        assert vault.listed(user)[0].label == "new"

    def test_a_disabled_key_is_kept_and_does_not_open(self, user: User) -> None:
        row = add(user)
        vault.disable(user, row.pk, door=WEB)

        with pytest.raises(KeyRefused) as caught:
            vault.open_exchange(row.pk, user)

        assert caught.value.code == "key_disabled"
        assert vault.listed(user)[0].state == KeyState.DISABLED

    def test_enabling_asks_the_venue_first(self, user: User, venues: Answers) -> None:
        row = add(user)
        vault.disable(user, row.pk, door=WEB)
        venues.says = TRADES

        again = vault.enable(user, row.pk, door=WEB)

        assert (again.state, again.can_trade) == (KeyState.ACTIVE, True)

    def test_a_key_that_learned_to_withdraw_is_not_enabled(
        self, user: User, venues: Answers
    ) -> None:
        row = add(user)
        vault.disable(user, row.pk, door=WEB)
        venues.says = WITHDRAWS

        with pytest.raises(KeyRefused, match="withdraw"):
            vault.enable(user, row.pk, door=WEB)

        assert vault.listed(user)[0].state == KeyState.INVALID

    def test_checking_again_keeps_what_is_new(self, user: User, venues: Answers) -> None:
        row = add(user)
        venues.says = TRADES

        assert vault.revalidate(user, row.pk, door=WEB).can_trade

    @pytest.mark.parametrize("says", [WITHDRAWS, KeyRefused("It is gone. " * 30, code="key_wrong")])
    def test_a_key_that_is_no_longer_good_is_marked_and_does_not_open(
        self, user: User, venues: Answers, says: Rights | Exception
    ) -> None:
        row = add(user)
        venues.says = says

        again = vault.revalidate(user, row.pk, door=WEB)

        assert again.state == KeyState.INVALID
        assert 0 < len(again.problem) <= vault.LONGEST_PROBLEM
        with pytest.raises(KeyRefused):
            vault.open_exchange(row.pk, user)

    def test_a_marked_key_that_is_good_again_is_used_again(
        self, user: User, venues: Answers
    ) -> None:
        row = add(user)
        venues.says = WITHDRAWS
        vault.revalidate(user, row.pk, door=WEB)
        venues.says = READS

        again = vault.revalidate(user, row.pk, door=WEB)

        assert (again.state, again.problem) == (KeyState.ACTIVE, "")

    def test_checking_a_disabled_key_leaves_it_disabled(self, user: User) -> None:
        row = add(user)
        vault.disable(user, row.pk, door=WEB)

        assert vault.revalidate(user, row.pk, door=WEB).state == KeyState.DISABLED

    def test_a_venue_that_is_away_changes_nothing(self, user: User, venues: Answers) -> None:
        row = add(user)
        before = StoredKey.objects.values().get(pk=row.pk)
        venues.says = Unchecked("away")

        for work in (vault.revalidate, vault.enable):
            with pytest.raises(Unchecked):
                work(user, row.pk, door=WEB)

        assert StoredKey.objects.values().get(pk=row.pk) == before

    def test_a_key_deleted_while_it_is_checked_stays_deleted(
        self, user: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        row = add(user)

        def deletes(_: object) -> Rights:
            StoredKey.objects.all().delete()
            return READS

        monkeypatch.setitem(vault._validators, KeyKind.EXCHANGE, deletes)

        with pytest.raises(NotFound):
            vault.revalidate(user, row.pk, door=WEB)
        assert not StoredKey.objects.exists()

    def test_opening_notes_the_use_once_a_minute(
        self, user: User, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        row = add(user)

        vault.open_exchange(row.pk, user)
        with django_assert_num_queries(1):
            vault.open_exchange(row.pk, user)

        assert vault.listed(user)[0].used_at is not None

    def test_a_key_sealed_with_a_lost_key_says_so(self, user: User) -> None:
        row = add(user)
        StoredKey.objects.update(sealed="x" + row.sealed[1:])

        with pytest.raises(sealing.Unsealable):
            vault.open_exchange(row.pk, user)


class TestToldOn:
    def test_every_write_is_one_line_of_the_audit(self, user: User) -> None:
        row = add(user, label="a")
        vault.relabel(user, row.pk, "b", door=Door.TELEGRAM)
        vault.disable(user, row.pk, door=WEB)
        vault.enable(user, row.pk, door=WEB)
        vault.revalidate(user, row.pk, door=Door.TASK)
        vault.delete(user, row.pk, door=Door.API)

        about_keys = {"additional_data__what__startswith": "key"}
        lines = LogEntry.objects.filter(additional_data__whom=user.pk, **about_keys).order_by("id")

        assert [(one.additional_data["what"], one.additional_data["door"]) for one in lines] == [
            ("key.added", "web"), ("key.relabelled", "telegram"), ("key.disabled", "web"),
            ("key.enabled", "web"), ("key.checked", "task"), ("key.deleted", "api"),
        ]  # fmt: skip
        assert {one.actor_id for one in lines} == {user.pk}
        assert all(one.additional_data["security"] for one in lines)
        assert KEY not in str([one.changes for one in lines])

    def test_an_operator_is_named_as_the_one_who_did_it(self, user: User) -> None:
        row, operator = add(user), UserFactory(role="admin")

        vault.disable(user, row.pk, door=Door.CONSOLE, by=operator)

        line = LogEntry.objects.get(additional_data__what="key.disabled")
        assert (line.actor_id, line.additional_data["door"]) == (operator.pk, "console")


@pytest.mark.django_db(transaction=True)
class TestCommitted:
    def test_of_many_at_once_only_ten_find_a_place(self) -> None:
        user = UserFactory()
        together = threading.Barrier(14)
        outcomes: list[object] = []

        def work(number: int) -> None:
            together.wait()
            try:
                outcomes.append(add(user, key=f"{KEY}{number}").slot)
            except KeyRefused as error:
                outcomes.append(error.code)
            finally:
                connection.close()

        _all_at_once(work, 14)

        assert sorted(map(str, outcomes)) == sorted(
            [*map(str, range(1, MOST_KEYS + 1)), *["too_many_keys"] * 4]
        )

    def test_the_same_key_twice_at_once_is_kept_once(self) -> None:
        user = UserFactory()
        together = threading.Barrier(4)
        codes: list[str] = []

        def work(_: int) -> None:
            together.wait()
            try:
                add(user)
            except KeyRefused as error:
                codes.append(error.code)
            finally:
                connection.close()

        _all_at_once(work, 4)

        assert codes == ["key_known"] * 3
        assert StoredKey.objects.count() == 1

    def test_who_may_do_what_follows_the_keys(self, venues: Answers) -> None:
        user, venues.says = UserFactory(), TRADES
        bit = 1 << VENUE_BITS["okx"]

        row = add(user, "okx", passphrase="p")
        held = standing.known(user.pk)
        vault.disable(user, row.pk, door=WEB)
        without = standing.known(user.pk)

        assert (held.keys, held.trading_keys) == (bit, bit)
        assert (without.keys, without.version > held.version) == (0, True)


def _all_at_once(work: Callable[[int], None], number: int) -> None:
    threads = [threading.Thread(target=work, args=(one,)) for one in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_times_are_those_of_the_check(user: User) -> None:
    before = datetime.now(tz=UTC)
    row = add(user)

    assert row.checked_at is not None
    assert before <= row.checked_at <= datetime.now(tz=UTC)


def test_without_the_cache_a_key_can_still_be_added(user: User) -> None:
    with override_settings(CACHE_URL="redis://127.0.0.1:1/0"):
        assert add(user).pk
    assert cache.client().ping()
