"""Verdicts in the database: what is written, who decided, and that every process learns of it."""

from __future__ import annotations

import polars as pl
import pytest
from auditlog.models import LogEntry
from django.contrib.auth import get_user_model
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from arbedge import cache
from arbedge.errors import NoData
from exchanges import verdicts
from exchanges.memory import STATE
from exchanges.models import CoinVerdict
from exchanges.verdicts import Reset
from tests.exchanges.markets import NOW_MS, instrument, judged, remembered

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    """The database is emptied between tests without a word to the cache."""
    cache.client().delete(cache.key("verdicts", "version"))


@pytest.fixture
def ada() -> User:
    """Somebody who decides."""
    return get_user_model().objects.create_user("ada")


def test_what_was_written_is_read_back() -> None:
    changes = judged(instrument("okx", "TON", 1.0), instrument("binance", "TON", 1.2)).changes
    assert verdicts.store(changes, NOW_MS) == 2
    found = verdicts.stored().sort("venue")
    assert dict(found.schema) == dict(STATE)
    assert found.equals(changes.sort("venue"))


def test_a_second_scan_on_the_same_prices_writes_nothing() -> None:
    rows = instrument("okx", "TON", 1.0), instrument("binance", "TON", 1.2)
    verdicts.store(judged(*rows).changes, NOW_MS)
    assert judged(*rows, verdicts=verdicts.known()).changes.is_empty()


def test_a_changed_verdict_replaces_the_old_one() -> None:
    verdicts.store(remembered(verdict="provisional"), NOW_MS)
    verdicts.store(remembered(verdict="quarantined", agreed_since_ms=None), NOW_MS)
    row = CoinVerdict.objects.get()
    assert (row.verdict, row.agreed_since) == ("quarantined", None)


