"""/opportunity and /why: one trade with what decides about it; parts that add up; who was told."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pytest_django import Settings

from accounts.models import User
from arbedge.names import Event, Reason, State, Tier
from notifications.bot import words
from notifications.bot.commands.why import rounded
from notifications.bot.groups import chat_admins
from notifications.codes import Why
from notifications.models import Delivery
from notifications.writing import facts_now
from opportunities.breakdown import waterfall
from tests.notifications import events
from tests.notifications.bot.asking import ask, group, press
from tests.notifications.bot.living import gap, live, reader, seen_by, too_wide
from tests.notifications.factories import NOON, ChatFactory, DeliveryFactory
from tests.opportunities.factories import (
    FollowedFactory,
    OpportunityEventFactory,
    OutcomeFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_cache")]
MINUTE = timedelta(minutes=1)
GROUP = group(-1_001_889, "Traders")
THIN = "\u2009"


@pytest.fixture
def ada() -> User:
    return reader(time_zone="Europe/Madrid")


def figures(text: str) -> list[float]:
    """The per cents at the lines' ends, the parts first, the net after them."""
    table, _, _ = text.partition("\nWhat was checked")
    _, _, table = table.partition("Where the net comes from\n")
    return [float(line.split()[-1].replace("−", "-").rstrip("%")) for line in table.splitlines()]


# One opportunity.


def test_it_is_told_as_messages_tell_it(ada: User) -> None:
    one = live("WIF")

    text = ask(ada, f"/opportunity {one.pk}").text

    sentence = (
        f"Long WIF on OKX, short on Bybit: +0.42{THIN}% expected in 72{THIN}h after 0.25{THIN}% "
        f"costs; pays for itself after 25{THIN}h."
    )
    for line in (
        f"🟢 WIF funding +0.42{THIN}% net in 72{THIN}h (51{THIN}% APR)",
        sentence,
        f"▲ Long OKX +0.0089{THIN}% / 4{THIN}h",
        f"▼ Short Bybit +0.0900{THIN}% / 8{THIN}h",
        f"Costs 0.25{THIN}% · +0.40{THIN}% at $1{THIN}k",
        f"Even after 25{THIN}h · risk low",
        f"Next payment in 38{THIN}min · data 3{THIN}s old",
        f"Confidence 82{THIN}%",
    ):
        assert line in text.splitlines()


@pytest.mark.parametrize("command", ["opportunity", "why"])
def test_a_coin_means_its_best(ada: User, command: str) -> None:
    live("WIF", net=0.0031, short_venue="binance")
    best = live("WIF", net=0.0042)
    assert ask(ada, f"/{command} wif").text == ask(ada, f"/{command} {best.pk}").text


@pytest.mark.parametrize("command", ["opportunity", "why"])
def test_a_coin_that_does_not_pay_leads_on(ada: User, command: str) -> None:
    said = ask(ada, f"/{command} DOGE")
    assert said.text == "Nothing of DOGE pays now."
    assert said.buttons == {"Opportunities": "opportunities all", "Funding": "funding DOGE"}


@pytest.mark.parametrize("command", ["opportunity", "why"])
def test_of_a_coin_the_tier_holds_back_the_reason_is_told(command: str) -> None:
    live("WIF", shelves=0)
    said = ask(reader(Tier.FREE), f"/{command} WIF").text
    assert "Free shows the beginners’ shelves." in said


@pytest.mark.parametrize("command", ["opportunity", "why"])
def test_a_command_pressed_in_the_menu_is_told_what_it_lacks(ada: User, command: str) -> None:
    said = ask(ada, f"/{command}")
    assert said.text.endswith(f"/{command} WIF")
    assert said.buttons == {"Opportunities": "opportunities all"}


def test_what_is_neither_number_nor_coin_is_said_so(ada: User) -> None:
    assert "is no coin" in ask(ada, f"/why {'9' * 60}").text


