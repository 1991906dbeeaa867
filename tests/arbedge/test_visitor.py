"""Whose address a request is counted under, and who may say so."""

from __future__ import annotations

import pytest
from django.http import HttpRequest
from django.test import RequestFactory
from pytest_django import Settings

from arbedge import visitor

PROXY = "10.0.0.2"
VISITOR = "203.0.113.7"


def asked(remote: str, forwarded: str | None = None) -> HttpRequest:
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    return RequestFactory().get("/", REMOTE_ADDR=remote, headers=headers)


def test_without_a_proxy_the_header_is_nobodys_word(settings: Settings) -> None:
    settings.TRUST_PROXY = False
    assert visitor.address(asked(VISITOR, "198.51.100.1")) == VISITOR


def test_behind_a_proxy_its_own_entry_counts(settings: Settings) -> None:
    settings.TRUST_PROXY = True
    assert visitor.address(asked(PROXY, VISITOR)) == VISITOR


def test_what_the_visitor_wrote_before_the_proxys_entry_does_not_count(settings: Settings) -> None:
    settings.TRUST_PROXY = True
    assert visitor.address(asked(PROXY, f"127.0.0.1, 8.8.8.8, {VISITOR}")) == VISITOR


def test_a_request_that_passed_no_proxy_has_its_own_address(settings: Settings) -> None:
    settings.TRUST_PROXY = True
    assert visitor.address(asked(VISITOR)) == VISITOR


@pytest.mark.parametrize("told", ["", "unknown", "203.0.113.7:4711", "<script>", "unix:"])
def test_what_is_no_address_is_told_as_none(settings: Settings, told: str) -> None:
    settings.TRUST_PROXY = False
    assert visitor.address(asked(told)) == ""


@pytest.mark.parametrize(
    ("told", "short"),
    [("::ffff:203.0.113.7", "203.0.113.7"), ("2001:DB8:0:0::1", "2001:db8::1")],
)
def test_one_address_has_one_spelling(settings: Settings, told: str, short: str) -> None:
    settings.TRUST_PROXY = False
    assert visitor.address(asked(told)) == short


def test_all_addresses_of_one_ipv6_subscriber_count_together(settings: Settings) -> None:
    settings.TRUST_PROXY = False
    first, second = asked("2001:db8:1:2::a"), asked("2001:db8:1:2:ffff::b")
    assert visitor.household(first) == visitor.household(second)
    assert visitor.household(asked("2001:db8:1:3::a")) != visitor.household(first)


def test_ipv4_neighbours_count_apart(settings: Settings) -> None:
    settings.TRUST_PROXY = False
    assert visitor.household(asked("203.0.113.7")) != visitor.household(asked("203.0.113.8"))
