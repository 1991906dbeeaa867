"""Preferences in the bot: every field of the form by buttons and by typing, refused with words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from auditlog.models import LogEntry
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from pytest_django import Settings

from accounts import preferences, standing
from accounts.models import User
from accounts.preferences import Entry
from accounts.wish_form import FIELDS, SECTIONS, Shape
from arbedge.choices import VENUES
from arbedge.errors import BadInput, Forbidden
from arbedge.names import Door, Language, Tier
from notifications.bot import talks, words
from notifications.bot.asks import Ask, Place, Sender
from notifications.bot.preferences import preference_changes, preference_forms, preference_refusals
from notifications.bot.preferences.preference_changes import Changes, Deed, Form
from tests.notifications.bot import asking
from tests.notifications.bot.asking import Said
from tests.notifications.factories import NOON

pytestmark = pytest.mark.django_db
NAMES = list(FIELDS)
LANGUAGES = [one.value for one in Language]

# A text for each field, and what it makes of it.
TYPED: dict[str, tuple[str, Any]] = {
    "kinds": ("funding, spot", ["funding", "spot"]),
    "shelves": ("low_risk beginner", ["low_risk", "beginner"]),
    "venues": ("OKX, Bybit", ["bybit", "okx"]),
    "assets_in": ("wif $pepe", ["WIF", "PEPE"]),
    "assets_out": ("币安", ["币安"]),
    "min_net": ("0,3", 0.003),
    "min_apr": ("−5 %", -0.05),
    "max_risk": ("low", "low"),
    "min_confidence": ("70", 0.7),
    "executable_only": ("yes", True),
    "notional_usd": ("5000", 5000),
    "horizon_hours": ("24 h", 24),
    "leverage": ("3.5×", 3.5),
    "vip_levels": ("OKX 3", {"okx": 3}),
    "focus": ("technical", "technical"),
    "experience": ("Intermediate", "intermediate"),
    "automation": ("manual", "manual"),
    "switches": ("closed off", {"closed": "off"}),
    "channels": ("e-mail, Telegram", ["email", "telegram"]),
    "spread": ("all", "all"),
    "frequency": ("every 15 min", "15min"),
    "digest_at_min": ("7:30", "07:30"),
    "active_from_min": ("8-22", "08:00"),
    "active_to_min": ("21", "21:00"),
    "quiet_from_min": ("22", "22:00"),
    "quiet_to_min": ("23:00–06:30", "06:30"),
    "quiet_to_digest": ("yes", True),
    "currency": ("eur", "EUR"),
    "number_format": ("comma", "comma"),
    "public_name": ("hidden", "hidden"),
}  # fmt: skip

# What each field's shape refuses, and a word of the answer.
REFUSED: dict[Shape, tuple[str, str]] = {
    Shape.CHOICE: ("nonsense", "choose one of"),
    Shape.SEVERAL: ("nonsense", "choose one of"),
    Shape.ORDERED: ("telegram telegram", "only once"),
    Shape.FRACTION: ("4000", "a number from"),
    Shape.NUMBER: ("4000", "from 1"),
    Shape.FLAG: ("perhaps", "yes or no"),
    Shape.TIME: ("25:00", "from 00:00 to 23:59"),
    Shape.ASSETS: ("B@D", "write coins"),
    Shape.LEVELS: ("okx 12", "a whole number from 0 to 9"),
    Shape.SWITCHES: ("closed loudly", "choose one of"),
}


@pytest.fixture
def somebody() -> User:
    """A person on the highest tier, for whom nothing is locked."""
    return asking.member(tier=Tier.ENTERPRISE)


def entry(who: User, name: str) -> Entry:
    """The field as the form has it now."""
    form = preferences.describe(who.pk, now=NOON)
    return next(one for section in form for one in section.fields if one.name == name)


def changing(said: Said, name: str) -> Iterator[str]:
    """The lines of buttons that change the field."""
    for line in said.lines:
        if line.startswith(f"pref {name}") and len(line.split()) > 2 and " page " not in line:
            yield line


def open_to_buttons(who: User, name: str) -> Said:
    """The field's message, or that of its first part where only parts can be changed."""
    said = asking.press(who, f"pref {name}")
    if FIELDS[name].shape is Shape.LEVELS:
        said = asking.press(who, said.lines[0])
    return said


