"""What a venue says a key may do, read strictly: a right nobody knows is never taken for harmless.

Every reader raises KeyRefused("rights_unknown") where the answer lacks what must be known, or
grants something this file has no word for.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeGuard

from accounts.credentials import KeyRefused, Rights

OFF: Final[Mapping[str, str]] = {
    "binance": "In Binance's API Management, edit the key, untick “Enable Withdrawals” and save.",
    "bybit": "In Bybit's API Management, edit the key and untick “Withdrawal” under Wallet"
    " (and P2P and Bybit Pay under Fiat).",
    "okx": "In OKX's API keys, edit the key and untick “Withdraw”.",
    "bitget": "In Bitget's API Management, edit the key and untick “Withdraw” (and P2P).",
}

# Binance, "Get API Key Permission".
BINANCE_READ: Final = frozenset({"enableReading", "enableFixReadOnly"})
BINANCE_TRADE: Final = frozenset({
    "enableSpotAndMarginTrading", "enableMargin", "enableFutures", "enableVanillaOptions",
    "enablePortfolioMarginTrading", "enableFixApiTrade",
})  # fmt: skip
BINANCE_MOVE: Final = frozenset({"enableInternalTransfer", "permitsUniversalTransfer"})
BINANCE_OUT: Final = frozenset({"enableWithdrawals"})
BINANCE_KNOWN: Final = BINANCE_READ | BINANCE_TRADE | BINANCE_MOVE | BINANCE_OUT

# Bybit, "Get API Key Information": groups of permissions; some groups pay people outside.
BYBIT_TRADE: Final = frozenset({"ContractTrade", "Spot", "Options", "Derivatives"})
BYBIT_OUT: Final = frozenset({"FiatP2P", "FiatBybitPay", "FiatConvertBroker"})
BYBIT_OTHER: Final = frozenset({
    "Wallet", "CopyTrading", "BlockTrade", "Exchange", "NFT", "Affiliate", "Earn",
})  # fmt: skip
BYBIT_WALLET: Final = frozenset({
    "AccountTransfer", "SubMemberTransfer", "SubMemberTransferList", "Withdraw",
})  # fmt: skip

# Bitget, "Get Account Information": codes end with r for read, with w for read and write.
BITGET_READ: Final = frozenset({
    "readonly", "coor", "cpor", "stor", "smor", "ttor", "wtor", "taxr", "chor", "p2pr", "pllr",
})  # fmt: skip
BITGET_TRADE: Final = frozenset({"trade", "coow", "cpow", "stow", "smow", "ttow"})
BITGET_OTHER: Final = frozenset({"wtow", "chow", "pllw", "taxw"})
BITGET_OUT: Final = frozenset({"wwow", "withdraw", "p2p", "p2pw"})

OKX_KNOWN: Final = frozenset({"read_only", "trade", "withdraw"})
OKX_IDLE: Final = (
    "OKX ends keys that may trade after 14 days without use unless bound to addresses."
)
BINANCE_TESTNET: Final = "Binance's test network has no withdrawals and tells no rights of a key."
MOVES: Final = "It may move funds between your own accounts."


def binance(told: Any) -> Rights:
    """Rights of `GET /sapi/v1/account/apiRestrictions`."""
    flags = {name for name, value in _mapping(told, "Binance").items() if value is True}
    for name in ("enableReading", "enableWithdrawals", "ipRestrict"):
        if not isinstance(told.get(name), bool):
            raise _unknown("Binance", f"its answer lacks {name}")
    granted = {name for name in flags if name.startswith(("enable", "permits"))}
    _only("Binance", granted, BINANCE_KNOWN)
    withdraw = bool(granted & BINANCE_OUT)
    return Rights(
        read="enableReading" in granted,
        trade=bool(granted & BINANCE_TRADE),
        withdraw=withdraw,
        ip_bound=told["ipRestrict"],
        expires_at=_moment_ms(told.get("tradingAuthorityExpirationTime")),
        note=OFF["binance"] if withdraw else MOVES if granted & BINANCE_MOVE else "",
    )


def binance_testnet(told: Any) -> Rights:
    """Rights of `GET /api/v3/account` on the spot test network: it has no way to withdraw."""
    trades = _mapping(told, "Binance").get("canTrade")
    if not isinstance(trades, bool):
        raise _unknown("Binance", "its answer lacks canTrade")
    return Rights(read=True, trade=trades, withdraw=False, note=BINANCE_TESTNET)


def bybit(told: Any) -> Rights:
    """Rights of `GET /v5/user/query-api`. A read-only key does nothing, whatever it lists."""
    result = _mapping(_mapping(told, "Bybit").get("result"), "Bybit")
    groups = _mapping(result.get("permissions"), "Bybit")
    only_reads, listed = result.get("readOnly"), groups.get("Wallet")
    if type(only_reads) is not int or only_reads not in (0, 1) or not _are_texts(listed):
        raise _unknown("Bybit", "its answer lacks readOnly or Wallet")
    writes = only_reads == 0
    granted = {name for name, rights in groups.items() if rights} if writes else set()
    wallet = set(listed) if writes else set()
    _only("Bybit", granted, BYBIT_TRADE | BYBIT_OUT | BYBIT_OTHER)
    _only("Bybit", wallet, BYBIT_WALLET)
    ips = result.get("ips")
    addresses = [one for one in ips if one != "*"] if isinstance(ips, list) else []
    withdraw = "Withdraw" in wallet or bool(granted & BYBIT_OUT)
    return Rights(
        read=True,
        trade=bool(granted & BYBIT_TRADE),
        withdraw=withdraw,
        ip_bound=bool(addresses) if isinstance(ips, list) else None,
        expires_at=None if addresses else _moment_iso(result.get("expiredAt")),
        note=OFF["bybit"] if withdraw else MOVES if wallet else "",
    )


def okx(told: Any) -> Rights:
    """Rights of `GET /api/v5/account/config`."""
    rows = _mapping(told, "OKX").get("data")
    row = _mapping(rows[0] if isinstance(rows, list) and rows else None, "OKX")
    perm = row.get("perm")
    if not isinstance(perm, str) or not perm:
        raise _unknown("OKX", "its answer lacks perm")
    granted = {word.strip() for word in perm.split(",")}
    _only("OKX", granted, OKX_KNOWN)
    bound = bool(row["ip"]) if isinstance(row.get("ip"), str) else None
    withdraw = "withdraw" in granted
    idle = "trade" in granted and bound is False
    return Rights(
        read=True,
        trade="trade" in granted,
        withdraw=withdraw,
        ip_bound=bound,
        note=OFF["okx"] if withdraw else OKX_IDLE if idle else "",
    )


def bitget(told: Any) -> Rights:
    """Rights of `GET /api/v2/spot/account/info`."""
    data = _mapping(_mapping(told, "Bitget").get("data"), "Bitget")
    codes = data.get("authorities")
    if not _are_texts(codes):
        raise _unknown("Bitget", "its answer lacks authorities")
    granted = set(codes)
    _only("Bitget", granted, BITGET_READ | BITGET_TRADE | BITGET_OTHER | BITGET_OUT)
    withdraw = bool(granted & BITGET_OUT)
    return Rights(
        read=bool(granted & (BITGET_READ | BITGET_TRADE)),
        trade=bool(granted & BITGET_TRADE),
        withdraw=withdraw,
        ip_bound=bool(data["ips"]) if isinstance(data.get("ips"), str) else None,
        note=OFF["bitget"] if withdraw else MOVES if "wtow" in granted else "",
    )


def _mapping(told: Any, venue: str) -> Mapping[str, Any]:
    if not isinstance(told, Mapping):
        raise _unknown(venue, "its answer has another form")
    return told


def _are_texts(told: Any) -> TypeGuard[list[str]]:
    return isinstance(told, list) and all(isinstance(one, str) for one in told)


def _only(venue: str, granted: Collection[Any], known: frozenset[str]) -> None:
    strange = sorted(str(one) for one in granted if one not in known)
    if strange:
        raise _unknown(venue, f"it grants {', '.join(strange)[:80]}; switch that off there")


def _unknown(venue: str, why: str) -> KeyRefused:
    return KeyRefused(
        f"What this {venue} key may do cannot be told for sure ({why}), so it is not taken.",
        code="rights_unknown",
    )


def _moment_ms(value: Any) -> datetime | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        return None
    try:
        return datetime.fromtimestamp(value / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _moment_iso(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) and value else None
    except ValueError:
        return None
    if moment is None or moment.year <= 1970:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
