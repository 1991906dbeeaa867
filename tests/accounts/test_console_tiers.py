"""The tier table in the console: shown whole, changed and reset by super-admins alone."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from auditlog.models import LogEntry

from accounts import tiers
from accounts.admin import tiers as tier_page
from accounts.models import TierSetting
from accounts.tier_settings import LIMITS
from arbedge.names import Role, Tier
from tests.accounts.console import desk, page, statements, told

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_cache")]
EDIT = "/console/accounts/tiersetting/{}/{}/edit/"


def save(client: Any, tier: str, limit: str, **given: str) -> Any:
    """Sends the form of one figure."""
    return client.post(EDIT.format(tier, limit), given, follow=True)


def figure(tier: Tier, limit: str) -> str:
    """One figure of the table as it is shown."""
    rows = {row.title: row.cells for row in tier_page.rows(may_edit=False)}
    return rows[LIMITS[limit].label][list(Tier).index(tier)].text


def test_the_table_shows_every_figure_of_every_tier() -> None:
    client, _ = desk()
    text = page(client, "tiersetting/")
    for limit in LIMITS.values():
        assert limit.label in text
    for words in ("no cap", "$29", "5,000", "low risk, high confidence, beginner"):
        assert words in text


@pytest.mark.parametrize(
    ("tier", "limit", "shown"),
    [
        (Tier.FREE, "delay_s", "300"),
        (Tier.ENTERPRISE, "pushes_per_day", "no cap"),
        (Tier.BASIC, "price_usd", "$9"),
        (Tier.PRO, "api_per_hour", "1,000"),
        (Tier.PREMIUM, "weight", "2"),
        (Tier.FREE, "permission:analytics.view", "–"),
        (Tier.PRO, "permission:analytics.view", "yes"),
    ],
)
def test_a_figure_reads_as_people_write_it(tier: Tier, limit: str, shown: str) -> None:
    assert figure(tier, limit) == shown


def test_a_changed_figure_is_marked_with_its_default_and_audited() -> None:
    client, operator = desk(name="Grace")
    save(client, "pro", "api_per_hour", value="1234")
    text = page(client, "tiersetting/")
    assert "1,234" in text
    assert "■ changed, default 1,000" in text
    assert "by Grace" in text
    line = LogEntry.objects.filter(additional_data__what="tier.setting_changed").get()
    assert line.actor == operator
    assert line.changes == {"api_per_hour": ["1000", "1234"]}


def test_whoever_asks_for_the_table_gets_the_new_figure(
    django_capture_on_commit_callbacks: Any,
) -> None:
    client, _ = desk()
    assert tiers.table()[Tier.PRO].api_per_hour == 1_000
    with django_capture_on_commit_callbacks(execute=True):
        save(client, "pro", "api_per_hour", value="1234")
    assert tiers.table()[Tier.PRO].api_per_hour == 1_234


def test_a_figure_is_reset_to_its_default() -> None:
    client, _ = desk()
    save(client, "pro", "api_per_hour", value="1234")
    answer = save(client, "pro", "api_per_hour", reset="yes", value="")
    assert "has its default again" in told(answer)
    assert figure(Tier.PRO, "api_per_hour") == "1,000"
    assert not TierSetting.objects.exists()


def test_an_empty_figure_is_no_cap_where_there_may_be_none() -> None:
    client, _ = desk()
    save(client, "pro", "pushes_per_day", value="")
    assert figure(Tier.PRO, "pushes_per_day") == "no cap"
    assert "This field is required" in told(save(client, "pro", "api_per_hour", value=""))


def test_a_permission_is_given_and_taken() -> None:
    client, _ = desk()
    save(client, "premium", "permission:analytics.view", value="1")
    assert figure(Tier.PREMIUM, "permission:analytics.view") == "yes"
    save(client, "premium", "permission:analytics.view", value="0")
    assert figure(Tier.PREMIUM, "permission:analytics.view") == "–"


@pytest.mark.parametrize(
    ("limit", "value", "because"),
    [
        ("api_per_hour", "-1", "must be between"),
        ("api_per_hour", "1.5", "decimal"),
        ("api_per_hour", "many", "number"),
        ("weight", "1000", "must be between"),
        ("price_usd", "NaN", "number"),
        ("permission:opportunities.view", "0", "would lack"),
        ("permission:opportunities.view", "7", "valid choice"),
    ],
)
def test_a_figure_that_makes_no_sense_is_refused_in_words(
    limit: str, value: str, because: str
) -> None:
    client, _ = desk()
    assert because in told(save(client, "pro", limit, value=value))
    assert not TierSetting.objects.exists()


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.ADMIN])
def test_others_see_the_table_and_change_nothing(role: Role) -> None:
    client, _ = desk(role)
    assert "/edit/" not in page(client, "tiersetting/")
    assert save(client, "pro", "api_per_hour", value="1234").status_code == 403
    assert save(client, "pro", "api_per_hour", reset="yes").status_code == 403
    assert not TierSetting.objects.exists()


@pytest.mark.parametrize(("tier", "limit"), [("gold", "api_per_hour"), ("pro", "luck")])
def test_what_is_no_figure_of_the_table_is_not_there(tier: str, limit: str) -> None:
    client, _ = desk()
    assert client.get(EDIT.format(tier, limit)).status_code == 404


def test_the_form_begins_with_the_figure_of_now() -> None:
    client, _ = desk()
    TierSetting.objects.create(tier=Tier.PRO, name="weight", value=Decimal("2.75"))
    text = told(client.get(EDIT.format("pro", "weight")))
    assert 'value="2.75"' in text
    assert "Reset to 2.5" in text


def test_the_page_takes_few_queries() -> None:
    client, _ = desk()
    assert len(statements(client, "tiersetting/")) <= 5
