"""Logging in and one's account, in a real browser."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.core import mail
from pytest_django import Settings

from accounts import doors, preferences, sessions, tokens, vault
from accounts.credentials import Rights
from accounts.models import ApiToken, KeyKind, Preferences, User
from arbedge.names import Door
from tests.accounts.factories import SessionFactory, UserFactory
from tests.accounts.web import fresh_cache, link_in
from tests.browser.test_pages import expect, overflow

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db]
PAGES = ("account", "account/profile", "account/sessions", "account/keys", "account/tokens",
         "account/preferences", "account/invitations", "account/affiliate")  # fmt: skip


@pytest.fixture(autouse=True)
def _fresh(settings: Settings) -> None:
    fresh_cache()


@pytest.fixture
def ada() -> User:
    return UserFactory(name="Ada Lovelace", telegram_name="ada", email="ada@example.org")


def log_in(page: Page, server: str, user: User) -> None:
    """Gives the browser a session of this person."""
    started = sessions.start(
        user, Door.WEB, datetime.now(UTC), ip="192.0.2.7", agent="Chrome on Linux"
    )
    page.context.add_cookies([{"name": doors.cookie_name(), "value": started.token, "url": server}])


def furnish(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Something of everything, as somebody has who uses it."""
    now = datetime.now(UTC)
    SessionFactory(user=user, started_at=now - timedelta(days=3), seen_at=now,
                   expires_at=now + timedelta(days=7))  # fmt: skip
    tokens.make(
        user, "laptop 🦊", ["read", "trade"], now + timedelta(days=90), door=Door.WEB, now=now
    )
    tokens.make(user, "an old script", ["read"], None, door=Door.WEB, now=now)
    rights = Rights(read=True, trade=True, withdraw=False, ip_bound=False)
    monkeypatch.setitem(vault._validators, KeyKind.EXCHANGE, lambda _: rights)
    vault.add_exchange(user, "okx", "ak-0123456789abcd", "a secret of okx", "a phrase",
                       label="main account", door=Door.WEB)  # fmt: skip


def test_somebody_comes_in_by_a_link_in_his_mail(
    desk: Page, server: str, settings: Settings
) -> None:
    settings.SITE_URL = server
    desk.goto("/")
    desk.click("text=Log in")
    desk.fill("[name=email]", "ada@example.org")
    desk.click("text=Send me a link")
    expect(desk, "h1", "Look into your mail")
    desk.goto(link_in(str(mail.outbox[0].body)))
    desk.click("button:has-text('Log in')")
    desk.wait_for_url("**/account")
    expect(desk, "main", "Your tier: Free")
    desk.click("text=Log out")
    expect(desk, ".note", "You are logged out")


def test_a_token_is_made_copied_and_gone(desk: Page, server: str, ada: User) -> None:
    log_in(desk, server, ada)
    desk.context.grant_permissions(["clipboard-read", "clipboard-write"])
    desk.goto("/account/tokens")
    desk.fill("[name=name]", "laptop")
    desk.check("[name=scopes][value=read]")
    desk.click("text=Make the token")
    shown = desk.locator("#token").inner_text()
    desk.click("[data-copy]")
    expect(desk, "[data-copy]", "Copied")
    assert desk.evaluate("navigator.clipboard.readText()") == shown
    desk.goto("/account/tokens")
    assert shown not in desk.content()
    assert tokens.check(shown, datetime.now(UTC)) is not None


def test_everything_works_without_javascript(chromium: Any, server: str, ada: User) -> None:
    window = chromium.new_context(base_url=server, java_script_enabled=False)
    page = window.new_page()
    log_in(page, server, ada)
    page.goto("/account/preferences")
    page.fill("[name=min_net]", "0.3")
    page.click("text=Save preferences")
    assert "saved" in page.locator(".note").inner_text()
    page.goto("/account/tokens")
    page.fill("[name=name]", "laptop")
    page.check("[name=scopes][value=read]")
    page.click("text=Make the token")
    assert page.locator("#token").inner_text().startswith("ae_")
    page.click("text=Revoke")
    page.click("button:has-text('Revoke the token')")
    assert "laptop is revoked" in page.locator(".note").inner_text()
    window.close()
    assert Preferences.objects.get().min_net == 0.003
    assert ApiToken.objects.get().revoked_at is not None


