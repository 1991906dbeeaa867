from __future__ import annotations

import copy
import json
import pickle
from dataclasses import asdict, dataclass
from pprint import pformat

import pytest

from arbedge.hidden import SHOWN, Hidden

CANARY = "canary-3f9a"


@dataclass
class Holder:
    secret: Hidden


@pytest.mark.parametrize(
    "show",
    [
        repr,
        str,
        ascii,
        pformat,
        "{}".format,
        "{:>40}".format,
        "{!r:.5}".format,
        lambda one: "%s %r" % (one, one),  # noqa: UP031
        lambda one: json.dumps({"key": one}, default=str),
        lambda one: repr([one, {one: one}]),
        lambda one: repr(Holder(one)),
        lambda one: repr(asdict(Holder(one))),
        lambda one: repr(copy.deepcopy(Holder(one))),
        lambda one: repr(getattr(one, "__dict__", None)),
    ],
)
def test_it_shows_nothing(show: object) -> None:
    assert CANARY not in show(Hidden(CANARY))  # type: ignore[operator]


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_it_is_not_pickled(protocol: int) -> None:
    with pytest.raises(TypeError, match="not pickled") as caught:
        pickle.dumps(Holder(Hidden(CANARY)), protocol)

    assert CANARY not in str(caught.value)


def test_it_has_no_state_to_show() -> None:
    with pytest.raises(TypeError):
        Hidden(CANARY).__getstate__()


def test_plain_json_refuses_it() -> None:
    with pytest.raises(TypeError):
        json.dumps(Hidden(CANARY))


def test_who_asks_by_name_gets_it() -> None:
    assert Hidden(CANARY).reveal() == CANARY


def test_it_does_not_change() -> None:
    with pytest.raises(AttributeError):
        setattr(Hidden(CANARY), "_Hidden__text", "other")  # noqa: B010


def test_equal_texts_are_equal_and_hash_alike() -> None:
    assert Hidden("é") == Hidden("é") != Hidden("e")
    assert len({Hidden("a"), Hidden("a")}) == 1
    assert Hidden("a") != "a"


def test_an_empty_one_is_false() -> None:
    assert not Hidden("")
    assert Hidden(" ")
    assert str(Hidden("")) == SHOWN
