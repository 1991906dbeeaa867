"""Arguments of commands."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbedge.errors import BadInput
from notifications.bot import grammar
from notifications.bot.grammar import Arg, parse, usage

MUTE = (Arg("coin", grammar.coin), Arg("hours", grammar.hours, optional=True))


def code_of(args: tuple[Arg, ...], line: str) -> str:
    with pytest.raises(BadInput) as refused:
        parse(args, line)
    return refused.value.code


def test_values_come_by_name_and_what_is_left_out_is_none() -> None:
    assert parse(MUTE, "wif") == {"coin": "WIF", "hours": None}
    assert parse(MUTE, "  $wif   2d ") == {"coin": "WIF", "hours": 48}


def test_the_rest_of_a_line_is_one_value() -> None:
    assert parse((Arg("text", grammar.text, rest=True),), "so it is") == {"text": "so it is"}


def test_what_is_missing_or_too_much_is_named() -> None:
    assert code_of(MUTE, "") == "missing_argument"
    assert code_of(MUTE, "wif 4 now") == "too_many_arguments"


def test_any_space_or_line_break_ends_a_word() -> None:
    assert parse(MUTE, "wif\n4") == {"coin": "WIF", "hours": 4}
    told = parse((Arg("one", grammar.text), Arg("text", grammar.text, rest=True)), "a b\n\nc  d")
    assert told["text"] == "b\n\nc  d"


@pytest.mark.parametrize("word", ["200,000", "1,500%", "-12,345"])
def test_a_comma_that_may_stand_between_thousands_is_asked_about(word: str) -> None:
    with pytest.raises(BadInput) as refused:
        grammar.number(-1e6, 1e6)(word)
    assert refused.value.code == "unclear_number"


@pytest.mark.parametrize(
    ("word", "value"),
    [("0,005", 0.005), ("1,5", 1.5), ("1.125", 1.125), ("2000,125", 2000.125), ("0,150%", 0.0015)],
)
def test_a_comma_that_can_only_be_a_point_is_one(word: str, value: float) -> None:
    assert grammar.number(-1e6, 1e6)(word) == value


def test_usage_tells_what_may_be_left_out() -> None:
    assert usage("mute", MUTE) == "/mute COIN [HOURS]"
    assert usage("x", (Arg("what", grammar.text, shown="COIN|VENUE"),)) == "/x COIN|VENUE"


def test_coins_may_have_any_letters() -> None:
    assert grammar.coin("币安人生") == "币安人生"
    assert code_of(MUTE, "A" * 49) == "bad_coin"


def test_venues_by_their_names() -> None:
    assert grammar.venue("OKX") == "okx"
    with pytest.raises(BadInput, match="no venue"):
        grammar.venue("nasdaq")


@pytest.mark.parametrize(("word", "hours"), [("4", 4), ("4h", 4), ("2d", 48), ("365d", 8760)])
def test_hours_and_days(word: str, hours: int) -> None:
    assert grammar.hours(word) == hours


@pytest.mark.parametrize("word", ["0", "-1", "8761", "366d", "4.5", "h", "١٢x", "1e3"])
def test_what_is_no_time_is_refused(word: str) -> None:
    with pytest.raises(BadInput):
        grammar.hours(word)


@pytest.mark.parametrize(("word", "value"), [("0.5", 0.5), ("0,5", 0.5), ("50%", 0.5), ("−1", -1)])
def test_numbers_as_people_write_them(word: str, value: float) -> None:
    assert grammar.number(-2, 2)(word) == value


@pytest.mark.parametrize("word", ["nan", "inf", "3", "1.2.3", "x", ""])
def test_what_is_no_number_is_refused(word: str) -> None:
    with pytest.raises(BadInput):
        grammar.number(-2, 2)(word)


def test_one_of_some_words() -> None:
    assert grammar.one_of("on", "off")("ON") == "on"
    with pytest.raises(BadInput, match="on, off"):
        grammar.one_of("on", "off")("maybe")


@given(st.text(max_size=60))
def test_whatever_is_written_is_read_or_refused(line: str) -> None:
    args = (*MUTE, Arg("rest", grammar.text, optional=True, rest=True))
    with suppress(BadInput):
        assert parse(args, line)["coin"].isprintable()
