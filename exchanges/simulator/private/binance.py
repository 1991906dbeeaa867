"""Binance's signed requests: HMAC of the query in hex, the key in a header.

Sources: developers.binance.com, "Request security", "Errors", "Get API Key Permission",
"Account Information" (spot, USDⓈ-M V3).
"""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import parse_qs

from exchanges.simulator.accounts import Account, of_key
from exchanges.simulator.private.asked import Asked, Desk, hex_signature, number
from exchanges.simulator.speakers.speech import Refusal

WINDOW_MS: Final = 5_000
WIDEST_MS: Final = 60_000
AHEAD_MS: Final = 1_000
_KEY: Final = re.compile(r"[A-Za-z0-9]{64}")


def _wrong(status: int, code: int, text: str) -> Refusal:
    return Refusal(status, {"code": code, "msg": text})


def _admit(asked: Asked) -> Account:
    key = asked.headers.get("x-mbx-apikey", "")
    if not _KEY.fullmatch(key):
        raise _wrong(401, -2014, "API-key format invalid.")
    _in_time(asked)
    account = of_key("binance", key)
    if account is None or account.may.expired or not account.lets_in(asked.address):
        raise _wrong(401, -2015, "Invalid API-key, IP, or permissions for action.")
    signed, _, signature = asked.query.rpartition("&signature=")
    if not signed:
        raise _missing("signature")
    if signature != hex_signature(account.secret, signed):
        raise _wrong(400, -1022, "Signature for this request is not valid.")
    return account


def _in_time(asked: Asked) -> None:
    query = parse_qs(asked.query)
    sent_ms = number(query.get("timestamp", [None])[0])
    window_ms = number(query.get("recvWindow", [str(WINDOW_MS)])[0])
    if sent_ms is None:
        raise _missing("timestamp")
    if window_ms is None or window_ms > WIDEST_MS:
        raise _wrong(400, -1131, "recvWindow must be less than 60000.")
    if sent_ms > asked.now_ms + AHEAD_MS:
        text = "Timestamp for this request was 1000ms ahead of the server's time."
        raise _wrong(400, -1021, text)
    if asked.now_ms - sent_ms > window_ms:
        raise _wrong(400, -1021, "Timestamp for this request is outside of the recvWindow.")


def _missing(name: str) -> Refusal:
    text = f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."
    return _wrong(400, -1102, text)


def _restrictions(account: Account, _: Asked) -> Any:
    may = account.may
    told = {
        "ipRestrict": bool(may.addresses), "createTime": 1_735_689_600_000, "enableReading": True,
        "enableWithdrawals": may.withdraw, "enableInternalTransfer": False,
        "enableMargin": may.trade, "enableFutures": may.trade,
        "permitsUniversalTransfer": may.withdraw, "enableVanillaOptions": False,
        "enableFixApiTrade": False, "enableFixReadOnly": True,
        "enableSpotAndMarginTrading": may.trade, "enablePortfolioMarginTrading": False,
    }  # fmt: skip
    return {**told, "enableTeleportation": True} if may.odd else told


def _account(account: Account, asked: Asked) -> Any:
    """The account's own abilities and its coins; half of each is in orders."""
    balances = [
        {"asset": coin, "free": f"{amount / 2:.8f}", "locked": f"{amount / 2:.8f}"}
        for coin, amount in account.spot.items()
        if amount or "omitZeroBalances=true" not in asked.query
    ]
    return {
        "makerCommission": 10, "takerCommission": 10, "buyerCommission": 0, "sellerCommission": 0,
        "canTrade": True, "canWithdraw": True, "canDeposit": True, "brokered": False,
        "requireSelfTradePrevention": False, "preventSor": False, "updateTime": asked.now_ms,
        "accountType": "SPOT", "balances": balances, "permissions": ["SPOT"],
        "uid": len(account.name),
    }  # fmt: skip


def _futures(account: Account, asked: Asked) -> Any:
    """Where perpetuals are: not for a key that may only read, as on the real venue."""
    if not account.may.trade:
        raise _wrong(401, -2015, "Invalid API-key, IP, or permissions for action.")
    equity = f"{account.perpetuals_usdt:.8f}"
    asset = {
        "asset": "USDT", "walletBalance": equity, "unrealizedProfit": "0.00000000",
        "marginBalance": equity, "maintMargin": "0.00000000", "initialMargin": "0.00000000",
        "crossWalletBalance": equity, "availableBalance": equity, "updateTime": asked.now_ms,
    }  # fmt: skip
    total = {"totalMarginBalance": equity, "totalWalletBalance": equity}
    return {**total, "assets": [asset], "positions": []}


DESK: Final = Desk(
    _admit,
    {
        "/sapi/v1/account/apiRestrictions": _restrictions,
        "/api/v3/account": _account,
        "/fapi/v3/account": _futures,
    },
)
