"""Asks a venue, through ccxt, what a key may do: the validator of the vault.

ccxt is imported at first use and need not be installed. What a venue answers to a wrong key often
repeats the key, so no text of a venue is ever passed on: codes become sentences of our own.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from django.conf import settings

from accounts.credentials import KeyRefused, Rights, Secret, Unchecked
from arbedge import aio, breaker, clock
from arbedge.errors import NoData
from arbedge.names import Fault
from exchanges import rights
from exchanges.venues import VENUES

TIMEOUT_S: Final = 10.0
BREAKER: Final = "keys"  # a host of its own: no key of a person may stop the market data


@dataclass(frozen=True, slots=True)
class Desk:
    """How one venue is asked, and what its error codes mean."""

    name: str
    host: str  # whose breaker and base URL, as in the venue file
    method: str  # ccxt's name of the request
    api: Mapping[str, str]  # ccxt's names of base addresses -> their paths
    read: Callable[[Any], Rights]
    problems: Mapping[str, str]  # the venue's code -> ours
    passphrase: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """What came back: an answer, a refusal with the venue's code, or a fault. A refusal without
    fault and code is our own library's: the secret cannot even sign."""

    told: Mapping[str, Any] = field(default_factory=dict)
    refused: bool = False
    fault: Fault | None = None
    code: str = ""


DESKS: Final[Mapping[str, Desk]] = {
    "binance": Desk(
        "Binance", "spot", "sapiGetAccountApiRestrictions",
        {"sapi": "/sapi/v1", "private": "/api/v3"}, rights.binance,
        {"-2014": "key_wrong", "-2008": "key_wrong", "-2015": "key_or_ip_wrong",
         "-1022": "secret_wrong", "-1021": "clock_skew"},
    ),
    "bybit": Desk(
        "Bybit", "api", "privateGetV5UserQueryApi", {"private": ""}, rights.bybit,
        {"10003": "key_wrong", "10004": "secret_wrong", "10002": "clock_skew",
         "10010": "ip_not_allowed", "33004": "key_expired", "10005": "cannot_read"},
    ),
    "okx": Desk(
        "OKX", "api", "privateGetAccountConfig", {"rest": ""}, rights.okx,
        {"50111": "key_wrong", "50119": "key_wrong", "50113": "secret_wrong",
         "50105": "passphrase_wrong", "50104": "passphrase_needed", "50102": "clock_skew",
         "50112": "clock_skew", "50110": "ip_not_allowed", "50101": "wrong_network"},
        passphrase=True,
    ),
    "bitget": Desk(
        "Bitget", "api", "privateSpotGetV2SpotAccountInfo", {"spot": ""}, rights.bitget,
        {"40006": "key_wrong", "40037": "key_wrong", "40009": "secret_wrong",
         "40010": "secret_wrong", "40012": "passphrase_wrong", "40011": "passphrase_needed",
         "40004": "clock_skew", "40005": "clock_skew", "40008": "clock_skew",
         "40018": "ip_not_allowed", "40038": "ip_not_allowed", "40014": "cannot_read",
         "40099": "wrong_network"},
        passphrase=True,
    ),
}  # fmt: skip

SAYS: Final[Mapping[str, str]] = {
    "key_wrong": "{venue} does not know this key. Check that it was copied whole and not deleted.",
    "key_or_ip_wrong": "{venue} does not accept this key: it is wrong, deleted or expired, or bound"
    " to addresses that are not this server's.",
    "secret_wrong": "{venue} does not accept the secret: it does not belong to this key.",
    "passphrase_wrong": "{venue} does not accept the passphrase. It is the one chosen when the key"
    " was made, not the password of the account.",
    "passphrase_needed": "{venue} keys have a passphrase: enter the one chosen with the key.",
    "ip_not_allowed": "{venue} lets this key in from other addresses only. Add this server's"
    " address to the key's list there.",
    "key_expired": "This {venue} key has expired. Make a new one there.",
    "cannot_read": "This {venue} key may not read the account. Allow reading there.",
    "wrong_network": "This {venue} key belongs to the other network: tick “testnet” for a key of"
    " the demo account, untick it for a real one.",
    "clock_skew": "{venue} says that this server's clock is wrong, so the key could not be checked."
    " Nothing was stored; the operator has to set the clock.",
}  # fmt: skip


def check(secret: Secret) -> Rights:
    """Returns what the key may do, as its venue says now. Takes at most 10 s.

    Raises KeyRefused (wrong or unusable key, unknown rights), Unchecked (venue or ccxt out of
    reach, clock). Must not be called on the process's event loop.
    """
    desk = DESKS.get(secret.provider)
    if desk is None:
        raise KeyRefused(
            f"ArbEdge cannot ask {secret.provider} what a key may do, so it takes no key of it."
            f" It takes keys of {', '.join(one.name for one in DESKS.values())}.",
            code="rights_unknown",
        )
    if desk.passphrase and not secret.passphrase:
        raise _problem("passphrase_needed", desk)
    library()
    return aio.run(_check(desk, secret))


async def _check(desk: Desk, secret: Secret) -> Rights:
    if secret.testnet and secret.provider == "binance":
        desk = replace(desk, read=rights.binance_testnet, method="privateGetAccount")
    return desk.read(await told(desk, secret))