def test_a_preset_shows_what_it_would_change_and_can_be_undone(
    desk: Page, server: str, ada: User
) -> None:
    log_in(desk, server, ada)
    desk.goto("/account/preferences")
    desk.click("text=Conservative")
    expect(desk, "main", "Least net")
    desk.click("text=Apply conservative")
    expect(desk, ".note", "is applied")
    desk.click("text=Undo the preset")
    expect(desk, ".note", "as they were")
    assert preferences.of(ada.pk).min_net == 0


def test_a_slip_is_told_beside_its_field_and_found_by_readers(
    desk: Page, server: str, ada: User
) -> None:
    log_in(desk, server, ada)
    desk.goto("/account/profile")
    desk.fill("[name=time_zone]", "Europe/Madird")
    desk.click("text=Save")
    expect(desk, ".wrong", "Did you mean Europe/Madrid?")
    described = desk.locator("[name=time_zone]").get_attribute("aria-describedby") or ""
    assert any("Madrid" in desk.locator(f"#{one}").inner_text() for one in described.split())


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_fits_a_phone(
    phone: Page, server: str, ada: User, scheme: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    furnish(ada, monkeypatch)
    phone.emulate_media(color_scheme=scheme)
    for path in ("login", "login/link?token=x"):
        phone.goto(f"/{path}")
        assert overflow(phone) <= 0, path
    log_in(phone, server, ada)
    for path in PAGES:
        answer = phone.goto(f"/{path}")
        assert answer is not None
        assert answer.status == 200
        assert overflow(phone) <= 0, path


def test_what_one_presses_on_a_phone_is_thumb_high(
    phone: Page, server: str, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    furnish(ada, monkeypatch)
    log_in(phone, server, ada)
    for path in PAGES:
        phone.goto(f"/{path}")
        low = phone.evaluate(
            """() => [...document.querySelectorAll('main .tabs a, main .button, main select,'
            + ' main input:not([type=hidden]):not([type=checkbox]):not([type=radio]),'
            + ' main label.check, main .ticks label, .switches label, header button')]
            .filter((one) => one.getBoundingClientRect().height < 44).map((one) => one.outerHTML)"""
        )
        assert low == [], path


def test_pages_ask_no_other_host_and_say_nothing_to_the_error_console(
    desk: Page, server: str, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    furnish(ada, monkeypatch)
    asked: list[str] = []
    said: list[str] = []
    desk.on("request", lambda request: asked.append(request.url))
    desk.on("console", lambda told: said.append(told.text) if told.type == "error" else None)
    desk.goto("/login")
    log_in(desk, server, ada)
    for path in PAGES:
        desk.goto(f"/{path}", wait_until="networkidle")
    assert [url for url in asked if not url.startswith((server, "data:"))] == []
    assert said == []


def test_the_text_can_be_read_in_both_lights(
    desk: Page, server: str, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    furnish(ada, monkeypatch)
    log_in(desk, server, ada)
    for scheme in ("light", "dark"):
        desk.emulate_media(color_scheme=scheme)
        for path in PAGES:
            desk.goto(f"/{path}")
            assert desk.evaluate(FAINT) == [], (path, scheme)


# Texts whose contrast with what lies behind them is below 4.5 to 1.
FAINT = """() => {
  const part = (v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = (c) => 0.2126 * part(c[0]) + 0.7152 * part(c[1]) + 0.0722 * part(c[2]);
  const read = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const behind = (one) => {
    for (let at = one; at; at = at.parentElement) {
      const c = read(getComputedStyle(at).backgroundColor);
      if (c.length === 3 || c[3] === 1) return c;
    }
    return [255, 255, 255];
  };
  const faint = [];
  for (const one of document.querySelectorAll('body *')) {
    const own = [...one.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || !one.getClientRects().length) continue;
    const [a, b] = [light(read(getComputedStyle(one).color)), light(behind(one))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 4.5) faint.push(`${contrast.toFixed(2)} ${one.outerHTML.slice(0, 120)}`);
  }
  return faint;
}"""
