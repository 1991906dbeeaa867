"""What people see and press, in a real browser."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from accounts.models import User
from arbedge.names import Reason
from tests.factories import VenueRecordFactory
from tests.opportunities.factories import (
    FigureFactory,
    NearMissFactory,
    OpportunityFactory,
    ScanRecordFactory,
    now,
)

if TYPE_CHECKING:
    from playwright.sync_api import Page, Request

pytestmark = [pytest.mark.browser, pytest.mark.django_db, pytest.mark.usefixtures("empty_cache")]
PASSWORD = "correct horse battery staple"


def expect(page: Page, selector: str, text: str, timeout_s: float = 15) -> None:
    """Waits until the first match holds the text; a test fails only if it never does."""
    from playwright.sync_api import expect as wait

    wait(page.locator(selector).first).to_contain_text(text, timeout=timeout_s * 1000)


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than the window."""
    width: int = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    return width


def coins(page: Page) -> list[str]:
    """The coins of the board in their order."""
    told = page.locator("td.coin").all_inner_texts()
    return [text.split()[0] for text in told]


def test_the_board_refreshes_itself_without_a_reload(desk: Page) -> None:
    one = OpportunityFactory(asset="WIF", net=0.0042, cohorts=None)
    desk.goto("/")
    desk.evaluate("window.sameDocument = true")
    one.net = 0.0055
    one.save()
    expect(desk, "td.net", "+0.55")
    assert desk.evaluate("window.sameDocument") is True


def test_a_changed_figure_blinks_and_an_unchanged_one_does_not(desk: Page) -> None:
    one = OpportunityFactory(asset="WIF", net=0.0042, cohorts=None)
    OpportunityFactory(asset="SXP", net=0.0020, cohorts=None)
    desk.goto("/")
    desk.evaluate(
        """() => { window.blinked = [];
        new MutationObserver((all) => all.forEach((one) => {
          if (one.target.classList.contains("blink")) window.blinked.push(one.target.dataset.figure
            + one.target.closest("[data-row]").dataset.row);
        })).observe(document.body, {subtree: true, attributeFilter: ["class"]}); }"""
    )
    one.net = 0.0055
    one.save()
    desk.wait_for_function("window.blinked.length > 0")
    assert set(desk.evaluate("window.blinked")) == {f"net{one.pk}", f"apr{one.pk}"}


def test_a_hidden_tab_asks_nothing(desk: Page) -> None:
    OpportunityFactory(asset="WIF")
    desk.goto("/")
    desk.evaluate("Object.defineProperty(document, 'hidden', {value: true})")
    asked: list[str] = []
    desk.on("request", lambda one: asked.append(f"{one.resource_type} {one.url}"))
    desk.wait_for_timeout(6_500)
    assert [one for one in asked if not one.endswith("mark.svg")] == []  # the browser's own wish


def test_filters_act_at_once_and_can_be_shared_by_their_address(desk: Page) -> None:
    OpportunityFactory(asset="WIF")
    OpportunityFactory(asset="SXP", kind="spot", net=0.0019)
    desk.goto("/")
    desk.select_option("select[name=kind]", "spot")
    desk.wait_for_function("document.querySelectorAll('td.coin').length === 1")
    assert coins(desk) == ["SXP"]
    assert "kind=spot" in desk.url
    desk.reload()
    assert coins(desk) == ["SXP"]


def test_typing_a_coin_narrows_the_board(desk: Page) -> None:
    OpportunityFactory(asset="WIF")
    OpportunityFactory(asset="SXP")
    desk.goto("/")
    desk.fill("input[name=coin]", "sx")
    desk.wait_for_function("document.querySelectorAll('td.coin').length === 1")
    assert coins(desk) == ["SXP"]


def test_the_size_changes_the_figures(desk: Page) -> None:
    OpportunityFactory(asset="WIF")
    desk.goto("/")
    desk.select_option("select[name=size]", "10000")
    expect(desk, "td.net .under", "+0.22")


def test_a_filter_outlives_the_refresh(desk: Page) -> None:
    OpportunityFactory(asset="WIF", cohorts=None)
    other = OpportunityFactory(asset="SXP", net=0.0019, cohorts=None)
    desk.goto("/?coin=SXP")
    other.net = 0.0033
    other.save()
    expect(desk, "td.net", "+0.33")
    assert coins(desk) == ["SXP"]


