"""The long tail through Apprise: its own code, against a Pushover that listens on loopback."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from urllib.parse import parse_qsl

import pytest
from apprise.manager_plugins import NotificationManager
from apprise.plugins.pushover import NotifyPushover
from pytest_django import Settings
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from arbedge import logs
from arbedge.errors import BadInput
from notifications.channels import apprise_services, base, custom
from notifications.channels.custom import sender
from notifications.codes import Code
from notifications.names import Outcome
from tests.notifications.channels.outgoing import outgoing, send, send_one
from tests.serving import served

URL = f"pover://{30 * 'u'}@{30 * 'a'}"
ADDRESS = {"url": URL}


class Pushover:
    """What it was sent, and what it answers next."""

    def __init__(self) -> None:
        self.log: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.answers: list[Response] = []

    async def take(self, request: Request) -> Response:
        self.paths.append(request.url.path)
        self.log.append(dict(parse_qsl((await request.body()).decode())))
        return self.answers.pop() if self.answers else JSONResponse({"status": 1})


@pytest.fixture
def pushover(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pushover]:
    """Apprise's own plugin, its service's host replaced by loopback."""
    fake = Pushover()
    app = Starlette(routes=[Route("/{path:path}", fake.take, methods=["POST", "GET"])])
    with served(app) as url:
        monkeypatch.setattr(NotifyPushover, "notify_url", f"{url}/1/messages.json")
        yield fake


def test_the_channel_finds_its_sender() -> None:
    assert base.sender(sender.channel) is sender


def test_a_message_arrives(pushover: Pushover) -> None:
    result = send_one(sender, ADDRESS)

    assert result.outcome is Outcome.SENT
    [sent] = pushover.log
    assert sent["title"] == "WIF funding +0.42 % net in 72 h"
    assert sent["message"] == "Long OKX\nShort Bybit\nCosts 0.23 %"
    assert (sent["user"], sent["token"]) == (30 * "u", 30 * "a")


def test_a_title_the_text_begins_with_is_not_said_twice(pushover: Pushover) -> None:
    send_one(sender, ADDRESS, title="WIF pays", body="WIF pays\nLong OKX")

    assert pushover.log[0]["message"] == "WIF pays\nLong OKX"
    assert "WIF" not in pushover.log[0].get("title", "")


def test_a_very_long_text_is_one_short_message(pushover: Pushover) -> None:
    result = send_one(sender, ADDRESS, body="word " * 2000)

    assert result.outcome is Outcome.SENT
    [sent] = pushover.log
    assert len(sent["message"]) <= custom.LONGEST_BODY


def test_markup_is_text(pushover: Pushover) -> None:
    send_one(sender, ADDRESS, body="<b>WIF</b> [x](https://evil.example)")

    assert pushover.log[0]["message"] == "<b>WIF</b> [x](https://evil.example)"
    assert not pushover.log[0].get("html")


def test_what_is_not_taken_is_tried_again(pushover: Pushover) -> None:
    pushover.answers.append(JSONResponse({"status": 0}, 400))

    result = send_one(sender, ADDRESS)

    assert (result.outcome, result.code) == (Outcome.RETRY, Code.SERVER)


def test_a_redirect_is_not_followed_whatever_the_address_says(pushover: Pushover) -> None:
    pushover.answers.append(RedirectResponse("http://169.254.169.254/latest/", 307))

    result = send_one(sender, {"url": f"{URL}?redirect=yes"})

    assert result.outcome is Outcome.RETRY
    assert pushover.paths == ["/1/messages.json"]


def test_a_service_that_does_not_answer_in_time_is_tried_again(
    pushover: Pushover, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(custom, "TIMEOUT_S", 0.05)
    monkeypatch.setattr(NotifyPushover, "notify", lambda *_, **__: time.sleep(0.5))

    result = send_one(sender, ADDRESS)

    assert (result.outcome, result.code) == (Outcome.RETRY, Code.TIMEOUT)


def test_a_failure_inside_apprise_is_told_by_kind(
    pushover: Pushover, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise LookupError(URL)

    monkeypatch.setattr(custom, "_told", fail)

    result = send_one(sender, ADDRESS)

    assert (result.outcome, result.detail) == (Outcome.RETRY, "LookupError")


def test_nothing_in_an_address_loosens_how_the_service_is_asked() -> None:
    options = "?verify=no&redirect=yes&rto=100&cto=100&retry=9&wait=20&overflow=split&store=yes"

    service = apprise_services.made(URL + options)

    assert {name: getattr(service, name) for name in apprise_services.OURS} == dict(
        apprise_services.OURS
    )


@pytest.mark.parametrize(
    "url",
    [
        "json://169.254.169.254/", "jsons://example.com/", "xml://localhost", "form://10.0.0.1",
        "apprise://localhost/key", "mailto://a:b@example.com", "syslog://", "dbus://", "gnome://",
        "macosx://", "windows://", "ntfy://localhost/topic", "gotify://127.0.0.1/token",
        "matrix://u:p@localhost", "workflows://x/y/z", "file:///etc/passwd", "config://x",
        "https://example.com/", "pover", "", f" {URL} json://127.0.0.1", f"{URL}\njson://127.0.0.1",
        f"POVER://{30 * 'u'}@{30 * 'a'}",
    ],
)  # fmt: skip
def test_only_schemes_of_the_list_are_taken(url: str) -> None:
    with pytest.raises(BadInput) as error:
        sender.take({"url": url})

    assert error.value.details["field"] == "url"


def test_one_address_is_one_service() -> None:
    """A second address behind a comma is a part of the first one, never a service of its own."""
    service = apprise_services.made(f"{URL}/device,json://127.0.0.1/")

    assert isinstance(service, NotifyPushover)


def test_a_scheme_with_a_free_host_is_refused_even_where_the_list_names_it(
    settings: Settings,
) -> None:
    settings.APPRISE_SCHEMES = ["json"]

    with pytest.raises(BadInput):
        sender.take({"url": "json://example.com/"})


def test_an_address_of_a_wrong_form_is_refused() -> None:
    with pytest.raises(BadInput, match="does not know"):
        sender.take({"url": "pover://tooshort"})


def test_a_very_long_address_names_the_limit() -> None:
    with pytest.raises(BadInput) as error:
        sender.take({"url": URL + 1000 * "x"})

    assert error.value.details == {"field": "url", "limit": 1000}


def test_a_good_address_is_kept_as_it_is() -> None:
    assert sender.take({"url": f" {URL} "}) == ADDRESS


def test_a_scheme_that_is_not_allowed_any_more_is_not_used(
    pushover: Pushover, settings: Settings
) -> None:
    settings.APPRISE_SCHEMES = ["prowl"]

    result = send_one(sender, ADDRESS)

    assert (result.outcome, result.code) == (Outcome.PERMANENT, Code.REFUSED)
    assert pushover.log == []


def test_an_address_apprise_cannot_read_any_more_is_gone(settings: Settings) -> None:
    result = send_one(sender, {"url": "pover://x"})

    assert (result.outcome, result.code, result.gone) == (
        Outcome.PERMANENT, Code.BAD_ADDRESS, True,
    )  # fmt: skip


def test_a_dead_service_does_not_hold_up_the_rest(
    pushover: Pushover, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        monkeypatch.setattr(
            apprise_services.made("prowl://" + 40 * "p").__class__,
            "notify_url", f"http://127.0.0.1:{unused.getsockname()[1]}/",
        )  # fmt: skip

    results = send(sender, outgoing({"url": "prowl://" + 40 * "p"}), outgoing(ADDRESS, number=2))

    assert [result.outcome for result in results] == [Outcome.RETRY, Outcome.SENT]


def test_the_secret_of_the_address_is_not_shown(pushover: Pushover) -> None:
    pushover.answers.append(JSONResponse({"status": 0}, 500))
    message = outgoing(ADDRESS)
    [result] = send(sender, message)

    for text in (repr(message), repr(result), sender.shown(ADDRESS)):
        assert "aaaa" not in text
    assert sender.host(ADDRESS) == "pover"


def test_what_apprise_logs_of_a_failure_holds_no_secret(
    pushover: Pushover, caplog: pytest.LogCaptureFixture
) -> None:
    pushover.answers.append(JSONResponse({"status": 0}, 500))

    send_one(sender, ADDRESS)

    assert "apprise" in {record.name for record in caplog.records}
    assert "aaaa" not in caplog.text


@pytest.mark.parametrize("name", ["apprise", "urllib3"])
def test_loggers_that_write_secrets_are_quiet_at_every_level(name: str) -> None:
    assert logs.logging_config("DEBUG")["loggers"][name] == {"level": "WARNING"}


@pytest.mark.parametrize("scheme", sorted(apprise_services.FIXED))
def test_the_schemes_we_know_have_a_host_of_their_own(scheme: str) -> None:
    services = NotificationManager()  # type: ignore[no-untyped-call]

    assert not apprise_services.has_free_host(services[scheme])
    assert str(services[scheme].notify_url).startswith("https://")


def test_schemes_with_free_hosts_and_unknown_ones_are_found() -> None:
    asked = ["pover", "json", "ntfy", "nosuchscheme", "ifttt"]

    assert apprise_services.free_hosts(asked) == ["json", "ntfy", "nosuchscheme"]
