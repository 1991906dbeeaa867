"""Texts and tests of wordings in a real browser: what is typed is seen at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from accounts.models import User
from notifications.models import Variant
from tests.browser.test_pages import PASSWORD, expect, overflow, sign_in
from tests.notifications.factories import MessageFactory

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db]
PATH = "/console/notifications/variant/"


@pytest.fixture
def operator() -> User:
    """Somebody who may do everything in the console."""
    return User.objects.create_superuser("operator", "operator@example.org", PASSWORD)


@pytest.fixture
def draft() -> Variant:
    """A test nobody reads yet."""
    return Variant.objects.create(
        name="shorter", topic="opened", channel="telegram", language="en", body="{{ asset }}"
    )


def test_what_is_typed_is_seen_beside_it(desk: Page, operator: User) -> None:
    MessageFactory()
    sign_in(desk)
    desk.goto(f"{PATH}add/")
    expect(desk, ".desk-bubbles", "Costes")
    desk.fill("[name=name]", "shorter")
    desk.fill("[name=body]", "{{ asset|strong }} pays well")
    expect(desk, ".desk-bubbles", "WIF pays well")
    desk.fill("[name=body]", "{{ nett }}")
    expect(desk, "[role=alert]", "nearest: net")


def test_a_test_is_written_started_and_stopped(desk: Page, operator: User) -> None:
    MessageFactory()
    sign_in(desk)
    desk.goto(f"{PATH}texts/")
    desk.click("text=try other words >> nth=0")
    desk.fill("[name=name]", "shorter")
    desk.click("text=Keep the draft")
    desk.click("text=Start…")
    desk.click("button:has-text('Start')")
    expect(desk, ".desk-facts", "running")
    desk.click("text=Stop…")
    desk.click("button:has-text('Stop')")
    expect(desk, ".desk-facts", "ended")


@pytest.mark.parametrize("path", ["", "add/", "texts/", "{}/change/", "{}/do/start/"])
def test_no_page_is_wider_than_a_phone(
    phone: Page, operator: User, draft: Variant, path: str
) -> None:
    MessageFactory()
    sign_in(phone)
    phone.goto(PATH + path.format(draft.pk), wait_until="networkidle")
    assert overflow(phone) <= 0


def test_no_page_says_anything_to_the_error_console(
    desk: Page, operator: User, draft: Variant
) -> None:
    sign_in(desk)
    said: list[str] = []
    desk.on("console", lambda told: said.append(told.text) if told.type == "error" else None)
    desk.on("pageerror", lambda error: said.append(str(error)))
    for path in ("", "add/", "texts/", f"{draft.pk}/change/", f"{draft.pk}/edit/"):
        desk.goto(PATH + path, wait_until="networkidle")
    assert said == []
