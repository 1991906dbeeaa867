"""OKX's signed requests: HMAC of time, method and target in base64, with a passphrase.

Sources: okx.com/docs-v5, "REST Authentication", "Error Code", "Get account configuration",
"Get balance" (trading account, funding account).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from exchanges.simulator.accounts import Account, of_key
from exchanges.simulator.private.asked import Asked, Desk, base64_signature
from exchanges.simulator.speakers.speech import Refusal

TOLERANCE_MS: Final = 30_000
_EMPTY: Final = {"KEY": 50103, "PASSPHRASE": 50104, "SIGN": 50106, "TIMESTAMP": 50107}


def _wrong(code: int, text: str, status: int = 401) -> Refusal:
    return Refusal(status, {"code": str(code), "msg": text, "data": []})


def _admit(asked: Asked) -> Account:
    sent = {name: asked.headers.get(f"ok-access-{name.lower()}", "") for name in _EMPTY}
    for name, code in _EMPTY.items():
        if not sent[name]:
            raise _wrong(code, f'Request header "OK-ACCESS-{name}" cannot be empty')
    _in_time(sent["TIMESTAMP"], asked.now_ms)
    account = of_key("okx", sent["KEY"])
    if account is None:
        raise _wrong(50111, "Invalid OK-ACCESS-KEY")
    if account.may.expired:
        raise _wrong(50119, "API key doesn't exist")
    if account.may.paper != (asked.headers.get("x-simulated-trading") == "1"):
        raise _wrong(50101, "APIKey does not match current environment.")
    if sent["PASSPHRASE"] != account.passphrase:
        raise _wrong(50105, 'Request header "OK-ACCESS-PASSPHRASE" incorrect.')
    text = f"{sent['TIMESTAMP']}{asked.method}{asked.target}"
    if sent["SIGN"] != base64_signature(account.secret, text):
        raise _wrong(50113, "Invalid Sign")
    if not account.lets_in(asked.address):
        text = (
            f"Your IP {asked.address} is not included in your API key's {account.key} IP whitelist."
        )
        raise _wrong(50110, text)
    return account


def _in_time(stamp: str, now_ms: int) -> None:
    try:
        sent = datetime.strptime(stamp, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    except ValueError:
        raise _wrong(50112, "Invalid OK-ACCESS-TIMESTAMP") from None
    if abs(sent.timestamp() * 1000 - now_ms) > TOLERANCE_MS:
        raise _wrong(50102, "Timestamp request expired")


def _config(account: Account, _: Asked) -> Any:
    may = account.may
    rights = {"trade": may.trade, "withdraw": may.withdraw, "teleport": may.odd}
    perm = ["read_only", *(name for name, given in rights.items() if given)]
    return {"code": "0", "msg": "", "data": [{
        "acctLv": "2", "acctStpMode": "cancel_maker", "autoLoan": False, "ctIsoMode": "automatic",
        "enableSpotBorrow": False, "greeksType": "PA", "feeType": "0",
        "ip": ",".join(may.addresses), "type": "0", "kycLv": "3", "label": account.name,
        "level": "Lv1", "levelTmp": "", "liquidationGear": "-1", "mainUid": "44705892343619584",
        "mgnIsoMode": "automatic", "opAuth": "0", "perm": ",".join(perm),
        "posMode": "long_short_mode", "roleType": "0", "spotBorrowAutoRepay": False,
        "spotOffsetType": "", "spotRoleType": "0", "spotTraderInsts": [], "traderInsts": [],
        "uid": "44705892343619584", "settleCcy": "USD", "settleCcyList": ["USD"],
    }]}  # fmt: skip


def _trading(account: Account, asked: Asked) -> Any:
    """The trading account: perpetuals, and the coins that are not USDT."""
    held = {**account.spot, "USDT": account.perpetuals_usdt}
    details = [
        {"ccy": coin, "eq": f"{amount:.8f}", "cashBal": f"{amount:.8f}", "upl": "0",
         "uTime": str(asked.now_ms)}
        for coin, amount in held.items()
    ]  # fmt: skip
    data = [{"uTime": str(asked.now_ms), "totalEq": "", "details": details}]
    return {"code": "0", "msg": "", "data": data}


def _funding(account: Account, _: Asked) -> Any:
    """The funding account: the USDT."""
    usdt = f"{account.spot.get('USDT', 0.0):.8f}"
    row = {"ccy": "USDT", "bal": usdt, "availBal": usdt, "frozenBal": "0"}
    return {"code": "0", "msg": "", "data": [row]}


DESK: Final = Desk(
    _admit,
    {
        "/api/v5/account/config": _config,
        "/api/v5/account/balance": _trading,
        "/api/v5/asset/balances": _funding,
    },
)
