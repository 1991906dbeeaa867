"""People come, are called something, live somewhere, and go."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from auditlog.models import LogEntry

from accounts import names_of_people, people
from accounts.models import User
from accounts.people import register, rename, set_profile, set_role, set_state
from accounts.signals import role_changed, state_changed
from accounts.standing import known
from arbedge.errors import ArbEdgeError, BadInput, Conflict, Forbidden
from arbedge.names import AccountState, Door, Language, Role
from tests.accounts.factories import NOON, SessionFactory, UserFactory
from tests.accounts.memories import forget

pytestmark = pytest.mark.django_db

LATER = datetime(2100, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    forget()
    yield
    forget()


@pytest.fixture
def boss() -> User:
    return UserFactory(role=Role.SUPER_ADMIN)


@pytest.fixture
def admin() -> User:
    return UserFactory(role=Role.ADMIN)


def audited(what: str) -> list[LogEntry]:
    return list(LogEntry.objects.filter(additional_data__what=what).order_by("pk"))


def refused(code: str, do: Any, *args: Any, **more: Any) -> ArbEdgeError:
    """What was said; the code is this one."""
    with pytest.raises(ArbEdgeError) as told:
        do(*args, **more)
    assert told.value.code == code
    return told.value


# Coming


def test_somebody_new_comes_by_telegram() -> None:
    person = register(
        door=Door.TELEGRAM, telegram_id=42, telegram_name="ada", name="Ada", language="es-ES",
        now=NOON,
    )  # fmt: skip
    person.refresh_from_db()
    assert (person.telegram_id, person.telegram_name, person.name) == (42, "ada", "Ada")
    assert (person.language, person.role, person.tier) == ("es", "user", "free")
    assert person.date_joined == NOON
    assert not person.has_usable_password()


def test_somebody_new_comes_by_mail() -> None:
    person = register(door=Door.WEB, email=" Ada@Example.COM ")
    assert person.email == "Ada@example.com"
    assert person.telegram_id is None


def test_whoever_comes_again_is_the_same() -> None:
    first = register(door=Door.TELEGRAM, telegram_id=42, name="Ada")
    again = register(door=Door.TELEGRAM, telegram_id=42, name="Somebody else")
    assert again == first
    assert again.name == "Ada"
    assert len(audited("person.registered")) == 1


def test_an_address_is_the_same_in_any_letter_case() -> None:
    first = register(door=Door.WEB, email="ada@example.com")
    assert register(door=Door.WEB, email="ADA@example.com") == first


def test_two_without_an_address_are_two() -> None:
    first = register(door=Door.TELEGRAM, telegram_id=1)
    assert register(door=Door.TELEGRAM, telegram_id=2) != first


def test_a_new_name_in_telegram_is_noted() -> None:
    register(door=Door.TELEGRAM, telegram_id=42, telegram_name="ada")
    register(door=Door.TELEGRAM, telegram_id=42, telegram_name="ada_l")
    assert User.objects.get(telegram_id=42).telegram_name == "ada_l"
    assert audited("person.telegram_name_changed")[0].changes["telegram_name"] == ["ada", "ada_l"]


def test_an_unknown_language_of_a_program_is_english() -> None:
    assert register(door=Door.TELEGRAM, telegram_id=42, language="tlh").language == Language.EN


def test_a_long_name_from_telegram_is_cut() -> None:
    assert len(register(door=Door.TELEGRAM, telegram_id=42, name="x" * 200).name) == 128


def test_coming_is_audited_once_as_the_persons_own_doing() -> None:
    person = register(door=Door.TELEGRAM, telegram_id=42)
    (line,) = LogEntry.objects.filter(object_id=person.pk)
    assert line.additional_data["what"] == "person.registered"
    assert line.additional_data["door"] == "telegram"
    assert line.actor == person


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({}, "nobody"),
        ({"email": "   "}, "nobody"),
        ({"email": "ada"}, "bad_email"),
        ({"email": "ada@example.com\nBcc: all@example.com"}, "bad_email"),
        ({"telegram_id": 0}, "bad_telegram_id"),
        ({"telegram_id": -100123}, "bad_telegram_id"),
        ({"telegram_id": 1 << 63}, "bad_telegram_id"),
    ],
)
def test_nobody_comes_without_a_proper_identity(given: dict[str, Any], code: str) -> None:
    refused(code, register, door=Door.WEB, **given)
    assert not User.objects.exists()


# Names


@pytest.mark.parametrize(
    "name",
    [
        "Zoë O’Neill-Åkerström",
        "👩‍👩‍👧‍👦 family",
        "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
        "محمد عبد الله",
        "שָׁלוֹם",
        "राजेश",
        "李小龙",
        "🚀",
        "x" * 128,
    ],
)
def test_a_name_is_kept_as_it_is_written(name: str) -> None:
    person = UserFactory()
    rename(person, name, door=Door.WEB, by=person)
    person.refresh_from_db()
    assert person.name == name


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("  Ada \n\t Lovelace ", "Ada Lovelace"),
        ("Ada\x00\x07\x1b[31m", "Ada[31m"),
        ("Ada\u202egnp.exe", "Adagnp.exe"),
        ("\u2067Ada\u2069", "Ada"),
        ("Ada\ud800", "Ada"),
        ("Ada\u2028", "Ada"),
    ],
)
def test_what_cannot_be_seen_or_turns_text_round_is_left_out(given: str, kept: str) -> None:
    assert names_of_people.name(given) == kept


@pytest.mark.parametrize("name", ["", "   ", "\u200d\u200b", "\u202e", "\x00"])
def test_a_name_can_be_seen(name: str) -> None:
    person = UserFactory(name="Ada")
    refused("bad_name", rename, person, name, door=Door.WEB)
    person.refresh_from_db()
    assert (person.name, person.version) == ("Ada", 1)


def test_an_over_long_name_is_refused_with_both_lengths() -> None:
    error = refused("bad_name", rename, UserFactory(), "x" * 129, door=Door.WEB)
    assert error.message == "A name has at most 128 characters, this one has 129."
    assert error.details == {"field": "name", "limit": 128}


def test_a_new_name_is_audited_with_the_old_one() -> None:
    person = UserFactory(name="Ada")
    rename(person, "Ada L.", door=Door.WEB, by=person)
    (line,) = audited("person.renamed")
    assert line.changes == {"name": ["Ada", "Ada L."]}
    assert line.additional_data["whom"] == person.pk


def test_the_same_name_is_no_change() -> None:
    person = UserFactory(name="Ada")
    rename(person, "Ada", door=Door.WEB)
    person.refresh_from_db()
    assert person.version == 1
    assert audited("person.renamed") == []


# Profile


def test_a_profile_is_kept_and_known() -> None:
    person = UserFactory()
    set_profile(person, language="FR", time_zone="europe/paris", country="fr", door=Door.WEB)
    one = known(person.pk)
    assert (one.language, one.time_zone, one.country) == ("fr", "Europe/Paris", "FR")
    assert one.version == 2


def test_a_country_can_be_taken_back() -> None:
    person = UserFactory(country="FR")
    set_profile(person, country="", door=Door.WEB)
    assert known(person.pk).country == ""


@pytest.mark.parametrize(
    ("wrong", "code", "words"),
    [
        ({"time_zone": "Europe/Madird"}, "bad_time_zone", "Did you mean Europe/Madrid?"),
        (
            {"time_zone": "Mars/Olympus Mons"},
            "bad_time_zone",
            "“Mars/Olympus Mons” is no time zone",
        ),
        ({"time_zone": "../../etc/passwd"}, "bad_time_zone", "is no time zone"),
        ({"time_zone": ""}, "bad_time_zone", "Write it like Europe/Madrid."),
        ({"time_zone": "Factory"}, "bad_time_zone", "is no time zone"),
        ({"language": "de"}, "bad_language", "choose one of en, es, fr"),
        ({"country": "UK"}, "bad_country", "Write its two letters, like ES."),
        ({"country": "Spain"}, "bad_country", "“Spain” is no country"),
    ],
)
def test_a_bad_profile_is_refused_in_words_and_nothing_is_written(
    wrong: dict[str, str], code: str, words: str
) -> None:
    person = UserFactory(country="ES")
    error = refused(code, set_profile, person, **{"language": "es", **wrong}, door=Door.WEB)
    assert words in error.message
    assert error.details["field"] == next(iter(wrong))
    person.refresh_from_db()
    assert (person.language, person.country, person.version) == ("en", "ES", 1)


def test_countries_come_from_the_list_of_the_time_zones() -> None:
    assert names_of_people.countries()["ES"] == "Spain"
    assert len(names_of_people.countries()) > 240


def test_every_zone_we_take_can_be_used() -> None:
    from zoneinfo import ZoneInfo

    for zone in names_of_people._zones().values():
        assert ZoneInfo(zone).key == zone


# Roles


def test_a_role_brings_its_flags(boss: User) -> None:
    person = UserFactory()
    set_role(person, Role.SUPER_ADMIN, door=Door.CONSOLE, by=boss)
    person.refresh_from_db()
    assert (person.role, person.is_staff, person.is_superuser) == ("super_admin", True, True)
    set_role(person, Role.USER, door=Door.CONSOLE, by=boss)
    person.refresh_from_db()
    assert (person.role, person.is_staff, person.is_superuser) == ("user", False, False)


def test_a_role_is_known_at_once_and_audited_as_security(boss: User) -> None:
    person = UserFactory()
    set_role(person, Role.SUPPORT, door=Door.CONSOLE, by=boss)
    assert known(person.pk).role is Role.SUPPORT
    (line,) = audited("person.role_changed")
    assert (line.actor, line.additional_data["security"]) == (boss, True)
    assert line.changes["role"] == ["user", "support"]


def test_another_role_is_told_upwards_within_the_transaction(boss: User) -> None:
    heard: list[tuple[int, str, str]] = []

    def hear(user_id: int, role: Role, **_: Any) -> None:
        heard.append((user_id, role, User.objects.get(pk=user_id).role))

    role_changed.connect(hear)
    person = UserFactory()
    for _ in range(2):
        set_role(person, Role.SUPPORT, door=Door.CONSOLE, by=boss)
    role_changed.disconnect(hear)
    assert heard == [(person.pk, "support", "support")]


@pytest.mark.parametrize(
    ("giver", "held", "given"),
    [
        (Role.ADMIN, Role.USER, Role.ADMIN),
        (Role.ADMIN, Role.USER, Role.SUPER_ADMIN),
        (Role.ADMIN, Role.ADMIN, Role.USER),
        (Role.ADMIN, Role.SUPER_ADMIN, Role.USER),
        (Role.SUPPORT, Role.USER, Role.SUPPORT),
        (Role.USER, Role.USER, Role.SUPPORT),
    ],
)
def test_nobody_gives_or_takes_a_role_not_below_his_own(
    giver: Role, held: Role, given: Role, boss: User
) -> None:
    person = UserFactory(role=held)
    refused("missing_role", set_role, person, given, door=Door.CONSOLE, by=UserFactory(role=giver))
    person.refresh_from_db()
    assert person.role == held


def test_a_stale_copy_of_a_person_does_not_hide_the_role_held(boss: User, admin: User) -> None:
    person = UserFactory()
    stale = User.objects.get(pk=person.pk)
    set_role(person, Role.SUPER_ADMIN, door=Door.CONSOLE, by=boss)
    refused("missing_role", set_role, stale, Role.SUPPORT, door=Door.CONSOLE, by=admin)


def test_an_admin_makes_support(admin: User) -> None:
    person = UserFactory()
    set_role(person, Role.SUPPORT, door=Door.CONSOLE, by=admin)
    assert person.role == Role.SUPPORT


def test_the_last_super_administrator_stays(boss: User) -> None:
    UserFactory(role=Role.SUPER_ADMIN, state=AccountState.SUSPENDED)
    refused("last_super_admin", set_role, boss, Role.USER, door=Door.CONSOLE, by=boss)
    refused("last_super_admin", people.deactivate, boss, "", door=Door.WEB, by=boss)
    refused("last_super_admin", people.suspend, boss, "", door=Door.TASK, by=None)
    boss.refresh_from_db()
    assert (boss.role, boss.state) == ("super_admin", "active")


# States


@pytest.mark.parametrize(
    ("do", "state"),
    [(people.suspend, "suspended"), (people.ban, "banned"), (people.deactivate, "deactivated")],
)
def test_whoever_is_put_out_is_known_to_be(do: Any, state: str, admin: User) -> None:
    person = UserFactory()
    do(person, "spam", door=Door.CONSOLE, by=admin)
    person.refresh_from_db()
    assert (person.state, person.state_reason, person.is_active) == (state, "spam", False)
    assert person.state_since is not None
    assert known(person.pk).state == state
    (line,) = audited(f"person.{state}")
    assert (line.actor, line.changes["reason"]) == (admin, ["", "spam"])


@pytest.mark.parametrize("do", [people.suspend, people.ban, people.deactivate])
def test_whoever_is_put_out_has_no_session_left(do: Any, admin: User) -> None:
    session, other = SessionFactory(expires_at=LATER), SessionFactory(expires_at=LATER)
    do(session.user, "spam", door=Door.CONSOLE, by=admin)
    session.refresh_from_db()
    other.refresh_from_db()
    assert (session.state, session.outcome) == ("terminated", "account")
    assert session.ended_by == admin
    assert other.state == "active"
    assert known(session.user_id).session_id is None


def test_whoever_is_reinstated_is_served_again(admin: User) -> None:
    person = UserFactory(state=AccountState.BANNED)
    people.reinstate(person, "appeal", door=Door.CONSOLE, by=admin)
    person.refresh_from_db()
    assert (person.state, person.is_active) == ("active", True)


def test_the_same_state_twice_is_one_change(admin: User) -> None:
    person = UserFactory()
    people.suspend(person, "spam", door=Door.CONSOLE, by=admin)
    people.suspend(person, "spam", door=Door.CONSOLE, by=admin)
    assert known(person.pk).version == 2
    assert len(audited("person.suspended")) == 1


def test_everybody_may_leave_but_not_come_back_alone() -> None:
    person = UserFactory()
    people.deactivate(person, "bye", door=Door.WEB, by=person)
    assert person.state == AccountState.DEACTIVATED
    refused("missing_role", people.reinstate, person, "", door=Door.WEB, by=person)


@pytest.mark.parametrize("role", [Role.ADMIN, Role.SUPER_ADMIN])
def test_an_admin_puts_out_nobody_of_his_rank_or_above(role: Role, admin: User, boss: User) -> None:
    person = UserFactory(role=role)
    refused("missing_role", people.ban, person, "", door=Door.CONSOLE, by=admin)
    people.ban(person, "", door=Door.CONSOLE, by=boss)


def test_support_puts_out_nobody() -> None:
    helper, person = UserFactory(role=Role.SUPPORT), UserFactory()
    with pytest.raises(Forbidden):
        people.suspend(person, "", door=Door.CONSOLE, by=helper)


def test_one_who_may_not_be_put_out_saves_all_of_the_batch(admin: User) -> None:
    plain, other = UserFactory(), UserFactory(role=Role.ADMIN)
    with pytest.raises(Forbidden):
        set_state(
            [plain.pk, other.pk], AccountState.BANNED, "", door=Door.CONSOLE, by=admin
        )  # fmt: skip
    plain.refresh_from_db()
    assert plain.state == "active"


def test_many_are_put_out_in_batches(admin: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "BATCH", 3)
    crowd = [one.pk for one in UserFactory.create_batch(8)]
    done = set_state(crowd, AccountState.SUSPENDED, "flood", door=Door.CONSOLE, by=admin)
    assert done == 8
    assert {known(pk).state for pk in crowd} == {"suspended"}


def test_an_over_long_reason_is_refused(admin: User) -> None:
    with pytest.raises(BadInput, match="at most 200 characters, this one has 201"):
        people.suspend(UserFactory(), "x" * 201, door=Door.CONSOLE, by=admin)


def test_a_change_of_state_is_told_upwards_within_the_transaction(admin: User) -> None:
    heard: list[tuple[list[int], str, str]] = []

    def hear(user_ids: list[int], state: AccountState, **_: Any) -> None:
        heard.append((user_ids, state, User.objects.get(pk=user_ids[0]).state))

    state_changed.connect(hear)
    person = UserFactory()
    people.suspend(person, "", door=Door.CONSOLE, by=admin)
    state_changed.disconnect(hear)
    assert heard == [([person.pk], "suspended", "suspended")]


def test_a_receiver_that_fails_undoes_the_change(admin: User) -> None:
    def fail(**_: Any) -> None:
        raise Conflict("no")

    state_changed.connect(fail)
    person = UserFactory()
    with pytest.raises(Conflict):
        people.suspend(person, "", door=Door.CONSOLE, by=admin)
    state_changed.disconnect(fail)
    person.refresh_from_db()
    assert (person.state, audited("person.suspended")) == ("active", [])