def test_its_buttons_are_why_chart_mute_and_its_page(ada: User, settings: Settings) -> None:
    settings.SITE_URL = "https://arb.example/"
    one = live("WIF")

    assert ask(ada, f"/opportunity {one.pk}").buttons == {
        "Why?": f"why {one.pk}",
        "Chart": f"picture {one.pk}",
        "Mute WIF": "mute $WIF 24",
        "Open": f"https://arb.example/o/{one.pk}",
        "Refresh": f"opportunity {one.pk}",
        "Opportunities": "opportunities all",
    }


def test_a_spot_gap_pays_at_once(ada: User) -> None:
    text = ask(ada, f"/opportunity {gap('SXP').pk}").text

    assert "Buy SXP on OKX, sell on Bybit" in text
    assert "▼ Sell Bybit at 2.012" in text
    assert "Pays at once · risk low" in text
    assert "Next payment" not in text


def test_costs_that_are_not_earned_are_told(ada: User) -> None:
    text = ask(ada, f"/opportunity {live('WIF', break_even_at=None).pk}").text

    assert f"it does not pay for itself within 288{THIN}h." in text
    assert f"Not even within 288{THIN}h" in text


def test_doubts_and_others_of_the_family_are_named(ada: User) -> None:
    one = live("WIF", reasons=1 << Reason.NO_HISTORY)
    live("WIF", net=0.003, short_venue="binance")

    text = ask(ada, f"/opportunity {one.pk}").text

    assert "Careful: no settled history: half of the later payments is believed." in text
    assert f"Also: OKX/Binance +0.30{THIN}%" in text


def test_a_group_gets_no_figures_of_a_person(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_admins, "is_admin", lambda *_: False)
    ChatFactory(telegram_id=GROUP["id"], registered_by=ada, horizon_hours=24)
    one = live("WIF")

    said = ask(reader(notional_usd=5_000), f"/opportunity {one.pk}", chat=GROUP)

    assert f"+0.13{THIN}% net in 24{THIN}h" in said.text
    assert "Mute WIF" not in said.buttons
    assert "For you" not in ask(ada, f"/why {one.pk}", chat=GROUP).text


@pytest.mark.parametrize("age", [timedelta(seconds=40), timedelta(minutes=9)])
def test_old_figures_are_struck_through_and_named(ada: User, age: timedelta) -> None:
    one = live("WIF", as_of=NOON - age)

    said = ask(ada, f"/opportunity {one.pk}")

    assert "<s>+0.42" in said.html
    assert "Do not act on them." in said.text
    assert said.text.startswith("⚠ WIF")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"state": State.FADING}, "⚠ Fading: below what it must pay"),
        ({"state": State.HELD, "held_since": NOON, "held_from": "open"}, "⚠ Held: an exchange"),
        ({"settling": True}, "A settlement is under way"),
    ],
    ids=["fading", "held", "settling"],
)
def test_where_it_stands_is_said(ada: User, values: dict[str, object], words: str) -> None:
    assert words in ask(ada, f"/opportunity {live('WIF', **values).pk}").text


def test_a_closed_one_says_why_what_was_promised_and_what_came_of_it(ada: User) -> None:
    one = live("WIF", closed=True, close_reason="gate", promise_net=0.0042)
    OpportunityEventFactory(
        opportunity=one, type=Event.CLOSED, at=NOON, reason="gate:network_closed"
    )
    OutcomeFactory(followed=FollowedFactory(opportunity=one), total=0.0031)

    said = ask(ada, f"/opportunity {one.pk}")

    assert said.text.splitlines()[:3] == [
        f"■ Closed after 2{THIN}h: WIF funding",
        "Why: deposits or withdrawals are closed.",
        f"Promised +0.42{THIN}%, on paper so far +0.31{THIN}%.",
    ]


def test_of_a_closed_one_nobody_followed_the_outcome_is_unknown(ada: User) -> None:
    text = ask(ada, f"/opportunity {live('WIF', closed=True).pk}").text

    assert f"Promised +0.42{THIN}%. What it has paid on paper is unknown so far." in text


def test_what_was_opened_counts_as_seen(ada: User) -> None:
    ask(ada, f"/opportunity {live('WIF').pk}")

    assert seen_by(ada) == 1


