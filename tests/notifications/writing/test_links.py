"""Links in messages: where they may lead, and that nobody can make his own."""

from __future__ import annotations

import base64
import time
from typing import Any

import pytest

from arbedge import sealing
from arbedge.errors import BadInput
from notifications.writing import links

SITE = "https://arbedge.example"
OUTSIDE = [
    "https://evil.example/",
    "//evil.example/o/1",
    "///evil.example/",
    "/\\evil.example/",
    "\\\\evil.example/",
    "https:evil.example",
    "https:/evil.example",
    "http://www.okx.com/",
    "https://www.okx.com@evil.example/",
    "https://evil.example@www.okx.com/",
    "https://www.okx.com:8443/",
    "https://www.okx.com.evil.example/",
    "https://okx.com\\.evil.example/",
    "https://www.okx.com\t.evil.example/",
    "https://wwwｗ.okx.com/",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    f"{SITE}.evil.example/",
    f"{SITE}@evil.example/",
    f"{SITE}:443@evil.example/",
    SITE,
    "o/1",
    "",
    " /o/1",
    "/o/1\r\nSet-Cookie: a=b",
    "/\t/evil.example",
    "/" + "x" * 1000,
]  # fmt: skip


@pytest.fixture(autouse=True)
def _site(settings: Any) -> None:
    settings.SITE_URL = SITE


def token_of(url: str) -> str:
    """The token of a link."""
    return url.removeprefix(f"{SITE}/go/")


@pytest.mark.parametrize(
    "target",
    ["/o/1", "/", "/o/1?from=mail&n=2#legs", f"{SITE}/o/1", "https://www.okx.com/trade/wif"],
)
def test_a_link_leads_to_its_own_target(target: str) -> None:
    url = links.signed(7, "open", target)
    assert url.startswith(f"{SITE}/go/")
    assert links.read(token_of(url)) == links.Link(7, "open", target)


@pytest.mark.parametrize("target", OUTSIDE)
def test_nothing_else_is_signed(target: str) -> None:
    with pytest.raises(BadInput) as told:
        links.signed(7, "open", target)
    assert told.value.code == "bad_target"


@pytest.mark.parametrize("target", OUTSIDE)
def test_nothing_else_is_followed_even_if_it_was_signed(target: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(links, "allowed", lambda text: text)
        token = token_of(links.signed(7, "open", target))
    with pytest.raises(BadInput) as told:
        links.read(token)
    assert told.value.code == "bad_target"


@pytest.mark.parametrize("action", ["", "x" * 25])
def test_an_action_has_a_name_the_count_can_keep(action: str) -> None:
    with pytest.raises(BadInput):
        links.signed(7, action, "/o/1")


def test_a_link_that_was_changed_is_not_ours() -> None:
    token = token_of(links.signed(7, "open", "/o/1"))
    body, _, seal = token.partition(".")
    other, _, _ = token_of(links.signed(8, "open", "/o/1")).partition(".")
    forged = (f"{other}.{seal}", f"{body}.{seal[:-1]}", f"{body}.", body, "", ".", "x" * 5000,
              "é.é", f"{body}.é", f"{body}=.{seal}", f"{token}.{seal}")  # fmt: skip
    for one in forged:
        with pytest.raises(links.Forged):
            links.read(one)


def test_what_another_room_signed_is_no_link() -> None:
    body, _, _ = token_of(links.signed(7, "open", "/o/1")).partition(".")
    seal = base64.urlsafe_b64encode(sealing.digest("another room", body)[:16]).decode()
    with pytest.raises(links.Forged):
        links.read(f"{body}.{seal.rstrip('=')}")


def test_a_link_of_another_secret_is_no_link(settings: Any) -> None:
    token = token_of(links.signed(7, "open", "/o/1"))
    settings.SECRET_KEY = "another secret, as after a leak"
    with pytest.raises(links.Forged):
        links.read(token)


@pytest.mark.parametrize(("days", "lives"), [(0, True), (89, True), (91, False)])
def test_a_link_lives_ninety_days(days: int, lives: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = time.time()
    with monkeypatch.context() as patch:
        patch.setattr("notifications.writing.links.time.time", lambda: now_s - days * 86_400)
        token = token_of(links.signed(7, "open", "/o/1"))
    if lives:
        assert links.read(token).target == "/o/1"
    else:
        with pytest.raises(links.Expired, match="90 days"):
            links.read(token)


def test_a_link_fits_into_a_short_message() -> None:
    assert len(links.signed(123_456_789, "open", "/o/123456")) < 130
