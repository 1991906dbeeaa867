"""Signatures of webhooks, as a customer checks them."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from notifications import signing

SECRET = "whsec_a-secret-of-a-customer"
BODY = b'{"version":1}'
NOW_S = 1_800_000_000.0


@pytest.fixture
def header() -> str:
    return signing.sign(SECRET, BODY, NOW_S)


def test_the_form_is_the_documented_one(header: str) -> None:
    wanted = hmac.new(SECRET.encode(), b"1800000000." + BODY, hashlib.sha256).hexdigest()

    assert header == f"t=1800000000,v1={wanted}"


def test_our_own_signature_is_good(header: str) -> None:
    assert signing.verify(SECRET, header, BODY, NOW_S)


def test_a_changed_body_is_refused(header: str) -> None:
    assert not signing.verify(SECRET, header, BODY + b" ", NOW_S)


def test_another_secret_is_refused(header: str) -> None:
    assert not signing.verify(SECRET + "x", header, BODY, NOW_S)


def test_a_changed_time_is_refused(header: str) -> None:
    later = header.replace("t=1800000000", "t=1800000001")

    assert not signing.verify(SECRET, later, BODY, NOW_S)


@pytest.mark.parametrize(
    ("age_s", "good"), [(300, True), (301, False), (-300, True), (-301, False)]
)
def test_what_was_caught_can_be_played_again_for_five_minutes_only(
    header: str, age_s: float, good: bool
) -> None:
    assert signing.verify(SECRET, header, BODY, NOW_S + age_s) is good


def test_the_tolerance_is_the_customers_choice(header: str) -> None:
    assert not signing.verify(SECRET, header, BODY, NOW_S + 11, tolerance_s=10)


def test_while_a_secret_is_replaced_either_signature_is_enough(header: str) -> None:
    old, new = header.partition(",")[2], signing.sign("the next secret", BODY, NOW_S)

    assert signing.verify(SECRET, f"{new},{old}", BODY, NOW_S)
    assert signing.verify("the next secret", f"{new},{old}", BODY, NOW_S)


@pytest.mark.parametrize(
    "header",
    ["", "t=1800000000", "v1=" + 64 * "0", "t=x,v1=" + 64 * "0", "t=1,v1=é", f"t={13 * '9'},v1=0"],
)
def test_what_is_no_header_is_refused_without_an_error(header: str) -> None:
    assert not signing.verify(SECRET, header, BODY, NOW_S)


def test_every_secret_is_a_new_one() -> None:
    made = {signing.new_secret() for _ in range(100)}

    assert len(made) == 100
    assert all(len(secret) >= 43 for secret in made)
