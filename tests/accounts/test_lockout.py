"""Brakes on guessing: what is counted, when it locks, and whom a lock does not reach."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.core.cache import caches
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.utils import timezone
from pytest_django import Settings

from accounts import lockout
from accounts.models import LoginLock, User
from accounts.models.login_lock import Scope
from tests.accounts.factories import UserFactory

pytestmark = pytest.mark.django_db
HOME = "203.0.113.7"
ELSEWHERE = "198.51.100.9"


@pytest.fixture(autouse=True)
def _one_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test lives within one minute of the throttle, whose counters are empty."""
    caches["default"].clear()
    standing = SimpleNamespace(time=lambda: 1_795_000_000.0)
    monkeypatch.setattr("django_ratelimit.core.time", standing)


def request(ip: str = HOME, cookie: str = "") -> HttpRequest:
    asked = RequestFactory().post("/console/login/", REMOTE_ADDR=ip)
    if cookie:
        asked.COOKIES[lockout.COOKIE] = cookie
    return asked


def try_once(ip: str = HOME, name: str = "ada", cookie: str = "") -> lockout.Counted:
    return lockout.count(lockout.by_name(request(ip, cookie), name))


def try_often(times: int, ip: str = HOME, name: str = "ada", cookie: str = "") -> lockout.Counted:
    return [try_once(ip, name, cookie) for _ in range(times)][-1]


def wait(span: timedelta) -> None:
    """Lets time pass: every counter is that much older."""
    LoginLock.objects.update(since=F("since") - span, locked_until=F("locked_until") - span)


def cookie_of(user: User) -> str:
    response = HttpResponse()
    lockout.remember_browser(request(), response, user)
    return response.cookies[lockout.COOKIE].value


def test_ten_tries_are_judged_and_the_tenth_is_the_last() -> None:
    assert try_often(9) == lockout.Counted(locked_s=0, last=False)
    assert try_once() == lockout.Counted(locked_s=0, last=True)


def test_the_eleventh_waits_half_an_hour() -> None:
    try_often(10)
    assert 1790 <= try_once().locked_s <= 1800


def test_tries_while_locked_do_not_lengthen_the_lock() -> None:
    try_often(10)
    wait(timedelta(minutes=20))
    try_often(50)
    assert 590 <= try_once().locked_s <= 600


def test_after_half_an_hour_counting_begins_anew() -> None:
    try_often(10)
    wait(timedelta(minutes=30))
    assert try_often(9) == lockout.Counted(locked_s=0, last=False)


def test_tries_more_than_a_quarter_of_an_hour_apart_are_forgotten() -> None:
    try_often(9)
    wait(timedelta(minutes=15))
    assert try_often(9) == lockout.Counted(locked_s=0, last=False)


def test_a_lock_from_one_address_leaves_other_addresses_alone() -> None:
    try_often(11)
    assert try_once(ELSEWHERE).locked_s == 0


def test_a_lock_on_one_name_leaves_other_names_alone() -> None:
    try_often(11)
    assert try_once(name="bob").locked_s == 0


@pytest.mark.parametrize("spelling", ["ADA", " ada ", "ａｄａ"])
def test_spellings_of_a_name_count_together(spelling: str) -> None:
    try_often(10)
    assert try_once(name=spelling).locked_s > 0


def test_addresses_of_one_ipv6_subscriber_count_together() -> None:
    for last in range(10):
        try_once(f"2001:db8:1:2::{last}")
    assert try_once("2001:db8:1:2:ffff::1").locked_s > 0


def test_a_name_tried_from_everywhere_is_locked_everywhere_in_the_end() -> None:
    for number in range(100):
        try_once(f"198.51.100.{number}")
    assert try_once("192.0.2.1").locked_s > 0


def test_one_machine_cannot_lock_a_name_for_everybody() -> None:
    for _ in range(30):
        try_once(ELSEWHERE)
    assert try_once(HOME).locked_s == 0


def test_a_browser_that_knows_the_name_is_not_locked_out_by_strangers() -> None:
    cookie = cookie_of(UserFactory(username="ada"))
    for number in range(101):
        try_once(f"198.51.100.{number}")
    try_often(11, HOME)
    assert try_once(HOME, cookie=cookie).locked_s == 0


def test_a_stolen_browser_mark_buys_ten_tries_only() -> None:
    cookie = cookie_of(UserFactory(username="ada"))
    try_often(10, ELSEWHERE, cookie=cookie)
    assert try_once(HOME, cookie=cookie).locked_s > 0