def test_an_unknown_one_is_told_so(ada: User) -> None:
    assert "There is no opportunity 99." in ask(ada, "/opportunity 99").text


# Refusals.


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"shelves": 0}, "Free shows the beginners’ shelves."),
        ({"opened_at": NOON - 2 * MINUTE},
         f"5{THIN}min after they opened: come back in 3{THIN}min."),
    ],
    ids=["shelf", "delay"],
)  # fmt: skip
@pytest.mark.parametrize("command", ["opportunity", "why", "picture"])
def test_what_a_tier_does_not_show_is_refused_with_the_next_step(
    values: dict[str, object], words: str, command: str
) -> None:
    free, one = reader(Tier.FREE), live("WIF", **values)

    said = press(free, f"{command} {one.pk}")

    assert words in said.text
    assert "/subscription" in said.text
    assert "+0.42" not in said.text
    assert seen_by(free) == 0


def test_the_sixth_of_an_hour_is_refused() -> None:
    free = reader(Tier.FREE)

    said = [ask(free, f"/opportunity {live(f'C{n}').pk}").text for n in range(6)]

    assert all("🟢" in text for text in said[:5])
    assert "Free shows 5 opportunities an hour" in said[5]


@pytest.mark.parametrize(("language", "words"), [("es", "vuelve en"), ("fr", "revenez dans")])
def test_refusals_speak_the_readers_language(language: str, words: str) -> None:
    one = live("WIF", opened_at=NOON - 2 * MINUTE)

    assert words in ask(reader(Tier.FREE, language=language), f"/opportunity {one.pk}").text


# Why: the parts.


@pytest.mark.parametrize("make", [live, gap])
def test_the_parts_add_up_to_the_net_by_hand(ada: User, make: object) -> None:
    one = make("WIF")  # type: ignore[operator]

    *parts, net = figures(ask(ada, f"/why {one.pk}").text)

    assert round(sum(parts), 3) == net == round(one.net * 100, 3)


def test_another_cohorts_net_follows_by_its_difference() -> None:
    other = reader(horizon_hours=24)

    *_, net, difference, own = figures(ask(other, f"/why {live('WIF').pk}").text)

    assert (net, difference, own) == (0.42, -0.29, 0.13)


@pytest.mark.parametrize("language", ["en", "es", "fr"])
@pytest.mark.parametrize("make", [live, gap])
def test_tables_are_no_wider_than_a_phone(language: str, make: object) -> None:
    who = reader(language=language, number_format="space")
    one = make("WIF", long_venue="cryptocom", short_venue="kucoinfutures")  # type: ignore[operator]

    html = ask(who, f"/why {one.pk}").html

    assert html.count("<pre>") == 2
    assert too_wide(html) == []


@pytest.mark.parametrize("language", ["es", "fr"])
def test_every_part_and_gate_has_words_of_the_language(language: str) -> None:
    one = live("WIF")

    text = ask(reader(language=language), f"/why {one.pk}").text

    english = {part.label for part in waterfall(one)[:-1]}
    assert not any(label in text for label in english)
    assert not any(word in text for word in ("data age", "spread", "within", "open interest"))


@pytest.mark.parametrize(
    ("values", "total"),
    [([0.000014, 0.000014, 0.000014], 0.000042), ([0.00123456, -0.00003456], 0.0012), ([], 0.0),
     ([0.1] * 3, 0.3), ([*[0.000014] * 3, 0.0000151], 0.0000571)],
)  # fmt: skip
def test_rounded_parts_add_up_to_the_rounded_total(values: list[float], total: float) -> None:
    shown = rounded(values, total, 3)

    if values:
        assert round(sum(shown), 9) == round(total, 5)
    assert all(abs(a - b) <= 1.01e-5 for a, b in zip(shown, values, strict=True))


# Why: the gates and the message.


