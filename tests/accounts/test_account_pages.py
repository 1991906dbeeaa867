"""The account pages: what they show, what they refuse and how, and what they cost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from accounts import agents, offers, preferences, subscriptions, tiers, tokens, usage, vault
from accounts.credentials import KeyRefused, Rights, Secret, Unchecked
from accounts.models import (
    Affiliate,
    ApiToken,
    Invitation,
    KeyKind,
    KeyState,
    Preferences,
    ReferralCode,
    Session,
    StoredKey,
    TierSource,
    User,
)
from arbedge.names import Door, Role, Tier
from tests.accounts.factories import SessionFactory, UserFactory
from tests.accounts.web import body, fresh_cache, log_in

pytestmark = pytest.mark.django_db
PAGES = ("/account", "/account/profile", "/account/sessions", "/account/keys", "/account/tokens",
         "/account/preferences", "/account/invitations")  # fmt: skip
KEY, SECRET, PHRASE = "ak-9f27canaryKEY4242", "canary-secret-5b1e9d", "canary phrase"
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture(autouse=True)
def _fresh() -> None:
    fresh_cache()


@pytest.fixture
def ada(client: Client) -> User:
    """Somebody who is logged in."""
    user = UserFactory(name="Ada")
    log_in(client, user)
    return user


@pytest.fixture
def asked() -> Iterator[list[Secret]]:
    """Exchanges say that every key may read and trade; what they were asked about."""
    seen: list[Secret] = []

    def check(secret: Secret) -> Rights:
        seen.append(secret)
        return Rights(read=True, trade=True, withdraw=False, ip_bound=True)

    before = dict(vault._validators)
    vault.validator(KeyKind.EXCHANGE, check)
    vault.validator(KeyKind.AI, check)
    yield seen
    vault._validators.clear()
    vault._validators.update(before)


def answer(error: Exception) -> None:
    """Exchanges answer every question about a key with this error."""

    def check(_: Secret) -> Rights:
        raise error

    vault.validator(KeyKind.EXCHANGE, check)


def wrong(response: Any) -> str:
    """What a refused form says."""
    assert response.status_code == 422
    page = body(response)
    return " ".join(part.partition("<")[0] for part in page.split('class="wrong"')[1:]) + " ".join(
        part.partition("</p>")[0] for part in page.split('role="alert"')[1:]
    )


# All pages.


@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_names_itself_and_is_kept_nowhere(
    client: Client, ada: User, page: str
) -> None:
    response = client.get(page)
    assert response.status_code == 200
    assert response["Cache-Control"] == "no-store, private"
    assert f'href="{page}" aria-current="page"' in body(response)


@pytest.mark.parametrize(
    ("page", "most"),
    [("/account", 2), ("/account/profile", 1), ("/account/sessions", 1), ("/account/keys", 2),
     ("/account/tokens", 1), ("/account/preferences", 2), ("/account/invitations", 9)],
)  # fmt: skip
def test_a_page_costs_few_queries_however_much_it_shows(
    client: Client, ada: User, page: str, most: int,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:  # fmt: skip
    for number in range(20):
        SessionFactory(user=ada, door=Door.WEB, expires_at=datetime.now(UTC) + timedelta(days=1))
        tokens.make(ada, f"t{number}", ["read"], None, door=Door.WEB, now=datetime.now(UTC))
    client.get(page)
    with django_assert_max_num_queries(most):
        assert client.get(page).status_code == 200


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("name", [SCRIPT, "🦊👩‍👩‍👧", "שלום עליكم", "A" * 128])
def test_names_of_every_kind_are_shown_as_text(client: Client, page: str, name: str) -> None:
    log_in(client, UserFactory(name=name))
    assert SCRIPT not in body(client.get(page))


def test_posts_from_other_sites_are_refused(ada: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    log_in(strict, ada)
    for page in ("/account/profile", "/account/tokens", "/account/keys/exchange", "/logout",
                 "/account/preferences", "/account/sessions/others/end"):  # fmt: skip
        assert strict.post(page, {}).status_code == 403, page


# The overview.


def test_the_overview_tells_tier_limits_and_what_more_there_is(client: Client, ada: User) -> None:
    page = body(client.get("/account"))
    assert "Your tier: Free" in page
    assert "300 s after they are found" in page
    assert "Kinds: technical" in page
    assert "$29" in page


def test_the_overview_tells_since_when_until_when_and_whence(client: Client, ada: User) -> None:
    subscriptions.grant(
        ada, Tier.PREMIUM, ends_at=datetime(2027, 3, 3, 12, tzinfo=UTC), source=TierSource.PAID,
        door=Door.TASK,
    )  # fmt: skip
    fresh_cache()
    page = body(client.get("/account"))
    assert "Your tier: Premium" in page
    assert "3 Mar 2027" in page
    assert "paid" in page


def test_the_beta_is_told_with_what_follows_it(client: Client, ada: User) -> None:
    until = datetime.now(UTC) + timedelta(days=90)
    subscriptions.grant_beta(ada, until, door=Door.TASK)
    fresh_cache()
    page = body(client.get("/account"))
    assert "Your tier: Premium" in page
    assert "After the beta" in page


def test_use_is_shown_where_it_is_counted_and_invented_nowhere(
    client: Client, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usage, "_counters", {})
    assert "USED" not in body(client.get("/account"))
    usage.register("pushes_per_day", lambda _user, _now: 19)
    page = body(client.get("/account"))
    assert "USED" in page
    assert "width:95%" in page
    assert page.count("not counted") == len(tiers.COUNTED) - 1


def test_only_limits_of_tiers_are_counted() -> None:
    with pytest.raises(ValueError, match="no limit"):
        usage.register("beers_per_day", lambda _user, _now: 1)


def test_no_cap_has_no_share() -> None:
    assert usage.Line("x", "x", None, 5).share is None
    assert usage.Line("x", "x", 10, 50).share == 100


def test_each_tier_adds_something_to_the_one_below() -> None:
    table = tiers.table()
    for lower, higher in zip(list(Tier), list(Tier)[1:], strict=False):
        assert offers.adds(table[lower], table[higher]), higher
        assert offers.adds(table[higher], table[higher]) == []


# The profile.


def profile(**changed: str) -> dict[str, str]:
    """A valid profile with this changed."""
    return {"name": "Ada", "language": "en", "time_zone": "UTC", "country": ""} | changed


def test_a_profile_is_saved(client: Client, ada: User) -> None:
    told = profile(name="🦊 Ada", language="fr", time_zone="europe/madrid", country="ES")
    assert "saved" in body(client.post("/account/profile", told, follow=True))
    ada.refresh_from_db()
    assert (ada.name, ada.language, ada.time_zone, ada.country) == (
        "🦊 Ada", "fr", "Europe/Madrid", "ES"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"time_zone": "Europe/Madird"}, "Did you mean Europe/Madrid?"),
        ({"time_zone": ""}, "required"),
        ({"time_zone": "../../etc/passwd"}, "no time zone"),
        ({"time_zone": "Z" * 65}, "at most 64"),
        ({"language": "de"}, "not one of the available choices"),
        ({"country": "XX"}, "not one of the available choices"),
        ({"name": "A" * 129}, "at most 128 characters"),
        ({"name": "\u202e"}, "needs a letter"),
    ],
)
def test_a_bad_profile_is_refused_beside_its_field(
    client: Client, ada: User, changed: dict[str, str], words: str
) -> None:
    response = client.post("/account/profile", profile(**changed))
    assert words in wrong(response).replace("&#x27;", "'")


def test_of_a_half_bad_profile_nothing_is_saved(client: Client, ada: User) -> None:
    client.post("/account/profile", profile(name="Countess", time_zone="Nowhere/Land"))
    ada.refresh_from_db()
    assert ada.name == "Ada"


def test_what_was_entered_wrongly_can_be_mended(client: Client, ada: User) -> None:
    page = body(client.post("/account/profile", profile(time_zone="Europe/Madird")))
    assert 'value="Europe/Madird"' in page
    assert 'aria-invalid="true"' in page


# Sessions.


def test_sessions_are_listed_with_door_browser_and_address(client: Client, ada: User) -> None:
    SessionFactory(user=ada, expires_at=datetime.now(UTC) + timedelta(days=1))
    page = body(client.get("/account/sessions"))
    assert "Firefox on Linux" in page
    assert "192.0.2.7" in page
    assert "Telegram bot" in page
    assert page.count("this one") == 1


def test_ending_a_session_is_asked_about_first(client: Client, ada: User) -> None:
    other = log_in(Client(), ada)
    assert "End this session?" in body(client.get(f"/account/sessions/{other}/end"))
    assert Session.objects.get(pk=other).state == "active"
    client.post(f"/account/sessions/{other}/end")
    ended = Session.objects.get(pk=other)
    assert (ended.outcome, ended.ended_by) == ("logout", ada)


@pytest.mark.django_db(transaction=True)
def test_ending_this_session_logs_out(client: Client, ada: User) -> None:
    mine = Session.objects.get().pk
    assert "you will be logged out" in body(client.get(f"/account/sessions/{mine}/end"))
    response = client.post(f"/account/sessions/{mine}/end", follow=True)
    assert response.redirect_chain[-1][0].startswith("/login")


def test_all_others_can_be_ended_at_once(client: Client, ada: User) -> None:
    mine = Session.objects.get().pk
    for _ in range(3):
        log_in(Client(), ada)
    eve = log_in(Client(), UserFactory())
    assert "End 3 other sessions?" in body(client.get("/account/sessions/others/end"))
    assert "Ended 3 sessions" in body(client.post("/account/sessions/others/end", follow=True))
    left = set(Session.objects.filter(state="active").values_list("pk", flat=True))
    assert left == {mine, eve}


def test_nobody_sees_or_ends_anothers_session(client: Client, ada: User) -> None:
    eve = log_in(Client(), UserFactory())
    address = f"/account/sessions/{eve}/end"
    assert client.get(address).status_code == 404
    assert client.post(address).status_code == 404
    assert Session.objects.get(pk=eve).state == "active"


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko Firefox/140.0", "Firefox on Linux"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18 Safari/604.1",
         "Safari on iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/140 Safari/537 Edg/140", "Edge on Windows"),
        ("curl/8.5", "curl"),
        ("", ""),
        ("<b>odd</b>" * 10, ("<b>odd</b>" * 10)[:40]),
    ],
)  # fmt: skip
def test_browsers_are_named_as_people_know_them(agent: str, words: str) -> None:
    assert agents.words(agent) == words


# Keys.


def add_key(client: Client, **changed: str) -> Any:
    """Adds an exchange key by the form."""
    told = {"venue": "okx", "key": KEY, "secret": SECRET, "passphrase": PHRASE, "label": "main"}
    return client.post("/account/keys/exchange", told | changed, follow=True)


def test_a_key_is_added_with_the_rights_the_exchange_tells(
    client: Client, ada: User, asked: list[Secret]
) -> None:
    page = body(add_key(client))
    assert "OKX …4242 is added: it may read and trade" in page
    assert "may not withdraw" in page
    assert asked[0].secret.reveal() == SECRET
    assert StoredKey.objects.get().user == ada


def test_no_page_shows_a_key_again(client: Client, ada: User, asked: list[Secret]) -> None:
    shown = body(add_key(client)) + "".join(body(client.get(page)) for page in PAGES)
    answer(KeyRefused("This key is wrong.", code="key_wrong", field="key"))
    shown += body(add_key(client, key=KEY + "2", secret=SECRET))
    for canary in (KEY, SECRET, PHRASE):
        assert canary not in shown


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize(
    ("error", "words"),
    [
        (KeyRefused("Not so.", code="passphrase_wrong", field="passphrase"), "Not so."),
        (Unchecked("OKX cannot be asked now.", code="venue_unreachable"), "cannot be asked"),
    ],
)  # fmt: skip
def test_a_refused_key_says_why_and_nothing_is_kept(
    client: Client, ada: User, error: Exception, words: str
) -> None:
    answer(error)
    assert words in wrong(add_key(client))
    assert not StoredKey.objects.exists()


@pytest.mark.usefixtures("asked")
def test_a_key_that_may_withdraw_is_refused(client: Client, ada: User) -> None:
    rights = Rights(read=True, trade=True, withdraw=True)
    vault.validator(KeyKind.EXCHANGE, lambda _: rights)
    assert "may withdraw" in wrong(add_key(client))
    assert not StoredKey.objects.exists()


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize(
    "changed",
    [{"venue": "nowhere"}, {"key": ""}, {"key": "short"}, {"secret": ""}, {"key": "ключ" * 5},
     {"label": "l" * 41}, {"secret": "s" * 9000}],
)  # fmt: skip
def test_bad_entries_are_told(client: Client, ada: User, changed: dict[str, str]) -> None:
    assert wrong(add_key(client, **changed))
    assert not StoredKey.objects.exists()


@pytest.fixture
def key(client: Client, ada: User, asked: list[Secret]) -> StoredKey:
    """A key of Ada's."""
    add_key(client)
    return StoredKey.objects.get()


