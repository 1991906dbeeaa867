"""The data of Telegram's log-in widget: who is believed, who is not, and why."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries, Settings

from accounts import telegram_login
from accounts.models import UsedLogin
from arbedge.errors import ArbEdgeError

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
BOT_TOKEN = "4711:a-token-of-a-bot-that-does-not-exist"


@pytest.fixture(autouse=True)
def _bot(settings: Settings) -> None:
    settings.BOT_TOKEN = BOT_TOKEN
    settings.BOT_NAME = "arbedge_bot"


def told(*, at: datetime = NOW, **fields: str) -> dict[str, str]:
    """What Telegram would tell of somebody, signed as its documentation says."""
    data = {"id": "815", "first_name": "Ada", "last_name": "Lovelace", "username": "ada",
            "auth_date": str(int(at.timestamp()))}  # fmt: skip
    data |= fields
    lines = "\n".join(f"{name}={data[name]}" for name in sorted(data))
    key = hashlib.sha256(BOT_TOKEN.encode()).digest()
    return data | {"hash": hmac.new(key, lines.encode(), hashlib.sha256).hexdigest()}


def refusal(fields: dict[str, str] | list[tuple[str, str]], now: datetime = NOW) -> str:
    """The code these data are refused with."""
    pairs = list(fields.items()) if isinstance(fields, dict) else fields
    with pytest.raises(ArbEdgeError) as refused:
        telegram_login.take(pairs, now)
    assert refused.value.message
    return refused.value.code


def test_signed_data_tell_who_it_is() -> None:
    found = telegram_login.take(told().items(), NOW)
    assert found == telegram_login.Identity(815, "Ada Lovelace", "ada", NOW)


def test_a_signature_worked_out_elsewhere_is_accepted() -> None:
    """Computed with openssl: dgst -sha256 -binary of the token, then -mac HMAC over the lines."""
    signed = telegram_login.check_string({"id": "1", "auth_date": "2", "hash": "ignored"})
    assert signed == "auth_date=2\nid=1"
    assert telegram_login.signature(signed, "token") == OPENSSL_SAYS


OPENSSL_SAYS = "d8ceac2d1d2a1f38a42563d0399c6a8c0f65fb217e81b7b39e95dc98d82aea1c"


def test_the_order_of_the_fields_does_not_matter() -> None:
    assert telegram_login.take(reversed(told().items()), NOW).telegram_id == 815


def test_a_field_telegram_adds_some_day_is_no_obstacle_when_it_is_signed() -> None:
    assert telegram_login.take(told(photo_url="https://t.me/i/1.jpg").items(), NOW)


def test_a_field_somebody_else_added_is() -> None:
    assert refusal(told() | {"role": "admin"}) == "login_forged"


@pytest.mark.parametrize("field", ["id", "first_name", "username", "auth_date"])
def test_a_changed_field_is_refused(field: str) -> None:
    assert refusal(told() | {field: "816"}) == "login_forged"


def test_a_signature_of_another_bot_is_refused(settings: Settings) -> None:
    data = told()
    settings.BOT_TOKEN = "4712:another"
    assert refusal(data) == "login_forged"


@pytest.mark.parametrize("field", ["id", "auth_date", "hash"])
@pytest.mark.parametrize("emptied", [True, False])
def test_incomplete_data_are_refused(field: str, emptied: bool) -> None:
    data = told()
    del data[field]
    assert refusal(data | ({field: ""} if emptied else {})) == "login_incomplete"


def test_a_missing_signed_field_is_refused() -> None:
    data = told()
    del data["last_name"]
    assert refusal(data) == "login_forged"


def test_a_field_told_twice_is_refused() -> None:
    assert refusal([*told().items(), ("id", "815")]) == "login_malformed"


@pytest.mark.parametrize(
    "fields",
    [
        {"id": "0"},
        {"id": "-815"},
        {"id": "٨١٥"},
        {"id": "815.0"},
        {"id": "9" * 17},
        {"auth_date": "yesterday"},
        {"auth_date": "9" * 16},
        {"hash": "g" * 64},
        {"hash": "ab"},
        {"first_name": "A" * 513},
        {"first_name": "Ada\nid=1"},
        {"first_name": "Ada\x00"},
        {f"extra{n}": "" for n in range(16)},
    ],
    ids=lambda fields: "+".join(f"{name}={value[:12]!r}" for name, value in fields.items())[:40],
)
def test_what_telegram_never_sends_is_refused(fields: dict[str, str]) -> None:
    told_of: dict[str, Any] = {name: value for name, value in fields.items() if name != "hash"}
    signed = told(**told_of)
    assert refusal(signed | {k: v for k, v in fields.items() if k == "hash"}) == "login_malformed"


def test_a_line_break_cannot_move_a_name_into_the_id() -> None:
    """Who may choose his first name must not choose another's id by it."""
    honest = told(first_name="Ada\nid=1\nlast_name=x", last_name="y")
    forged = {"auth_date": honest["auth_date"], "first_name": "Ada", "id": "1",
              "last_name": f"x\nid=815\nlast_name=y\nusername={honest['username']}",
              "hash": honest["hash"]}  # fmt: skip
    assert telegram_login.check_string(honest) == telegram_login.check_string(forged)
    assert refusal(forged) == "login_malformed"


