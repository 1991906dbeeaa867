"""What people type as preferences: read as meant, or refused with the limit and a way out."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.wish_form import FIELDS
from accounts.wish_values import known, read, read_entry
from arbedge.errors import BadInput


def value(name: str, raw: Any) -> Any:
    return read(FIELDS[name], raw)


def refusal(name: str, raw: Any) -> BadInput:
    with pytest.raises(BadInput) as caught:
        value(name, raw)
    return caught.value


@pytest.mark.parametrize(
    ("raw", "meant"),
    [
        (0.05, 0.05), (0, 0.0), ("0.05", 0.05), ("0,05", 0.05), (" 0.05 ", 0.05),
        ("5%", 0.05), ("5 %", 0.05), ("0,5 %", 0.005), ("−1 %", -0.01), (-0.01, -0.01),
    ],
)  # fmt: skip
def test_fractions_are_read_as_people_write_them(raw: Any, meant: float) -> None:
    assert value("min_net", raw) == pytest.approx(meant)


def test_a_percent_taken_for_a_fraction_is_refused_with_the_right_spelling() -> None:
    refused = refusal("min_net", 5)

    assert "Write 0.05 for 5 %" in refused.message
    assert refused.code == "out_of_range"
    assert refused.details == {"field": "min_net", "limit": [-0.1, 0.5]}


def test_what_is_too_much_even_as_percent_gets_no_such_hint() -> None:
    assert "Write" not in refusal("min_net", 900).message


@pytest.mark.parametrize("raw", ["nan", "inf", float("nan"), float("-inf"), True, [], {}, "a lot"])
def test_what_is_no_number_is_refused(raw: Any) -> None:
    assert refusal("min_apr", raw).code == "bad_value"


def test_a_huge_whole_number_is_refused_like_any_other() -> None:
    assert refusal("leverage", 10**400).code == "bad_value"


@pytest.mark.parametrize("raw", [0.5, 126, -3])
def test_leverage_stays_within_its_limits(raw: float) -> None:
    assert refusal("leverage", raw).details["limit"] == [1.0, 125.0]


def test_zero_has_no_sign() -> None:
    assert str(value("min_net", "-0")) == "0.0"


@pytest.mark.parametrize("raw", [5_000, "5000", 5_000.0])
def test_numbers_to_choose_from_are_taken_as_numbers_and_texts(raw: Any) -> None:
    assert value("notional_usd", raw) == 5_000


def test_a_size_that_is_not_offered_is_refused_with_those_that_are() -> None:
    assert refusal("notional_usd", 2_000).details["limit"] == [100, 1_000, 5_000, 10_000, 50_000]


def test_true_is_no_choice_of_one() -> None:
    assert refusal("horizon_hours", True).code == "not_a_choice"


@pytest.mark.parametrize("raw", ["low", "LOW", " Low "])
def test_names_are_taken_in_any_letter_case(raw: str) -> None:
    assert value("max_risk", raw) == "low"


def test_currencies_too() -> None:
    assert value("currency", "eur") == "EUR"


def test_a_misspelt_name_is_refused_with_the_nearest() -> None:
    assert "Did you mean intermediate?" in refusal("experience", "intermediat").message


@pytest.mark.parametrize("raw", [["basis", "funding"], "basis, funding", "basis funding basis"])
def test_several_are_a_list_or_a_text_in_the_order_of_the_enum(raw: Any) -> None:
    assert value("kinds", raw) == ("funding", "basis")


@pytest.mark.parametrize("raw", [None, "", "all", "ALL"])
def test_all_can_be_said_in_three_ways(raw: Any) -> None:
    assert value("shelves", raw) is None


def test_an_empty_list_is_refused_since_it_would_show_nothing() -> None:
    assert "write all" in refusal("kinds", []).message


@pytest.mark.parametrize("raw", [7, {"funding": True}, b"funding"])
def test_what_is_no_list_is_refused(raw: Any) -> None:
    assert refusal("kinds", raw).details["limit"] == "list"


def test_an_unknown_venue_is_refused() -> None:
    assert refusal("venues", ["binance", "mtgox"]).code == "not_a_choice"


def test_channels_keep_the_persons_order() -> None:
    assert value("channels", ["email", "telegram"]) == ("email", "telegram")


def test_a_channel_named_twice_is_refused() -> None:
    assert "only once" in refusal("channels", "email telegram email").message


@pytest.mark.parametrize(
    ("raw", "coins"),
    [
        ("btc, eth sol", ("BTC", "ETH", "SOL")),
        (["btc", "BTC", " eth "], ("BTC", "ETH")),
        (["1000pepe"], ("1000PEPE",)),
        (["ＢＴＣ"], ("BTC",)),
        ([], ()),
        ("", ()),
    ],
)
def test_coins_are_upper_case_and_named_once(raw: Any, coins: tuple[str, ...]) -> None:
    assert value("assets_in", raw) == coins


def test_fifty_coins_are_the_most() -> None:
    fifty = [f"COIN{number}" for number in range(50)]

    assert len(value("assets_out", fifty)) == 50
    assert refusal("assets_out", [*fifty, "ONE"]).code == "too_many"


@pytest.mark.parametrize("raw", ["<b>", "BTC/USDT", "A" * 21, "🚀"])
def test_what_is_no_coin_is_refused(raw: str) -> None:
    assert refusal("assets_in", [raw]).details["field"] == "assets_in"


def test_a_coin_is_a_text() -> None:
    assert refusal("assets_in", [1]).code == "bad_value"


@pytest.mark.parametrize(
    ("raw", "minute"),
    [("23:00", 1380), ("00:00", 0), ("7:30", 450), ("23", 1380), (1380, 1380), (0, 0)],
)
def test_times_are_texts_or_minutes(raw: Any, minute: int) -> None:
    assert value("quiet_from_min", raw) == minute


@pytest.mark.parametrize("raw", ["24:00", "12:60", "noon", "7:3", "7:", ":30", 1440, -1, True, 7.5])
def test_what_is_no_time_of_day_is_refused(raw: Any) -> None:
    assert refusal("quiet_from_min", raw).details["limit"] == ["00:00", "23:59"]


@pytest.mark.parametrize("raw", [None, "", "  "])
def test_an_optional_time_can_be_emptied(raw: Any) -> None:
    assert value("quiet_from_min", raw) is None


@pytest.mark.parametrize("raw", [None, ""])
def test_the_time_of_the_digest_cannot(raw: Any) -> None:
    assert "cannot be empty" in refusal("digest_at_min", raw).message


@pytest.mark.parametrize(
    ("raw", "meant"),
    [
        (True, True), ("on", True), ("Yes", True), (1, True),
        (False, False), ("off", False), ("", False),
    ],
)  # fmt: skip
def test_flags_are_read_from_forms_and_programs(raw: Any, meant: bool) -> None:
    assert value("executable_only", raw) is meant


def test_a_flag_is_not_perhaps() -> None:
    assert refusal("executable_only", "perhaps").details["limit"] == [True, False]


def test_levels_are_whole_numbers_per_venue() -> None:
    assert value("vip_levels", {"okx": "3", "Binance": 1}) == {"binance": 1, "okx": 3}


@pytest.mark.parametrize("raw", [{"okx": 10}, {"okx": -1}, {"okx": 1.5}])
def test_a_level_stays_within_0_and_9(raw: Any) -> None:
    assert refusal("vip_levels", raw).code == "out_of_range"


def test_a_level_of_an_unknown_venue_is_refused() -> None:
    assert refusal("vip_levels", {"mtgox": 1}).code == "not_a_choice"


def test_levels_are_not_a_list() -> None:
    assert refusal("vip_levels", [1]).details["limit"] == "mapping"


def test_switches_have_three_positions() -> None:
    assert value("switches", {"closed": "OFF"}) == {"closed": "off"}
    assert refusal("switches", {"closed": "loud"}).details["limit"] == ["on", "silent", "off"]


def test_one_entry_can_be_read_alone() -> None:
    assert read_entry(FIELDS["switches"], "opened", "silent") == ("opened", "silent")


def test_a_plain_field_has_no_entries() -> None:
    with pytest.raises(BadInput, match="has no parts"):
        read_entry(FIELDS["min_net"], "okx", 1)


def test_an_unknown_field_is_refused_with_the_nearest_known() -> None:
    with pytest.raises(BadInput, match="nearest is min_net") as caught:
        known("minnet")

    assert caught.value.code == "unknown_field"
    assert caught.value.details["limit"] == "min_net"


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_says_where_it_stands_and_what_it_means(name: str) -> None:
    assert FIELDS[name].title
    assert FIELDS[name].help.endswith((".", "…"))
