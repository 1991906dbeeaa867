"""Variables of what is not about one trade, where the facts are unusual."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from notifications.names import Topic, TriggerKind
from notifications.writing.other_values import Alert, Blind, Broadcast, Digest, Proof, Trial
from notifications.writing.values import Reader
from tests.notifications.factories import NOON, facts
from tests.notifications.writing.reading import later, reader, told


def typed(text: str | None) -> str | None:
    """With blanks one can type."""
    return None if text is None else text.replace("\u2009", " ")


def alert(
    kind: str = "price_above", who: Reader | None = None, now_min: float = 0, **more: Any
) -> Alert:
    """An alert of this kind; what belongs to the trigger goes there, all else beside it."""
    trigger: dict[str, Any] = {
        "id": 1, "kind": kind, "subject": "WIF", "venue": "", "level": 2.5, "label": "",
    }  # fmt: skip
    trigger |= {name: more.pop(name) for name in list(more) if name in trigger}
    shown = told(Topic.ALERT, facts={"trigger": trigger, "value": 2.6, **more}, now=later(now_min))
    return Alert(shown, who or reader())


@pytest.mark.parametrize("kind", TriggerKind)
def test_every_kind_of_alert_has_value_and_level(kind: TriggerKind) -> None:
    one = alert(kind.value)
    assert one.trigger() == kind.value
    assert one.value()
    assert one.level()


def test_an_alert_of_another_kind_cannot_be_told() -> None:
    with pytest.raises(ValueError, match="full_moon"):
        alert("full_moon").trigger()


def test_an_alert_without_its_trigger_cannot_be_told() -> None:
    with pytest.raises(KeyError):
        Alert(told(Topic.ALERT, facts={"value": 1}), reader()).subject()


def test_where_a_rate_was_found_is_told_if_it_was_watched_everywhere() -> None:
    assert alert("funding_above", at="bybit").venue() == "Bybit"
    assert alert("funding_above", venue="okx", at="bybit").venue() == "OKX"
    assert alert("funding_above").venue() is None


def test_a_net_is_of_two_venues() -> None:
    assert alert("net_above", long_venue="okx", short_venue="bybit").venue() == "OKX/Bybit"
    assert alert("net_above", long_venue="okx", short_venue="").venue() == "OKX"


def test_an_alert_s_figure_ages_with_the_message() -> None:
    assert typed(alert(age_ms=1_000.0, now_min=1).data_age()) == "1 min"
    assert alert().data_age() is None


def test_spans_of_an_alert_are_told_where_they_are_known() -> None:
    one = alert(horizon_hours=72, interval_hours=8.0)
    assert (typed(one.horizon()), typed(one.interval())) == ("72 h", "8 h")
    assert (alert().horizon(), alert().interval()) == (None, None)


def test_labels_are_one_short_tame_line() -> None:
    assert alert(label="a\nb" + "x" * 100).label() == "a b" + "x" * 56 + "…"
    assert alert(label="").label() is None


def test_levels_are_written_in_the_reader_s_numbers() -> None:
    assert alert(who=reader(numbers="comma"), level=61_234.5).level() == "61.234,5"


def blind(**changes: Any) -> Blind:
    """A venue that sends nothing."""
    return Blind(told(Topic.VENUE_BLIND, facts={"venue": "okx"} | changes), reader())


def test_a_blind_venue_of_which_little_is_known() -> None:
    one = blind()
    assert one.venue() == "OKX"
    assert one.silent() is one.count() is one.assets() is None


def test_eight_coins_are_enough_to_recognise_what_it_is_about() -> None:
    names = [f"C{n}" for n in range(12)]
    assert (blind(assets=names).assets() or "").endswith("C7, …")
    assert (blind(assets=names[:8]).assets() or "").endswith("C7")


def test_a_silence_that_begins_later_than_now_is_no_time() -> None:
    assert typed(blind(since=later(5).isoformat()).silent()) == "0 s"


def digest(*nets: float) -> Digest:
    """A bundle of trades with these nets."""
    items = tuple(
        (NOON, facts(opportunity_id=n, asset=f"C{n}", net=net, net_at_size=None, cohorts=None))
        for n, net in enumerate(nets)
    )
    return Digest(told(Topic.DIGEST, items=items), reader())


def test_a_bundle_is_ordered_by_what_pays_the_reader() -> None:
    ordered = digest(0.001, 0.003, 0.002).items()
    assert ordered is not None
    assert [one.asset() for one in ordered] == ["C1", "C2", "C0"]


def test_a_bundle_counts_what_it_does_not_show() -> None:
    many = digest(*[0.001] * 13)
    assert (many.count(), many.more(), len(many.items() or [])) == ("13", "3", 10)
    assert digest(*[0.001] * 10).more() is None


def test_items_tell_when_their_figures_were_so() -> None:
    items = ((NOON - timedelta(minutes=12), facts()),)
    [one] = Digest(told(Topic.DIGEST, items=items, now=NOON), reader()).items() or []
    assert typed(one.seen()) == "12 min ago"


def test_a_broadcast_without_english_cannot_be_told_to_who_reads_it() -> None:
    words = {"title": "x", "texts": {"es": "hola"}}
    assert Broadcast(told(Topic.BROADCAST, facts=words), reader("es")).text() == "hola"
    with pytest.raises(KeyError):
        Broadcast(told(Topic.BROADCAST, facts=words), reader("fr")).text()


def test_a_heading_is_tame_even_from_an_operator() -> None:
    words = {"title": "a\nb @everyone", "texts": {"en": "x"}}
    title = Broadcast(told(Topic.BROADCAST, facts=words), reader()).title()
    assert title == "a b @\u2060everyone"


def test_a_proof_is_a_code_a_link_or_both() -> None:
    def proof(**given: Any) -> Proof:
        return Proof(told(Topic.CODE, facts={"minutes": 10} | given), reader())

    assert proof(code="123").link() is None
    assert proof(link="https://x.example/p").code() is None
    both = proof(code="123", link="https://x.example/p")
    assert both.code() == "123"
    assert both.link()
    with pytest.raises(ValueError, match="neither"):
        proof().code()


def test_a_test_message_needs_no_facts() -> None:
    assert Trial(told(Topic.TEST, facts={}), reader()).channel() is None
