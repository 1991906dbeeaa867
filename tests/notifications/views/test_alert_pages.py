"""The page of alerts: set by a form, told in words, changed, paused and deleted by their owner."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from notifications.alerts import alert_words
from notifications.models import AlertTrigger
from notifications.names import TriggerKind
from tests.accounts.factories import UserFactory
from tests.accounts.web import SCRIPT, body, fresh_cache, log_in, wrong
from tests.factories import InstrumentFactory
from tests.notifications.alerts.watching import alert
from tests.notifications.factories import HOUR, MINUTE, NOON

pytestmark = pytest.mark.django_db
PATH = "/account/alerts/"
BTC = {"kind": "price_above", "subject": "btc", "level": "100000"}


@pytest.fixture
def me() -> User:
    person: User = UserFactory()
    return person


@pytest.fixture
def client(client: Client, me: User, settings: Settings) -> Client:
    fresh_cache()
    settings.VENUES, settings.EXTRA_VENUES = ["okx", "bybit"], []
    InstrumentFactory(venue="okx", asset="BTC", quote="USDT", symbol="BTC-USDT", market="spot")
    log_in(client, me)
    return client


def page(client: Client, path: str = PATH) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", body(answer))


def row(**more: Any) -> AlertTrigger:
    usual = {"kind": "price_above", "subject": "BTC/USDT", "level": 100.0, "armed": True}
    return AlertTrigger(**usual | more)


def state(**more: Any) -> tuple[str, str]:
    [line] = alert_words.lines([row(**more)], NOON)
    return line.tone, line.state


def test_an_alert_is_set_and_told_back_in_words(client: Client, me: User) -> None:
    answer = client.post(f"{PATH}add", BTC, follow=True)

    assert "You will be told when: BTC/USDT rises to 100,000." in body(answer)
    made = AlertTrigger.objects.get()
    assert (made.user, made.subject, made.level) == (me, "BTC/USDT", 100_000)


def test_fractions_are_typed_in_per_cent(client: Client) -> None:
    client.post(f"{PATH}add", {"kind": "net_above", "subject": "BTC", "level": "0.5"})
    client.post(f"{PATH}add", {"kind": "funding_above", "subject": "BTC", "level": "0.07"})
    assert dict(AlertTrigger.objects.values_list("kind", "level")) == {
        "net_above": 0.005, "funding_above": 0.0007,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"subject": ""}, "Name a coin, a pair or a venue"),
        ({"subject": "DOGE"}, "No venue here lists DOGE/USDT"),
        ({"level": ""}, "Say at which figure"),
        ({"level": "-1"}, "must lie between"),
        ({"level": "nan"}, "Enter a number"),
        ({"level": "a lot"}, "Enter a number"),
        ({"venue": "bybit"}, "bybit does not list BTC/USDT"),
        ({"venue": "mtgox"}, "Select a valid choice"),
        ({"kind": "balance_change"}, "Select a valid choice"),
        ({"label": "x" * 61}, "at most 60 characters"),
    ],
)
def test_what_cannot_be_watched_is_said_beside_its_field(
    client: Client, given: dict[str, str], said: str
) -> None:
    assert said in wrong(client.post(f"{PATH}add", {**BTC, **given}))
    assert not AlertTrigger.objects.exists()


def test_the_list_says_where_every_alert_stands(client: Client, me: User) -> None:
    alert(me, label="round", fired_at=timezone.now() - HOUR)
    alert(me, kind=TriggerKind.VENUE_BLIND, subject="okx", level=None, active=False)

    told = page(client)

    assert "BTC/USDT rises to 100" in told
    assert "round" in told
    assert "● armed" in told
    assert "OKX stops answering" in told
    assert "○ paused" in told
    assert "2 of 20" in told


@pytest.mark.parametrize(
    ("more", "tone", "said"),
    [
        ({}, "good", "armed"),
        ({"active": False}, "off", "paused"),
        ({"armed": False}, "off", "first look"),
        ({"armed": False, "fired_at": NOON - HOUR}, "off", "told; waits"),
        ({"fired_at": NOON - MINUTE}, "warn", "again in 4 min"),
        ({"fired_at": NOON - 6 * MINUTE, "hour_began": NOON - 50 * MINUTE, "fired": 10}, "warn",
         "ten times"),
        ({"hour_began": NOON - HOUR, "fired": 10}, "good", "armed"),
        ({"problem": "OKX cannot be asked now."}, "bad", "OKX cannot be asked"),
    ],
)  # fmt: skip
def test_where_an_alert_stands(more: dict[str, Any], tone: str, said: str) -> None:
    told = state(**more)
    assert told[0] == tone
    assert said in told[1].replace("\u2009", " ")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"venue": "okx"}, "BTC/USDT rises to 100 on OKX"),
        ({"kind": "price_below", "level": 0.00001234}, "BTC/USDT falls to 0.00001234"),
        ({"kind": "net_above", "subject": "WIF", "level": 0.005},
         "An opportunity in WIF pays 0.5 % net"),
        ({"kind": "funding_above", "subject": "WIF", "level": 0.0007},
         "Funding of WIF reaches 0.07 % per 8 h"),
        ({"kind": "venue_blind", "subject": "bybit", "level": None}, "Bybit stops answering"),
        ({"kind": "balance_change", "subject": "okx", "level": 0.1},
         "Your account at OKX changes by 10 %"),
        ({"kind": "profit_and_loss", "subject": "okx", "level": -250.0},
         "Your account at OKX comes to −250.00 USDT"),
    ],
)  # fmt: skip
def test_every_kind_has_its_sentence(more: dict[str, Any], words: str) -> None:
    assert alert_words.sentence(row(**more)).replace("\u2009", " ") == words


def test_an_account_tells_its_worth_and_when_it_was_read() -> None:
    watched = row(kind="profit_and_loss", subject="okx", base=500.0, seen=612.5, seen_at=NOON)
    [line] = alert_words.lines([watched], NOON + MINUTE)
    assert (
        line.more.replace("\u2009", " ") == "worth 612.50 USDT 1 min ago, compared with 500.00 USDT"
    )

    watched.seen = None
    [line] = alert_words.lines([watched], NOON)
    assert line.more.startswith("worth unknown")


def test_an_address_may_fill_the_form_in(client: Client) -> None:
    told = page(client, f"{PATH}?kind=net_above&subject=WIF&evil=1")
    assert 'value="WIF"' in told
    assert '<option value="net_above" selected>' in told


def test_an_alert_is_changed(client: Client, me: User) -> None:
    held = alert(me, kind=TriggerKind.NET_ABOVE, subject="BTC", level=0.005)
    assert 'value="0.5"' in page(client, f"{PATH}{held.pk}")

    client.post(f"{PATH}{held.pk}", {"kind": "net_above", "subject": "BTC", "level": "0.7"})

    held.refresh_from_db()
    assert held.level == 0.007


def test_a_wrong_change_leaves_the_alert_as_it_was(client: Client, me: User) -> None:
    held = alert(me)
    assert "must lie between" in wrong(client.post(f"{PATH}{held.pk}", {**BTC, "level": "0"}))
    held.refresh_from_db()
    assert held.level == 100


def test_an_alert_is_paused_and_goes_on(client: Client, me: User) -> None:
    held = alert(me)
    client.post(f"{PATH}{held.pk}/pause")
    held.refresh_from_db()
    assert not held.active
    client.post(f"{PATH}{held.pk}/go-on")
    held.refresh_from_db()
    assert held.active


def test_an_alert_is_deleted_after_a_question(client: Client, me: User) -> None:
    held = alert(me)
    assert "Delete this alert?" in page(client, f"{PATH}{held.pk}/delete")
    assert AlertTrigger.objects.exists()
    client.post(f"{PATH}{held.pk}/delete")
    assert not AlertTrigger.objects.exists()


@pytest.mark.parametrize("way", ["", "/pause", "/go-on", "/delete"])
def test_alerts_of_others_are_not_found(client: Client, way: str) -> None:
    held = alert()
    assert client.post(f"{PATH}{held.pk}{way}", BTC).status_code == 404
    assert AlertTrigger.objects.get() == held


def test_an_unknown_way_is_not_found(client: Client, me: User) -> None:
    assert client.post(f"{PATH}{alert(me).pk}/explode").status_code == 404


@pytest.mark.parametrize("path", ["add", "1/pause"])
def test_nothing_is_done_by_looking(client: Client, path: str) -> None:
    assert client.get(f"{PATH}{path}").status_code == 405


def test_what_is_typed_is_shown_as_text(client: Client) -> None:
    client.post(f"{PATH}add", {**BTC, "label": SCRIPT})
    assert SCRIPT not in page(client)
    assert SCRIPT not in body(client.post(f"{PATH}add", {**BTC, "subject": SCRIPT}))


def test_strangers_are_led_to_the_log_in() -> None:
    answer = Client().get(PATH)
    assert answer.status_code == 302
    assert "/login" in answer["Location"]


def test_the_page_is_in_the_accounts_navigation(client: Client) -> None:
    assert f'<a href="{PATH}">Alerts</a>' in page(client, "/account")


def test_accounts_are_offered_to_whoever_has_a_key(client: Client, me: User) -> None:
    assert "balance_change" not in page(client)
    me.keys.create(
        slot=1, kind="exchange", provider="okx", last4="abcd", digest=b"1" * 32, sealed="x",
        can_read=True,
    )  # fmt: skip
    assert "balance_change" in page(client)


def test_the_boards_filters_can_be_saved_as_an_alert(client: Client) -> None:
    board = body(client.get("/?coin=BTC&net=0.5"))
    link = re.search(rf'href="({PATH}[^"]+)"', board)
    assert link is not None

    form = page(client, link[1].replace("&amp;", "&"))

    assert 'value="BTC"' in form
    assert 'value="0.5"' in form
    assert '<option value="net_above" selected>' in form


def test_a_board_without_a_coin_offers_no_alert(client: Client) -> None:
    assert PATH not in body(client.get("/"))
