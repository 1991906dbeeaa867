"""Coming, help, going."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pytest_django import Settings

from accounts.models import User
from accounts.models.session import Session, SessionState
from notifications.bot import questions, talks
from notifications.models import Alias
from tests.notifications.bot.asking import answered, ask, group, member, message, newcomer, press
from tests.notifications.factories import NOON

pytestmark = pytest.mark.django_db


def test_start_makes_somebody_known_and_begins_a_session() -> None:
    who = newcomer()
    said = ask(who, "/start")
    person = User.objects.get(telegram_id=who["id"])
    assert Session.objects.get(user=person).state == SessionState.ACTIVE
    assert said.text


def test_start_speaks_the_language_of_the_telegram() -> None:
    who = newcomer("es-MX")
    ask(who, "/start")
    assert User.objects.get(telegram_id=who["id"]).language == "es"


def test_start_twice_goes_on_with_the_session() -> None:
    who = newcomer()
    ask(who, "/start")
    ask(who, "/start")
    assert Session.objects.filter(user__telegram_id=who["id"]).count() == 1


def test_without_a_session_only_start_and_help_work() -> None:
    who = newcomer()
    assert "/start" in ask(who, "/logout").text
    assert "/logout" in ask(who, "/help").text
    person = member(session_until=NOON - timedelta(days=1))
    assert "no active session" in ask(person, "/logout").text


@pytest.mark.django_db(transaction=True)
def test_logout_ends_the_session() -> None:
    person = member()
    assert "logged out" in ask(person, "/logout").text
    assert Session.objects.get(user=person).state == SessionState.TERMINATED
    assert "no active session" in ask(person, "/logout").text


def test_help_tells_all_about_one_command() -> None:
    said = ask(member(), "/help logout")
    assert said.text.startswith("/logout")
    assert "until you send /start" in said.text


def test_help_of_something_else_says_so() -> None:
    assert "/dance" in ask(member(), "/help dance").text


def test_a_command_that_is_called_as_its_topic_is_told_with_it() -> None:
    said = ask(member(), "/help alerts").text

    assert "/watch – " in said
    assert "/alerts [KIND] [SUBJECT] [LEVEL]" in said
    assert "/alerts price_above BTC/USDT 70000" in said


def test_a_topic_with_nothing_in_it_leads_to_all_of_them() -> None:
    who = member()

    assert ask(who, "/help admin").text == ask(who, "/help").text


def test_a_referral_that_does_not_count_is_told_in_the_readers_language() -> None:
    who = newcomer("es")

    said = ask(who, "/start ref_NOBODY99")

    assert "Nadie tiene este código" in said.text


def test_topics_of_help_are_read_in_place() -> None:
    person = member()
    line = next(line for line in ask(person, "/help").lines if line.startswith("help "))
    said = press(person, line, message_id=77)
    assert said.methods == ["answerCallbackQuery", "editMessageText"]
    assert said.calls[1]["told"]["message_id"] == 77


def test_a_mistyped_command_is_answered_with_the_nearest() -> None:
    assert "Did you mean /logout?" in ask(member(), "/logoot").text


def test_a_command_for_another_bot_is_not_ours(settings: Settings) -> None:
    settings.BOT_NAME = "ArbEdgeBot"
    assert ask(member(), "/help@otherbot", chat=group()).calls == []
    assert ask(member(), "/help@arbedgebot", chat=group()).calls


def test_hidden_commands_cannot_be_typed() -> None:
    assert "I do not know /stop" in ask(member(), "/stop").text


def test_a_name_of_ones_own_stands_for_a_line() -> None:
    person = member()
    Alias.objects.create(user=person, name="bye", line="logout")
    assert "logged out" in ask(person, "/bye").text


def test_edited_messages_ask_for_nothing() -> None:
    edited = {**message(member(), "/logout"), "edit_date": int(NOON.timestamp())}
    assert answered({"edited_message": edited}).calls == []


def test_text_that_is_no_command_is_told_what_is() -> None:
    assert "/help" in ask(member(), "hello there").text


def test_groups_may_talk_among_themselves() -> None:
    assert ask(member(), "hello there", chat=group()).calls == []


def test_leaving_a_conversation() -> None:
    person = member()
    talks.put(person.pk, "nothing", "first", NOON)
    press(person, "stop")
    assert talks.current(person.pk, NOON) is None


def test_ten_commands_a_minute_then_one_warning_then_silence() -> None:
    person = member()
    for _ in range(10):
        assert "I do not know" in ask(person, "/x1y2z3").text
    assert "ten commands a minute" in ask(person, "/help").text
    assert ask(person, "/help").calls == []


def test_a_question_is_answered_once_and_by_who_was_asked() -> None:
    person, other = member(), member()
    nonce = questions.ask(person.pk, person.telegram_id or 0, "logout", NOON)
    assert "Somebody else" in press(other, f"yes {nonce}").toast
    assert "logged out" in press(person, f"yes {nonce}").text
    ask(person, "/start")
    assert "answered before" in press(person, f"yes {nonce}").toast


def test_a_no_leaves_everything_as_it_was() -> None:
    person = member()
    nonce = questions.ask(person.pk, person.telegram_id or 0, "logout", NOON)
    assert press(person, f"no {nonce}").text == "Nothing was changed."
    assert Session.objects.get(user=person).state == SessionState.ACTIVE


def test_an_old_question_is_asked_again() -> None:
    person = member()
    nonce = questions.ask(person.pk, person.telegram_id or 0, "logout", NOON)
    said = press(person, f"yes {nonce}", now=NOON + timedelta(minutes=6))
    assert "older than five minutes" in said.toast


def test_a_wrong_argument_is_answered_with_the_usage() -> None:
    said = ask(member(), "/alerts nonsense of all sorts")
    assert "/alerts" in said.text
    assert "Something is missing" in ask(member(), "/feedback").text
    assert "/feedback" in ask(member(), "/feedback").html