def test_a_browser_mark_is_good_for_its_own_name_only() -> None:
    cookie = cookie_of(UserFactory(username="ada"))
    try_often(10, name="bob", cookie=cookie)
    assert try_once(name="bob").locked_s > 0


def test_a_forged_browser_mark_is_none() -> None:
    try_often(10, cookie="WyJtYXJrIiwgImFkYSJd:forged")
    assert try_once().locked_s > 0


def test_the_mark_is_for_the_console_and_not_for_scripts(settings: Settings) -> None:
    settings.SESSION_COOKIE_SECURE = True
    response = HttpResponse()
    lockout.remember_browser(request(), response, UserFactory(username="ada"))
    cookie = response.cookies[lockout.COOKIE]
    assert (cookie["path"], cookie["samesite"]) == ("/console/", "Strict")
    assert cookie["httponly"]
    assert cookie["secure"]


def test_the_mark_does_not_tell_the_name() -> None:
    assert "ada" not in cookie_of(UserFactory(username="ada"))


def test_success_wipes_the_counters() -> None:
    try_often(9)
    lockout.forget(lockout.by_name(request(), "ada"))
    assert try_often(9) == lockout.Counted(locked_s=0, last=False)


def test_codes_are_counted_by_person_whatever_the_address() -> None:
    ada = UserFactory()
    for _ in range(10):
        lockout.count(lockout.by_code(ada), ada)
    assert lockout.count(lockout.by_code(ada), ada).locked_s > 0
    assert lockout.count(lockout.by_code(UserFactory())).locked_s == 0


def test_a_password_typed_as_a_name_is_not_stored() -> None:
    try_once(name="correct horse battery staple")
    kept = LoginLock.objects.values_list("key", flat=True)
    assert all(b"horse" not in bytes(key) for key in kept)


def test_a_counter_is_linked_to_the_person_it_is_about() -> None:
    ada = UserFactory(username="ada")
    lockout.count(lockout.by_name(request(), "ada"), ada)
    assert set(LoginLock.objects.values_list("scope", "user")) == {
        (Scope.NAME_AND_ADDRESS, ada.pk),
        (Scope.NAME, ada.pk),
    }


def test_clean_up_takes_only_what_holds_nobody_back() -> None:
    try_often(10)
    assert lockout.clean_up(timezone.now()) == 0
    wait(timedelta(minutes=46))
    assert lockout.clean_up(timezone.now()) == 2


def test_thirty_requests_a_minute_pass_from_one_address() -> None:
    waits = [lockout.throttled(request(), f"name{number}") for number in range(31)]
    assert waits[:30] == [0] * 30
    assert 0 < waits[30] <= 60


def test_the_throttle_counts_addresses_apart() -> None:
    for number in range(31):
        lockout.throttled(request(), f"name{number}")
    assert lockout.throttled(request(ELSEWHERE), "ada") == 0


def test_sixty_requests_a_minute_pass_for_one_name() -> None:
    waits = [lockout.throttled(request(f"198.51.100.{number}"), "ada") for number in range(61)]
    assert waits[:60] == [0] * 60
    assert waits[60] > 0


def test_a_browser_that_knows_the_name_is_not_throttled_by_strangers() -> None:
    cookie = cookie_of(UserFactory(username="ada"))
    for number in range(61):
        lockout.throttled(request(f"198.51.100.{number}"), "ada")
    assert lockout.throttled(request(HOME, cookie), "ada") == 0


def test_the_throttle_does_not_believe_what_a_visitor_says_of_his_address() -> None:
    waits = []
    for number in range(31):
        asked = request()
        asked.META["HTTP_X_FORWARDED_FOR"] = f"198.51.100.{number}"
        waits.append(lockout.throttled(asked, f"name{number}"))
    assert waits[30] > 0


def test_behind_a_proxy_visitors_are_told_apart(settings: Settings) -> None:
    settings.TRUST_PROXY = True
    waits = []
    for number in range(31):
        asked = request("10.0.0.2")
        asked.META["HTTP_X_FORWARDED_FOR"] = f"198.51.100.{number}"
        waits.append(lockout.throttled(asked, f"name{number}"))
    assert waits == [0] * 31


def test_without_the_cache_the_locks_still_hold(settings: Settings) -> None:
    gone = {**settings.CACHES["default"], "LOCATION": "unix:///nonexistent/valkey.sock"}
    settings.CACHES = {"default": gone}
    assert lockout.throttled(request(), "ada") == 0
    assert try_often(11).locked_s > 0
    caches.close_all()
