"""No spelling of an address inside gets past the guard, and no forged signature past the check."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from arbedge.errors import ArbEdgeError
from arbedge.http import is_public
from notifications import signing
from notifications.channels import targets

INSIDE_V4 = st.one_of(
    *(
        st.ip_addresses(v=4, network=network)
        for network in ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",
                        "169.254.0.0/16", "100.64.0.0/10", "0.0.0.0/8", "224.0.0.0/4")
    )
)  # fmt: skip
INSIDE_V6 = st.one_of(
    *(
        st.ip_addresses(v=6, network=network)
        for network in ("fe80::/10", "fc00::/7", "ff00::/8", "2002::/16", "::/96")
    )
)
Spelling = Callable[[ipaddress.IPv4Address], str]
SPELLINGS: st.SearchStrategy[Spelling] = st.sampled_from(
    [
        str,
        lambda one: str(int(one)),
        lambda one: hex(int(one)),
        lambda one: ".".join(hex(part) for part in one.packed),
        lambda one: f"[::ffff:{one}]",
        lambda one: f"[64:ff9b::{one}]",
        lambda one: f"{one}.",
    ]
)
TEXT = st.text(min_size=1, max_size=50)


def take(host: str) -> str:
    return targets.web({"url": f"https://{host}/latest/meta-data/"})


@given(INSIDE_V4, SPELLINGS)
def test_no_spelling_of_an_inner_ipv4_address_is_taken(
    one: ipaddress.IPv4Address, spelling: Spelling
) -> None:
    with pytest.raises(ArbEdgeError):
        take(spelling(one))


@given(INSIDE_V6)
def test_no_inner_ipv6_address_is_taken(one: ipaddress.IPv6Address) -> None:
    with pytest.raises(ArbEdgeError):
        take(f"[{one}]")


@given(st.ip_addresses(v=4))
def test_a_plain_address_is_taken_only_where_it_is_public(one: ipaddress.IPv4Address) -> None:
    try:
        take(str(one))
    except ArbEdgeError:
        assert not is_public(str(one))
    else:
        assert is_public(str(one))


@given(st.text(max_size=300))
def test_any_text_is_taken_or_refused_in_our_words(text: str) -> None:
    try:
        kept = targets.web({"url": text})
    except ArbEdgeError:
        return
    assert kept.startswith("https://")
    assert kept.isascii()


@given(st.text(max_size=40), st.text(max_size=200))
def test_what_is_kept_is_kept_again_unchanged(host: str, path: str) -> None:
    """An address read from its row must pass the same check as when it was typed."""
    try:
        kept = targets.web({"url": f"https://{host}/{path}"})
    except ArbEdgeError:
        return
    assert targets.web({"url": kept}) == kept


@given(TEXT, st.binary(max_size=500), st.integers(0, 2**40))
def test_our_own_signature_is_always_good(secret: str, body: bytes, now_s: int) -> None:
    assume(now_s < 10**12)
    header = signing.sign(secret, body, now_s)

    assert signing.verify(secret, header, body, now_s)


@given(TEXT, st.binary(max_size=100), st.binary(max_size=100))
def test_a_signature_is_of_one_body_only(secret: str, body: bytes, other: bytes) -> None:
    assume(body != other)

    assert not signing.verify(secret, signing.sign(secret, body, 1000), other, 1000)


@given(TEXT, TEXT, st.binary(max_size=100))
def test_a_signature_is_of_one_secret_only(secret: str, other: str, body: bytes) -> None:
    assume(secret != other)

    assert not signing.verify(other, signing.sign(secret, body, 1000), body, 1000)


@given(st.text(max_size=200))
def test_any_header_is_judged_without_an_error(header: str) -> None:
    assert not signing.verify("secret", header, b"body", 1000)
