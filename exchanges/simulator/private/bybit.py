"""Bybit's signed requests: HMAC of time, key, window and query in hex; errors come with status 200.

Sources: bybit-exchange.github.io/docs/v5, "Integration Guidance", "Error Codes",
"Get API Key Information", "Get Wallet Balance".
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from exchanges.simulator.accounts import Account, of_key
from exchanges.simulator.private.asked import Asked, Desk, hex_signature, number
from exchanges.simulator.speakers.speech import Refusal

WINDOW_MS: Final = 5_000
AHEAD_MS: Final = 1_000
LASTS: Final = timedelta(days=90)  # a key that is bound to no address


def _wrong(asked: Asked, code: int, text: str) -> Refusal:
    body = {"retCode": code, "retMsg": text, "result": {}, "retExtInfo": {}, "time": asked.now_ms}
    return Refusal(200, body)


def _admit(asked: Asked) -> Account:
    names = ("timestamp", "api-key", "sign")
    stamp, key, signature = (asked.headers.get(f"x-bapi-{name}", "") for name in names)
    window = asked.headers.get("x-bapi-recv-window", str(WINDOW_MS))
    sent_ms, window_ms = number(stamp), number(window)
    if not key or not signature or sent_ms is None or window_ms is None:
        raise _wrong(asked, 10001, f"empty value: apiTimestamp[{stamp}] apiKey[{key}] apiSign[]")
    if not asked.now_ms - window_ms <= sent_ms < asked.now_ms + AHEAD_MS:
        text = (
            "invalid request, please check your server timestamp or recv_window param. "
            f"req_timestamp[{stamp}],server_timestamp[{asked.now_ms}],recv_window[{window}]"
        )
        raise _wrong(asked, 10002, text)
    account = of_key("bybit", key)
    if account is None:
        raise _wrong(asked, 10003, "API key is invalid.")
    if account.may.expired:
        raise _wrong(asked, 33004, "Your api key has expired.")
    if not account.lets_in(asked.address):
        raise _wrong(asked, 10010, "Unmatched IP, please check your API key's bound IP addresses.")
    origin = f"{stamp}{key}{window}{asked.query}"
    if signature != hex_signature(account.secret, origin):
        raise _wrong(asked, 10004, f"error sign! origin_string[{origin}]")
    return account


def _query_api(account: Account, asked: Asked) -> Any:
    may = account.may
    now = datetime.fromtimestamp(asked.now_ms / 1000, UTC)
    ends = now + LASTS
    info = {
        "id": "13770661", "note": account.name, "apiKey": account.key,
        "readOnly": int(not (may.trade or may.odd)), "secret": "",
        "permissions": _permissions(account), "ips": list(may.addresses) or ["*"], "type": 1,
        "deadlineDay": 0 if may.addresses else LASTS.days,
        "expiredAt": f"{datetime.fromtimestamp(0, UTC) if may.addresses else ends:%FT%TZ}",
        "createdAt": f"{now - timedelta(days=1):%FT%TZ}", "unified": 0, "uta": 1, "userID": 1,
        "inviterID": 0, "vipLevel": "No VIP", "mktMakerLevel": "0", "affiliateID": 0,
        "rsaPublicKey": "", "isMaster": True, "parentUid": "0", "kycLevel": "LEVEL_DEFAULT",
        "kycRegion": "",
    }  # fmt: skip
    head = {"retCode": 0, "retMsg": "", "result": info, "retExtInfo": {}}
    return {**head, "time": asked.now_ms}


def _permissions(account: Account) -> dict[str, list[str]]:
    may = account.may
    wallet = ["AccountTransfer", "SubMemberTransfer", "Withdraw"] if may.withdraw else []
    told: dict[str, list[str]] = {
        "ContractTrade": ["Order", "Position"] if may.trade else [],
        "Spot": ["SpotTrade"] if may.trade else [], "Wallet": wallet, "Options": [],
        "Derivatives": [], "CopyTrading": [], "BlockTrade": [], "Exchange": [], "NFT": [],
        "Affiliate": [], "Earn": [], "FiatP2P": [], "FiatBybitPay": [], "FiatConvertBroker": [],
    }  # fmt: skip
    return {**told, "Teleportation": ["Beam"]} if may.odd else told


def _wallet(account: Account, asked: Asked) -> Any:
    if "accountType=UNIFIED" not in asked.query:
        raise _wrong(asked, 10001, "accountType only support UNIFIED.")
    coins = [
        {"coin": coin, "equity": f"{amount:.8f}", "walletBalance": f"{amount:.8f}",
         "unrealisedPnl": "0", "locked": "0", "borrowAmount": "0"}
        for coin, amount in account.together().items()
    ]  # fmt: skip
    result = {"list": [{"accountType": "UNIFIED", "totalEquity": "", "coin": coins}]}
    head = {"retCode": 0, "retMsg": "OK", "result": result, "retExtInfo": {}}
    return {**head, "time": asked.now_ms}


DESK: Final = Desk(
    _admit, {"/v5/user/query-api": _query_api, "/v5/account/wallet-balance": _wallet}
)
