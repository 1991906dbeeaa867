"""What an account at a venue holds: coins of spot and of USDT-margined perpetuals together.

Sources of the answers' forms: Binance "Account Information" (spot, USDⓈ-M V3), Bybit "Get Wallet
Balance", OKX "Get balance" (trading, funding), Bitget "Get Account Assets", "Get Account List".
"""

from __future__ import annotations

import asyncio
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from accounts.credentials import KeyRefused, Secret, Unchecked
from arbedge import aio
from arbedge.errors import NoData
from exchanges import keys

Holdings = Mapping[str, float]  # coins by name; a debt is negative


@dataclass(frozen=True, slots=True)
class Wallet:
    """One part of an account: how it is asked for, and how its answer is read.

    `optional`: a key that may not read it has none, as far as we are told.
    """

    method: str  # ccxt's name of the request
    rows: Callable[[Mapping[str, Any]], Any]
    coin: str
    amounts: tuple[str, ...]
    host: str
    api: Mapping[str, str]
    params: Mapping[str, str] = field(default_factory=dict)
    optional: bool = False


WALLETS: Final[Mapping[str, tuple[Wallet, ...]]] = {
    "binance": (
        Wallet(
            "privateGetAccount", lambda told: told["balances"], "asset", ("free", "locked"),
            "spot", {"private": "/api/v3"}, {"omitZeroBalances": "true"},
        ),
        Wallet(
            "fapiPrivateV3GetAccount", lambda told: told["assets"], "asset", ("marginBalance",),
            "usdm", {"fapiPrivateV3": "/fapi/v3"}, optional=True,
        ),
    ),
    "bybit": (
        Wallet(
            "privateGetV5AccountWalletBalance", lambda told: told["result"]["list"][0]["coin"],
            "coin", ("equity",), "api", {"private": ""}, {"accountType": "UNIFIED"},
        ),
    ),
    "okx": (
        Wallet(
            "privateGetAccountBalance", lambda told: told["data"][0]["details"], "ccy", ("eq",),
            "api", {"rest": ""},
        ),
        Wallet(
            "privateGetAssetBalances", lambda told: told["data"], "ccy", ("bal",),
            "api", {"rest": ""},
        ),
    ),
    "bitget": (
        Wallet(
            "privateSpotGetV2SpotAccountAssets", lambda told: told["data"], "coin",
            ("available", "frozen", "locked"), "api", {"spot": ""},
        ),
        Wallet(
            "privateMixGetV2MixAccountAccounts", lambda told: told["data"], "marginCoin",
            ("accountEquity",), "api", {"mix": ""}, {"productType": "USDT-FUTURES"},
            optional=True,
        ),
    ),
}  # fmt: skip


def of(secrets: Iterable[Secret]) -> list[Holdings | KeyRefused | NoData]:
    """What each of these keys' accounts holds, in their order, asked for side by side.

    In place of what cannot be told stands why: KeyRefused where the venue does not take the key,
    NoData where it cannot be asked or answers something else. Must not be called on the process's
    event loop. Raises Unchecked where ccxt is not installed.
    """
    keys.library()
    return aio.run(_all(list(secrets)))


async def _all(secrets: list[Secret]) -> list[Holdings | KeyRefused | NoData]:
    return list(await asyncio.gather(*(_one(secret) for secret in secrets)))


async def _one(secret: Secret) -> Holdings | KeyRefused | NoData:
    desk = keys.DESKS.get(secret.provider)
    if desk is None:
        return NoData(f"ArbEdge cannot ask {secret.provider} for balances.")
    held: dict[str, float] = defaultdict(float)
    for wallet in WALLETS[secret.provider]:
        asking = replace(desk, method=wallet.method, host=wallet.host, api=wallet.api)
        try:
            rows = _read(wallet, await keys.told(asking, secret, wallet.params))
        except Unchecked:
            return NoData(f"{desk.name} cannot be asked now.")
        except KeyRefused as error:
            if not wallet.optional:
                return error
        except (KeyError, IndexError, TypeError, ValueError):
            return NoData(f"{desk.name} answers in a form nobody here can read.")
        else:
            for coin, amount in rows:
                held[coin] += amount
    return {coin: amount for coin, amount in held.items() if amount}


def _read(wallet: Wallet, told: Mapping[str, Any]) -> list[tuple[str, float]]:
    """The coins of one answer. Raises KeyError and the like where it has another form."""
    rows = [
        (str(row[wallet.coin]), sum(float(row.get(name) or 0) for name in wallet.amounts))
        for row in wallet.rows(told)
    ]
    if not all(math.isfinite(amount) for _, amount in rows):
        raise ValueError(wallet.method)
    return rows
