"""Laws of sealing, of hidden texts, and of reading what venues say of a key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

from accounts.credentials import KeyRefused, Rights
from arbedge import sealing
from arbedge.hidden import SHOWN, Hidden
from exchanges import rights
from exchanges.keys import DESKS, SAYS

RING = [Fernet.generate_key().decode() for _ in range(4)]
NOTHING_SHORT = st.text(min_size=12)

words = st.sampled_from([
    "readOnly", "permissions", "Wallet", "Withdraw", "Spot", "ips", "expiredAt", "data", "perm",
    "ip", "authorities", "wwow", "stor", "enableReading", "enableWithdrawals", "ipRestrict",
    "result", "read_only,withdraw", "canTrade", "tradingAuthorityExpirationTime", "*",
]) | st.text(max_size=8)  # fmt: skip
json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=5),
    max_leaves=25,
)
readers = st.sampled_from([rights.binance_testnet, *(desk.read for desk in DESKS.values())])


@given(st.binary(max_size=2000))
def test_every_text_comes_back_as_it_was(plain: bytes) -> None:
    with override_settings(ENCRYPTION_KEYS=RING[:1]):
        assert sealing.unseal(sealing.seal(plain)) == plain


@given(st.binary(max_size=200), st.permutations(RING), st.permutations(RING))
def test_any_order_of_keys_opens_and_only_the_first_seals(
    plain: bytes, before: list[str], after: list[str]
) -> None:
    with override_settings(ENCRYPTION_KEYS=before):
        sealed = sealing.seal(plain)
    with override_settings(ENCRYPTION_KEYS=after):
        again = sealing.reseal(sealed)
        assert (again == sealed) is (before[0] == after[0])
    with override_settings(ENCRYPTION_KEYS=after[:1]):
        assert sealing.unseal(again) == plain


@given(st.text(), st.text(), st.text(), st.text())
def test_digests_are_equal_exactly_for_equal_texts_of_one_purpose(
    purpose: str, text: str, other_purpose: str, other: str
) -> None:
    same = sealing.digest(purpose, text) == sealing.digest(other_purpose, other)

    assert same is ((purpose, text) == (other_purpose, other))


@given(NOTHING_SHORT, st.sampled_from(["{}", "{!r}", "{!s:^30}", "{:<5}"]))
def test_a_hidden_text_is_in_no_other_text(secret: str, form: str) -> None:
    told = form.format(Hidden(secret)) + repr([Hidden(secret)]) + f"{Hidden(secret)!a}"

    assert SHOWN in told
    assert secret not in told


def outcome(read: Callable[[Any], Rights], told: Any) -> Rights | str:
    try:
        return read(told)
    except KeyRefused as error:
        return error.code


@given(readers, json)
def test_whatever_a_venue_says_it_is_rights_or_a_refusal(
    read: Callable[[Any], Rights], told: Any
) -> None:
    found = outcome(read, told)

    assert isinstance(found, Rights) or found == "rights_unknown"


PLAIN: dict[str, dict[str, Any]] = {
    "binance": {"enableReading": True, "enableWithdrawals": False, "ipRestrict": False,
                "tradingAuthorityExpirationTime": 0},
    "bybit": {"readOnly": 0, "permissions": {"Wallet": []}, "ips": ["*"], "expiredAt": ""},
    "okx": {"perm": "read_only", "ip": ""},
    "bitget": {"authorities": ["stor"], "ips": ""},
}  # fmt: skip
WRAP: dict[str, Callable[[Any], Any]] = {
    "binance": lambda row: row, "bybit": lambda row: {"result": row},
    "okx": lambda row: {"data": [row]}, "bitget": lambda row: {"data": row},
}  # fmt: skip


@given(st.data(), st.sampled_from(sorted(PLAIN)), json)
def test_one_field_of_another_form_is_rights_or_a_refusal(
    data: st.DataObject, venue: str, strange: Any
) -> None:
    field = data.draw(st.sampled_from(sorted(PLAIN[venue])))
    told = WRAP[venue]({**PLAIN[venue], field: strange})

    found = outcome(DESKS[venue].read, told)

    assert isinstance(found, Rights) or found == "rights_unknown"


flags = st.dictionaries(st.sampled_from(sorted(rights.BINANCE_KNOWN)), st.booleans())


@given(flags, st.booleans())
def test_binance_never_hides_a_right_to_withdraw(given_flags: dict[str, bool], out: bool) -> None:
    told = {**given_flags, "enableReading": True, "enableWithdrawals": out, "ipRestrict": True}

    assert rights.binance(told).withdraw is out


@given(st.sets(st.sampled_from(sorted(rights.OKX_KNOWN)), min_size=1))
def test_okx_never_hides_a_right_to_withdraw(words_: set[str]) -> None:
    told = {"data": [{"perm": ",".join(words_), "ip": ""}]}

    assert rights.okx(told).withdraw is ("withdraw" in words_)


@given(
    st.sets(st.sampled_from(sorted(
        rights.BITGET_READ | rights.BITGET_TRADE | rights.BITGET_OTHER | rights.BITGET_OUT
    )))
)  # fmt: skip
def test_bitget_never_hides_a_right_to_withdraw(codes: set[str]) -> None:
    told = {"data": {"authorities": sorted(codes), "ips": ""}}

    assert rights.bitget(told).withdraw is bool(codes & rights.BITGET_OUT)


@given(
    st.sets(st.sampled_from(sorted(rights.BYBIT_WALLET))),
    st.sets(st.sampled_from(sorted(rights.BYBIT_TRADE | rights.BYBIT_OUT))),
    st.sampled_from([0, 1]),
)
def test_bybit_never_hides_a_right_to_withdraw(
    wallet: set[str], groups: set[str], only_reads: int
) -> None:
    granted = {"Wallet": sorted(wallet), **{name: ["x"] for name in groups}}
    told = rights.bybit({"result": {"readOnly": only_reads, "permissions": granted, "ips": ["*"]}})

    out = "Withdraw" in wallet or bool(groups & rights.BYBIT_OUT)
    assert told.withdraw is (out and not only_reads)
    assert told.withdraw <= bool(told.note)


@pytest.mark.parametrize("desk", DESKS.values(), ids=DESKS.keys())
def test_every_problem_of_a_venue_has_a_sentence(desk: Any) -> None:
    assert set(desk.problems.values()) <= set(SAYS)
