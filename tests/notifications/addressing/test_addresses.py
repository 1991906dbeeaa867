"""Adding addresses, using them again, removing them: what is kept, what is refused, who may."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from auditlog.models import LogEntry
from cryptography.fernet import Fernet

from accounts.models import User
from arbedge import cache, limits, resealing, sealing
from arbedge.errors import ArbEdgeError, BadInput, NotFound, TooMany
from arbedge.http import RefusedAddress
from arbedge.names import Channel, Door
from notifications.addressing import address_rows, addresses, suppressions
from notifications.models import Address
from notifications.names import AddressState
from tests.accounts.factories import NOON, UserFactory
from tests.notifications.addressing.places import kept

pytestmark = pytest.mark.django_db
URL = "https://93.184.216.34/arbedge/hook"  # a number needs no name server
SECRET = "a secret that is long enough"
RAW = {"url": URL, "secret": SECRET, "bearer": "bearer-of-the-hook"}


@pytest.fixture(autouse=True)
def _fresh() -> None:
    cache.client().flushdb()


@pytest.fixture
def ada() -> User:
    return UserFactory(telegram_id=4242, email="ada@example.org", email_verified_at=NOON)


def add(user: User, channel: Channel = Channel.WEBHOOK, **raw: str) -> Address:
    """Adds an address by the web's door."""
    return addresses.add(user, channel, RAW | raw, door=Door.WEB, now=NOON)


def refused(user: User, channel: Channel = Channel.WEBHOOK, **raw: str) -> ArbEdgeError:
    """Why an address is not taken; nothing was kept."""
    before = Address.objects.count()
    with pytest.raises(ArbEdgeError) as told:
        add(user, channel, **raw)
    assert Address.objects.count() == before
    return told.value


def audited(what: str) -> LogEntry:
    """The one line of this deed."""
    return LogEntry.objects.get(additional_data__what=what)


def test_a_new_address_waits_to_be_verified(ada: User) -> None:
    row = add(ada)
    assert (row.state, row.verified_at) == (AddressState.UNVERIFIED, None)
    assert addresses.listed(ada.pk) == [row]


def test_an_address_is_sealed_and_opens_to_what_the_channel_took(ada: User) -> None:
    row = Address.objects.get(pk=add(ada).pk)
    assert "hook" not in row.sealed
    assert address_rows.opened(row) == {
        "url": URL, "secret": SECRET, "bearer": "bearer-of-the-hook"
    }  # fmt: skip


def test_what_people_see_of_an_address_does_not_let_them_use_it(ada: User) -> None:
    row = add(ada)
    assert row.shown == "93.184.216.34 …hook"
    assert SECRET not in f"{row.shown}{row}"


def test_the_audit_knows_who_added_what_but_no_secret(ada: User) -> None:
    add(ada)
    line = audited("address.added")
    assert (line.actor, line.additional_data["whom"]) == (ada, ada.pk)
    assert line.additional_data["door"] == "web"
    assert "…hook" in str(line.changes)
    assert SECRET not in str(line.changes)
    assert "/arbedge/" not in str(line.changes)


def test_the_digest_tells_one_place_from_another_whatever_its_secrets(ada: User) -> None:
    other = UserFactory()
    first, second = add(ada), add(other, secret="another secret, long enough too")
    assert bytes(first.digest) == bytes(second.digest)
    assert bytes(add(UserFactory(), url=f"{URL}/2").digest) != bytes(first.digest)


def test_sealed_anew_the_address_still_opens(ada: User, settings: Any) -> None:
    row = add(ada)
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode(), *settings.ENCRYPTION_KEYS]
    assert Address in resealing.columns()
    list(resealing.reseal(Address))
    row.refresh_from_db()
    assert sealing.is_newest(row.sealed)
    assert address_rows.opened(row)["url"] == URL


@pytest.mark.parametrize(
    "url",
    [
        "", "not a url", "ftp://93.184.216.34/x", "http://93.184.216.34/x", "https://",
        "https://user:secret@93.184.216.34/", "https://93.184.216.34:22/", "javascript:alert(1)",
        "https://93.184.216.34/" + "x" * 3000, "https://exa mple.org/", "https://a\\b.example/",
    ],
)  # fmt: skip
def test_what_is_no_address_on_the_web_is_refused_at_its_field(ada: User, url: str) -> None:
    error = refused(ada, url=url)
    assert isinstance(error, BadInput)
    assert error.details["field"] == "url"


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/", "https://10.1.2.3/", "https://169.254.169.254/latest/meta-data/",
        "https://[::1]/", "https://[::ffff:10.0.0.1]/", "https://localhost/", "https://2130706433/",
        "https://router.lan/", "https://0x7f.1/",
    ],
)  # fmt: skip
def test_addresses_inside_are_refused_and_it_is_said_why(ada: User, url: str) -> None:
    error = refused(ada, url=url)
    assert isinstance(error, RefusedAddress)
    assert "public internet" in error.message
    assert error.details["field"] == "url"


