"""The account pages: what they show, what they refuse and how, and what they cost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts import offers, subscriptions, tiers, tokens, usage
from accounts.models import (
    TierSource,
    User,
)
from arbedge.names import Door, Tier
from tests.accounts.factories import SessionFactory, UserFactory
from tests.accounts.web import PAGES, SCRIPT, body, fresh_cache, log_in, wrong

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
