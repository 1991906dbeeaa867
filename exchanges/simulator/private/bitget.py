"""Bitget's signed requests: HMAC of time, method and target in base64, with a passphrase.

Sources: bitget.com/api-doc, "Signature", "RestAPI Error Codes", "Get Account Information".
"""

from __future__ import annotations

import re
from typing import Any, Final

from exchanges.simulator.accounts import Account, of_key
from exchanges.simulator.private.asked import Asked, Desk, base64_signature, number
from exchanges.simulator.speakers.speech import Refusal

TOLERANCE_MS: Final = 30_000
READ: Final = ("coor", "cpor", "stor", "smor", "wtor")
TRADE: Final = ("coow", "cpow", "stow", "smow")
_KEY: Final = re.compile(r"bg_[0-9a-f]{32}")
_EMPTY: Final = {"KEY": 40001, "SIGN": 40003, "PASSPHRASE": 40011}


def _wrong(asked: Asked, code: int, text: str) -> Refusal:
    body = {"code": str(code), "msg": text, "requestTime": asked.now_ms, "data": None}
    return Refusal(400, body)


def _admit(asked: Asked) -> Account:
    for name, code in _EMPTY.items():
        if not asked.headers.get(f"access-{name.lower()}"):
            raise _wrong(asked, code, f"ACCESS_{name} cannot be empty")
    stamp = asked.headers.get("access-timestamp", "")
    sent_ms = number(stamp)
    if sent_ms is None:
        raise _wrong(asked, 40005, "Invalid ACCESS_TIMESTAMP")
    if abs(sent_ms - asked.now_ms) > TOLERANCE_MS:
        raise _wrong(asked, 40008, "Request timestamp expired")
    account = _holder(asked)
    if asked.headers["access-passphrase"] != account.passphrase:
        raise _wrong(asked, 40012, "apikey/password is incorrect")
    text = f"{stamp}{asked.method}{asked.target}"
    if asked.headers["access-sign"] != base64_signature(account.secret, text):
        raise _wrong(asked, 40009, "sign signature error")
    if not account.lets_in(asked.address):
        raise _wrong(asked, 40018, "Invalid IP")
    return account


def _holder(asked: Asked) -> Account:
    key = asked.headers["access-key"]
    if not _KEY.fullmatch(key):
        raise _wrong(asked, 40006, "Invalid ACCESS_KEY")
    account = of_key("bitget", key)
    if account is None or account.may.expired:
        raise _wrong(asked, 40037, "Apikey does not exist")
    if account.may.paper != (asked.headers.get("paptrading") == "1"):
        raise _wrong(asked, 40099, "exchange environment is incorrect")
    return account


def _info(account: Account, asked: Asked) -> Any:
    may = account.may
    authorities = [*READ, *(TRADE if may.trade else ())]
    authorities += ["wwow"] if may.withdraw else []
    authorities += ["tpow"] if may.odd else []
    data = {
        "userId": "1234567890", "inviterId": None, "ips": ",".join(may.addresses),
        "authorities": authorities, "parentId": 1_234_567_890, "traderType": "not_trader",
        "channelCode": "", "channel": "", "regisTime": "1735689600000",
    }  # fmt: skip
    return {"code": "00000", "msg": "success", "requestTime": asked.now_ms, "data": data}


def _spot(account: Account, asked: Asked) -> Any:
    data = [
        {"coin": coin, "available": f"{amount / 2:.8f}", "frozen": f"{amount / 2:.8f}",
         "locked": "0", "limitAvailable": "0", "uTime": str(asked.now_ms)}
        for coin, amount in account.spot.items()
    ]  # fmt: skip
    return {"code": "00000", "msg": "success", "requestTime": asked.now_ms, "data": data}


def _perpetuals(account: Account, asked: Asked) -> Any:
    if "productType=USDT-FUTURES" not in asked.query:
        raise _wrong(asked, 40020, "Parameter productType error")
    row = {"marginCoin": "USDT", "accountEquity": f"{account.perpetuals_usdt:.8f}",
           "usdtEquity": f"{account.perpetuals_usdt:.8f}", "unrealizedPL": "0"}  # fmt: skip
    return {"code": "00000", "msg": "success", "requestTime": asked.now_ms, "data": [row]}


DESK: Final = Desk(
    _admit,
    {
        "/api/v2/spot/account/info": _info,
        "/api/v2/spot/account/assets": _spot,
        "/api/v2/mix/account/accounts": _perpetuals,
    },
)
