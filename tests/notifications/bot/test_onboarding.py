"""The first steps: by buttons in each language, by typing, left and taken up again, with codes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pytest_django import Settings

from accounts import engagement, first_steps, invitations, preferences, referrals, sessions
from accounts.models import Outcome, Purpose, Redemption, Referral, User
from accounts.wishes import wish
from arbedge.choices import VENUES
from arbedge.names import Door, Language, Tier
from notifications.bot import talks
from notifications.bot.newcomers import onboarding_steps
from notifications.bot.newcomers.onboarding_steps import STEPS
from notifications.telegram.telegram_text import units
from tests.notifications.bot import asking
from tests.notifications.bot.asking import Said
from tests.notifications.factories import NOON

pytestmark = pytest.mark.django_db
LANGUAGES = [one.value for one in Language]
MADRID = {"latitude": 40.42, "longitude": -3.70}
QUICK = [
    "onb set focus hybrid", "onb set experience intermediate", "onb risk balanced",
    "onb flip okx", "onb go notifications", "onb set frequency daily", "onb quiet on",
    "onb go zone", "zone onboarding set Europe/Madrid", "onb go done",
]  # fmt: skip


def person(who: dict[str, Any]) -> User:
    """The row of a newcomer who has come in."""
    return User.objects.get(telegram_id=who["id"])


def arrived(language: str = "en") -> dict[str, Any]:
    """A newcomer who has just sent /start."""
    who = asking.newcomer(language)
    asking.ask(who, "/start")
    return who


def at(who: dict[str, Any], step: str) -> Said:
    """A newcomer at a step."""
    return asking.press(who, f"onb go {step}")


def step_of(who: dict[str, Any]) -> str:
    """The step the conversation stands at, "" where there is none."""
    talk = talks.current(person(who).pk, NOON)
    return talk.step if talk is not None and talk.name == "onboarding" else ""


def code(**told: Any) -> str:
    """A fresh invitation."""
    told.setdefault("now", NOON)
    [made] = invitations.make(Purpose.BETA, door=Door.TASK, **told)
    return made.code


# The whole way


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_newcomer_gets_through_by_buttons_alone(language: str) -> None:
    who = asking.newcomer(language)
    said = asking.ask(who, "/start")
    for line in QUICK:
        offered = set(said.lines)
        if line.startswith("zone "):  # two lists further on
            offered = set(asking.press(who, "zone onboarding in Europe 2").lines)
        assert line in offered, f"{line} is among {offered}"
        said = asking.press(who, line)
    chosen = preferences.of(person(who).pk)
    assert (chosen.focus, chosen.experience, chosen.preset) == ("hybrid", "intermediate", "")
    assert (chosen.frequency, chosen.min_net, chosen.quiet_from_min) == ("daily", 0.0015, 23 * 60)
    assert person(who).time_zone == "Europe/Madrid"
    assert person(who).onboarding == "done"
    assert person(who).onboarded_at == NOON


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_way_takes_few_presses(language: str) -> None:
    who = arrived(language)
    said = asking.press(who, "onb set focus arbitrage")
    presses = 1
    while person(who).onboarded_at is None:
        on = next(
            line for line in said.lines if line == f"onb go {onboarding_steps.after(step_of(who))}"
        )
        said = asking.press(who, on)
        presses += 1
    assert presses == len(STEPS)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_end_tells_what_was_chosen_and_what_comes_next(language: str) -> None:
    who = arrived(language)
    asking.press(who, "onb set focus arbitrage")
    said = at(who, "done")
    assert "/setup_exchange" in said.text
    assert {"settings", "help"} <= set(said.lines)
    assert "UTC" in said.text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("step", STEPS)
def test_every_step_tells_where_one_is_and_the_ways_out(language: str, step: str) -> None:
    said = at(arrived(language), step)
    number = STEPS.index(step) + 1
    assert str(number) in said.text.splitlines()[0]
    assert "onb later" in said.lines
    assert f"onb go {onboarding_steps.after(step)}" in said.lines
    assert (f"onb go {STEPS[number - 2]}" in said.lines) == (number > 1)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("step", STEPS)
def test_every_button_of_every_step_is_obeyed_and_fits(language: str, step: str) -> None:
    who = arrived(language)
    for label, line in at(who, step).buttons.items():
        assert units(label) <= 30, label
        if not line.startswith("+"):
            preferences.reset(person(who).pk, door=Door.TASK)
            assert asking.press(who, line).text, line


def test_a_step_is_edited_in_place() -> None:
    said = asking.press(arrived(), "onb set focus arbitrage")
    assert said.methods == ["answerCallbackQuery", "editMessageText"]


def test_the_first_message_says_that_the_session_has_begun() -> None:
    said = asking.ask(asking.newcomer(name="Ana <b>"), "/start")
    assert "Welcome to ArbEdge, Ana <b>" in said.text
    assert "/logout" in said.text


def test_the_language_can_be_changed_at_the_first_step() -> None:
    who = arrived("en")
    said = asking.press(who, "onb language fr")
    assert "Étape 1 sur 7" in said.text
    assert person(who).language == "fr"


@pytest.mark.parametrize("language", ["de", "", "xx"])
def test_a_language_nobody_speaks_here_is_refused(language: str) -> None:
    who = arrived()
    asking.press(who, f"onb language {language}")
    assert person(who).language == "en"


# Leaving and coming back


@pytest.mark.parametrize("step", STEPS[1:])
def test_later_leaves_and_start_comes_back_to_the_step(step: str) -> None:
    who = arrived()
    at(who, step)
    left = asking.press(who, "onb later")
    assert left.lines == ["onboard"]
    said = asking.ask(who, "/start")
    assert f"Step {STEPS.index(step) + 1} of 7" in said.text
    assert "onb go focus" in said.lines


def test_onboard_goes_on_where_one_was_even_after_going_back() -> None:
    who = arrived()
    at(who, "zone")
    at(who, "risk")
    assert "Step 3 of 7" in asking.ask(who, "/onboard").text


def test_another_conversation_does_not_lose_the_step() -> None:
    who = arrived()
    at(who, "venues")
    asking.ask(who, "/preferences min_net")
    assert "Step 4 of 7" in asking.ask(who, "/start").text


def test_a_conversation_that_is_forgotten_after_a_week_goes_on_all_the_same() -> None:
    who = arrived()
    at(who, "tiers")
    sessions.end_all(person(who).pk, Outcome.LOGOUT, NOON)
    late = NOON + timedelta(days=8)
    assert "Step 7 of 7" in asking.ask(who, "/start", now=late).text


def test_what_was_chosen_before_leaving_stays() -> None:
    who = arrived()
    asking.press(who, "onb set focus technical")
    asking.press(who, "onb later")
    assert preferences.of(person(who).pk).focus == "technical"


def test_who_is_done_is_welcomed_back_and_may_go_through_again() -> None:
    who = arrived()
    at(who, "done")
    assert "Step" not in asking.ask(who, "/start").text
    again = asking.ask(who, "/onboard")
    assert "Step 1 of 7" in again.text
    assert "Welcome to ArbEdge" not in again.text
    at(who, "venues")
    assert person(who).onboarding == "done"


def test_done_twice_counts_once() -> None:
    who = arrived()
    at(who, "done")
    asking.press(who, "onb go done")
    assert not first_steps.finished(person(who), NOON + timedelta(days=1), door=Door.TELEGRAM)
    assert person(who).onboarded_at == NOON


def test_the_console_sees_the_furthest_step() -> None:
    who = arrived()
    at(who, "venues")
    at(who, "focus")
    User.objects.filter(telegram_id=who["id"]).update(date_joined=NOON)
    found = engagement.onboarding(NOON - timedelta(days=1), NOON + timedelta(days=1))
    assert [(one.name, one.under_way) for one in found.steps] == [("venues", 1)]


# Typing


@pytest.mark.parametrize(
    ("language", "text", "focus"),
    [("en", "Hybrid", "hybrid"), ("es", "señales", "technical"), ("fr", "ARBITRAGE", "arbitrage")],
)
def test_a_choice_may_be_typed(language: str, text: str, focus: str) -> None:
    who = arrived(language)
    asking.ask(who, text)
    assert preferences.of(person(who).pk).focus == focus
    assert step_of(who) == "experience"


def test_a_preset_may_be_typed() -> None:
    who = arrived()
    at(who, "risk")
    asking.ask(who, "calm")
    assert preferences.of(person(who).pk).preset == "conservative"


def test_venues_may_be_typed() -> None:
    who = arrived()
    at(who, "venues")
    asking.ask(who, "OKX, Bybit")
    assert wish(preferences.of(person(who).pk)).venues == ("bybit", "okx")


def test_quiet_hours_may_be_typed() -> None:
    who = arrived()
    at(who, "notifications")
    said = asking.ask(who, "22-8")
    assert "✓ Quiet 22:00–08:00" in said.buttons


@pytest.mark.parametrize("typed", ["15", "15 min", "every 15 min"])
def test_how_often_may_be_typed_and_is_no_quiet_hour(typed: str) -> None:
    who = arrived()
    at(who, "notifications")
    asking.ask(who, typed)
    chosen = preferences.of(person(who).pk)
    assert (chosen.frequency, chosen.quiet_from_min) == ("15min", None)


def test_what_nobody_understands_is_answered_with_the_step() -> None:
    who = arrived()
    at(who, "tiers")
    said = asking.ask(who, "what?")
    assert "Press one of the buttons" in said.text
    assert "Step 7 of 7" in said.text


@pytest.mark.parametrize("step", ["focus", "experience", "venues", "notifications"])
def test_a_choice_that_is_none_is_refused_and_the_step_stays(step: str) -> None:
    who = arrived()
    at(who, step)
    assert "choose one of" in asking.ask(who, "nonsense").text
    assert step_of(who) == step


# Single steps


def test_focus_tells_which_tier_has_signals() -> None:
    assert "Signals come with Premium." in at(arrived(), "focus").text


def test_less_experience_than_the_automation_needs_is_refused() -> None:
    who = asking.member(tier=Tier.PREMIUM, onboarded_at=None, onboarding="")
    wishes = {"experience": "advanced", "automation": "full"}
    preferences.change(who.pk, wishes, door=Door.TASK, now=NOON)
    said = asking.press(who, "onb set experience beginner")
    assert "needs advanced experience" in said.toast


def test_the_preset_one_has_is_ticked() -> None:
    who = arrived()
    asking.press(who, "onb risk balanced")
    assert "✓ Balanced" in at(who, "risk").buttons


def test_the_last_venue_stays() -> None:
    who = arrived()
    for venue in ("binance", "bybit", "okx"):
        asking.press(who, f"onb flip {venue}")
    assert "at least one" in asking.press(who, "onb flip bitget").toast


def test_many_venues_have_pages_and_a_press_stays_on_its_own(settings: Settings) -> None:
    settings.EXTRA_VENUES = list(VENUES[4:25])
    who = arrived()
    assert "onb page 2" in at(who, "venues").lines
    said = asking.press(who, "onb page 2")
    [flip, *_] = [line for line in said.lines if line.startswith("onb flip")]
    assert flip in asking.press(who, flip).lines


def test_a_venue_nobody_knows_is_refused() -> None:
    assert "no exchange" in asking.press(arrived(), "onb flip atlantis").toast


def test_quiet_hours_are_switched_on_and_off() -> None:
    who = arrived()
    asking.press(who, "onb quiet on")
    assert preferences.of(person(who).pk).quiet_to_min == 7 * 60
    asking.press(who, "onb quiet off")
    assert preferences.of(person(who).pk).quiet_from_min is None


def test_tiers_tell_what_the_own_one_has_and_what_the_next_adds() -> None:
    said = at(arrived(), "tiers")
    assert "Tier: Free" in said.text
    assert "0 of 5" in said.text
    assert "5 min after they are found" in said.text.replace("\u2009", " ")
    assert "Basic adds ($9 a month)" in said.text
    assert "+subscription" in said.lines


def test_the_highest_tier_is_offered_nothing() -> None:
    who = asking.member(tier=Tier.ENTERPRISE, onboarded_at=None)
    assert "adds" not in asking.press(who, "onb go tiers").text


@pytest.mark.parametrize(
    "line", ["onb go nowhere", "onb set leverage 5", "onb dance", "onb risk wild"]
)
def test_a_line_that_no_button_has_is_refused(line: str) -> None:
    who = arrived()
    assert asking.press(who, line).toast
    assert preferences.of(person(who).pk).version == 0


# The time zone


def test_a_shared_place_sets_the_zone_and_goes_on() -> None:
    who = arrived()
    at(who, "zone")
    asked = asking.press(who, "zone onboarding ask")
    assert asked.messages[-1]["reply_markup"]["keyboard"][0][0]["request_location"] is True
    said = asking.ask(who, "", location=MADRID)
    assert person(who).time_zone == "Europe/Madrid"
    assert said.messages[0]["reply_markup"] == {"remove_keyboard": True}
    assert "Step 7 of 7" in said.text


def test_a_keyboard_that_was_asked_for_is_taken_away_by_any_choice() -> None:
    who = arrived()
    at(who, "zone")
    asking.press(who, "zone onboarding ask")
    said = asking.press(who, "zone onboarding set Europe/Madrid")
    assert said.methods == ["answerCallbackQuery", "editMessageText", "sendMessage"]
    assert said.messages[-1]["reply_markup"] == {"remove_keyboard": True}


def test_without_a_keyboard_a_choice_is_one_message() -> None:
    who = arrived()
    at(who, "zone")
    said = asking.press(who, "zone onboarding set Europe/Madrid")
    assert said.methods == ["answerCallbackQuery", "editMessageText"]
    assert "Madrid" in said.toast


def test_a_typed_city_sets_the_zone_and_goes_on() -> None:
    who = arrived()
    at(who, "zone")
    assert "Step 7 of 7" in asking.ask(who, "são paulo").text
    assert person(who).time_zone == "America/Sao_Paulo"


def test_a_country_with_several_zones_asks_which() -> None:
    who = arrived()
    at(who, "zone")
    said = asking.ask(who, "Spain")
    assert said.buttons["12:00 Canary"] == "zone onboarding set Atlantic/Canary"
    assert person(who).time_zone == "UTC"


def test_a_place_nobody_knows_leaves_the_other_ways() -> None:
    who = arrived()
    at(who, "zone")
    said = asking.ask(who, "Atlantis")
    assert {"zone onboarding ask", "zone onboarding regions"} <= set(said.lines)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_whole_list_of_zones_can_be_gone_through(language: str) -> None:
    who = arrived(language)
    regions = asking.press(who, "zone onboarding regions")
    assert "zone onboarding set UTC" in regions.lines
    for line in regions.lines:
        if " in " in line:
            assert any(" set " in one for one in asking.press(who, line).lines), line


def test_a_page_of_zones_that_is_not_there_shows_the_last() -> None:
    assert (
        "zone onboarding in Europe 4"
        in asking.press(arrived(), "zone onboarding in Europe 99").lines
    )


# Codes


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_a_code_nobody_comes_in(settings: Settings, language: str) -> None:
    settings.INVITE_ONLY = True
    who = asking.newcomer(language)
    said = asking.ask(who, "/start")
    assert "5" in said.text
    assert not User.objects.filter(telegram_id=who["id"]).exists()


@pytest.mark.parametrize("typed", ["/start {}", "{}", "  {}  "])
def test_a_code_opens_the_door(settings: Settings, typed: str) -> None:
    settings.INVITE_ONLY = True
    who = asking.newcomer()
    said = asking.ask(who, typed.format(code()))
    assert "Step 1 of 7" in said.text
    assert "onb set focus arbitrage" in said.lines
    assert Redemption.objects.get(user=person(who)).door == Door.TELEGRAM


def test_a_referral_is_kept_until_the_invitation_is_there(settings: Settings) -> None:
    settings.INVITE_ONLY = True
    inviter, who = asking.member(), asking.newcomer()
    asked = asking.ask(who, f"/start {referrals.START}{referrals.code_of(inviter)}")
    assert "open to invited people" in asked.text
    asking.ask(who, code())
    assert Referral.objects.get(referred=person(who)).referrer == inviter


def test_a_code_with_small_letters_is_the_same(settings: Settings) -> None:
    settings.INVITE_ONLY = True
    who = asking.newcomer()
    asking.ask(who, code().lower())
    assert person(who).beta_until is not None


def test_an_unknown_code_is_refused_and_may_be_typed_again(settings: Settings) -> None:
    settings.INVITE_ONLY = True
    who = asking.newcomer()
    assert "Nobody has this code" in asking.ask(who, "ABCDEFGH").text
    assert not User.objects.filter(telegram_id=who["id"]).exists()
    assert "Step 1 of 7" in asking.ask(who, code()).text


def test_a_used_code_is_refused(settings: Settings) -> None:
    settings.INVITE_ONLY = True
    taken = code()
    asking.ask(asking.newcomer(), taken)
    assert "was used" in asking.ask(asking.newcomer(), taken).text


def test_an_expired_code_is_refused(settings: Settings) -> None:
    settings.INVITE_ONLY = True
    old = code(now=NOON - timedelta(days=40))
    assert "run out" in asking.ask(asking.newcomer(), old).text


def test_after_five_wrong_codes_even_a_good_one_has_to_wait(settings: Settings) -> None:
    settings.INVITE_ONLY = True
    who = asking.newcomer()
    for number in range(5):
        asking.ask(who, f"/start WRONG{number:03}")
    assert "Too many tries" in asking.ask(who, code()).text
    assert not User.objects.filter(telegram_id=who["id"]).exists()


def test_others_may_try_while_one_has_to_wait(settings: Settings) -> None:
    settings.INVITE_ONLY = True
    who = asking.newcomer()
    for number in range(6):
        asking.ask(who, f"/start WRONG{number:03}")
    assert "Step 1 of 7" in asking.ask(asking.newcomer(), code()).text
