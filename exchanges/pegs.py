"""Coins whose price is made to follow another price: being alike proves nothing about them."""

from __future__ import annotations

from typing import Final

# fmt: off
DOLLAR: Final = frozenset({
    "USDT", "USDC", "USD", "DAI", "FDUSD", "TUSD", "BUSD", "USDP", "PAX", "USDD", "GUSD", "PYUSD",
    "USDE", "SUSDE", "USDS", "SUSDS", "FRAX", "FRXUSD", "LUSD", "SUSD", "USD0", "USD1", "USDX",
    "USDJ", "USDK", "USDQ", "USDN", "USDR", "USDG", "USDB", "USDF", "USDV", "AUSD", "CUSD", "DUSD",
    "HUSD", "MIM", "RLUSD", "GHO", "DOLA", "CRVUSD", "MUSD", "XUSD", "VAI", "UST", "USTC", "USDTB",
    "USDAI", "USR", "DEUSD",
})
FIAT: Final = frozenset({
    "EURT", "EURS", "EURC", "EURI", "AEUR", "EURA", "EURR", "EUROC", "XSGD", "GYEN", "BRZ", "BIDR",
    "IDRT", "TRYB",
})
COINS: Final = frozenset({
    "WBTC", "BTCB", "CBBTC", "TBTC", "RENBTC", "HBTC", "FBTC", "SOLVBTC", "LBTC", "WETH", "STETH",
    "WSTETH", "WBETH", "BETH", "CBETH", "RETH", "FRXETH", "WEETH", "EZETH", "METH", "RSETH", "MSOL",
    "JITOSOL", "BNSOL", "BBSOL", "STSOL", "PAXG", "XAUT",
})
# fmt: on
PEGGED: Final = DOLLAR | FIAT | COINS
