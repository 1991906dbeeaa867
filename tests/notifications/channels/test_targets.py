"""Which addresses on the web may be kept, and which lead inside."""

from __future__ import annotations

import httpx
import pytest
from pytest_django import Settings

from arbedge import aio
from arbedge.errors import BadInput
from arbedge.http import RefusedAddress
from notifications.channels import targets


def take(url: str) -> str:
    return targets.web({"url": url})


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example.com/in?key=1",
        "https://hooks.example.com:8443/in",
        "https://1.1.1.1/in",
        "https://[2606:4700::1111]/in",
    ],
)
def test_an_address_of_the_internet_is_kept_as_it_is(url: str) -> None:
    assert take(url) == url


def test_the_usual_port_is_left_out() -> None:
    assert take("HTTPS://Hooks.example.com:443/In") == "https://hooks.example.com/In"


def test_a_foreign_name_is_kept_in_its_ascii_form() -> None:
    assert take(" https://bücher.example/x#part ") == "https://xn--bcher-kva.example/x"


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/", "https://10.0.0.1/", "https://169.254.169.254/latest/meta-data/",
        "https://[::1]/", "https://[::ffff:10.0.0.1]/", "https://[fe80::1%25eth0]/",
        "https://2130706433/", "https://0x7f.1/", "https://127.1/",
        "https://127。0。0。1/", "https://localhost/", "https://LOCALHOST./", "https://db/",
        "https://metadata.google.internal/", "https://printer.local/", "https://a.localhost/",
    ],
)  # fmt: skip
def test_an_address_inside_is_refused_before_it_is_kept(url: str) -> None:
    with pytest.raises(RefusedAddress):
        take(url)


@pytest.mark.parametrize(
    "url",
    [
        "", "hooks.example.com", "ftp://hooks.example.com/", "file:///etc/passwd",
        "javascript:alert(1)", "http://hooks.example.com/", "https://", "https://a b/",
        "https://hooks.example.com/a b", "https://hooks.example.com\\@127.0.0.1/",
        "https://user:word@hooks.example.com/", "https://hooks.example.com:22/",
        "https://hooks.example.com:0/", "https://0177.0.0.1/", "https://hooks.example.com:99999/",
        "https://hooks.example.com/\r\nX-Evil: 1", "https://ho%6fks.example.com/",
    ],
)  # fmt: skip
def test_what_is_no_address_on_the_web_names_its_field(url: str) -> None:
    with pytest.raises(BadInput) as error:
        take(url)

    assert error.value.details["field"] == "url"


def test_a_very_long_address_names_the_limit() -> None:
    with pytest.raises(BadInput) as error:
        take("https://hooks.example.com/" + 3000 * "x")

    assert error.value.details == {"field": "url", "limit": 2048}


def test_a_name_that_leads_inside_is_refused_by_the_check() -> None:
    with pytest.raises(RefusedAddress):
        aio.run(targets.check("https://localhost/"))


@pytest.mark.parametrize("entry", ["127.0.0.1", "127.0.0.1:8091"])
def test_the_demos_receivers_are_trusted(settings: Settings, entry: str) -> None:
    settings.TRUSTED_RECEIVER_HOSTS = [entry]

    assert take("http://127.0.0.1:8091/hooks/a") == "http://127.0.0.1:8091/hooks/a"
    aio.run(targets.check("http://127.0.0.1:8091/hooks/a"))


def test_only_the_port_that_is_named_is_trusted(settings: Settings) -> None:
    settings.TRUSTED_RECEIVER_HOSTS = ["127.0.0.1:8091"]

    assert not targets.trusted(httpx.URL("http://127.0.0.1:5432/"))


def test_in_production_nothing_inside_is_trusted(settings: Settings) -> None:
    settings.TRUSTED_RECEIVER_HOSTS = ["127.0.0.1"]
    settings.PRODUCTION = True

    assert not targets.trusted(httpx.URL("http://127.0.0.1:8091/"))


def test_an_address_is_shown_without_its_secret_path() -> None:
    shown = targets.ByUrl().shown({"url": "https://hooks.example.com/services/T0/B0/secretword"})

    assert shown == "hooks.example.com …word"
