"""What texts say, line by line."""

from __future__ import annotations

from typing import Any

import pytest

from arbedge.names import Channel
from notifications.names import Topic
from notifications.writing.values import MissingVariable
from tests.notifications.factories import HOUR, NOON, facts
from tests.notifications.writing.reading import TRADE, later, plain, reader, text


def lines(topic: Topic, **changes: Any) -> list[str]:
    """The lines of a Telegram message with typed blanks."""
    return plain(text(topic, **changes).body).splitlines()


def test_an_opening_says_what_it_pays_then_the_legs_the_costs_and_how_old_it_is() -> None:
    assert lines(Topic.OPENED, now=later(0.05)) == [
        "🟢 WIF funding +0.42 % net in 72 h",
        "▲ Long OKX +0.0089 % / 4 h",
        "▼ Short Bybit +0.0900 % / 8 h",
        "51 % APR · even after 24 h",
        "Costs 0.23 % · +0.40 % at $1 k",
        "Risk low · data 4 s old",
        "Next payment in 37 min",
    ]


def test_data_of_a_delayed_tier_is_as_old_as_its_delay() -> None:
    assert "data 5 min old" in lines(Topic.OPENED, now=later(5))[5]


def test_data_whose_age_nobody_knows_is_not_called_fresh() -> None:
    unknown = facts(long={"age_ms": None})
    assert "data of unknown age" in lines(Topic.OPENED, facts=unknown)[5]


def test_net_costs_and_gross_add_up_as_they_are_shown() -> None:
    odd = facts(net=0.00424, cost=0.00234, cohorts=None)
    body = plain(text(Topic.OPENED, Channel.EMAIL, facts=odd).body)
    assert "Expected before costs +0.65 %, less costs 0.23 %: net +0.42 %." in body


def test_a_trade_that_does_not_earn_its_costs_says_so() -> None:
    assert "not even within 288 h" in lines(Topic.OPENED, facts=facts(break_even_at=None))[3]


def test_what_lowers_trust_is_said() -> None:
    assert lines(Topic.OPENED, facts=facts(reasons=1 << 41))[7] == (
        "Careful: no settled history: half of the later payments is believed."
    )


def test_further_pairs_of_the_coin_are_named() -> None:
    also = [{"long_venue": "okx", "short_venue": "binance", "net": 0.0031}]
    assert lines(Topic.OPENED, facts=facts(also=also))[-1] == "Also: OKX/Binance +0.31 %"


def test_a_depth_that_nobody_knows_is_said_to_be_unknown() -> None:
    assert "depth unknown" in lines(Topic.OPENED, facts=facts(net_at_size=None, cohorts=None))[4]


def test_a_spot_gap_has_prices_and_neither_horizon_nor_payments() -> None:
    spot = facts(kind="spot", long={"market": "spot"}, short={"market": "spot"}, cohorts=None)
    assert lines(Topic.OPENED, facts=spot) == [
        "🟢 WIF spot +0.42 % net",
        "▲ Buy OKX at 2.0004",
        "▼ Sell Bybit at 2.0008",
        "Costs 0.23 % · +0.40 % at $1 k",
        "Risk low · data 5 s old",
    ]


def test_a_basis_trade_names_the_market_of_its_spot_leg() -> None:
    basis = facts(kind="basis", long={"market": "spot"})
    assert lines(Topic.OPENED, facts=basis)[1:3] == [
        "▲ Buy OKX spot at 2.0004",
        "▼ Short Bybit +0.0900 % / 8 h",
    ]


def test_a_signal_has_one_leg() -> None:
    signal = facts(kind="technical", short=None, cohorts=None)
    assert lines(Topic.OPENED, facts=signal)[1:4] == [
        "▲ Long OKX at 2.0004",
        "51 % APR · even after 24 h",
        "Costs 0.23 % · +0.40 % at $1 k",
    ]


def test_an_improvement_adds_one_quiet_line() -> None:
    assert lines(Topic.IMPROVED)[:2] == [
        "🟢 WIF funding +0.55 % net in 72 h",
        "↑ now +0.55 % (was +0.42 %)",
    ]


def test_fading_says_what_fell() -> None:
    assert lines(Topic.FADING)[0] == "⚠ WIF funding fading: net +0.12 %, Bybit’s rate fell"


