"""Addresses on the web that people type: which may be kept, and whose they are.

What is refused here is what can be seen without asking anybody. Names are looked up by `check`
before an address is saved and again at every connection (arbedge.http), because their answers
change.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Any, Final

import httpx
from django.conf import settings

from arbedge.errors import BadInput
from arbedge.http import RefusedAddress, is_public, public_address

LONGEST_URL: Final = 2048
PORTS: Final[Mapping[str, int]] = {"http": 80, "https": 443}
FREE_PORTS: Final = range(1024, 65536)  # below are other services': mail, shells, databases
# As browsers read it, a name whose last part is a number is an IPv4 address: 2130706433, 0x7f.1.
NUMBER_AT_END: Final = re.compile(r"(^|\.)(\d+|0x[0-9a-f]*)\.?$", re.IGNORECASE)
HOST: Final = re.compile(r"[a-z0-9._-]{1,253}|\[?[0-9a-f:.]+(%[\w%]+)?\]?", re.IGNORECASE)
INNER_NAMES: Final = ("localhost", "local", "internal", "lan", "home.arpa", "onion", "test")


def web(raw: Mapping[str, Any], field: str = "url") -> str:
    """Returns the URL of that field as it is kept. Raises BadInput, RefusedAddress.

    It must be https on a usual port, without credentials in it, and no address inside.
    """
    text = str(raw.get(field) or "").strip()
    if not text:
        raise BadInput("An address is needed.", field=field)
    if len(text) > LONGEST_URL:
        raise BadInput(
            f"The address is longer than {LONGEST_URL} characters.", field=field, limit=LONGEST_URL
        )
    url = _parsed(text, field)
    if trusted(url):
        return str(url)
    if url.scheme != "https":
        raise BadInput("The address must begin with https://.", field=field)
    if url.port not in (None, *PORTS.values()) and url.port not in FREE_PORTS:
        raise BadInput("That port is not for the web.", field=field, limit=FREE_PORTS.start)
    _refuse_inside(url)
    return str(url.copy_with(fragment=None))


def _parsed(text: str, field: str) -> httpx.URL:
    """Read by the very parser that connects later, so both see the same host."""
    try:
        url = httpx.URL(text)
        named = url.raw_host.decode("ascii")
    except (httpx.InvalidURL, ValueError) as error:
        raise BadInput("This is no address on the web.", field=field) from error
    if not HOST.fullmatch(named) or "\\" in text or any(letter.isspace() for letter in text):
        raise BadInput("This is no address on the web.", field=field)
    if url.userinfo:
        raise BadInput("Credentials have fields of their own.", field=field)
    return url


def _refuse_inside(url: httpx.URL) -> None:
    host = url.raw_host.decode("ascii").strip("[]").rstrip(".")
    try:
        public = is_public(str(ipaddress.ip_address(host.partition("%")[0])))
    except ValueError:
        inner = any(host == name or host.endswith(f".{name}") for name in INNER_NAMES)
        public = "." in host and not inner and not NUMBER_AT_END.search(host)
    if not public:
        raise RefusedAddress(f"{host} is not on the public internet")


class ByUrl:
    """A sender whose addresses are URLs that people gave us, kept in `field`."""

    field = "url"

    def shown(self, address: Mapping[str, Any]) -> str:
        """The host, and the end of the URL: enough to know the address again."""
        url = str(address[self.field])
        return f"{self.host(address)} …{url[-4:]}"[:120]

    def host(self, address: Mapping[str, Any]) -> str:
        """The host, whose pace and breaker count."""
        return httpx.URL(str(address[self.field])).host


async def check(url: str) -> None:
    """Looks the name up. Raises RefusedAddress unless all it leads to is public."""
    parsed = httpx.URL(url)
    if not trusted(parsed):
        name = parsed.raw_host.decode("ascii")
        await public_address(name, parsed.port or PORTS[parsed.scheme])


def trusted(url: httpx.URL) -> bool:
    """Whether TRUSTED_RECEIVER_HOSTS names the URL's host, or host:port; in production never."""
    if settings.PRODUCTION:
        return False
    port = url.port or PORTS.get(url.scheme)
    return bool({url.host, f"{url.host}:{port}"} & set(settings.TRUSTED_RECEIVER_HOSTS))
