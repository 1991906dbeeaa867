"""The console's distribution: seen by staff, changed by super-administrators, and said why."""

from __future__ import annotations

from typing import Any

import pytest
from auditlog.models import LogEntry
from django.test import Client

from arbedge.names import Kind, Role
from notifications.admin.distribution import MEANING
from notifications.models import Distribution
from notifications.names import Strategy
from tests.accounts.console import desk
from tests.notifications.admin.pages import text

pytestmark = pytest.mark.django_db
PATH = "/console/notifications/distribution/"


@pytest.fixture
def client() -> Client:
    return desk(Role.SUPER_ADMIN)[0]


def test_every_kind_and_every_way_is_explained(client: Client) -> None:
    page = text(client.get(PATH))
    for kind in Kind:
        assert f"<td>{kind.capitalize()}</td>" in page
    for meaning in MEANING.values():
        assert meaning.replace("'", "&#x27;") in page
    assert set(MEANING) == set(Strategy)


def test_a_kind_nobody_changed_is_for_everybody(client: Client) -> None:
    assert "<td>Funding</td><td>Broadcast</td><td>no limit</td>" in text(client.get(PATH))


def test_a_way_is_kept_with_its_limit_and_audited(client: Client) -> None:
    answer = client.post(
        f"{PATH}funding/edit/", {"strategy": "priority", "participants": "100"}, follow=True
    )

    assert "<td>Funding</td><td>Priority</td><td>at most 100</td>" in text(answer)
    row = Distribution.objects.get()
    assert (row.kind, row.strategy, row.participants) == ("funding", "priority", 100)
    line = LogEntry.objects.get(additional_data__what="distribution.changed")
    assert line.changes == {"strategy": ["broadcast", "priority"], "participants": ["None", "100"]}


def test_the_regional_way_names_its_countries(client: Client) -> None:
    given = {"strategy": "regional", "countries": ["ES", "FR"]}
    assert "Spain, France" in text(client.post(f"{PATH}spot/edit/", given, follow=True))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"strategy": "regional"}, "needs at least one country"),
        ({"strategy": "lottery"}, "not one of the available choices"),
        ({"strategy": "priority", "participants": "0"}, "greater than or equal to 1"),
        ({"strategy": "priority", "participants": "-5"}, "greater than or equal to 1"),
        ({"strategy": "regional", "countries": ["XX"]}, "not one of the available choices"),
    ],
)
def test_what_makes_no_sense_is_refused(client: Client, given: dict[str, Any], said: str) -> None:
    assert said in text(client.post(f"{PATH}funding/edit/", given))
    assert not Distribution.objects.exists()


def test_a_kind_that_is_not_there_is_not_found(client: Client) -> None:
    assert client.get(f"{PATH}lottery/edit/").status_code == 404


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.ADMIN])
def test_only_super_administrators_change_it(role: Role) -> None:
    client, _ = desk(role)
    page = client.get(PATH)
    assert page.status_code == 200
    assert "edit/" not in text(page)
    for ask in (client.get, client.post):
        assert ask(f"{PATH}funding/edit/").status_code == 403


def test_a_second_change_keeps_one_row(client: Client) -> None:
    for strategy in ("priority", "tiered"):
        client.post(f"{PATH}funding/edit/", {"strategy": strategy})
    assert Distribution.objects.get().strategy == "tiered"
