"""The page of channels in a real browser: by hand, on a phone, without scripts, with web push."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from django.core import mail
from pytest_django import Settings

from accounts.models import User
from arbedge.names import Channel
from notifications.addressing import order, unsubscribing
from notifications.models import Address, Suppression
from notifications.names import AddressState
from tests.accounts.factories import NOON, UserFactory
from tests.accounts.web import fresh_cache, link_in
from tests.browser.channels_furniture import furnish
from tests.browser.test_account import FAINT, log_in
from tests.browser.test_pages import expect, overflow

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db]

# A browser that has a push service; Chromium's own would ask its maker's.
PUSHING = """
  const key = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-"
            + "AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
  const said = { endpoint: "https://93.184.216.34/push/1",
                 keys: { p256dh: key, auth: "BTBZMqHH6r4Tts7J_aSIgg" } };
  const subscription = { toJSON: () => said, unsubscribe: async () => true };
  const held = () => localStorage.getItem("on") ? subscription : null;
  PushManager.prototype.subscribe = async () => subscription;
  PushManager.prototype.getSubscription = async () => held();
  Notification.requestPermission = async () => "granted";
"""


@pytest.fixture(autouse=True)
def _fresh(settings: Settings, server: str) -> None:
    fresh_cache()
    settings.SITE_URL = server


@pytest.fixture
def ada() -> User:
    return UserFactory(name="Ada Lovelace", telegram_name="ada", email="ada@example.org",
                       email_verified_at=NOON)  # fmt: skip


def pages(user: User) -> list[str]:
    """Every page of this room that a person sees, with something on each."""
    hook = furnish(user)
    waits = Address.objects.get(state=AddressState.UNVERIFIED)
    farewell = unsubscribing.url(Channel.EMAIL, {"email": "ada@example.org"})
    return [
        "/account/channels/", f"/account/channels/{hook.pk}/log",
        f"/account/channels/{waits.pk}/proof", f"/account/channels/{hook.pk}/remove",
        f"/account/channels/{hook.pk}/secret", "/unsubscribe/" + farewell.rpartition("/")[2],
        "/go/forged", "/confirm?token=forged",
    ]  # fmt: skip


def test_a_mailbox_is_added_and_proven_by_the_link_in_its_mail(
    desk: Page, server: str, ada: User
) -> None:
    log_in(desk, server, ada)
    desk.goto("/account/channels/")
    desk.click("summary:has-text('E-mail')")
    desk.fill("[name=email]", "ada@elsewhere.example")
    desk.click("button:has-text('Add and send a code')")
    expect(desk, "h2", "Verify E-mail a…@elsewhere.example")
    desk.context.clear_cookies()  # the mail is read on another device
    desk.goto(link_in(str(mail.outbox[-1].body)))
    expect(desk, "main", "“Ada Lovelace”")
    desk.click("text=Yes, verify it")
    expect(desk, "h1", "is verified")
    assert order.of(ada) == (Channel.TELEGRAM, Channel.EMAIL)


def test_everything_works_without_javascript(chromium: Any, server: str, ada: User) -> None:
    window = chromium.new_context(base_url=server, java_script_enabled=False)
    page = window.new_page()
    log_in(page, server, ada)
    page.goto("/account/channels/")
    assert not page.locator("#push button").is_visible()
    assert "needs JavaScript" in page.locator("#push").inner_text()
    page.click("summary:has-text('E-mail')")
    page.fill("[name=email]", "ada@elsewhere.example")
    page.click("button:has-text('Add and send a code')")
    code = re.search(r"\b\d{6}\b", str(mail.outbox[-1].body))
    assert code is not None
    page.fill("[name=code]", code[0])
    page.click("button:text-is('Verify')")
    assert "is verified and used from now on" in page.locator(".note").inner_text()
    page.click("[aria-label='Move E-mail up']")
    assert order.of(ada) == (Channel.EMAIL, Channel.TELEGRAM)
    page.click("text=Remove")
    page.click("button:text-is('Remove')")
    window.close()
    assert not Address.objects.exists()


def test_a_slip_keeps_its_form_open_and_is_told_beside_the_field(
    desk: Page, server: str, ada: User
) -> None:
    log_in(desk, server, ada)
    desk.goto("/account/channels/")
    desk.click("summary:has-text('Webhook')")
    desk.fill("#webhook_url", "https://192.168.0.1/hook")
    desk.click("button:text-is('Add')")
    expect(desk, ".wrong", "not on the public internet")
    assert desk.locator("#webhook_url").is_visible()
    assert desk.locator("#webhook_url").input_value() == "https://192.168.0.1/hook"


def test_a_webhooks_secret_is_shown_once(desk: Page, server: str, ada: User) -> None:
    log_in(desk, server, ada)
    desk.goto("/account/channels/")
    desk.click("summary:has-text('Webhook')")
    desk.fill("#webhook_url", "https://93.184.216.34/hook")
    desk.click("button:text-is('Add')")
    secret = desk.locator("#secret").inner_text()
    assert secret.startswith("whsec_")
    desk.goto(f"/account/channels/{Address.objects.get().pk}/log")
    assert secret not in desk.content()


def test_this_browser_is_switched_on_and_off(desk: Page, server: str, ada: User) -> None:
    desk.context.add_init_script(PUSHING)
    log_in(desk, server, ada)
    desk.goto("/account/channels/")
    desk.click("text=Switch on in this browser")
    expect(desk, ".channel:has-text('Web push')", "93.184.216.34")
    assert Address.objects.get().state == AddressState.ACTIVE
    assert Channel.WEB_PUSH in order.of(ada)
    desk.evaluate("localStorage.setItem('on', '1')")
    desk.reload()
    desk.click("text=Switch off in this browser")
    desk.wait_for_function("!document.body.innerText.includes('93.184.216.34')")
    assert not Address.objects.exists()


def test_a_browser_that_is_not_allowed_says_what_to_do(desk: Page, server: str, ada: User) -> None:
    desk.context.add_init_script(PUSHING.replace('"granted"', '"denied"'))
    log_in(desk, server, ada)
    desk.goto("/account/channels/")
    desk.click("text=Switch on in this browser")
    expect(desk, "#push", "Allow notifications for this site")
    assert not Address.objects.exists()


def test_the_service_worker_answers_for_the_whole_site(desk: Page, server: str, ada: User) -> None:
    log_in(desk, server, ada)
    desk.goto("/account/channels/")
    scope = desk.evaluate("navigator.serviceWorker.ready.then((one) => one.scope)")
    assert scope == f"{server}/"


def test_one_leaves_and_comes_back_by_two_presses(desk: Page, server: str) -> None:
    desk.goto(unsubscribing.url(Channel.EMAIL, {"email": "ada@example.org"}))
    desk.click("button:has-text('End all messages')")
    expect(desk, "h1", "We write no more")
    assert Suppression.objects.count() == 1
    desk.click("text=Undo")
    expect(desk, "h1", "Welcome back")
    assert not Suppression.objects.exists()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_fits_a_phone(phone: Page, server: str, ada: User, scheme: Any) -> None:
    phone.emulate_media(color_scheme=scheme)
    log_in(phone, server, ada)
    for path in pages(ada):
        phone.goto(path)
        assert overflow(phone) <= 0, path
        low = phone.evaluate(
            """() => [...document.querySelectorAll('main .tabs a, main .button, main summary,'
            + ' main input:not([type=hidden])')].filter((one) => one.checkVisibility()
            && one.getBoundingClientRect().height < 44).map((one) => one.outerHTML)"""
        )
        assert low == [], path


def test_the_text_can_be_read_in_both_lights(desk: Page, server: str, ada: User) -> None:
    log_in(desk, server, ada)
    for scheme in ("light", "dark"):
        desk.emulate_media(color_scheme=scheme)
        for path in pages(ada) if scheme == "light" else ["/account/channels/"]:
            desk.goto(path)
            assert desk.evaluate(FAINT) == [], (path, scheme)


def test_pages_ask_no_other_host_and_say_nothing_to_the_error_console(
    desk: Page, server: str, ada: User
) -> None:
    log_in(desk, server, ada)
    asked: list[str] = []
    said: list[str] = []
    desk.on("request", lambda request: asked.append(request.url))
    desk.on("console", lambda told: said.append(told.text) if told.type == "error" else None)
    for path in pages(ada)[:6]:
        desk.goto(path, wait_until="networkidle")
    assert [url for url in asked if not url.startswith((server, "data:"))] == []
    assert said == []
