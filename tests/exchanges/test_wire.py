"""Bytes to columns: what is read, what is dropped, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from exchanges.columns import Parsed
from exchanges.rows import Words
from exchanges.wire import Envelope, MalformedAnswer, Shape

LIST = Shape(
    Envelope(),
    texts={"symbol": "s"},
    figures={"bid": "b", "ask": "a", "bid_size": "n", "rate": "r"},
    numbers={"venue_at_ms": "t"},
)
ENVELOPED = Shape(
    Envelope(rows="result.list", code="retCode", message="retMsg", ok="0", time="time"),
    texts={"symbol": "s"},
    figures={"bid": "b", "ask": "a", "tick": "steps.tick"},
)


def row(symbol: Any = "BTC", **more: Any) -> dict[str, Any]:
    return {"s": symbol, "b": "1.5", "a": "1.6", "n": "10", "r": "0.0001", "t": 5, **more}


def read(*rows: Any, shape: Shape = LIST) -> Parsed:
    return shape.read(json.dumps(rows).encode())


def only(parsed: Parsed, column: str) -> Any:
    return parsed.frame.get_column(column).item()


def test_figures_sent_as_text_become_floats() -> None:
    parsed = read(row())
    assert parsed.frame.to_dicts() == [
        {
            "symbol": "BTC",
            "bid": 1.5,
            "ask": 1.6,
            "bid_size": 10.0,
            "rate": 0.0001,
            "venue_at_ms": 5.0,
        }
    ]


@pytest.mark.parametrize(
    ("text", "value"),
    [("1e-6", 1e-6), ("1.46E+14", 1.46e14), ("0.10", 0.1), ("  ", None), ("", None)],
)
def test_a_figure_is_read_however_it_is_written(text: str, value: float | None) -> None:
    assert only(read(row(b=text)), "bid") == value


def test_an_empty_figure_is_null_wherever_it_stands() -> None:
    parsed = read(row("A", b="", r=""), row("B"), row("C", r=""), row("D", b=None))
    assert parsed.frame.get_column("bid").to_list() == [None, 1.5, 1.5, None]
    assert parsed.frame.get_column("rate").to_list() == [None, 0.0001, None, 0.0001]
    assert parsed.dropped == {"one_sided": 2}


@pytest.mark.parametrize("text", ["abc", "NaN", "inf", "-inf", "-1.5", "0", "0.00000000"])
def test_what_is_no_price_is_null(text: str) -> None:
    assert only(read(row(b=text)), "bid") is None


def test_no_figure_of_another_row_is_lost_to_an_infinite_one() -> None:
    bids = read(row("A", b="inf"), row("B")).frame.get_column("bid").to_list()
    assert bids == [None, 1.5]


def test_a_rate_may_be_negative_or_zero() -> None:
    rates = read(row("A", r="-0.003"), row("B", r="0")).frame.get_column("rate").to_list()
    assert rates == [-0.003, 0.0]


def test_a_size_may_be_zero_but_not_negative() -> None:
    sizes = read(row("A", n="0"), row("B", n="-2")).frame.get_column("bid_size").to_list()
    assert sizes == [0.0, None]


def test_a_missing_field_is_null_and_an_unknown_one_is_passed_over() -> None:
    parsed = read({"s": "BTC", "b": "1", "a": "2", "surprise": {"deep": [1]}})
    assert only(parsed, "rate") is None
    assert parsed.dropped == {}


def test_a_row_that_does_not_fit_is_dropped_and_the_batch_goes_on() -> None:
    parsed = read(row("A"), row("B", b={"price": 1}), row("C"), "nonsense", None)
    assert parsed.frame.get_column("symbol").to_list() == ["A", "C"]
    assert parsed.dropped == {"malformed_row": 3}


def test_numbers_where_text_was_promised_are_read_all_the_same() -> None:
    parsed = read(row("A", b=1.25, r=-1e-5), row("B"))
    assert parsed.frame.get_column("bid").to_list() == [1.25, 1.5]
    assert parsed.frame.get_column("rate").to_list() == [-1e-5, 0.0001]
    assert parsed.dropped == {}


def test_a_time_sent_as_text_is_read_all_the_same() -> None:
    assert read(row(t="1770000000000")).venue_at_ms == 1770000000000.0


@pytest.mark.parametrize("wrong", [True, [1], {"x": 1}])
def test_a_truth_value_or_a_list_is_no_figure(wrong: Any) -> None:
    assert read(row("A", b=wrong), row("B")).dropped == {"malformed_row": 1}


def test_rows_without_a_name_are_dropped() -> None:
    nameless = row()
    del nameless["s"]
    parsed = read(row(None), row(""), nameless, row("A"))
    assert parsed.frame.get_column("symbol").to_list() == ["A"]
    assert parsed.dropped == {"no_symbol": 3}


def test_the_first_of_two_rows_of_one_name_stays() -> None:
    parsed = read(row("A", b="1.1"), row("A", b="1.2"), row("B"))
    assert parsed.frame.get_column("bid").to_list() == [1.1, 1.5]
    assert parsed.dropped == {"duplicate_symbol": 1}


def test_a_dead_pair_is_dropped_and_a_one_sided_one_stays_without_its_side() -> None:
    parsed = read(row("DEAD", b="0", a=""), row("HALF", a="0"), row("A"))
    assert parsed.frame.get_column("symbol").to_list() == ["HALF", "A"]
    assert parsed.frame.get_column("ask").to_list() == [None, 1.6]
    assert parsed.dropped == {"no_price": 1, "one_sided": 1}


def test_the_answers_time_is_its_newest_row() -> None:
    assert read(row("A", t=7), row("B", t=9)).venue_at_ms == 9.0


def test_an_empty_list_is_an_empty_frame_with_its_columns() -> None:
    parsed = LIST.read(b"[]")
    assert parsed.frame.height == 0
    assert parsed.frame.columns == ["symbol", "bid", "ask", "bid_size", "rate", "venue_at_ms"]
    assert parsed.venue_at_ms is None


def enveloped(rows: Any, **more: Any) -> bytes:
    body = {"retCode": 0, "retMsg": "OK", "result": {"list": rows}, "time": 1770000000321, **more}
    return json.dumps(body).encode()


def test_an_envelopes_rows_nested_fields_and_time_are_read() -> None:
    parsed = ENVELOPED.read(enveloped([{**row(), "steps": {"tick": "0.5"}}]))
    assert only(parsed, "tick") == 0.5
    assert parsed.venue_at_ms == 1770000000321.0


def test_a_nested_field_that_is_null_costs_its_row_only() -> None:
    parsed = ENVELOPED.read(enveloped([{**row("A"), "steps": None}, row("B")]))
    assert parsed.frame.get_column("symbol").to_list() == ["B"]
    assert parsed.dropped == {"malformed_row": 1}


def test_the_venues_own_error_is_raised_with_its_code_and_words() -> None:
    body = b'{"retCode":10006,"retMsg":"Too many visits!","result":{},"time":1}'
    with pytest.raises(MalformedAnswer, match="Too many visits!") as caught:
        ENVELOPED.read(body)
    assert caught.value.code == "10006"


def test_an_error_object_where_a_list_was_promised_is_raised_with_its_code() -> None:
    with pytest.raises(MalformedAnswer, match="banned") as caught:
        LIST.read(b'{"code":-1003,"msg":"Way too many requests; IP banned"}')
    assert caught.value.code == "-1003"


@pytest.mark.parametrize("body", [b"", b"<html>502</html>", b"[{", b"null", b"\xff\xfe", b'"text"'])
def test_what_is_no_answer_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedAnswer):
        LIST.read(body)


@pytest.mark.parametrize(
    "body", [b"{}", b"[]", b'{"retCode":0,"result":null}', b'{"retCode":0,"result":{"list":5}}']
)
def test_an_envelope_without_rows_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedAnswer):
        ENVELOPED.read(body)


def test_a_cut_body_is_refused_whole() -> None:
    whole = enveloped([row("A"), row("B")])
    with pytest.raises(MalformedAnswer):
        ENVELOPED.read(whole[:-20])


def test_a_time_that_is_no_time_does_not_cost_the_answer() -> None:
    parsed = ENVELOPED.read(enveloped([row()], time={"odd": 1}))
    assert parsed.frame.height == 1
    assert parsed.venue_at_ms is None


@pytest.mark.parametrize("hole", ["", "abc"])
def test_a_figure_that_is_none_changes_no_other_figure(hole: str) -> None:
    shape = Shape(Envelope(), texts={"symbol": "s"}, figures={"bid": "b", "ask": "a"})
    full = [{"s": f"C{n}", "b": f"{n + 1}.25", "a": f"{n + 1}.5"} for n in range(40)]
    holed = [*full, {"s": "GONE", "b": hole, "a": "7"}]

    read = shape.read(json.dumps(full).encode()).frame
    reread = shape.read(json.dumps(holed).encode()).frame

    assert reread.head(40).equals(read)
    assert reread.row(40) == ("GONE", None, 7.0)


@pytest.mark.parametrize("hole", ["", "abc"])
def test_after_a_figure_that_is_none_full_answers_still_read_the_same(hole: str) -> None:
    shape = Shape(Envelope(), texts={"symbol": "s"}, figures={"rate": "r"})
    full, holed = [{"s": "A", "r": "1e-4"}], [{"s": "A", "r": hole}]
    bodies = [json.dumps(rows).encode() for rows in (full, holed, full)]

    assert [shape.read(body).frame["rate"][0] for body in bodies] == [1e-4, None, 1e-4]


def test_words_are_translated_whether_or_not_a_row_is_odd() -> None:
    worded = Shape(
        Envelope(),
        texts={"symbol": "s"},
        figures={"bid": "b"},
        words={"status": Words("state", {"live": "trading"}, "unknown")},
    )
    plain = [{"s": "A", "state": "live"}, {"s": "B", "state": "odd"}, {"s": "C"}]
    assert read(*plain, shape=worded).frame.get_column("status").to_list() == [
        "trading",
        "unknown",
        "unknown",
    ]
    odd = read(*plain, {"s": "D", "b": [], "state": "live"}, {"s": "E", "state": 5}, shape=worded)
    assert odd.frame.get_column("status").to_list()[-1] == "unknown"
    assert odd.dropped == {"malformed_row": 1}