def test_the_whole_row_leads_to_its_page(desk: Page) -> None:
    one = OpportunityFactory(asset="WIF")
    desk.goto("/")
    desk.locator("td.risk").click(force=True)  # the link lies over the whole row
    desk.wait_for_url(f"**/o/{one.pk}")
    expect(desk, "h1", "WIF")


def test_the_page_says_so_when_it_has_lost_its_server(desk: Page) -> None:
    OpportunityFactory(asset="WIF")
    desk.goto("/")
    desk.context.set_offline(True)
    desk.wait_for_selector("#lost.on")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_fits_a_phone(phone: Page, scheme: str) -> None:
    phone.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    one = OpportunityFactory(asset="WIF", reasons=1 << Reason.NETWORK_UNKNOWN)
    OpportunityFactory(asset="ALONGCOINNAME", long_market="spot", state="fading", net=1.5)
    for minutes in range(5):
        FigureFactory(opportunity=one, at=now() - timedelta(minutes=minutes))
    NearMissFactory(reasons=(1 << Reason.THIN_VOLUME) | (1 << Reason.BELOW_THRESHOLD))
    ScanRecordFactory()
    for path in ("/", f"/o/{one.pk}", "/status", "/o/4711"):
        answer = phone.goto(path)
        assert answer is not None
        assert answer.status == (404 if "4711" in path else 200)
        assert overflow(phone) <= 0, path


def test_what_one_presses_on_a_phone_is_thumb_high(phone: Page) -> None:
    OpportunityFactory(asset="WIF")
    phone.goto("/")
    phone.locator("summary").first.click()
    low = phone.evaluate(
        """() => [...document.querySelectorAll('header nav a, .filters input[type=text],'
        + ' .filters select, .ticks label, tr[data-row]')]
        .filter((one) => one.getBoundingClientRect().height < 44).map((one) => one.outerHTML)"""
    )
    assert low == []


def test_charts_are_shown_and_follow_the_readers_theme(desk: Page) -> None:
    one = OpportunityFactory(asset="WIF")
    desk.emulate_media(color_scheme="dark")
    desk.goto(f"/o/{one.pk}")
    image = desk.locator("figure.chart img").first
    image.scroll_into_view_if_needed()
    desk.wait_for_function("document.querySelector('figure.chart img').naturalWidth > 0")
    assert image.evaluate("one => one.currentSrc").endswith("waterfall-dark.svg")


def test_pages_ask_no_other_host(desk: Page, server: str) -> None:
    one = OpportunityFactory(asset="WIF")
    asked: list[Request] = []
    desk.on("request", lambda request: asked.append(request))  # noqa: PLW0108  Playwright cannot wrap a builtin
    for path in ("/", f"/o/{one.pk}", "/status", "/console/login/"):
        desk.goto(path, wait_until="networkidle")
    assert len(asked) > 4
    assert {request.url for request in asked if not request.url.startswith((server, "data:"))} == (
        set()
    )


def test_pages_say_nothing_to_the_error_console(desk: Page) -> None:
    one = OpportunityFactory(asset="WIF")
    said: list[str] = []
    desk.on("console", lambda told: said.append(told.text) if told.type == "error" else None)
    desk.on("pageerror", lambda error: said.append(str(error)))
    for path in ("/", f"/o/{one.pk}", "/status"):
        desk.goto(path, wait_until="networkidle")
    assert said == []


@pytest.fixture
def operator() -> User:
    """Somebody who may do everything in the console."""
    return User.objects.create_superuser("operator", "operator@example.org", PASSWORD)


def sign_in(page: Page) -> None:
    page.goto("/console/")
    page.fill("[name=username]", "operator")
    page.fill("[name=password]", PASSWORD)
    page.locator("[type=submit]").first.click()
    page.wait_for_url("**/console/")


def test_an_operator_signs_in_and_is_asked_the_three_questions(desk: Page, operator: User) -> None:
    sign_in(desk)
    expect(desk, ".desk-questions", "Is anything broken?")


def test_an_operator_pauses_a_venue_with_a_reason(desk: Page, operator: User) -> None:
    venue = VenueRecordFactory(name="okx")
    sign_in(desk)
    desk.goto("/console/exchanges/venuerecord/")
    desk.locator("input[name=_selected_action]").first.check()
    desk.select_option("select[name=action]", "pause")
    desk.locator("button[name=index], [type=submit][form=changelist-form]").first.click()
    desk.fill("#reason", "odd prices")
    desk.locator(".desk-danger").click()
    expect(desk, "body", "Paused okx.")
    venue.refresh_from_db()
    assert re.match("odd", venue.paused_reason)
