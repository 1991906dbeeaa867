"""A round of the market: collect, learn instruments, wake the scan."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from kombu.exceptions import OperationalError

from arbedge import cache, clock
from arbedge.errors import NoData
from exchanges import book, intake, rounds, tasks
from exchanges.cadence import due_key
from exchanges.models import Instrument, VenueRecord
from exchanges.venues.base import Venue
from tests.exchanges.conftest import MakeVenue
from tests.exchanges.toys import feed, listed, lists, prices
from tests.loopback import Loopback, Reply

pytestmark = pytest.mark.django_db


@pytest.fixture
def alpha(server: Loopback, make_venue: MakeVenue) -> Venue:
    server.on("/alpha/perp", Reply(prices("BTCUSDT", "1000PEPEUSDT", "PEPEUSDT")))
    server.on("/alpha/lists", Reply(listed("BTCUSDT", "1000PEPEUSDT", "PEPEUSDT")))
    return make_venue("alpha", feed(), lists())


class Sent:
    """Takes the place of the broker: what was published."""

    def __init__(self) -> None:
        self.tasks: list[tuple[str, dict[str, Any]]] = []
        self.error: Exception | None = None

    def send_task(self, name: str, **options: Any) -> None:
        if self.error is not None:
            raise self.error
        self.tasks.append((name, options))


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch, clean_cache: None) -> Sent:
    broker = Sent()
    monkeypatch.setattr(rounds, "app", broker)
    return broker


def test_the_first_round_learns_the_instruments_at_once(alpha: Venue) -> None:
    report = rounds.run([alpha])

    assert report is not None
    assert report.lists_came
    snapshot = book.load(venues=[alpha])
    assert sorted(snapshot.perp["symbol"]) == ["1000PEPEUSDT", "BTCUSDT", "PEPEUSDT"]
    assert snapshot.unknown_symbols() == {}
    assert Instrument.objects.count() == 3


def test_later_rounds_leave_the_list_to_its_task(alpha: Venue) -> None:
    rounds.run([alpha])
    cache.client().delete(due_key("alpha", "lists"))
    Instrument.objects.all().delete()

    report = rounds.run([alpha])

    assert report is not None
    assert report.lists_came
    assert Instrument.objects.count() == 0


def test_one_process_collects_at_a_time(server: Loopback, alpha: Venue) -> None:
    token = cache.acquire("collect", 60_000)
    assert token is not None

    assert rounds.run([alpha]) is None
    assert server.calls == []

    cache.release("collect", token)
    assert rounds.run([alpha]) is not None


def test_a_round_that_breaks_gives_its_lock_back(
    alpha: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise LookupError("a surprise")

    with monkeypatch.context() as broken_intake:
        broken_intake.setattr(intake, "refresh", broken)
        with pytest.raises(LookupError):
            rounds.run([alpha])

    assert rounds.run([alpha]) is not None


def test_the_last_report_is_kept_for_people(alpha: Venue) -> None:
    assert rounds.last() is None

    rounds.run([alpha])

    told = rounds.last()
    assert told is not None
    assert {one["feed"]: one["rows"] for one in told["outcomes"]}["perp"] == 3
    assert told["weights"]["alpha"] >= 2


def test_without_a_cache_a_round_says_so(alpha: Venue, settings: Any) -> None:
    settings.CACHE_URL = "redis://127.0.0.1:1/0"

    with pytest.raises(NoData, match="the cache cannot be reached"):
        rounds.run([alpha])


# Waking the scan.


def test_the_scan_is_woken_with_a_token_and_a_limit(sent: Sent, settings: Any) -> None:
    assert rounds.wake_scan()

    [(name, options)] = sent.tasks
    assert name == "opportunities.scan"
    assert options["queue"] == "scan"
    assert options["expires"] == settings.SCAN_EVERY_S
    assert cache.release("scan", options["kwargs"]["token"])


def test_no_second_scan_while_one_is_under_way(sent: Sent) -> None:
    rounds.wake_scan()

    assert not rounds.wake_scan()
    assert len(sent.tasks) == 1

    cache.release("scan", sent.tasks[0][1]["kwargs"]["token"])
    assert rounds.wake_scan()


def test_a_scan_that_died_gives_way(sent: Sent) -> None:
    rounds.wake_scan()

    left: Any = cache.client().pttl(cache.key("lock", "scan"))

    assert 0 < left <= rounds.SCAN_TOKEN_MS


def test_a_broker_that_is_gone_leaves_no_token_behind(sent: Sent) -> None:
    sent.error = OperationalError("gone")
    assert not rounds.wake_scan()

    sent.error = None
    assert rounds.wake_scan()


def test_anothers_token_releases_nothing(sent: Sent) -> None:
    rounds.wake_scan()

    assert not cache.release("scan", "not mine")
    assert not rounds.wake_scan()


# The tasks.


@pytest.fixture
def only_alpha(alpha: Venue, monkeypatch: pytest.MonkeyPatch) -> Venue:
    monkeypatch.setattr("exchanges.routes.configured", lambda: (alpha,))
    return alpha


def test_collecting_wakes_the_scan_and_has_new_lists_read(only_alpha: Venue, sent: Sent) -> None:
    tasks.collect_markets()
    cache.release("scan", sent.tasks[0][1]["kwargs"]["token"])
    tasks.collect_markets()

    assert [name for name, _ in sent.tasks] == [
        "opportunities.scan",
        "exchanges.instruments",
        "opportunities.scan",
    ]


def test_a_broker_that_is_gone_does_not_stop_the_collector(only_alpha: Venue, sent: Sent) -> None:
    sent.error = OperationalError("gone")

    tasks.collect_markets()

    assert book.pieces([only_alpha])["alpha"]


def test_nothing_came_wakes_nobody(server: Loopback, only_alpha: Venue, sent: Sent) -> None:
    for path in ("perp", "lists", "clock"):
        server.on(f"/alpha/{path}", Reply(b"", 503))

    tasks.collect_markets()

    assert sent.tasks == []


def test_the_tasks_of_the_clock_run(only_alpha: Venue, sent: Sent) -> None:
    tasks.collect_markets()

    tasks.read_instruments()
    tasks.read_history()
    tasks.read_networks()
    tasks.prune_quality()

    assert book.known().height == 3


# Pauses.


def test_paused_are_those_an_operator_paused_or_that_are_in_maintenance() -> None:
    now = datetime.now(UTC)
    hour = timedelta(hours=1)
    VenueRecord.objects.create(name="working")
    VenueRecord.objects.create(name="paused", paused=True, paused_reason="odd prices")
    for name, starts, ends in (("now", -hour, hour), ("later", hour, 2 * hour)):
        VenueRecord.objects.create(
            name=name, maintenance_from=now + starts, maintenance_until=now + ends
        )

    assert rounds.paused(clock.now_ms()) == {"paused", "now"}
