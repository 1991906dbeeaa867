"""Words of pictures: English by itself, any others where a reader brings them."""

from __future__ import annotations

from string import Formatter

import pytest

from opportunities.models import Opportunity
from opportunities.pages import gates
from opportunities.policy import Policy
from opportunities.voice import ENGLISH, WORDS, Voice, slug
from tests.opportunities.factories import OpportunityFactory


@pytest.mark.parametrize(
    ("label", "key"),
    [
        ("Fee, long entry", "fee_long_entry"),
        ("Net", "net"),
        ("Later, not relied on", "later_not_relied_on"),
        ("  24 h turnover! ", "24_h_turnover"),
    ],
)
def test_a_label_is_a_key(label: str, key: str) -> None:
    assert slug(label) == key


def test_a_part_without_words_keeps_its_label() -> None:
    assert ENGLISH.part("Fee, long entry") == "Fee, long entry"
    assert Voice(words={"part_fee_long_entry": "Frais"}).part("Fee, long entry") == "Frais"


def test_values_are_filled_in() -> None:
    assert ENGLISH("coin_announced", coin="WIF") == "WIF: funding announced now, % per 8 h"


def test_an_unknown_text_is_an_error_and_not_a_blank() -> None:
    with pytest.raises(KeyError):
        ENGLISH("no such text")


@pytest.mark.parametrize("key", sorted(WORDS))
def test_every_text_can_be_filled_in(key: str) -> None:
    names = {name for _, name, _, _ in Formatter().parse(WORDS[key]) if name}

    assert ENGLISH(key, **dict.fromkeys(names, "x")).strip()


@pytest.mark.django_db
def test_gates_have_codes_and_those_of_a_leg_name_it() -> None:
    one: Opportunity = OpportunityFactory(asset="WIF")

    found = gates(one, Policy())

    assert [gate.code for gate in found if gate.leg is None] == [
        "pays", "depth", "thin_volume", "thin_interest", "volatile",
    ]  # fmt: skip
    of_legs = [(gate.leg.venue, gate.code) for gate in found if gate.leg is not None]
    assert of_legs == [
        (venue, code) for venue in ("okx", "bybit") for code in ("age", "spread", "rate")
    ]