async def told(
    desk: Desk, secret: Secret, params: Mapping[str, str] | None = None
) -> Mapping[str, Any]:
    """What the venue answers to the desk's request, signed with the key. Takes at most 10 s.

    Raises as `check`. On the process's event loop, after `library` was called outside of it.
    """
    board = await _admitted(desk, secret.provider)
    async with _client(desk, secret) as client:
        said = await _ask(secret.provider, client, desk.method, params or {})
    problem = desk.problems.get(said.code)
    answered = said.fault is None or problem is not None
    await _note(board, secret.provider, None if answered else said.fault)
    if not answered:
        raise _unreachable(desk, said.code)
    if said.refused:
        raise _problem(problem or "secret_wrong", desk)
    return said.told


async def _ask(venue: str, client: Any, method: str, params: Mapping[str, str]) -> Said:
    try:
        async with asyncio.timeout(TIMEOUT_S):
            answer = await getattr(client, method)(dict(params))
    except Exception as error:  # noqa: BLE001 - every error becomes one of ours
        return Said(refused=True, fault=_fault(venue, client, error), code=_code(client))
    if not isinstance(answer, Mapping):
        return Said(fault=Fault.MALFORMED)
    return Said(_without_key(answer))


def _without_key(told: Mapping[str, Any]) -> Mapping[str, Any]:
    """The answer without the key, which Bybit repeats: reports of a crash show what is at hand."""
    result = told.get("result")
    if not isinstance(result, Mapping):
        return told
    return {**told, "result": {name: one for name, one in result.items() if name != "apiKey"}}


async def _admitted(desk: Desk, venue: str) -> breaker.Board | None:
    """The board of breakers, or None where the cache is gone: a key may be checked without."""
    try:
        board = await breaker.board()
    except NoData:
        return None
    now_ms = clock.now_ms()
    open_market = not board.state(venue, desk.host).admits(now_ms)
    if open_market or not await board.admit(venue, BREAKER, now_ms):
        raise _unreachable(desk)
    return board


async def _note(board: breaker.Board | None, venue: str, fault: Fault | None) -> None:
    if board is None:
        return
    if fault is None:
        await board.succeeded(venue, BREAKER, clock.now_ms())
    else:
        await board.failed(venue, BREAKER, fault, clock.now_ms())


@contextlib.asynccontextmanager
async def _client(desk: Desk, secret: Secret) -> AsyncIterator[Any]:
    client = _listening(getattr(library(), secret.provider))(
        {
            "apiKey": secret.key.reveal(),
            "secret": secret.secret.reveal(),
            "password": secret.passphrase.reveal(),
            "timeout": int(TIMEOUT_S * 1000),
            "enableRateLimit": False,
            "enableLastJsonResponse": True,
        }
    )
    client.set_sandbox_mode(secret.testnet)
    base = base_url(secret.provider, desk.host, testnet=secret.testnet)
    if base:
        client.urls["api"] |= {name: base + path for name, path in desk.api.items()}
    try:
        yield client
    finally:
        await client.close()


def _listening(kind: Any) -> Any:
    """The class of a ccxt client that remembers the status of its last answer."""

    class Listening(kind):  # type: ignore[misc]
        last_status = 0

        def on_rest_response(self, code: int, *rest: Any) -> Any:
            self.last_status = code
            return super().on_rest_response(code, *rest)

    return Listening


def base_url(venue: str, host: str, *, testnet: bool) -> str:
    """The base address of VENUE_URLS for private requests; empty where ccxt's own is right.

    The host `test` names another address for keys of the test network.
    """
    urls: Mapping[str, str] = settings.VENUE_URLS.get(venue, {})
    found = urls.get("test") if testnet else None
    return (found or urls.get(host, "")).rstrip("/")


def library() -> Any:
    """ccxt. Its first import takes seconds, which the event loop must not stand still for."""
    try:
        import ccxt.async_support as ccxt
    except ImportError as error:
        raise Unchecked(
            "Exchange keys need ccxt, which is not installed here:"
            " pip install --require-hashes -r requirements/venues.txt.",
            code="not_installed",
        ) from error
    return ccxt


def _code(client: Any) -> str:
    """The venue's own code in its last answer."""
    told = client.last_json_response
    if not isinstance(told, Mapping):
        return ""
    code = told.get("retCode", told.get("code"))
    return "" if code is None else str(code)


def _fault(venue: str, client: Any, error: Exception) -> Fault | None:
    """What kind of silence this was; None where the request could not even be signed."""
    ccxt = library()
    if isinstance(error, TimeoutError | ccxt.RequestTimeout):
        return Fault.TIMEOUT
    if client.last_http_response is None:
        return Fault.UNREACHABLE if isinstance(error, ccxt.BaseError) else None
    body = str(client.last_http_response).encode()
    return VENUES[venue].classify(client.last_status, {}, body) or Fault.MALFORMED


def _problem(problem: str, desk: Desk) -> KeyRefused | Unchecked:
    text = SAYS[problem].format(venue=desk.name)
    if problem == "clock_skew":
        return Unchecked(text, code=problem, venue=desk.name)
    code = "key_wrong" if problem == "key_or_ip_wrong" else problem
    return KeyRefused(text, code=code, venue=desk.name)


def _unreachable(desk: Desk, code: str = "") -> Unchecked:
    told = f" (it answers with code {code})" if code else ""
    return Unchecked(
        f"{desk.name} cannot be asked now{told}, so the key was not checked and nothing was stored."
        " Try again in a few minutes.",
        code="venue_unreachable",
        venue=desk.name,
    )