def test_a_key_is_disabled_and_enabled(client: Client, key: StoredKey) -> None:
    client.post(f"/account/keys/{key.pk}/disable")
    key.refresh_from_db()
    assert key.state == KeyState.DISABLED
    assert "is used again" in body(client.post(f"/account/keys/{key.pk}/enable", follow=True))
    key.refresh_from_db()
    assert key.state == KeyState.ACTIVE


def test_a_key_gets_a_label(client: Client, key: StoredKey) -> None:
    client.post(f"/account/keys/{key.pk}/label", {"label": "🦊 second"})
    key.refresh_from_db()
    assert key.label == "🦊 second"
    assert wrong(client.post(f"/account/keys/{key.pk}/label", {"label": "l" * 41}))


def test_deleting_a_key_is_asked_about_first(client: Client, key: StoredKey) -> None:
    assert "for good" in body(client.get(f"/account/keys/{key.pk}/delete"))
    assert StoredKey.objects.exists()
    client.post(f"/account/keys/{key.pk}/delete")
    assert not StoredKey.objects.exists()


def test_a_key_that_is_not_accepted_any_more_says_so(client: Client, key: StoredKey) -> None:
    answer(KeyRefused("OKX does not know this key.", code="key_wrong"))
    page = body(client.post(f"/account/keys/{key.pk}/check", follow=True))
    assert "OKX does not know this key." in page
    assert "not accepted any more" in page


