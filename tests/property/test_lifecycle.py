"""Whatever the markets do, a life keeps to its rules: hundreds of lives played at random."""

from __future__ import annotations

import functools
import io
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arbedge.names import Event, Reason
from opportunities import families
from opportunities.rules import Rules
from tests.opportunities.stories import Story, candidate, fingerprint

COINS = [f"C{number}" for number in range(60)]
SCANS = 60
SEEDS = (1, 2, 3)
THRESHOLD_BP = 15


@dataclass(frozen=True)
class Look:
    """What one scan saw of one coin, and the event it made of it."""

    at_s: float
    bp: float | None
    settling: bool
    blind: bool
    reasons: tuple[Reason, ...]
    event: str | None
    reason: str


@dataclass
class Lives:
    """Every look at every coin, and the story that came of them."""

    story: Story
    looks: dict[str, list[Look]] = field(default_factory=lambda: {coin: [] for coin in COINS})

    def all(self) -> Iterator[Look]:
        """Every look of every coin."""
        for looks in self.looks.values():
            yield from looks


def drift(chance: random.Random, bp: float) -> float:
    """A net that mostly wanders and sometimes jumps."""
    return chance.uniform(-20, 90) if chance.random() < 0.15 else bp + chance.gauss(0, 3)


@functools.cache
def play(seed: int, scale: float = 1.0) -> Lives:
    """Random lives; `scale` multiplies every figure and every limit that is a figure."""
    chance = random.Random(seed)
    rules = Rules(improve_min=0.0005 * scale, figure_change=1e-4 * scale)
    lives, at_s, dark_until_s = Lives(Story(rules)), 0.0, -1.0
    nets = {coin: chance.uniform(5, 30) for coin in COINS}
    for _ in range(SCANS):
        at_s += chance.choice([5, 10, 30, 61, 120, 700])
        if chance.random() < 0.06:
            dark_until_s = at_s + chance.choice([5, 60, 1500])
        blind = ("bybit",) if at_s <= dark_until_s else chance.choice([(), (), ("okx",)])
        rows: dict[str, dict[str, Any]] = {}
        for coin in COINS:
            nets[coin] = drift(chance, nets[coin])
            gate = chance.choice([(), (), (), (), (Reason.STALE,), (Reason.THIN_DEPTH,)])
            settling, absent = chance.random() < 0.1, chance.random() < 0.1
            if not absent:
                rows[coin] = candidate(
                    coin,
                    nets[coin] * scale,
                    threshold=THRESHOLD_BP * 1e-4 * scale,
                    settling=settling,
                    reasons=gate,
                )
                rows[coin]["seen"] = (nets[coin], settling, gate)
        look(lives, at_s, rows, blind)
    return lives


def look(lives: Lives, at_s: float, rows: dict[str, Any], blind: tuple[str, ...]) -> None:
    """One scan of all coins, written down."""
    seen = {coin: row.pop("seen") for coin, row in rows.items()}
    lives.story.scan(at_s, *rows.values(), blind=blind)
    assert lives.story.decision is not None
    events = lives.story.decision.events
    told = {mark: (kind, why) for mark, kind, why in events["fingerprint", "type", "reason"].rows()}
    assert len(told) == events.height, "one event a coin and scan"
    for coin in COINS:
        bp, settling, gate = seen.get(coin, (None, False, ()))
        event, why = told.get(fingerprint(f"funding:{coin}"), (None, ""))
        lives.looks[coin].append(Look(at_s, bp, settling, "bybit" in blind, gate, event, why))


@pytest.fixture(scope="module", params=SEEDS)
def lives(request: pytest.FixtureRequest) -> Lives:
    """A few hours of sixty coins."""
    return play(request.param)


def test_enough_happens_to_prove_anything() -> None:
    looks = [look for seed in SEEDS for look in play(seed).all()]
    assert {look.event for look in looks} == {None, *Event}
    ends = {look.reason.partition(":")[0] for look in looks if look.event == "closed"}
    assert ends == {"below_half", "negative", "gate", "no_data"}


def test_events_alternate_as_states_do(lives: Lives) -> None:
    becomes = {"opened": "open", "recovered": "open", "restored": "open", "improved": "open"}
    becomes |= {"fading": "fading", "held": "held", "closed": "closed"}
    for coin, looks in lives.looks.items():
        state = "closed"
        for event in [look.event for look in looks if look.event]:
            assert (state == "closed") is (event in {"opened", "recovered"}), coin
            assert event != state, f"{coin} told {event} twice"
            state = becomes.get(event, "open or fading")


