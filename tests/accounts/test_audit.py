"""The audit: what is written down of a deed, what never is, and that no line can be changed."""

from __future__ import annotations

import pytest
from auditlog.models import LogEntry
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django_celery_beat.models import IntervalSchedule
from pytest_django import Settings

from accounts import audit
from accounts.models import Subscription, User
from arbedge.names import AccountState, Door, Role
from tests.accounts.factories import SubscriptionFactory, UserFactory

pytestmark = pytest.mark.django_db
HOME = "203.0.113.7"


@pytest.fixture
def boss() -> User:
    return UserFactory(username="boss", role=Role.SUPER_ADMIN, email="boss@example.com")


@pytest.fixture
def ada() -> User:
    return UserFactory(username="ada")


@pytest.fixture
def desk(boss: User) -> Client:
    browser = Client(REMOTE_ADDR=HOME)
    browser.force_login(boss)
    return browser


def facts(line: LogEntry) -> dict[str, object]:
    return dict(line.additional_data)


def newest(model: str) -> LogEntry:
    return LogEntry.objects.filter(content_type__model=model).latest("id")


def add_schedule(desk: Client, **more: object) -> LogEntry:
    desk.post(
        "/console/django_celery_beat/intervalschedule/add/",
        {"every": "7", "period": "minutes"},
        **more,  # type: ignore[arg-type]
    )
    return newest("intervalschedule")


# What a line says.


def test_a_line_says_who_did_what_to_whom_by_which_door_from_where(boss: User, ada: User) -> None:
    with audit.doing(Door.CONSOLE, boss, HOME):
        line = audit.record("person.suspended", ada, whom=ada, changes={"state": ("a", "s")})
    line.refresh_from_db()
    assert facts(line) == {
        "what": "person.suspended", "whom": ada.pk, "door": "console", "who": boss.pk,
        "security": False,
    }  # fmt: skip
    assert (line.actor, line.actor_email, line.remote_addr) == (boss, "boss@example.com", HOME)
    assert line.changes == {"state": ["a", "s"]}
    assert line.object_id == ada.pk


def test_without_surroundings_it_was_a_task_and_nobody(ada: User) -> None:
    line = audit.record("person.expired", ada)
    assert facts(line)["door"] == "task"
    assert (line.actor, line.remote_addr) == (None, None)


def test_the_author_may_be_named_where_the_surroundings_know_none(boss: User, ada: User) -> None:
    assert audit.record("person.expired", ada, by=boss).actor == boss


def test_what_is_left_out_stays_as_it_is_outside(boss: User, ada: User) -> None:
    with audit.doing(Door.API, boss, HOME), audit.doing(actor=ada):
        line = audit.record("preferences.changed", ada)
    assert (line.actor, line.remote_addr, facts(line)["door"]) == (ada, HOME, "api")


def test_surroundings_end_with_their_block_even_by_an_error(boss: User) -> None:
    with pytest.raises(RuntimeError), audit.doing(Door.CONSOLE, boss, HOME):
        raise RuntimeError
    assert audit.door() == Door.TASK


def test_a_line_about_none_of_them_names_the_kind_only() -> None:
    line = audit.record("login.failed", User, security=True)
    assert (line.object_pk, line.object_repr, facts(line)["whom"]) == ("", "", None)


def test_a_line_carries_the_id_the_logs_have(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    from structlog.contextvars import bound_contextvars

    with bound_contextvars(request_id="r-1"):
        assert audit.record("person.renamed", ada).cid == "r-1"
    with bound_contextvars(task_id="t-1"):
        assert audit.record("person.renamed", ada).cid == "t-1"


def test_a_failed_deed_leaves_no_line(ada: User) -> None:
    with transaction.atomic():
        audit.record("person.renamed", ada)
        transaction.set_rollback(True)
    assert not LogEntry.objects.filter(additional_data__what="person.renamed").exists()


# What auditlog sees by itself.


def test_a_write_in_the_console_is_told_with_door_person_and_address(
    desk: Client, boss: User
) -> None:
    line = add_schedule(desk)
    assert facts(line) == {
        "what": "intervalschedule.created", "whom": None, "door": "console", "who": boss.pk,
        "security": False,
    }  # fmt: skip
    assert (line.actor, line.remote_addr) == (boss, HOME)


def test_a_visitors_own_word_on_his_address_is_not_taken(desk: Client) -> None:
    assert add_schedule(desk, headers={"X-Forwarded-For": "10.9.9.9"}).remote_addr == HOME


def test_behind_a_proxy_its_word_is_taken(desk: Client, settings: Settings) -> None:
    settings.TRUST_PROXY = True
    assert add_schedule(desk, headers={"X-Forwarded-For": "10.9.9.9"}).remote_addr == "10.9.9.9"


def test_a_request_without_an_address_is_told_without_one(desk: Client) -> None:
    assert add_schedule(desk, REMOTE_ADDR="").remote_addr is None


@pytest.mark.parametrize(
    ("path", "door"), [("/console/x/", "console"), ("/api/v1/x", "api"), ("/account", "web")]
)
def test_the_path_tells_the_door(path: str, door: str) -> None:
    seen: list[str] = []

    def answer(_: HttpRequest) -> HttpResponse:
        seen.append(audit.door().value)
        return HttpResponse()

    audit.AuditMiddleware(answer)(RequestFactory().get(path))
    assert seen == [door]
    assert audit.door() == Door.TASK


def test_a_line_about_a_person_is_about_him(ada: User) -> None:
    ada.name = "Ada L."
    ada.save()
    assert facts(newest("user"))["whom"] == ada.pk


def test_a_line_about_a_persons_belongings_is_about_him(ada: User) -> None:
    SubscriptionFactory(user=ada)
    assert facts(newest("subscription"))["whom"] == ada.pk


def test_a_line_about_nobodys_things_is_about_nobody(ada: User) -> None:
    SubscriptionFactory(user=ada)
    IntervalSchedule.objects.create(every=3, period="hours")
    assert facts(newest("intervalschedule"))["whom"] is None


@pytest.mark.parametrize(
    ("field", "value", "security"),
    [("role", Role.ADMIN, True), ("state", AccountState.SUSPENDED, True), ("email", "a@b.io", True),
     ("name", "Ada L.", False), ("language", "fr", False)],
)  # fmt: skip
def test_changes_of_what_one_may_do_are_security_events(
    ada: User, field: str, value: str, security: bool
) -> None:
    setattr(ada, field, value)
    ada.save()
    assert facts(newest("user"))["security"] is security


def test_a_new_person_and_a_gone_one_are_security_events(ada: User) -> None:
    assert facts(newest("user"))["security"] is True
    ada.delete()
    assert facts(newest("user"))["what"] == "user.deleted"
    assert facts(newest("user"))["security"] is True


def test_subscriptions_are_told_apart_from_their_person(ada: User) -> None:
    one = SubscriptionFactory(user=ada)
    line = newest("subscription")
    assert (line.object_id, line.content_type.model_class()) == (one.pk, Subscription)