def test_fading_does_not_guess_what_fell() -> None:
    assert lines(Topic.FADING, before=None)[0] == "⚠ WIF funding fading: net +0.12 %"


def test_a_closing_compares_the_promise_with_the_paper_trade() -> None:
    assert lines(Topic.CLOSED) == [
        "■ WIF funding closed after 5 h 12 min: promised +0.42 %, on paper so far +0.31 %",
        "Why: no longer pays after costs.",
    ]


def test_a_closing_without_a_paper_figure_invents_none() -> None:
    nothing = facts(paper_net=None, old_net=0.0042, close_reason="below_half")
    assert lines(Topic.CLOSED, facts=nothing, before=None) == [
        "■ WIF funding closed after 5 h 12 min: promised +0.42 %",
        "Why: pays less than half of what is needed.",
        "What it has paid on paper is unknown so far.",
    ]


def test_a_closing_names_the_gate() -> None:
    gate = facts(paper_net=0.001, close_reason="gate:wide")
    assert lines(Topic.CLOSED, facts=gate)[1] == "Why: spread too wide."


def test_the_paper_trade_is_told_with_the_reader_s_own_costs() -> None:
    cheap = facts(net=0.0, paper_net=0.0031, cohorts=two_levels(0.0, 0.0004))
    before = facts(cohorts=two_levels(0.0042, 0.0046))
    body = plain(text(Topic.CLOSED, who=vip(), facts=cheap, before=before).body)
    assert "promised +0.46 %, on paper so far +0.35 %" in body


def two_levels(net: float, vip_net: float) -> dict[str, Any]:
    """A table in which whoever is VIP on both venues pays lower fees."""
    rows = [[net] * 5, [vip_net] * 5]
    return {
        "horizons_hours": [72.0],
        "vip_levels": [0, 1],
        "notionals_usd": [100.0, 1_000.0, 5_000.0, 10_000.0, 50_000.0],
        "net": [rows],
        "net_at_size": [rows],
    }


def vip() -> Any:
    """Somebody with level 1 on every venue."""
    return reader(vip_levels=0x111111111111111)


def test_each_cohort_is_told_its_own_net_and_costs() -> None:
    told_vip = plain(
        text(Topic.OPENED, who=vip(), facts=facts(cohorts=two_levels(0.0042, 0.0046))).body
    )
    assert "+0.46 % net in 72 h" in told_vip
    assert "Costs 0.19 %" in told_vip


def test_another_horizon_has_another_net() -> None:
    week = plain(text(Topic.OPENED, who=reader(horizon_hours=168)).body)
    assert week.startswith("🟢 WIF funding +0.92 % net in 168 h\n")


def test_a_group_is_told_nobody_s_own_figures() -> None:
    post = text(Topic.OPENED, who=reader(personal=False))
    own = text(Topic.OPENED, Channel.EMAIL, reader(personal=False))
    assert "On capital" not in own.body
    assert [way.name for way in post.ways] == ["why", "chart", "open"]


def test_an_e_mail_says_what_the_capital_earns() -> None:
    assert "On capital +0.42 % at 2×." in plain(text(Topic.OPENED, Channel.EMAIL).body)


def test_a_blind_venue_says_what_is_not_known() -> None:
    assert lines(Topic.VENUE_BLIND) == [
        "ℹ OKX has sent no data for 10 min",
        "Closed without figures: 3 (WIF, SXP, APT). Whether they still pay is unknown.",
        "Look at OKX itself before you act on them.",
    ]


ALERTS = {
    "price_above": ("WIF on OKX", 2.5, 2.5312, "is above 2.5: 2.5312 now"),
    "price_below": ("WIF on OKX", 2.5, 2.4, "is below 2.5: 2.4 now"),
    "net_above": ("WIF on OKX", 0.005, 0.0061, "pays +0.61 % net, more than +0.50 %"),
    "funding_above": ("WIF on OKX", 0.0005, 0.0009, "funding 0.0900 %, more than 0.0500 %"),
    "balance_change": ("OKX", 0.1, -0.12, "balance changed by −12.00 %, more than +10.00 %"),
    "profit_and_loss": ("OKX", -50.0, -61.0, "profit and loss is −$61.00, limit −$50.00"),
}