def test_every_field_of_the_form_has_its_text_here() -> None:
    assert set(TYPED) == set(FIELDS)
    assert set(REFUSED) == set(Shape)


def test_every_field_can_be_reached_from_the_menu(somebody: User) -> None:
    menu = asking.ask(somebody, "/preferences")
    sections = [line for line in menu.lines if line.startswith("preferences ")]
    reached = [line for one in sections for line in asking.press(somebody, one).lines]
    assert {line.removeprefix("pref ") for line in reached if line.startswith("pref ")} == set(
        FIELDS
    )


@pytest.mark.parametrize("name", NAMES)
def test_every_field_can_be_changed_by_a_button(somebody: User, name: str) -> None:
    if FIELDS[name].shape is Shape.ASSETS:  # coins come by typing, and go by buttons
        preferences.change(somebody.pk, {name: ["BTC", "SOL"]}, door=Door.TASK)
    preferences.change(somebody.pk, {"experience": "advanced"}, door=Door.TASK)
    before = entry(somebody, name).value
    lines = list(changing(open_to_buttons(somebody, name), name))
    assert lines
    for line in lines:
        said = asking.press(somebody, line)
        assert said.toast.startswith("Saved")
        if entry(somebody, name).value != before:
            return
    pytest.fail(f"no button changes {name}")


@pytest.mark.parametrize("name", NAMES)
def test_every_button_of_every_field_is_obeyed(somebody: User, name: str) -> None:
    for line in changing(open_to_buttons(somebody, name), name):
        preferences.reset(somebody.pk, door=Door.TASK)
        preferences.change(somebody.pk, {"experience": "advanced"}, door=Door.TASK)
        assert asking.press(somebody, line).toast, line


@pytest.mark.parametrize("name", NAMES)
def test_every_field_can_be_typed(somebody: User, name: str) -> None:
    text, value = TYPED[name]
    asking.ask(somebody, f"/preferences {name}")
    said = asking.ask(somebody, text)
    assert "Saved" in said.text
    assert entry(somebody, name).value == value


@pytest.mark.parametrize("name", NAMES)
def test_every_field_can_be_typed_in_one_line(somebody: User, name: str) -> None:
    text, value = TYPED[name]
    asking.ask(somebody, f"/preferences {name} {text}")
    assert entry(somebody, name).value == value


@pytest.mark.parametrize("name", NAMES)
def test_what_a_field_cannot_be_is_refused_and_said(somebody: User, name: str) -> None:
    text, told = REFUSED[FIELDS[name].shape]
    before = entry(somebody, name).value
    asking.ask(somebody, f"/preferences {name}")
    said = asking.ask(somebody, text)
    assert told in said.text
    assert entry(somebody, name).value == before


@pytest.mark.parametrize("language", ["es", "fr"])
def test_every_refusal_is_in_the_readers_language(language: str) -> None:
    who = asking.member(language=language)
    for name in NAMES:
        text, told = REFUSED[FIELDS[name].shape]
        said = asking.press(who, f"preferences {name} {text}")
        assert said.toast.startswith(words.say(language, f"preferences.titles.{name}"))
        assert told not in said.toast


@pytest.mark.parametrize("name", NAMES)
def test_every_default_can_be_had_back(somebody: User, name: str) -> None:
    default = entry(somebody, name).default
    asking.ask(somebody, f"/preferences {name} {TYPED[name][0]}")
    asking.press(somebody, f"pref {name} default")
    assert entry(somebody, name).value == default


@pytest.mark.parametrize("language", LANGUAGES)
def test_choices_can_be_typed_as_they_are_written(language: str) -> None:
    who = asking.member(language=language, tier=Tier.ENTERPRISE)
    for name in ("max_risk", "frequency", "public_name", "focus"):
        asking.press(who, f"pref {name}")
        said = asking.press(who, f"pref {name}")
        label = [
            text for text, line in said.buttons.items() if line.startswith(f"pref {name} set")
        ][-1]
        asking.ask(who, label)
        assert entry(who, name).value == entry(who, name).choices[-1].value


def test_what_is_not_in_our_words_is_written_as_the_form_says_it(
    monkeypatch: pytest.MonkeyPatch, somebody: User
) -> None:
    monkeypatch.setattr("notifications.bot.words.known", lambda _: False)
    said = asking.ask(somebody, "/preferences filters")
    assert "Least net APR" in said.text


