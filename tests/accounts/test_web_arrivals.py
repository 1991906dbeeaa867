"""From Telegram's widget to a session, with and without an invitation."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from django.core import mail
from django.test import Client
from pytest_django import Settings

from accounts import invitations, referrals
from accounts.models import Invitation, Purpose, Redemption, Referral, Session, User
from arbedge.names import AccountState, Door
from tests.accounts.factories import UserFactory
from tests.accounts.test_telegram_login import BOT_TOKEN, told
from tests.accounts.web import body, fresh_cache, token_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _bot(settings: Settings) -> None:
    fresh_cache()
    settings.BOT_TOKEN, settings.BOT_NAME = BOT_TOKEN, "arbedge_bot"
    settings.SITE_URL = "https://arbedge.example.org"


def address(client: Client, **query: str) -> str:
    """Where the widget on the log-in page leads back to, in this browser."""
    page = body(client.get("/login", query))
    whole = page.partition('data-auth-url="')[2].partition('"')[0]
    assert whole.startswith("https://arbedge.example.org/login/telegram/")
    return urlsplit(whole).path


def come(client: Client, **fields: str) -> object:
    """Logs in by Telegram, now."""
    return client.get(address(client), told(at=datetime.now(UTC), **fields))


def code(**more: object) -> str:
    """An invitation code."""
    (made,) = invitations.make(Purpose.BETA, door=Door.TASK, **more)  # type: ignore[arg-type]
    return made.code


def test_somebody_new_comes_in(client: Client) -> None:
    response = come(client, first_name="Ada", last_name="🦊", username="ada")
    assert response["Location"] == "/account"  # type: ignore[index]
    user = User.objects.get(telegram_id=815)
    assert (user.name, user.telegram_name) == ("Ada 🦊", "ada")
    assert Session.objects.get().user == user


def test_a_name_chosen_here_stays_while_the_name_in_telegram_follows(client: Client) -> None:
    UserFactory(telegram_id=815, name="Countess", telegram_name="old")
    come(client, first_name="Ada", username="new")
    user = User.objects.get(telegram_id=815)
    assert (user.name, user.telegram_name) == ("Countess", "new")


def test_the_browser_s_language_is_taken_where_we_speak_it(client: Client) -> None:
    path = address(client)
    client.get(path, told(at=datetime.now(UTC)), headers={"accept-language": "es-MX,es;q=0.9"})
    assert User.objects.get().language == "es"


def test_data_begun_in_another_browser_are_refused(client: Client) -> None:
    """Nobody logs somebody else in as himself by sending him a link."""
    path = address(Client())
    response = client.get(path, told(at=datetime.now(UTC)))
    assert response.status_code == 400
    assert "another browser" in body(response)
    assert not User.objects.exists()


def test_forged_data_are_refused_with_a_clear_page(client: Client) -> None:
    response = client.get(address(client), told(at=datetime.now(UTC)) | {"id": "1"})
    assert response.status_code == 400
    assert "did not sign" in body(response)
    assert not User.objects.exists()


def test_replayed_data_are_refused(client: Client) -> None:
    path, data = address(client), told(at=datetime.now(UTC))
    client.get(path, data)
    other = Client()
    other.cookies["csrftoken"] = client.cookies["csrftoken"].value
    response = other.get(address(other), data)
    assert response.status_code == 409
    assert "used already" in body(response)


def test_a_field_told_twice_is_refused(client: Client) -> None:
    query = "&".join(f"{name}={value}" for name, value in told(at=datetime.now(UTC)).items())
    response = client.get(f"{address(client)}?{query}&id=815")
    assert response.status_code == 400
    assert "not how Telegram answers" in body(response)


def test_a_suspended_person_is_told(client: Client) -> None:
    UserFactory(telegram_id=815, state=AccountState.SUSPENDED)
    response = come(client)
    assert response.status_code == 403  # type: ignore[attr-defined]
    assert "suspended" in body(response)
    assert not Session.objects.exists()


def test_without_a_bot_the_page_says_so(client: Client, settings: Settings) -> None:
    settings.BOT_TOKEN = ""
    page = body(client.get("/login"))
    assert "not set up" in page
    assert "telegram.org" not in page


def test_the_page_names_the_consent(client: Client) -> None:
    assert "a session begins, lasts seven days" in body(client.get("/login"))


# By invitation only.


@pytest.fixture
def closed(settings: Settings) -> None:
    """ArbEdge is open to invited people."""
    settings.INVITE_ONLY = True


@pytest.mark.usefixtures("closed")
def test_somebody_new_is_asked_for_a_code_before_anything_is_kept(client: Client) -> None:
    response = come(client)
    assert response["Location"] == "/login/code"  # type: ignore[index]
    assert "enter the code" in body(client.get("/login/code"))
    assert not User.objects.exists()


@pytest.mark.usefixtures("closed")
def test_a_code_lets_in_and_gives_the_beta(client: Client) -> None:
    given = code()
    come(client)
    response = client.post("/login/code", {"code": f" {given.lower()} "})
    assert response["Location"] == "/account"
    user = User.objects.get()
    assert user.beta_until is not None
    assert Redemption.objects.get().user == user


@pytest.mark.usefixtures("closed")
def test_a_code_from_the_address_is_filled_in(client: Client) -> None:
    client.get(address(client, code="7KQ2M9XB", next="/o/5"), told(at=datetime.now(UTC)))
    assert 'value="7KQ2M9XB"' in body(client.get("/login/code"))


@pytest.mark.usefixtures("closed")
@pytest.mark.parametrize("typed", ["", "ABC", "AAAAAAAA", "🦊" * 8, "A" * 500])
def test_a_wrong_code_leaves_nothing_behind(client: Client, typed: str) -> None:
    come(client)
    response = client.post("/login/code", {"code": typed})
    assert response.status_code == 422
    assert 'class="wrong"' in body(response)
    assert not User.objects.exists()
    assert not Session.objects.exists()


@pytest.mark.usefixtures("closed")
def test_an_expired_code_says_so(client: Client) -> None:
    given = code()
    Invitation.objects.update(expires_at=datetime.now(UTC) - timedelta(seconds=1))
    come(client)
    assert "time is over" in body(client.post("/login/code", {"code": given}))
    assert not User.objects.exists()


@pytest.mark.usefixtures("closed")
def test_five_wrong_codes_an_hour_are_enough_even_where_nobody_is_registered(
    client: Client,
) -> None:
    come(client)
    for number in range(5):
        client.post("/login/code", {"code": f"AAAAAAA{number}"})
    page = body(client.post("/login/code", {"code": code()}))
    assert "one code too many" in page
    assert not User.objects.exists()


@pytest.mark.usefixtures("closed")
def test_somebody_who_is_in_already_needs_no_second_code(client: Client) -> None:
    given = code()
    come(client)
    client.post("/login/code", {"code": given})
    another = Client()
    data = told(at=datetime.now(UTC) - timedelta(minutes=1))
    assert another.get(address(another), data)["Location"] == "/account"


@pytest.mark.usefixtures("closed")
def test_the_same_holds_for_a_link_by_mail(client: Client) -> None:
    client.post("/login", {"email": "ada@example.org"})
    client.post("/login/link", {"token": token_of(str(mail.outbox[0].body))})
    assert not User.objects.exists()
    client.post("/login/code", {"code": code()})
    assert User.objects.get().email == "ada@example.org"


def test_the_page_for_codes_is_closed_to_whoever_proved_nothing(client: Client) -> None:
    response = client.get("/login/code", follow=True)
    assert "longer than 15 minutes" in body(response)


@pytest.mark.usefixtures("closed")
def test_the_proof_waits_15_minutes(client: Client) -> None:
    come(client)
    session = client.session
    session["arrival"] = session["arrival"] | {"until": datetime.now(UTC).timestamp() - 1}
    session.save()
    client.post("/login/code", {"code": code()})
    assert not User.objects.exists()


# By referral.


def test_a_referral_code_in_the_address_counts_for_somebody_new(client: Client) -> None:
    owner = UserFactory(date_joined=datetime(2026, 1, 1, tzinfo=UTC))
    path = address(client, ref=referrals.code_of(owner))
    client.get(path, told(at=datetime.now(UTC)))
    assert Referral.objects.get().referrer == owner


def test_a_referral_code_nobody_has_turns_nobody_away(client: Client) -> None:
    path = address(client, ref="NOBODY99")
    page = body(client.get(path, told(at=datetime.now(UTC)), follow=True))
    assert "does not count" in page
    assert User.objects.filter(telegram_id=815).exists()


def test_a_forged_target_cookie_is_ignored(client: Client) -> None:
    path = address(client)
    client.cookies["arbedge_arrival"] = '{"next": "https://evil.example.net"}'
    response = client.get(path, told(at=datetime.now(UTC)))
    assert response["Location"] == "/account"
