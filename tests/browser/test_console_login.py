"""The way into the console as a person takes it: password, picture, codes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.core.cache import caches
from pytest_django import Settings

from accounts.models import User
from arbedge import clock
from arbedge.names import Role
from tests.accounts import authenticator
from tests.accounts.console_door import PASSWORD, person

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db]
PICTURES = os.environ.get("ARBEDGE_PICTURES", "")  # a folder to leave screenshots in


@pytest.fixture(autouse=True)
def _required(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    caches["default"].clear()
    settings.STAFF_TOTP = "required"
    monkeypatch.setattr(clock, "now_ms", authenticator.Hands())


@pytest.fixture
def ada(context: BrowserContext) -> User:
    """Made after the browser, whose event loop changes which connection is this thread's."""
    return person("ada", Role.SUPER_ADMIN)


def expect(page: Page, selector: str, text: str) -> None:
    """Waits until the first match holds the text; a test fails only if it never does."""
    from playwright.sync_api import expect as wait

    wait(page.locator(selector).first).to_contain_text(text)


def look(page: Page, name: str) -> None:
    """Leaves pictures of the page in both themes, and finds no page wider than its window."""
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    if not PICTURES:
        return
    for theme in ("light", "dark"):
        page.evaluate(f"document.documentElement.classList.toggle('dark', '{theme}' == 'dark')")
        page.wait_for_timeout(150)
        page.screenshot(path=str(Path(PICTURES) / f"{name}_{theme}.png"), full_page=True)
    page.evaluate("document.documentElement.classList.remove('dark')")


def give_password(page: Page) -> None:
    page.goto("/console/")
    look(page, "password")
    page.fill("#id_username", "ada")
    page.fill("#id_password", PASSWORD)
    page.click("#login-form button[type=submit]")


def give_code(page: Page, code: str) -> None:
    page.fill("#id_code", code)
    page.click("form.gate-form button[type=submit]")


@pytest.mark.parametrize("screen", ["desk", "phone"])
def test_a_person_enrols_keeps_the_codes_and_is_inside(
    screen: str, request: pytest.FixtureRequest, ada: User
) -> None:
    page: Page = request.getfixturevalue(screen)
    give_password(page)
    expect(page, "ol.gate-steps", "shown only this once")
    box = page.locator(".gate-qr svg").bounding_box()
    assert box is not None
    assert box["width"] >= 180
    look(page, f"enrol_{screen}")
    page.click("details summary")
    typed = page.inner_text("#secret")
    look(page, f"enrol_secret_{screen}")
    give_code(page, "000000")
    expect(page, "form.gate-form", "does not fit the picture")
    look(page, f"enrol_wrong_{screen}")
    give_code(page, authenticator.code(typed))
    expect(page, "h1", "Backup codes")
    assert page.locator("#backup-codes li").count() == 10
    look(page, f"backup_codes_{screen}")
    page.click("text=I have kept them")
    expect(page, "body", "Is anything broken?")


@pytest.mark.parametrize("screen", ["desk", "phone"])
def test_a_person_with_a_second_factor_types_its_code(
    screen: str, request: pytest.FixtureRequest, ada: User
) -> None:
    page: Page = request.getfixturevalue(screen)
    typed = authenticator.enrolled(ada)
    give_password(page)
    expect(page, "p.desk-lead", "Type the code your authenticator shows now")
    assert page.locator("#id_code[autofocus][autocomplete=one-time-code]").count() == 1
    look(page, f"code_{screen}")
    give_code(page, "123456")
    expect(page, "form.gate-form", "wrong or was used already")
    look(page, f"code_wrong_{screen}")
    give_code(page, authenticator.code(typed))
    expect(page, "body", "Is anything broken?")
    page.goto("/console/second-factor/")
    expect(page, ".desk-facts", "10 of 10")
    look(page, f"own_{screen}")


def test_a_locked_log_in_says_when_it_opens(desk: Page, ada: User) -> None:
    authenticator.enrolled(ada)
    give_password(desk)
    for _ in range(11):
        give_code(desk, "000000")
    expect(desk, ".gate-refusal", "Too many tries. Log-in opens again in 30 min.")
    look(desk, "locked_desk")


def test_the_picture_needs_no_other_host(desk: Page, server: str, ada: User) -> None:
    asked: list[str] = []
    desk.on("request", lambda request: asked.append(request.url))
    give_password(desk)
    desk.wait_for_selector(".gate-qr svg")
    assert [url for url in asked if not url.startswith((server, "data:"))] == []


def test_the_audit_log_is_read_and_filtered(desk: Page, ada: User) -> None:
    typed = authenticator.enrolled(ada)
    give_password(desk)
    give_code(desk, authenticator.code(typed))
    expect(desk, "body", "Is anything broken?")
    desk.goto("/console/auditlog/logentry/?what=login.")
    expect(desk, "#result_list", "login: succeeded")
    look(desk, "audit_desk")
    desk.locator("#result_list tbody a").first.click()
    expect(desk, "body", "Request or task")
    look(desk, "audit_line_desk")
    for path in ("totpdevice", "loginlock"):
        desk.goto(f"/console/accounts/{path}/")
        look(desk, f"{path}_desk")