def test_a_name_that_leads_inside_is_refused_when_it_is_looked_up(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def inside(*_: object, **__: object) -> list[Any]:
        return [(2, 1, 6, "", ("169.254.169.254", 443))]

    monkeypatch.setattr("asyncio.BaseEventLoop.getaddrinfo", inside)
    error = refused(ada, url="https://rebound.example.org/hook")
    assert isinstance(error, RefusedAddress)
    assert error.message == "rebound.example.org is not on the public internet"


def test_a_name_server_that_says_nothing_is_not_waited_for(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: object, **__: object) -> list[Any]:
        await asyncio.sleep(60)
        return []

    monkeypatch.setattr("asyncio.BaseEventLoop.getaddrinfo", never)
    monkeypatch.setattr(addresses, "LOOKED_UP_WITHIN_S", 0.05)
    assert "Nobody told us in time" in refused(ada, url="https://slow.example.org/").message


def test_telegram_is_not_added_but_comes_with_the_log_in(ada: User) -> None:
    assert refused(ada, Channel.TELEGRAM).code == "channel_given"


def test_the_same_address_is_not_added_twice(ada: User) -> None:
    add(ada)
    assert refused(ada).code == "address_known"


def test_a_channel_has_one_address(ada: User) -> None:
    add(ada)
    assert refused(ada, url=f"{URL}/other").code == "channel_taken"


def test_a_person_has_ten_addresses_at_most(ada: User) -> None:
    for number in range(addresses.MOST):
        kept(ada, Channel.WEB_PUSH, {"endpoint": f"https://push.example/{number}"})
    error = refused(ada)
    assert (error.code, error.details["limit"]) == ("too_many", 10)


def test_an_address_that_wants_nothing_of_us_is_not_added(ada: User) -> None:
    mark = address_rows.digest(Channel.WEBHOOK, {"url": URL})
    suppressions.suppress(Channel.WEBHOOK, mark, suppressions.UNSUBSCRIBED, "…hook")
    assert refused(ada).code == "suppressed"


def test_changes_are_counted_per_person(ada: User) -> None:
    for _ in range(int(addresses.CHANGES.partition("/")[0])):
        limits.allow("addresses", str(ada.pk), addresses.CHANGES)
    error = refused(ada)
    assert isinstance(error, TooMany)
    assert error.details["retry_after_s"] > 0
    assert add(UserFactory()).pk


def test_removing_forgets_the_address_and_says_so(ada: User) -> None:
    row = add(ada)
    addresses.remove(ada, row.pk, door=Door.WEB)
    assert addresses.listed(ada.pk) == []
    assert "…hook" in str(audited("address.removed").changes)


def test_nobody_touches_what_is_somebody_elses(ada: User) -> None:
    row, eve = add(ada), UserFactory()
    with pytest.raises(NotFound):
        addresses.find(eve.pk, row.pk)
    with pytest.raises(NotFound):
        addresses.remove(eve, row.pk, door=Door.WEB)
    with pytest.raises(NotFound):
        addresses.enable(eve, row.pk, door=Door.WEB)
    assert addresses.listed(ada.pk) == [row]


def test_a_chats_row_of_the_same_number_is_not_a_persons(ada: User) -> None:
    row = kept(ada, Channel.WEBHOOK, {"url": URL}, recipient="chat")
    with pytest.raises(NotFound):
        addresses.find(ada.pk, row.pk)


def test_a_disabled_address_is_used_again_with_its_failures_forgotten(ada: User) -> None:
    row = kept(ada, Channel.WEBHOOK, {"url": URL}, AddressState.DISABLED, problem="unreachable",
               failures=20, disabled_at=NOON)  # fmt: skip
    again = addresses.enable(ada, row.pk, door=Door.WEB)
    assert (again.state, again.problem, again.failures) == (AddressState.ACTIVE, "", 0)
    assert again.disabled_at is None
    assert audited("address.enabled").actor == ada


def test_what_was_never_verified_has_to_be_before_it_is_used_again(ada: User) -> None:
    row = kept(ada, Channel.WEBHOOK, {"url": URL}, AddressState.DISABLED, verified_at=None)
    assert addresses.enable(ada, row.pk, door=Door.WEB).state == AddressState.UNVERIFIED


def test_an_address_that_leads_inside_by_now_is_not_used_again(ada: User) -> None:
    row = kept(ada, Channel.WEBHOOK, {"url": "https://10.0.0.1/"}, AddressState.DISABLED)
    with pytest.raises(RefusedAddress):
        addresses.enable(ada, row.pk, door=Door.WEB)
    row.refresh_from_db()
    assert row.state == AddressState.DISABLED