def test_data_of_24_hours_are_accepted() -> None:
    assert telegram_login.take(told(at=NOW - timedelta(hours=24)).items(), NOW)


def test_older_data_are_refused() -> None:
    assert refusal(told(at=NOW - timedelta(hours=24, seconds=1))) == "login_old"


def test_a_clock_a_minute_ahead_is_forgiven() -> None:
    assert telegram_login.take(told(at=NOW + timedelta(seconds=60)).items(), NOW)


def test_data_from_the_future_are_refused() -> None:
    assert refusal(told(at=NOW + timedelta(seconds=61))) == "login_ahead"


def test_the_same_data_serve_once() -> None:
    telegram_login.take(told().items(), NOW)
    assert refusal(told()) == "login_replayed"


def test_the_same_data_in_another_dress_are_the_same_data() -> None:
    telegram_login.take(told().items(), NOW)
    shuffled = list(reversed(told().items()))
    dressed = [(name, value.upper() if name == "hash" else value) for name, value in shuffled]
    assert refusal(dressed) == "login_replayed"


def test_refused_data_are_not_used_up() -> None:
    refusal(told(at=NOW + timedelta(minutes=5)))
    assert not UsedLogin.objects.exists()


def test_what_was_used_is_remembered_longer_than_it_could_be_repeated() -> None:
    data = told(at=NOW + timedelta(seconds=60))
    telegram_login.take(data.items(), NOW)
    telegram_login.forget_old(NOW + timedelta(hours=24, seconds=60))
    assert refusal(data, NOW + timedelta(hours=24, seconds=60)) == "login_replayed"


def test_what_can_be_repeated_no_more_is_forgotten() -> None:
    telegram_login.take(told().items(), NOW)
    assert telegram_login.forget_old(NOW + timedelta(hours=26)) == 1


def test_the_database_holds_nothing_of_the_person() -> None:
    telegram_login.take(told().items(), NOW)
    kept = bytes(UsedLogin.objects.get().digest)
    assert kept == hashlib.sha256(telegram_login.check_string(told()).encode()).digest()


@pytest.mark.parametrize(
    ("first", "last", "name"),
    [
        ("Ada", "", "Ada"),
        ("  Ada ", " Lovelace ", "Ada Lovelace"),
        ("🦊", "狐", "🦊 狐"),
        ("שלום", "عليكم", "שלום عليكم"),
        ("A" * 64, "B" * 64, "A" * 64 + " " + "B" * 63),
    ],
)
def test_names_are_kept_as_they_are_and_cut_where_they_are_too_long(
    first: str, last: str, name: str
) -> None:
    found = telegram_login.take(told(first_name=first, last_name=last).items(), NOW)
    assert found.name == name


def test_somebody_without_any_name_may_log_in() -> None:
    data = {"id": "815", "auth_date": str(int(NOW.timestamp()))}
    signed = telegram_login.check_string(data)
    data["hash"] = telegram_login.signature(signed, BOT_TOKEN)
    assert telegram_login.take(data.items(), NOW).name == ""


@pytest.mark.parametrize("missing", ["BOT_TOKEN", "BOT_NAME"])
def test_without_a_bot_nobody_logs_in_by_telegram(settings: Settings, missing: str) -> None:
    setattr(settings, missing, "")
    assert not telegram_login.configured()
    assert refusal(told()) == "telegram_not_configured"


def test_forged_data_cost_no_query(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(0):
        refusal(told() | {"id": "816"})