def test_nothing_to_write_asks_the_database_nothing(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_num_queries(0):
        assert verdicts.store(remembered().clear(), NOW_MS) == 0


def test_verdicts_are_read_once(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    verdicts.store(remembered(), NOW_MS)
    before = verdicts.known()
    with django_assert_num_queries(0):
        assert verdicts.known() is before


def test_what_this_process_wrote_it_need_not_read(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    verdicts.store(remembered(), NOW_MS)
    verdicts.known()
    verdicts.store(remembered(asset="GRAM"), NOW_MS)
    with django_assert_num_queries(0):
        assert verdicts.known()["asset"].cast(pl.String).sort().to_list() == ["GRAM", "TON"]


def test_what_another_process_wrote_is_read() -> None:
    verdicts.known()
    CoinVerdict.objects.all().delete()
    verdicts.store(remembered(), NOW_MS)
    cache.client().set(cache.key("verdicts", "version"), b"another")
    CoinVerdict.objects.update(verdict="divergent")
    assert verdicts.known()["verdict"].to_list() == ["divergent"]


def test_a_flushed_cache_only_means_reading_again() -> None:
    verdicts.store(remembered(), NOW_MS)
    verdicts.known()
    CoinVerdict.objects.update(verdict="divergent")
    cache.client().delete(cache.key("verdicts", "version"))
    assert verdicts.known()["verdict"].to_list() == ["divergent"]


def test_without_a_cache_there_is_no_data(settings: pytest.FixtureRequest) -> None:
    settings.CACHE_URL = "redis://127.0.0.1:1/0"  # type: ignore[attr-defined]
    with pytest.raises(NoData, match="verdicts"):
        verdicts.known()


def test_a_decision_stands_even_where_the_cache_is_gone(
    ada: User, settings: pytest.FixtureRequest
) -> None:
    settings.CACHE_URL = "redis://127.0.0.1:1/0"  # type: ignore[attr-defined]
    verdicts.confirm("TON", "okx", ada)
    assert CoinVerdict.objects.get().verdict == "same"


def test_a_confirmation_counts_at_the_next_scan(ada: User) -> None:
    rows = instrument("okx", "TON", 1.0), instrument("binance", "TON", 7.0)
    verdicts.store(judged(*rows).changes, NOW_MS)
    verdicts.confirm("TON", "okx", ada, "same token, asked the venue")
    judgement = judged(*rows, verdicts=verdicts.known())
    assert judgement.frame["verdict"].to_list() == ["same", "quarantined"]
    verdicts.store(judgement.changes, NOW_MS)
    assert judged(*rows, verdicts=verdicts.known()).changes.is_empty()


def test_a_rejection_counts_at_the_next_scan(ada: User) -> None:
    rows = instrument("okx", "TON", 1.0), instrument("binance", "TON", 1.0)
    verdicts.reject("TON", "okx", ada)
    assert judged(*rows, verdicts=verdicts.known()).frame["verdict"][0] == "quarantined"


def test_a_word_taken_back_counts_no_more(ada: User) -> None:
    rows = instrument("okx", "TON", 1.0), instrument("binance", "TON", 7.0)
    verdicts.confirm("TON", "okx", ada)
    verdicts.store(judged(*rows, verdicts=verdicts.known()).changes, NOW_MS)
    assert verdicts.withdraw("TON", "okx", ada)
    assert not verdicts.withdraw("TON", "okx", ada)
    assert judged(*rows, verdicts=verdicts.known()).frame["verdict"][0] == "quarantined"


def test_a_person_may_change_their_mind(ada: User) -> None:
    verdicts.confirm("TON", "okx", ada)
    decided = verdicts.reject("TON", "okx", ada, "was wrong")
    row = CoinVerdict.objects.get()
    assert (row.verdict, row.note, row.decided_by) == ("quarantined", "was wrong", ada)
    assert decided.pk == row.pk


def test_decisions_are_in_the_audit_log_with_their_maker(ada: User) -> None:
    verdicts.confirm("TON", "okx", ada)
    verdicts.reject("TON", "okx", ada)
    verdicts.withdraw("TON", "okx", ada)
    entries = LogEntry.objects.filter(object_repr__contains="TON").order_by("timestamp")
    kinds = (LogEntry.Action.CREATE, LogEntry.Action.UPDATE, LogEntry.Action.DELETE)
    assert [(entry.action, entry.actor) for entry in entries] == [(kind, ada) for kind in kinds]


def test_what_scans_write_is_not_in_the_audit_log() -> None:
    verdicts.store(remembered(), NOW_MS)
    assert not LogEntry.objects.filter(object_repr__contains="TON").exists()


def test_a_redenomination_takes_a_confirmation_back(ada: User) -> None:
    calm = instrument("okx", "TON", 1.0), instrument("binance", "TON", 1.0)
    verdicts.confirm("TON", "okx", ada)
    verdicts.reject("TON", "binance", ada)
    verdicts.store(judged(*calm, verdicts=verdicts.known()).changes, NOW_MS)
    jumped = instrument("okx", "TON", 1000.0), instrument("binance", "TON", 1.0)
    verdicts.store(judged(*jumped, verdicts=verdicts.known()).changes, NOW_MS)
    words = CoinVerdict.objects.filter(market="").values_list("venue", flat=True)
    assert list(words) == ["binance"]
    assert judged(*jumped, verdicts=verdicts.known()).frame["verdict"][0] == "quarantined"


def test_a_reset_is_known_to_the_next_scan() -> None:
    verdicts.store(pl.concat([remembered(), remembered(venue="binance")]), NOW_MS)
    verdicts.known()
    assert verdicts.reset([Reset("okx", "TON", "spot", "relisted")], NOW_MS) == 1
    rows = instrument("okx", "TON", 1.0), instrument("binance", "TON", 1.0)
    judgement = judged(*rows, verdicts=verdicts.known())
    assert judgement.frame["verdict"].to_list() == ["provisional", "verified"]


def test_a_reset_of_the_unknown_meets_nothing() -> None:
    assert verdicts.reset([], NOW_MS) == 0
    assert verdicts.reset([Reset("okx", "TON", "spot", "relisted")], NOW_MS) == 0