def test_the_store_agrees_with_what_was_told(lives: Lives) -> None:
    for coin, looks in lives.looks.items():
        told = [look.event for look in looks if look.event]
        alive = bool(told) and told[-1] != "closed"
        rows = lives.story.live.filter(pl.col("fingerprint") == fingerprint(f"funding:{coin}"))
        assert rows.height == int(alive), coin


def test_nothing_happens_in_the_guard_but_going_blind_and_seeing_again(lives: Lives) -> None:
    assert {look.event for look in lives.all() if look.settling} <= {None, "held", "resumed"}


def test_the_blind_are_only_held_or_ended_for_want_of_data(lives: Lives) -> None:
    blind = [look for look in lives.all() if look.blind]
    assert {look.event for look in blind} <= {None, "held", "closed"}
    assert {look.reason for look in blind if look.event == "closed"} <= {"no_data"}


def test_none_opens_below_its_threshold_or_under_a_gate(lives: Lives) -> None:
    for look in lives.all():
        if look.event in {"opened", "recovered"}:
            assert look.bp is not None
            assert look.bp >= THRESHOLD_BP
            assert look.reasons == ()


def test_none_opens_before_three_looks_over_half_a_minute(lives: Lives) -> None:
    for looks in lives.looks.values():
        for number, look in enumerate(looks):
            if look.event in {"opened", "recovered"}:
                paid = [
                    one.at_s
                    for one in looks[: number + 1]
                    if one.bp is not None and one.bp >= THRESHOLD_BP and not one.reasons
                ]
                assert len(paid) >= 3
                assert look.at_s - paid[0] >= 30


def test_each_improvement_is_a_quarter_and_five_points_above_the_last_word(lives: Lives) -> None:
    for looks in lives.looks.values():
        promise = 0.0
        for look in looks:
            if look.event == "improved":
                assert look.bp is not None
                assert look.bp >= max(1.25 * promise, promise + 5) - 1e-6
            if look.event in {"opened", "recovered", "improved"}:
                assert look.bp is not None
                promise = look.bp


def test_a_second_life_within_a_quarter_of_an_hour_is_the_first_again(lives: Lives) -> None:
    for looks in lives.looks.values():
        ended = None
        for look in looks:
            if look.event == "opened" and ended is not None:
                assert look.at_s - ended > 15 * 60
            if look.event == "closed":
                ended = look.at_s


@pytest.mark.parametrize("scale", [0.25, 8.0])
def test_the_rules_do_not_depend_on_the_scale_of_the_figures(scale: float) -> None:
    plain, scaled = play(4), play(4, scale)  # powers of two: not a bit is lost
    assert [look.event for look in scaled.all()] == [look.event for look in plain.all()]


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_a_number_survives_the_way_to_the_database(numbers: list[float]) -> None:
    text = pl.DataFrame({"x": numbers}).write_csv(include_header=False)
    assert [float(line) for line in text.split()] == numbers


@given(st.lists(st.one_of(st.none(), st.text(st.characters(exclude_characters="\0"))), min_size=1))
def test_so_does_a_text(texts: list[str | None]) -> None:
    frame = pl.DataFrame({"id": range(len(texts)), "x": texts}, schema_overrides={"x": pl.String})
    body = frame.write_csv(include_header=False).encode()
    back = pl.read_csv(io.BytesIO(body), has_header=False, schema=frame.schema)
    assert [text or None for text in back["x"]] == [text or None for text in texts]


ranked = st.tuples(
    st.sampled_from(["A", "B", "C"]),
    st.sampled_from(["open", "fading", "held"]),
    st.floats(-0.01, 0.01),
    st.one_of(st.none(), st.floats(0, 1)),
)


@settings(deadline=None, max_examples=50)
@given(st.lists(ranked, min_size=1, max_size=20), st.integers())
def test_each_family_has_one_best_whatever_the_order(
    rows: list[tuple[str, str, float, float | None]], seed: int
) -> None:
    schema = {"family": pl.String, "state": pl.String, "net": pl.Float64, "score": pl.Float64}
    live = pl.DataFrame(rows, schema=schema, orient="row").with_columns(
        fingerprint=pl.int_range(pl.len()).cast(pl.String)
    )
    best = set(live.filter(families.best(live))["fingerprint"])
    mixed = live.sample(fraction=1, shuffle=True, seed=abs(seed) % 2**32)
    assert set(mixed.filter(families.best(mixed))["fingerprint"]) == best
    assert len(best) == live["family"].n_unique()