@pytest.mark.parametrize("kind", ALERTS)
def test_an_alert_says_what_was_seen_and_what_was_asked_for(kind: str) -> None:
    whose, level, value, expected = ALERTS[kind]
    coin = whose.rpartition(" on ")[0]
    watched = {"subject": coin or "okx", "venue": "okx" if coin else "", "level": level}
    trigger = {"id": 1, "kind": kind, "label": "", **watched}
    assert lines(Topic.ALERT, facts={"trigger": trigger, "value": value}) == [
        f"ℹ {whose} {expected}"
    ]


def test_an_alert_of_a_blind_venue_says_for_how_long() -> None:
    trigger = {"id": 1, "kind": "venue_blind", "subject": "okx", "venue": "", "level": None}
    blind = {"trigger": trigger, "value": None, "since": later(-2).isoformat()}
    assert lines(Topic.ALERT, facts=blind) == ["ℹ OKX has sent no data for 2 min"]


def test_an_alert_carries_the_name_it_was_given_and_the_age_of_its_figure() -> None:
    assert lines(Topic.ALERT) == [
        "ℹ WIF/USDT on OKX is above 2.5: 2.5312 now",
        "Your alert: breakout",
        "Data 5 s old.",
    ]


def test_a_digest_has_one_line_per_opportunity_best_first() -> None:
    made = text(Topic.DIGEST, Channel.WEBHOOK, now=later(12))
    assert plain(made.body).splitlines() == [
        "ℹ 2 opportunities, best first",
        "SXP funding +0.90 % net in 72 h · OKX/Bybit · risk low · 12 min ago",
        "WIF funding +0.42 % net in 72 h · OKX/Bybit · risk low · 12 min ago",
    ]


def test_a_digest_shows_ten_and_says_how_many_there_are_more() -> None:
    many = tuple((NOON, facts(opportunity_id=n, net=n / 10_000)) for n in range(1, 15))
    body = plain(text(Topic.DIGEST, items=many).body).splitlines()
    assert len(body) == 12
    assert body[-1] == "… and 4 more on the board"


def test_a_digest_of_nothing_is_not_written() -> None:
    with pytest.raises(MissingVariable, match="items"):
        text(Topic.DIGEST, items=())


def test_a_broadcast_is_in_english_where_the_language_was_not_written() -> None:
    assert lines(Topic.BROADCAST, who=reader("es"))[1] == "De vuelta a las 10:00 UTC."
    assert lines(Topic.BROADCAST, who=reader("fr"))[1] == "Back at 10:00 UTC."


def test_a_broadcast_keeps_its_paragraphs() -> None:
    words = {"title": "News", "texts": {"en": "One.\n\nTwo."}}
    assert lines(Topic.BROADCAST, facts=words) == ["ℹ News", "One.", "", "Two."]


def test_a_code_says_what_to_do_if_nobody_asked() -> None:
    made = lines(Topic.CODE)
    assert made[0] == "ℹ Your ArbEdge code is 418203"
    assert "You did not ask for it?" in made[-1]


def test_a_proof_needs_a_code_or_a_link() -> None:
    with pytest.raises(MissingVariable):
        text(Topic.CODE, facts={"minutes": 10})


@pytest.mark.parametrize("name", ["asset", "net", "risk", "long", "kind"])
def test_without_one_of_its_facts_an_opening_is_not_written(name: str) -> None:
    broken = {key: value for key, value in TRADE.items() if key not in {name, "cohorts"}}
    with pytest.raises(MissingVariable):
        text(Topic.OPENED, facts=broken)


def test_numbers_are_written_as_the_reader_writes_them() -> None:
    assert "+0,42" in text(Topic.OPENED, who=reader(numbers="comma")).body


def test_a_moment_far_away_is_told_in_the_reader_s_zone() -> None:
    far = facts(
        long={"next_at": (NOON + 30 * HOUR).isoformat()},
        short={"next_at": (NOON + 30 * HOUR).isoformat()},
    )
    who = reader(zone="Europe/Madrid")
    assert "Next payment 22 Nov 2026 19:00 CET" in plain(
        text(Topic.OPENED, who=who, facts=far).body
    )
    assert who.style.zoned