@pytest.mark.parametrize("deed", ["disable", "enable", "check", "delete", "label"])
def test_nobody_touches_anothers_key(client: Client, key: StoredKey, deed: str) -> None:
    stranger = Client()
    log_in(stranger, UserFactory())
    address = f"/account/keys/{key.pk}/{deed}"
    assert stranger.get(address).status_code == 404
    assert stranger.post(address, {"label": "mine"}).status_code == 404
    key.refresh_from_db()
    assert (key.state, key.label) == (KeyState.ACTIVE, "main")


@pytest.mark.parametrize("deed", ["open", "reveal", "_delete", ""])
def test_there_are_no_other_deeds(client: Client, key: StoredKey, deed: str) -> None:
    assert client.post(f"/account/keys/{key.pk}/{deed}").status_code == 404


def test_an_ai_key_is_added(client: Client, ada: User, asked: list[Secret]) -> None:
    told = {"provider": "compatible", "key": KEY, "base_url": "https://ai.example.org/v1"}
    assert "is added and answers" in body(client.post("/account/keys/ai", told, follow=True))
    assert asked[0].base_url == "https://ai.example.org/v1"


@pytest.mark.usefixtures("asked")
def test_an_ai_service_needs_a_proper_address(client: Client, ada: User) -> None:
    told = {"provider": "compatible", "key": KEY, "base_url": "http://10.0.0.1/v1"}
    assert "https address" in wrong(client.post("/account/keys/ai", told))


