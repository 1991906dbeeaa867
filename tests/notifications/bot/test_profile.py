"""The profile: what it tells, and changing name, language and time zone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from auditlog.models import LogEntry

from accounts.models import User
from arbedge.names import Language, Role, Tier
from notifications.bot import talks
from tests.notifications.bot import asking
from tests.notifications.factories import NOON

pytestmark = pytest.mark.django_db
LANGUAGES = [one.value for one in Language]
TOKYO = {"latitude": 35.68, "longitude": 139.69}


def now(who: User) -> User:
    """The person as the database has him."""
    return User.objects.get(pk=who.pk)


def test_the_profile_tells_who_one_is() -> None:
    who = asking.member(
        name="Nora", tier=Tier.PREMIUM, tier_until=NOON + timedelta(days=9), date_joined=NOON
    )
    said = asking.ask(who, "/profile")
    told = said.text.replace("\u2009", " ")
    for part in ("Nora", "Tier: Premium", "Language: English", "Time zone: UTC, now 12:00",
                 "Member since 21 Nov 2026", "Session until", "0 of 20"):  # fmt: skip
        assert part in told, part


def test_the_role_is_told_to_staff_alone() -> None:
    assert "Role" not in asking.ask(asking.member(), "/profile").text
    staff = asking.member(role=Role.ADMIN, is_staff=True)
    assert "Role: administrator" in asking.ask(staff, "/profile").text


def test_a_beta_is_told_with_its_end() -> None:
    who = asking.member(beta_until=NOON + timedelta(days=30))
    assert "Beta" in asking.ask(who, "/profile").text


def test_names_are_written_as_they_are() -> None:
    who = asking.member(name="<i>Ana</i> & sons")
    said = asking.ask(who, "/profile")
    assert said.text.startswith("<i>Ana</i> & sons")
    assert "&lt;i&gt;Ana" in said.html


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_button_of_the_profile_is_obeyed(language: str) -> None:
    who = asking.member(language=language)
    lines = asking.ask(who, "/profile").lines
    assert {"profile language", "profile zone", "profile name"} <= set(lines)
    for line in lines:
        assert asking.press(who, line).text, line


# Language


@pytest.mark.parametrize(
    ("language", "word"), [("es", "Idioma"), ("fr", "Langue"), ("en", "Language")]
)
def test_the_answer_is_in_the_new_language(language: str, word: str) -> None:
    who = asking.member(language="fr" if language == "en" else "en")
    said = asking.press(who, f"profile language {language}")
    assert word in said.text
    assert now(who).language == language


def test_the_language_one_has_is_ticked() -> None:
    assert "✓ Español" in asking.press(asking.member(language="es"), "profile language").buttons


def test_a_language_we_do_not_speak_is_refused() -> None:
    who = asking.member()
    assert asking.ask(who, "/profile language klingon").text
    assert now(who).language == "en"


# Time zone


def test_a_shared_place_sets_the_zone() -> None:
    who = asking.member()
    asking.press(who, "zone profile ask")
    said = asking.ask(who, "", location=TOKYO)
    assert now(who).time_zone == "Asia/Tokyo"
    assert "now 21:00" in said.text
    assert said.messages[0]["reply_markup"] == {"remove_keyboard": True}
    assert talks.current(who.pk, NOON) is None


def test_a_zone_is_chosen_from_the_list() -> None:
    who = asking.member()
    asking.press(who, "zone profile regions")
    listed = asking.press(who, "zone profile in Australia")
    said = asking.press(who, listed.buttons["23:00 Sydney"])
    assert now(who).time_zone == "Australia/Sydney"
    assert "Sydney" in said.toast
    assert "profile language" in said.lines


@pytest.mark.parametrize("text", ["/profile zone Lima", "Lima"])
def test_a_zone_is_typed(text: str) -> None:
    who = asking.member()
    asking.press(who, "profile zone")
    asking.ask(who, text)
    assert now(who).time_zone == "America/Lima"


def test_a_city_nobody_knows_leaves_the_zone_and_the_talk() -> None:
    who = asking.member(time_zone="Europe/Paris")
    asking.press(who, "profile zone")
    assert "no such place" in asking.ask(who, "Atlantis").text
    assert now(who).time_zone == "Europe/Paris"
    asking.ask(who, "Rome")
    assert now(who).time_zone == "Europe/Rome"


def test_a_zone_that_is_none_is_refused() -> None:
    who = asking.member()
    assert asking.press(who, "zone profile set Mars/Olympus").toast
    assert now(who).time_zone == "UTC"


# Name


def test_the_name_is_typed() -> None:
    who = asking.member(name="Nora")
    asking.press(who, "profile name")
    said = asking.ask(who, "  Ana   López ")
    assert now(who).name == "Ana López"
    assert "Saved: Ana López" in said.text


@pytest.mark.parametrize("name", ["\u200b", "x" * 129])
def test_a_name_that_is_none_is_refused_and_may_be_typed_again(name: str) -> None:
    who = asking.member(name="Nora")
    asking.press(who, "profile name")
    asking.ask(who, name)
    assert now(who).name == "Nora"
    asking.ask(who, "Ana")
    assert now(who).name == "Ana"


def test_going_back_ends_the_asking() -> None:
    who = asking.member(name="Nora")
    asking.press(who, "profile name")
    asking.press(who, "profile")
    asking.ask(who, "Ana")
    assert now(who).name == "Nora"


def test_a_place_that_nobody_asked_for_changes_nothing() -> None:
    who = asking.member()
    asking.ask(who, "", location=TOKYO)
    assert now(who).time_zone == "UTC"


def test_changes_are_audited_as_the_persons_own() -> None:
    who = asking.member()
    asking.press(who, "profile language es")
    asking.press(who, "zone profile set Europe/Madrid")
    told = [one.additional_data for one in LogEntry.objects.filter(actor=who)]
    assert [(one["what"], one["door"]) for one in told] == [
        ("person.profile_changed", "telegram"), ("person.profile_changed", "telegram"),
    ]  # fmt: skip