# Tiers


def test_what_the_tier_lacks_is_marked_with_the_tier_that_has_it() -> None:
    said = asking.press(asking.member(), "pref kinds")
    assert said.buttons["signals (Premium)"] == "pref kinds flip technical"


def test_what_the_tier_lacks_is_refused_with_the_tier_and_the_way() -> None:
    who = asking.member()
    said = asking.press(who, "pref kinds flip technical")
    assert said.toast == "Kinds: Premium has this, you are on Free. /subscription"
    assert entry(who, "kinds").value is None


@pytest.mark.parametrize("name", ["kinds", "shelves", "automation"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_locked_option_is_refused(language: str, name: str) -> None:
    who = asking.member(language=language)
    preferences.change(who.pk, {"experience": "advanced"}, door=Door.TASK)
    locked = [one for one in entry(who, name).choices if one.need]
    assert locked
    deed = "set" if name == "automation" else "flip"
    for one in locked:
        said = asking.press(who, f"pref {name} {deed} {one.value}")
        assert one.need is not None
        assert one.need.value.capitalize() in said.toast
        assert "/subscription" in said.toast


def test_automation_tells_which_experience_it_needs() -> None:
    said = asking.press(asking.member(tier=Tier.PREMIUM), "pref automation set semi")
    assert "intermediate experience" in said.toast


# Lists


def test_venues_that_were_all_lose_the_one_pressed() -> None:
    who = asking.member()
    asking.press(who, "pref venues flip okx")
    assert entry(who, "venues").value == ["binance", "bybit", "bitget"]


def test_all_venues_again_are_all_there_will_ever_be() -> None:
    who = asking.member()
    asking.press(who, "pref venues flip okx")
    asking.press(who, "pref venues flip okx")
    assert entry(who, "venues").value is None


def test_the_last_venue_stays() -> None:
    who = asking.member()
    preferences.change(who.pk, {"venues": ["okx"]}, door=Door.TASK)
    assert "at least one" in asking.press(who, "pref venues flip okx").toast
    assert entry(who, "venues").value == ["okx"]


def test_many_venues_have_pages_and_pressing_stays_on_its_own(settings: Settings) -> None:
    settings.EXTRA_VENUES = list(VENUES[4:25])
    who = asking.member()
    first = asking.press(who, "pref venues")
    assert "pref venues page 2" in first.lines
    assert "pref venues flip coinex" not in first.lines
    second = asking.press(who, "pref venues page 2")
    assert "pref venues flip coinex" in second.lines
    after = asking.press(who, "pref venues flip coinex")
    assert "pref venues flip coinex" in after.lines


def test_a_page_that_is_not_there_shows_the_last() -> None:
    assert "pref venues flip okx" in asking.press(asking.member(), "pref venues page 99").lines


@pytest.mark.parametrize(
    ("experience", "ticked"), [("beginner", 3), ("intermediate", 9), ("advanced", 10)]
)
def test_shelves_nobody_chose_are_those_of_the_experience(experience: str, ticked: int) -> None:
    who = asking.member(tier=Tier.ENTERPRISE)
    preferences.change(who.pk, {"experience": experience}, door=Door.TASK)
    said = asking.press(who, "pref shelves")
    assert sum(label.startswith("✓") for label in said.buttons) == ticked


def test_channels_are_put_in_order(somebody: User) -> None:
    for line in ("flip email", "flip telegram", "up telegram"):
        asking.press(somebody, f"pref channels {line}")
    assert entry(somebody, "channels").value == ["telegram", "email"]
    asking.press(somebody, "pref channels flip telegram")
    assert entry(somebody, "channels").value == ["email"]


def test_coins_are_added_and_taken_out(somebody: User) -> None:
    asking.ask(somebody, "/preferences assets_out WIF PEPE BONK")
    asking.ask(somebody, "−WIF")
    assert entry(somebody, "assets_out").value == ["PEPE", "BONK"]
    asking.press(somebody, "pref assets_out flip PEPE")
    assert entry(somebody, "assets_out").value == ["BONK"]


def test_coins_with_long_names_have_buttons_that_fit(somebody: User) -> None:
    coin = "币" * 20
    preferences.change(somebody.pk, {"assets_in": [coin]}, door=Door.TASK)
    [line] = list(changing(asking.press(somebody, "pref assets_in"), "assets_in"))[:1]
    assert len(line.encode()) <= 64
    asking.press(somebody, line)
    assert entry(somebody, "assets_in").value == []


def test_fifty_coins_have_pages(somebody: User) -> None:
    coins = [f"COIN{number}" for number in range(50)]
    preferences.change(somebody.pk, {"assets_out": coins}, door=Door.TASK)
    said = asking.press(somebody, "pref assets_out page 5")
    assert "pref assets_out flip COIN49" in said.lines
    assert "50 at most" in asking.ask(somebody, "ONE").text


def test_a_coin_cannot_be_both_wanted_and_hidden(somebody: User) -> None:
    asking.ask(somebody, "/preferences assets_in WIF")
    said = asking.ask(somebody, "/preferences assets_out WIF")
    assert "WIF cannot be among both" in said.text


# Times


def test_one_end_of_hours_brings_the_usual_other(somebody: User) -> None:
    asking.ask(somebody, "/preferences quiet_from_min 21:30")
    assert entry(somebody, "quiet_to_min").value == "07:00"


def test_hours_that_begin_when_they_end_are_refused(somebody: User) -> None:
    asking.ask(somebody, "/preferences quiet_from_min 22-7")
    said = asking.ask(somebody, "/preferences quiet_to_min 22")
    assert "both times are the same" in said.text


def test_hours_are_emptied_together(somebody: User) -> None:
    asking.press(somebody, "pref active_from_min set 08:00-20:00")
    asking.press(somebody, "pref active_to_min none")
    assert entry(somebody, "active_from_min").value is None


def test_times_go_round_midnight(somebody: User) -> None:
    asking.press(somebody, "pref digest_at_min set 23:30")
    said = asking.press(somebody, "pref digest_at_min")
    assert "pref digest_at_min set 00:30" in said.lines


# Numbers


def test_a_button_says_the_value_it_leads_to(somebody: User) -> None:
    asking.ask(somebody, "/preferences min_net 0.3")
    said = asking.press(somebody, "pref min_net")
    assert said.buttons["+0.05\u2009%"] == "pref min_net set 0.35%"


@pytest.mark.parametrize(
    ("name", "bound"), [("leverage", 1.0), ("min_net", 0.5), ("min_apr", 10.0)]
)
def test_no_button_leads_over_a_limit(somebody: User, name: str, bound: float) -> None:
    preferences.change(somebody.pk, {name: bound}, door=Door.TASK)
    for line in changing(asking.press(somebody, f"pref {name}"), name):
        assert asking.press(somebody, line).toast.startswith("Saved")


def test_an_old_button_does_what_it_says(somebody: User) -> None:
    asking.press(somebody, "pref leverage set 2.5")
    asking.press(somebody, "pref leverage set 2.5")
    assert entry(somebody, "leverage").value == 2.5


def test_numbers_are_written_as_the_reader_writes_them(somebody: User) -> None:
    preferences.change(somebody.pk, {"number_format": "comma"}, door=Door.TASK)
    said = asking.ask(somebody, "/preferences min_net 0,3")
    assert "Now: +0,30\u2009%" in said.text


# Talking


def test_typing_is_heard_for_a_quarter_of_an_hour(somebody: User) -> None:
    asking.press(somebody, "pref min_net")
    late = NOON + timedelta(minutes=16)
    assert "commands and buttons" in asking.ask(somebody, "0.3", now=late).text
    assert entry(somebody, "min_net").value == 0.0


def test_going_back_to_the_section_ends_the_talk(somebody: User) -> None:
    asking.press(somebody, "pref min_net")
    asking.press(somebody, "preferences filters")
    assert talks.current(somebody.pk, NOON) is None


def test_settings_leave_another_conversation_alone(somebody: User) -> None:
    talks.put(somebody.pk, "onboarding", "zone", NOON)
    asking.ask(somebody, "/preferences")
    talk = talks.current(somebody.pk, NOON)
    assert talk is not None
    assert talk.name == "onboarding"


def test_a_location_is_no_value(somebody: User) -> None:
    asking.press(somebody, "pref min_net")
    said = asking.ask(somebody, "", location={"latitude": 40.4, "longitude": -3.7})
    assert "missing" in said.text


def test_a_message_of_a_field_is_edited_in_place(somebody: User) -> None:
    said = asking.press(somebody, "pref leverage set 3")
    assert said.methods == ["answerCallbackQuery", "editMessageText"]


def test_a_field_nobody_knows_is_answered_with_the_nearest(somebody: User) -> None:
    assert "min_net" in asking.ask(somebody, "/preferences min_nett 3").text


def test_two_people_change_only_their_own(somebody: User) -> None:
    other = asking.member()
    asking.press(other, "pref leverage set 7")
    assert entry(somebody, "leverage").value == 2.0


# Presets and reset


def test_a_preset_is_applied_and_taken_back(somebody: User) -> None:
    asking.ask(somebody, "/preferences min_net 0.7")
    applied = asking.press(somebody, "presets conservative")
    assert entry(somebody, "min_net").value == 0.003
    assert applied.buttons["Undo"] == "presets undo"
    asking.press(somebody, "presets undo")
    assert entry(somebody, "min_net").value == 0.007


def test_a_preset_tells_what_the_tier_lacks() -> None:
    said = asking.press(asking.member(), "presets aggressive")
    assert "Premium: signals" in said.text
    assert "/subscription" in said.text


def test_a_second_undo_says_there_is_nothing(somebody: User) -> None:
    asking.press(somebody, "presets balanced")
    asking.press(somebody, "presets undo")
    assert asking.press(somebody, "presets undo").toast


def test_reset_asks_first_and_then_does_it(somebody: User) -> None:
    asking.ask(somebody, "/preferences leverage 5")
    question = asking.press(somebody, "reset_preferences")
    assert entry(somebody, "leverage").value == 5.0
    asking.press(somebody, next(line for line in question.lines if line.startswith("yes ")))
    assert entry(somebody, "leverage").value == 2.0


# What no button of ours says


@pytest.mark.parametrize(
    "line",
    ["leverage up x", "min_net flip okx", "leverage.x set 3", "vip_levels.nowhere set 3",
     "vip_levels." + "x" * 40, "focus none", "venues page x", "nothing set 3", "kinds up spot"],
)  # fmt: skip
def test_forged_lines_are_refused_and_change_nothing(somebody: User, line: str) -> None:
    said = asking.press(somebody, f"pref {line}")
    assert said.toast
    assert "our side" not in said.toast
    assert preferences.of(somebody.pk).version == 0


def tried(ask: Ask, make: Callable[[Form], Changes]) -> str:
    """What became of a change."""
    known = preference_changes.form(ask)
    try:
        preferences.change(ask.user.pk, make(known), door=Door.TELEGRAM)
    except (BadInput, Forbidden) as error:
        told = preference_refusals.told(ask, known, error)
        return "refused with words" if told else "refused without a word"
    return "taken"


def test_whatever_is_typed_or_pressed_is_taken_or_refused(somebody: User) -> None:
    ask = Ask(NOON, Sender(7), Place(7), somebody, standing.known(somebody.pk))

    @examples(max_examples=150, deadline=None)
    @given(st.sampled_from(NAMES), st.sampled_from(list(Deed)), st.text(max_size=60))
    def nothing_breaks(name: str, deed: Deed, text: str) -> None:
        for make in (
            lambda known: preference_changes.typed(known, name, text),
            lambda known: preference_changes.pressed(known, name, deed, text),
        ):
            assert tried(ask, make) in {"taken", "refused with words"}
            assert preference_forms.field(ask, preference_changes.form(ask), name).text

    nothing_breaks()


# How it is written


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_line_says_an_inner_name(language: str) -> None:
    who = asking.member(language=language, tier=Tier.ENTERPRISE)
    for name in [*SECTIONS, *FIELDS]:
        said = asking.press(who, f"preferences {name}")
        assert not [line for line in [*said.text.splitlines(), *said.buttons] if "_" in line]
        assert max(len(label) for label in said.buttons) <= 40


@pytest.mark.parametrize("language", LANGUAGES)
def test_settings_lead_to_what_can_be_set(language: str) -> None:
    said = asking.ask(asking.member(language=language), "/settings")
    assert {"preferences", "profile", "onboard"} <= set(said.lines)
    assert "pref" not in said.text


def test_changes_are_audited_as_the_persons_own(somebody: User) -> None:
    asking.press(somebody, "pref leverage set 3")
    told = [line.additional_data for line in LogEntry.objects.filter(actor=somebody)]
    assert ("preferences.changed", "telegram") in [(one["what"], one["door"]) for one in told]