# Tokens.


def make_token(client: Client, **changed: Any) -> Any:
    """Makes a token by the form."""
    return client.post(
        "/account/tokens", {"name": "laptop", "scopes": ["read"], "life": "90"} | changed
    )


def test_a_token_is_shown_once(client: Client, ada: User) -> None:
    page = body(make_token(client))
    row = ApiToken.objects.get()
    token = page.partition(f"ae_{row.prefix}_")[2].partition("<")[0]
    assert tokens.check(f"ae_{row.prefix}_{token}", datetime.now(UTC)) is not None
    assert token not in body(client.get("/account/tokens"))


def test_a_token_expires_after_90_days_unless_asked_otherwise(client: Client, ada: User) -> None:
    make_token(client)
    row = ApiToken.objects.get()
    assert row.expires_at is not None
    assert row.expires_at - row.made_at == timedelta(days=90)


def test_a_token_without_end_is_warned_about(client: Client, ada: User) -> None:
    make_token(client, life="never")
    assert "never expires" in body(client.get("/account/tokens"))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"name": ""}, "Give the token a name"),
        ({"name": "n" * 41}, "at most 40"),
        ({"scopes": []}, "Choose what"),
        ({"scopes": ["admin"]}, "not one of the available choices"),
        ({"life": "36500"}, "not one of the available choices"),
    ],
)
def test_a_bad_token_is_refused(
    client: Client, ada: User, changed: dict[str, Any], words: str
) -> None:
    assert words in wrong(make_token(client, **changed))
    assert not ApiToken.objects.exists()


def test_a_second_token_of_a_name_is_refused_beside_it(client: Client, ada: User) -> None:
    make_token(client)
    assert "You have a token named laptop" in wrong(make_token(client))


def test_a_token_is_revoked_after_a_question(client: Client, ada: User) -> None:
    make_token(client)
    row = ApiToken.objects.get()
    address = f"/account/tokens/{row.pk}/revoke"
    assert "Revoke laptop?" in body(client.get(address))
    assert "laptop is revoked" in body(client.post(address, follow=True))
    assert client.post(address).status_code == 404


def test_nobody_revokes_anothers_token(client: Client, ada: User) -> None:
    make_token(client)
    stranger = Client()
    log_in(stranger, UserFactory())
    address = f"/account/tokens/{ApiToken.objects.get().pk}/revoke"
    assert stranger.get(address).status_code == stranger.post(address).status_code == 404
    assert ApiToken.objects.get().revoked_at is None


