"""How stored keys are told of: what they may do, how they stand, and why one was not taken."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from django.utils.html import escape

from accounts import vault
from accounts.models import KeyKind, KeyState
from accounts.vault_rows import Shown
from arbedge.errors import ArbEdgeError
from exchanges import keys as desks
from notifications.bot import words
from notifications.bot.asks import Ask
from notifications.bot.replies import html

_WITHDRAWS: Final = "may withdraw, so ArbEdge does not take it"
_UNKNOWN: Final = "cannot be told for sure"


def name(key: Shown) -> str:
    """`OKX …3f2a`."""
    return f"{vault.provider_name(key.provider)} …{key.last4}"


def provider(key: Shown) -> str:
    """`OKX`."""
    return vault.provider_name(key.provider)


def title(ask: Ask, key: Shown) -> str:
    """Its name as HTML, with its owner's label and whether it is of a test network."""
    told = ask.say("keys.name", key=name(key))
    if key.label:
        told += ask.say("keys.labelled", label=key.label)
    return told + (ask.say("keys.on_testnet") if key.testnet else "")


def rights(ask: Ask, key: Shown) -> str:
    """What it may do, line by line, as HTML."""
    if key.kind == KeyKind.AI:
        return ask.say("keys.rights.ai")
    return "\n".join(_rights(ask, key))


def _rights(ask: Ask, key: Shown) -> Iterator[str]:
    yes, no = ask.say("keys.yes"), ask.say("keys.no")
    yield ask.say("keys.rights.read", answer=yes if key.can_read else no)
    yield ask.say("keys.rights.trade", answer=yes if key.can_trade else no)
    yield ask.say("keys.rights.withdraw", answer=no)
    bound = ask.say("keys.not_told") if key.ip_bound is None else yes if key.ip_bound else no
    yield ask.say("keys.rights.bound", answer=bound)
    ends = key.expires_at
    told = ask.say("keys.no_end") if ends is None else ask.style().moment(ends)
    yield ask.say("keys.rights.ends", answer=told)
    if key.provider == "okx" and key.can_trade and key.ip_bound is False:
        yield ask.say("keys.rights.idle")


def standing(ask: Ask, key: Shown) -> str:
    """Whether it is used and when it was last asked about, as HTML."""
    told = ask.say(f"keys.state.{key.state}")
    if key.state == KeyState.INVALID and key.problem:
        told = ask.say("keys.state.because", state=html(told), why=html(_problem(ask, key)))
    if key.checked_at is None:
        return told
    return told + ask.say("keys.checked", when=ask.style().when(key.checked_at, ask.now))


def refusal(ask: Ask, error: ArbEdgeError, provider: str) -> str:
    """Why a key was not taken, or could not be checked, and what to do about it, as HTML."""
    if "limit" in error.details and "field" in error.details and error.code.endswith("_wrong"):
        field = ask.say(f"keys.field.{error.details['field']}")
        return ask.say("keys.refused.shape", field=field, limits=_limits(error))
    if error.code == "too_many_checks":
        wait = ask.style().span(float(error.details.get("retry_after_s") or 3600))
        return ask.say("keys.refused.too_many_checks", wait=wait)
    return _by_code(ask, error.code, provider) or words.problem(ask.language, error)


def _limits(error: ArbEdgeError) -> str:
    """`8–256` of "8 to 256 plain characters"."""
    numbers = [word for word in str(error.details["limit"]).split() if word.isdigit()]
    return "–".join(numbers)


def _by_code(ask: Ask, code: str, provider: str) -> str:
    """The text of a refusal, "" where there is none; some venues need one of their own."""
    venue = vault.provider_name(provider)
    for key in (f"keys.refused.{code}_{provider}", f"keys.refused.{code}"):
        if words.known(key):
            return ask.say(key, venue=venue)
    return ""


def _problem(ask: Ask, key: Shown) -> str:
    """Why a stored key is not accepted any more: the vault keeps it in English."""
    code = _code(key)
    return _by_code(ask, code, key.provider) or str(escape(key.problem))


def _code(key: Shown) -> str:
    if _WITHDRAWS in key.problem:
        return "key_withdraws"
    if _UNKNOWN in key.problem:
        return ""
    if key.kind == KeyKind.AI:
        return "key_wrong" if "does not accept" in key.problem else ""
    venue = vault.provider_name(key.provider)
    longest = vault.LONGEST_PROBLEM
    for code, text in desks.SAYS.items():
        if key.problem == text.format(venue=venue)[:longest]:
            return "key_wrong" if code == "key_or_ip_wrong" else code
    return ""
