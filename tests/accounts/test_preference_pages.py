"""The page of preferences: every control, the presets and the way back."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest
from django.test import Client

from accounts import preferences
from accounts.models import (
    Preferences,
    User,
)
from arbedge.names import Door
from tests.accounts.factories import UserFactory
from tests.accounts.web import body, fresh_cache, log_in, wrong

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh() -> None:
    fresh_cache()


@pytest.fixture
def ada(client: Client) -> User:
    """Somebody who is logged in."""
    user = UserFactory(name="Ada")
    log_in(client, user)
    return user


class Controls(HTMLParser):
    """What a browser would post of a page's controls as they are."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.told: dict[str, Any] = {}
        self.select = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        one = dict(attrs)
        name, value = one.get("name") or "", one.get("value") or ""
        if tag == "select":
            self.select = name
        elif tag == "option" and "selected" in one:
            self.told[self.select] = value
        elif tag == "input" and one.get("type") in {"checkbox", "radio"}:
            if "checked" in one:
                self.told.setdefault(name, []).append(value or "on")
        elif tag == "input":
            self.told[name] = value


def entered(client: Client) -> dict[str, Any]:
    """The page of preferences as it would be posted untouched."""
    return Controls(body(client.get("/account/preferences"))).told


def save(client: Client, **changed: Any) -> Any:
    """Posts the page with this changed."""
    return client.post("/account/preferences", entered(client) | changed)


def test_saving_the_page_as_it_is_changes_nothing(client: Client, ada: User) -> None:
    preferences.change(
        ada.pk, {"min_net": 0.0007, "min_apr": 0.07, "leverage": 2.5, "quiet_from_min": "23:00",
                 "quiet_to_min": "07:00", "vip_levels": {"okx": 3}, "switches": {"news": "off"},
                 "assets_out": "DOGE SHIB", "venues": ["okx", "bybit"]}, door=Door.WEB,
    )  # fmt: skip
    before = Preferences.objects.get()
    assert save(client).status_code == 302
    after = Preferences.objects.get()
    assert after.version == before.version
    assert after.changed_at == before.changed_at


@pytest.mark.parametrize(
    ("changed", "column", "value"),
    [
        ({"min_net": "0.3"}, "min_net", 0.003),
        ({"min_net": "0,3 %"}, "min_net", 0.003),
        ({"kinds": ["funding", "basis"]}, "kinds", 0b101),
        ({"assets_in": "wif, btc"}, "assets_in", ["WIF", "BTC"]),
        ({"notional_usd": "5000"}, "notional_usd", 5000),
        ({"quiet_from_min": "23:30", "quiet_to_min": "07:00"}, "quiet_from_min", 1410),
        ({"executable_only": "on"}, "executable_only", True),
        ({"switches.news": "silent"}, "switches", "silent"),
        ({"vip_levels.okx": "4"}, "vip_levels", 4),
        ({"channels.1": "email", "channels.2": "telegram"}, "channels", ["email", "telegram"]),
        ({"frequency": "hourly"}, "frequency", "hourly"),
    ],
)
def test_a_change_is_saved(
    client: Client, ada: User, changed: dict[str, Any], column: str, value: Any
) -> None:
    response = save(client, **changed)
    assert response.status_code == 302, wrong(response)
    held = getattr(Preferences.objects.get(user=ada), column)
    assert value in held.values() if isinstance(held, dict) else held == value


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"min_net": "a lot"}, "from -10 to 50 per cent"),
        ({"min_net": "80"}, "from -10 to 50 per cent"),
        ({"min_net": ""}, "from -10 to 50 per cent"),
        ({"leverage": "200"}, "from 1 to 125"),
        ({"vip_levels.okx": "44"}, "from 0 to 9"),
        ({"notional_usd": "123"}, "is not one of"),
        ({"kinds": ["lottery"]}, "is not one of"),
        ({"quiet_from_min": "25:00"}, "00:00 to 23:59"),
        ({"assets_in": "A" * 30}, "is no coin"),
        ({"switches.news": "loud"}, "is not one of"),
        ({"channels.1": "email", "channels.2": "email"}, "only once"),
        ({"kinds": ["technical"]}, "Premium"),
    ],
)
def test_a_bad_change_is_refused_beside_its_field_and_nothing_is_saved(
    client: Client, ada: User, changed: dict[str, Any], words: str
) -> None:
    response = save(client, frequency="hourly", **changed)
    assert words.lower() in wrong(response).lower()
    assert not Preferences.objects.exists()


def test_what_was_entered_is_still_there_after_a_refusal(client: Client, ada: User) -> None:
    page = body(save(client, min_net="a lot", assets_in="WIF"))
    assert 'value="a lot"' in page
    assert 'value="WIF"' in page


def test_a_page_that_is_overtaken_says_so(client: Client, ada: User) -> None:
    told = entered(client)
    preferences.change(ada.pk, {"leverage": 3}, door=Door.TELEGRAM)
    response = client.post("/account/preferences", told | {"min_net": "0.3"}, follow=True)
    assert "changed elsewhere" in body(response)
    assert Preferences.objects.get().min_net == 0


def test_a_preset_is_previewed_applied_and_undone(client: Client, ada: User) -> None:
    preferences.change(ada.pk, {"min_net": 0.01}, door=Door.WEB)
    page = body(client.get("/account/preferences/preset/conservative"))
    assert "Least net" in page
    assert "0.3 %" in page
    assert Preferences.objects.get().min_net == 0.01
    page = body(client.post("/account/preferences/preset/conservative", follow=True))
    assert "You can undo it" in page
    assert Preferences.objects.get().min_net == 0.003
    client.post("/account/preferences/undo")
    assert Preferences.objects.get().min_net == 0.01


def test_a_preset_tells_what_the_tier_leaves_out(client: Client, ada: User) -> None:
    assert "Left out of" in body(client.get("/account/preferences/preset/aggressive"))


@pytest.mark.parametrize("name", ["reckless", "x" * 300, "🦊"])
def test_there_are_no_other_presets(client: Client, ada: User, name: str) -> None:
    assert client.get(f"/account/preferences/preset/{name}").status_code == 404


def test_nothing_to_undo_is_told(client: Client, ada: User) -> None:
    response = client.post("/account/preferences/undo", follow=True)
    assert "no preset of the last day" in body(response)


def test_everything_can_be_reset_after_a_question(client: Client, ada: User) -> None:
    preferences.change(ada.pk, {"min_net": 0.01}, door=Door.WEB)
    assert "default?" in body(client.get("/account/preferences/reset"))
    client.post("/account/preferences/reset")
    assert Preferences.objects.get().min_net == 0
