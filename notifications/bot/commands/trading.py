"""Trading in the bot: what accounts hold; orders and automation where an installation has them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from accounts.credentials import Unchecked
from accounts.permissions import Permission
from accounts.vault_rows import Shown
from arbedge.writing import MINUS
from notifications.bot import features, grammar, registry
from notifications.bot.asks import Ask
from notifications.bot.features import Feature
from notifications.bot.grammar import Arg
from notifications.bot.keys import key_words
from notifications.bot.market import wallets
from notifications.bot.market.wallets import Coin, Wallet, Wallets
from notifications.bot.registry import Command, Section
from notifications.bot.replies import Button, Reply, html
from notifications.writing.languages import Style

COINS_SHOWN: Final = 8
NAMES_SHOWN: Final = 5
DUST_USDT: Final = 1.0


def balance(ask: Ask) -> Reply:
    """What the person's accounts hold, by venue and coin."""
    keys = wallets.readable(ask.user)
    if not keys:
        setup = (Button(ask.say("trading.button.setup"), "setup_exchange"),)
        return Reply(ask.say("trading.no_key"), (setup,))
    try:
        found = wallets.read(ask.user, keys)
    except Unchecked as error:
        return Reply(key_words.refusal(ask, error, keys[0].provider))
    told = [_head(ask, found), *(_wallet(ask, one) for one in found.each)]
    return Reply("\n\n".join(told), ((Button(ask.say("trading.button.again"), "balance"),),))


def _head(ask: Ask, found: Wallets) -> str:
    style = ask.style()
    total = found.usdt
    worth = style.unknown if total is None else _usdt(style, total)
    told = ask.say("trading.balance.head", worth=worth)
    if total is not None and not found.whole:
        told = ask.say("trading.balance.partly", worth=worth)
    if found.prices_age_s is None:
        return f"{told}\n{ask.say('trading.balance.no_prices')}"
    return f"{told}\n{ask.say('trading.balance.prices', age=style.span(found.prices_age_s))}"


def _wallet(ask: Ask, one: Wallet) -> str:
    style, worth = ask.style(), one.usdt
    name = html(key_words.title(ask, one.key))
    if one.problem is not None or worth is None:
        why = _problem(ask, one.key, one)
        return ask.say("trading.balance.unread", account=name, why=html(why))
    lines = [ask.say("trading.balance.account", account=name, worth=_usdt(style, worth))]
    counted = [coin for coin in one.coins if coin.usdt is not None]
    big = [coin for coin in counted if abs(coin.usdt or 0.0) >= DUST_USDT][:COINS_SHOWN]
    lines += [_coin(ask, style, coin) for coin in big]
    if rest := len(counted) - len(big):
        left = sum(coin.usdt or 0.0 for coin in counted if coin not in big)
        lines.append(ask.say("trading.balance.rest", count=str(rest), worth=_usdt(style, left)))
    if one.unpriced:
        lines.append(ask.say("trading.balance.unpriced", coins=_names(one.unpriced)))
    if not one.coins:
        lines.append(ask.say("trading.balance.empty"))
    return "\n".join(lines)


def _coin(ask: Ask, style: Style, coin: Coin) -> str:
    amount = style.price(coin.amount).replace("-", MINUS)
    if coin.name == wallets.UNIT:
        return ask.say("trading.balance.unit", coin=coin.name, amount=amount)
    worth = _usdt(style, coin.usdt or 0.0)
    return ask.say("trading.balance.coin", coin=coin.name, amount=amount, worth=worth)


def _problem(ask: Ask, key: Shown, one: Wallet) -> str:
    """Why an account could not be read."""
    assert one.problem is not None, "what was read has no problem"
    if one.problem.code == "no_data":
        return ask.say("trading.balance.silent", venue=key_words.provider(key))
    return key_words.refusal(ask, one.problem, key.provider)


def _names(names: list[str]) -> str:
    more = len(names) - NAMES_SHOWN
    return ", ".join(names[:NAMES_SHOWN]) + (f" +{more}" if more > 0 else "")


def _usdt(style: Style, value: float) -> str:
    """`5,210.40 USDT`."""
    return style.number(f"{value:,.2f}".replace("-", MINUS)) + "\u00a0" + wallets.UNIT


def _trades(name: str, *args: Arg) -> Command:
    """A command of manual trading: its module is a floor's above."""
    return _of(name, Feature.TRADING, Permission.TRADING_MANUAL, args)


def _automates(name: str, *args: Arg) -> Command:
    """A command of automated trading."""
    return _of(name, Feature.AUTOMATION, Permission.TRADING_AUTOMATED, args)


def _of(name: str, feature: Feature, permission: Permission, args: tuple[Arg, ...]) -> Command:
    handler: Callable[[Ask], Reply] = features.through(name, feature)
    return Command(name, handler, topic="trading", section=Section.TRADING, args=args,
                   permission=permission, outside=True)  # fmt: skip


def _free(name: str, shown: str) -> Arg:
    """What is left of the line; whoever brings the feature reads it."""
    return Arg(name, grammar.text, optional=True, rest=True, shown=shown)


registry.add(
    Command("balance", balance, topic="trading", section=Section.TRADING, outside=True),
    _trades("buy", _free("order", "COIN AMOUNT [VENUE]")),
    _trades("sell", _free("order", "COIN AMOUNT [VENUE]")),
    _trades("orders"),
    _trades("positions"),
    _trades("cancel", _free("order", "ORDER")),
    _automates("auto_enable"),
    _automates("auto_disable"),
    _automates("auto_status"),
    _automates("auto_config", _free("setting", "SETTING VALUE")),
)