def test_staff_may_give_the_scope_to_administer(client: Client) -> None:
    log_in(client, UserFactory(role=Role.ADMIN))
    make_token(client, scopes=["admin"])
    assert ApiToken.objects.get().scopes == ["admin"]


# Preferences.


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
        ({"min_net": "a lot"}, "is not a number"),
        ({"min_net": "80"}, "from -0.1 to 0.5"),
        ({"min_net": ""}, "is not a number"),
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


# Invitations.


def test_a_code_is_made_shown_and_withdrawn(client: Client, ada: User) -> None:
    page = body(client.post("/account/invitations/make", follow=True))
    row = Invitation.objects.get()
    assert row.inviter == ada
    assert f"/login?code={row.start}" in page
    address = f"/account/invitations/{row.pk}/revoke"
    assert "Withdraw the code" in body(client.get(address))
    client.post(address)
    row.refresh_from_db()
    assert row.revoked_at is not None


def test_nobody_withdraws_anothers_code(client: Client, ada: User) -> None:
    stranger = Client()
    log_in(stranger, UserFactory())
    stranger.post("/account/invitations/make")
    address = f"/account/invitations/{Invitation.objects.get().pk}/revoke"
    assert client.get(address).status_code == client.post(address).status_code == 404


def test_the_referral_code_can_be_chosen(client: Client, ada: User) -> None:
    client.post("/account/invitations/code", {"code": "ada2026"})
    assert ReferralCode.objects.get(user=ada).code == "ADA2026"


@pytest.mark.parametrize("code", ["", "ADA", "A" * 13, "🦊🦊🦊🦊🦊🦊", "SUPPORT1", SCRIPT])
def test_a_bad_referral_code_is_refused_beside_its_field(
    client: Client, ada: User, code: str
) -> None:
    response = client.post("/account/invitations/code", {"code": code})
    assert wrong(response)
    assert SCRIPT not in body(response)


def test_a_code_that_is_taken_is_refused(client: Client, ada: User) -> None:
    ReferralCode.objects.create(user=UserFactory(), code="TAKEN123")
    response = client.post("/account/invitations/code", {"code": "TAKEN123"})
    assert "Somebody has this code" in wrong(response)


def test_an_invitation_can_be_redeemed_later(client: Client, ada: User) -> None:
    giver = Client()
    log_in(giver, UserFactory(date_joined=datetime(2026, 1, 1, tzinfo=UTC)))
    page = body(giver.post("/account/invitations/make", follow=True))
    code = page.partition("/login?code=")[2][:8]
    answered = body(client.post("/account/invitations/redeem", {"code": code}, follow=True))
    assert "The code is accepted" in answered
    assert "Were you given a code?" not in answered


def test_ones_own_code_is_refused(client: Client, ada: User) -> None:
    page = body(client.post("/account/invitations/make", follow=True))
    code = page.partition("/login?code=")[2][:8]
    assert "your own" in wrong(client.post("/account/invitations/redeem", {"code": code}))


def test_the_bot_is_named_in_links_where_there_is_one(
    client: Client, ada: User, settings: Settings
) -> None:
    settings.BOT_NAME = "arbedge_bot"
    assert "https://t.me/arbedge_bot?start=ref_" in body(client.get("/account/invitations"))


# Affiliates.

PITCH = "I write a newsletter about funding rates for four thousand people."


def test_somebody_applies_and_sees_where_it_stands(client: Client, ada: User) -> None:
    told = {"site": "https://ada.example.org", "pitch": PITCH}
    page = body(client.post("/account/affiliate", told, follow=True))
    assert "waits for its review" in page
    assert Affiliate.objects.get().user == ada


@pytest.mark.parametrize(
    "changed", [{"pitch": ""}, {"pitch": "x" * 2001}, {"site": "javascript:alert(1)"}]
)
def test_a_bad_application_is_refused(client: Client, ada: User, changed: dict[str, str]) -> None:
    told = {"site": "https://ada.example.org", "pitch": PITCH} | changed
    assert wrong(client.post("/account/affiliate", told))
    assert not Affiliate.objects.exists()


def test_an_affiliate_sees_real_figures(client: Client, ada: User) -> None:
    Affiliate.objects.create(user=ada, pitch=PITCH, standing="approved", grade="silver")
    page = body(client.get("/account/affiliate"))
    assert "15\u2009%" in page
    assert page.count('data-label="yours">$0.00') == 6
    assert "● yours" in page
