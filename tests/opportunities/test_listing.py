"""The board a page at a time: only what is shown counts, what is not shown is told."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts.tiers import DEFAULTS
from arbedge.choices import mask
from arbedge.names import Kind, Shelf, State, Tier
from opportunities import listing, readers
from opportunities.board import Wish
from opportunities.models import Opportunity
from opportunities.readers import STAFF, Hold, Reader
from tests.opportunities.factories import OpportunityFactory, now

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_cache")]
FREE = Reader("user:1", Tier.FREE, DEFAULTS[Tier.FREE])
PRO = Reader("user:2", Tier.PRO, DEFAULTS[Tier.PRO])


def live(number: int, shelf: Shelf = Shelf.BEGINNER, **values: object) -> list[Opportunity]:
    """So many, the first one pays most."""
    nets = {f"C{n}": 0.01 - n / 1000 for n in range(number)}
    shelves = mask([shelf], Shelf)
    return [OpportunityFactory(asset=coin, net=net, shelves=shelves, **values)
            for coin, net in nets.items()]  # fmt: skip


def coins(page: listing.Page) -> list[str]:
    return [row.stored.asset for row in page.rows]


def shown_to(reader: Reader, *numbers: int) -> list[list[str]]:
    return [coins(listing.page(Wish(), now(), reader, number)) for number in numbers]


def test_pages_hold_five_the_best_first() -> None:
    live(7)

    first, second = (listing.page(Wish(), now(), PRO, number) for number in (1, 2))

    assert coins(first) == ["C0", "C1", "C2", "C3", "C4"]
    assert coins(second) == ["C5", "C6"]
    assert (second.number, second.pages, second.total, second.first) == (2, 2, 7, 6)


def test_beyond_the_last_page_is_the_last_page() -> None:
    live(7)

    assert coins(listing.page(Wish(), now(), PRO, 99)) == ["C5", "C6"]


def test_only_what_was_shown_counts_in_the_hour() -> None:
    live(7)
    listing.page(Wish(), now(), PRO)

    assert readers.used(2, now()) == 5


def test_the_hours_limit_ends_the_pages() -> None:
    live(7)

    page = listing.page(Wish(), now(), FREE)

    assert (page.total, page.pages, page.beyond) == (5, 1, 2)
    assert shown_to(FREE, 1, 2) == [coins(page), coins(page)]


def test_what_is_better_than_what_was_shown_must_wait_for_the_next_hour() -> None:
    live(5)
    listing.page(Wish(), now(), FREE)
    OpportunityFactory(asset="NEW", net=0.05, shelves=mask([Shelf.BEGINNER], Shelf))

    page = listing.page(Wish(), now(), FREE)

    assert "NEW" not in coins(page)
    assert page.beyond == 1


def test_delay_and_shelves_hold_back_and_are_counted() -> None:
    live(1)
    live(2, Shelf.ADVANCED, kind="basis", long_market="spot")
    OpportunityFactory(asset="LATE", opened_at=now() - timedelta(seconds=200),
                       shelves=mask([Shelf.BEGINNER], Shelf))  # fmt: skip

    page = listing.page(Wish(), now(), FREE)

    assert (coins(page), page.later, page.higher) == (["C0"], 1, 2)


def test_a_filter_hides_and_counts_what_it_hides() -> None:
    live(2)
    OpportunityFactory(asset="SXP", kind="spot", long_market="spot", short_market="spot")

    page = listing.page(Wish(kind="spot"), now(), PRO)

    assert (coins(page), page.hidden) == (["SXP"], 2)


def test_others_of_a_family_are_not_hidden_but_also() -> None:
    OpportunityFactory(asset="WIF", net=0.004)
    OpportunityFactory(asset="WIF", net=0.003, short_venue="binance")

    page = listing.page(Wish(), now(), PRO)

    assert (coins(page), page.hidden, page.rows[0].also) == (["WIF"], 0, 1)


def test_a_whole_coin_is_not_a_part_of_another() -> None:
    OpportunityFactory(asset="OP")
    OpportunityFactory(asset="POPCAT")

    assert coins(listing.page(Wish(only="OP"), now(), PRO)) == ["OP"]
    assert len(listing.page(Wish(coin="OP"), now(), PRO).rows) == 2


@pytest.mark.parametrize(
    ("shelf", "found"), [(Shelf.LOW_RISK, ["LOW"]), (Shelf.ADVANCED, ["NONE"])]
)
def test_a_shelf_is_a_filter_and_what_stands_on_none_is_advanced(
    shelf: Shelf, found: list[str]
) -> None:
    OpportunityFactory(asset="LOW", shelves=mask([Shelf.LOW_RISK, Shelf.BEGINNER], Shelf))
    OpportunityFactory(asset="NONE", shelves=0)

    assert coins(listing.page(Wish(shelves=mask([shelf], Shelf)), now(), PRO)) == found


def test_kinds_are_a_mask() -> None:
    OpportunityFactory(asset="WIF")
    OpportunityFactory(asset="SXP", kind="spot", long_market="spot", short_market="spot")

    assert coins(listing.page(Wish(kinds=mask([Kind.SPOT], Kind)), now(), PRO)) == ["SXP"]


def test_what_ended_is_not_listed() -> None:
    OpportunityFactory(asset="GONE", closed=True)

    page = listing.page(Wish(), now(), PRO)

    assert (coins(page), page.total) == ([], 0)


def test_shelves_count_families() -> None:
    low = mask([Shelf.LOW_RISK, Shelf.BEGINNER], Shelf)
    OpportunityFactory(asset="WIF", shelves=low)
    OpportunityFactory(asset="WIF", shelves=low, short_venue="binance")
    OpportunityFactory(asset="SXP", shelves=0)
    OpportunityFactory(asset="OLD", shelves=low, closed=True)

    found = listing.on_shelves()

    assert {shelf: count for shelf, count in found.items() if count} == {
        Shelf.LOW_RISK: 1, Shelf.BEGINNER: 1, Shelf.ADVANCED: 1,
    }  # fmt: skip


def test_the_best_of_each_kind_is_shown_and_counted() -> None:
    live(3)
    OpportunityFactory(asset="SXP", kind="spot", long_market="spot", short_market="spot")

    counts, rows = listing.best_of_kinds(Wish(), now(), PRO)

    assert counts == {Kind.FUNDING: 3, Kind.SPOT: 1, Kind.BASIS: 0}
    assert [row.stored.asset for row in rows] == ["C0", "SXP"]
    assert readers.used(2, now()) == 2


def test_the_best_of_a_coin_is_open_before_it_is_high() -> None:
    OpportunityFactory(asset="WIF", net=0.009, state=State.FADING, short_venue="binance")
    best = OpportunityFactory(asset="WIF", net=0.004)

    assert listing.best_of_coin("WIF", now(), PRO) == best
    assert listing.best_of_coin("NOPE", now(), PRO) is None


def test_the_best_of_a_coin_is_one_the_reader_may_see() -> None:
    OpportunityFactory(asset="WIF", net=0.009, shelves=0)
    seen = OpportunityFactory(
        asset="WIF", net=0.004, short_venue="binance", shelves=mask([Shelf.BEGINNER], Shelf)
    )

    assert listing.best_of_coin("WIF", now(), FREE) == seen


# What readers are held back by.


def test_what_would_be_admitted_is_what_is_admitted() -> None:
    ids = list(range(1, 9))

    would = readers.would_admit(FREE, ids, now())

    assert would == [1, 2, 3, 4, 5]
    assert readers.used(1, now()) == 0
    assert readers.admit(FREE, ids, now()) == set(would)
    assert readers.would_admit(FREE, ids[::-1], now()) == [5, 4, 3, 2, 1]


def test_staff_are_held_back_by_nothing() -> None:
    assert readers.would_admit(STAFF, [3, 1], now()) == [3, 1]
    assert readers.held(STAFF, OpportunityFactory(shelves=0), now()) is None


@pytest.mark.parametrize(
    ("shelves", "ago_s", "why"),
    [(0, 3_600, Hold.SHELVES), (4, 100, Hold.DELAY), (4, 3_600, None)],
)
def test_the_reason_of_a_refusal_is_named(shelves: int, ago_s: int, why: Hold | None) -> None:
    at = now()
    one = OpportunityFactory(as_of=at, opened_at=at - timedelta(seconds=ago_s), shelves=shelves)

    found = readers.held(FREE, one, at)

    assert (found.why if found else None) == why
    if found and why is Hold.DELAY:
        assert (found.delay_s, round(found.left_s)) == (300, 200)


def test_the_sixth_of_an_hour_is_refused_by_the_hour() -> None:
    found = [readers.held(FREE, one, now()) for one in live(6)]

    assert found[:5] == [None] * 5
    assert found[5] is not None
    assert (found[5].why, found[5].limit) == (Hold.HOUR, 5)


def test_what_the_readers_own_filters_keep_out_is_hidden_and_counted() -> None:
    live(3)

    page = listing.page(Wish(), now(), PRO, keeps=lambda row: row.stored.asset != "C0")

    assert (coins(page), page.hidden) == (["C1", "C2"], 1)


def test_the_best_of_a_kind_is_one_the_readers_filters_keep() -> None:
    live(2)

    counts, rows = listing.best_of_kinds(
        Wish(), now(), PRO, keeps=lambda row: row.stored.asset != "C0"
    )

    assert counts[Kind.FUNDING] == 1
    assert [row.stored.asset for row in rows] == ["C1"]