def test_gates_stand_with_what_was_seen_and_the_limit(ada: User) -> None:
    html = ask(ada, f"/why {live('WIF').pk}").html

    assert "▲ OKX" in html
    assert "data age" in html
    assert "≤ 30s" in html
    assert "≥ 0.150%" in html
    assert "⚠" not in html.split("What was checked")[1]


def test_a_gate_that_fails_is_marked(ada: User) -> None:
    html = ask(ada, f"/why {live('WIF', long_bid=1.9, long_ask=2.1).pk}").html

    (line,) = [line for line in html.splitlines() if line.endswith("⚠")]
    assert "spread" in line


def test_in_private_it_says_why_one_was_told(ada: User) -> None:
    one = events.opportunity(asset="WIF", opened_at=NOON)
    message = events.told(one, Event.OPENED)
    made: Delivery = DeliveryFactory(
        message=message, recipient_id=ada.pk, state="sent", sent_at=NOON, channel=0
    )

    text = ask(ada, f"/why {one.pk}").text

    assert made.recipient_id == ada.pk
    assert "For you\nIt was sent to you by telegram at 13:00." in text


def test_or_why_one_was_not(ada: User) -> None:
    one = events.opportunity(asset="WIF", opened_at=NOON, shelves=4)
    events.told(one, Event.OPENED)
    who = reader(assets_out=["WIF"])

    assert "You asked never to hear of WIF." in ask(who, f"/why {one.pk}").text


@pytest.mark.parametrize(
    ("language", "words"),
    [("es", "Dejaste fuera esta moneda"), ("fr", "Vous avez écarté cette monnaie")],
)
def test_the_reason_is_told_in_other_languages(language: str, words: str) -> None:
    one = events.opportunity(asset="WIF", opened_at=NOON, shelves=4)
    events.told(one, Event.OPENED)
    who = reader(assets_out=["WIF"], language=language)

    assert words in ask(who, f"/why {one.pk}").text


def test_of_what_nobody_was_told_it_says_so(ada: User) -> None:
    assert "Nobody was told of it yet." in ask(ada, f"/why {live('WIF').pk}").text


# The facts.


def test_facts_of_now_are_those_of_messages() -> None:
    one = events.opportunity(asset="WIF", opened_at=NOON)
    events.opportunity(asset="WIF", net=0.003, short_venue="binance", best=False)
    message = events.told(one, Event.OPENED)

    found = facts_now.of(one)

    assert set(found) == set(message.facts)
    own = {"old_net", "close_reason"}  # a message's are those of its event
    for name in set(found) - own:
        assert _plain(found[name]) == _plain(message.facts[name]), name


def _plain(value: object) -> object:
    """Times as moments, whichever way they are written."""
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, str) and value[:4].isdigit():
        return value.replace("+00:00", "").rstrip("0").rstrip(".:")
    return value


@pytest.mark.parametrize("language", ["en", "es", "fr"])
@pytest.mark.parametrize("why", [one for one in Why if one is not Why.CHAT_PAUSED])
def test_every_rule_has_words_in_every_language(language: str, why: Why) -> None:
    assert words.known(f"opportunities.told.{why.code}")
    assert words.say(language, f"opportunities.told.{why.code}")


@pytest.mark.parametrize("code", ["age", "spread", "rate", "pays", "depth", "thin_volume",
                                  "thin_interest", "volatile"])  # fmt: skip
def test_every_gate_has_words(code: str) -> None:
    assert words.known(f"opportunities.gate.{code}")


def test_a_signal_is_called_no_arbitrage(ada: User) -> None:
    alone = {"short": None, "short_venue": "", "short_symbol": "", "short_market": ""}
    nothing = dict.fromkeys(("short_bid", "short_ask", "short_rate", "short_interval_hours",
                             "short_next_at", "short_age_ms", "gap", "first", "later", "k", "cost",
                             "gross_announced", "net_announced"))  # fmt: skip
    one = live("WIF", kind="technical", short_fee_bps=0.0, **alone, **nothing)

    text = ask(reader(experience="advanced"), f"/opportunity {one.pk}").text

    assert "WIF on OKX: a signal of a rule, no arbitrage." in text
    assert "▼" not in text
