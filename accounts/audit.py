"""Who did what to whom, when, from where: every write by a person, in one table nobody can change.

The table is auditlog's. What its own signals see in the console and what `record` is told get the
same five facts beside them (`additional_data`): what, whom, door, who, security. Rows are appended
only; a trigger of the database refuses the rest, except to `accounts.audit_life`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final, cast

import structlog
from auditlog.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model
from django.http import HttpRequest, HttpResponse

from accounts import audit_scrub
from accounts.models import User
from arbedge import visitor
from arbedge.names import Door

NOT_BY_A_REQUEST: Final = Door.TASK
LINES_AT_ONCE: Final = 500
DOORS_BY_PATH: Final = (("/console/", Door.CONSOLE), ("/api/", Door.API))
VERBS: Final = {
    LogEntry.Action.CREATE: "created",
    LogEntry.Action.UPDATE: "changed",
    LogEntry.Action.DELETE: "deleted",
    LogEntry.Action.ACCESS: "seen",
}
SENSITIVE_MODELS: Final = frozenset({"accounts.user", "auth.group"})
SENSITIVE_FIELDS: Final = frozenset({
    "password", "role", "state", "is_staff", "is_superuser", "is_active", "groups", "permissions",
    "user_permissions", "email", "telegram_id",
})  # fmt: skip


@dataclass(frozen=True)
class Doing:
    """By which door somebody acts, who it is, and from which address ("" = unknown)."""

    door: Door
    actor: Callable[[], User | None]
    ip: str


_doing: ContextVar[Doing | None] = ContextVar("audit_doing", default=None)
_logged: ContextVar[Model | None] = ContextVar("audit_logged", default=None)


@contextmanager
def doing(
    door: Door | None = None, actor: User | None = None, ip: str | None = None
) -> Iterator[None]:
    """Writes inside are audited as done by `actor` through `door` from `ip`.

    What is left out stays as it is outside.
    """
    outer = _doing.get()
    known = outer or Doing(NOT_BY_A_REQUEST, _nobody, "")
    inner = Doing(
        door=door or known.door,
        actor=known.actor if actor is None else lambda: actor,
        ip=known.ip if ip is None else ip,
    )
    with _within(inner):
        yield


@contextmanager
def _within(now: Doing) -> Iterator[None]:
    before = _doing.set(now)
    try:
        yield
    finally:
        _doing.reset(before)


def door() -> Door:
    """The door of what is being done now; the door of tasks outside of any request."""
    now = _doing.get()
    return now.door if now else NOT_BY_A_REQUEST


def record(
    what: str,
    subject: Model | type[Model],
    *,
    whom: User | int | None = None,
    changes: Mapping[str, Any] | None = None,
    security: bool = False,
    by: User | None = None,
) -> LogEntry:
    """Writes one line: `what` ("person.suspended") was done to `subject`, which belongs to `whom`.

    `changes` maps a field to (old, new), or to what there is to say; values of secrets are masked.
    A class as subject stands for "none of them": a log-in under an unknown name. `by` is who did
    it where the surroundings (`doing`) do not know. Security events are kept a year longer.
    """
    made = line(what, subject, whom=whom, changes=changes, security=security, by=by)
    made.save()
    return made


def record_all(lines: Iterable[LogEntry]) -> None:
    """Writes lines made by `line`, hundreds by one statement."""
    made = list(lines)
    for one in made:
        complete(one)  # what saving one by one would announce
    LogEntry.objects.bulk_create(made, batch_size=LINES_AT_ONCE)


def line(
    what: str,
    subject: Model | type[Model],
    *,
    whom: User | int | None = None,
    changes: Mapping[str, Any] | None = None,
    security: bool = False,
    by: User | None = None,
) -> LogEntry:
    """The line `record` writes, not written yet."""
    one = subject if isinstance(subject, Model) else None
    more: dict[str, Any] = {"what": what, "security": security}
    if whom is not None:
        more["whom"] = whom.pk if isinstance(whom, User) else whom
    return LogEntry(
        content_type=ContentType.objects.get_for_model(subject),
        object_pk="" if one is None else str(one.pk),
        object_id=one.pk if one is not None and isinstance(one.pk, int) else None,
        object_repr="" if one is None else str(one),
        action=LogEntry.Action.UPDATE if changes else LogEntry.Action.ACCESS,
        changes={name: _pair(value) for name, value in (changes or {}).items()},
        actor=by,
        additional_data=more,
        cid=request_id(),
    )


def _pair(value: Any) -> list[str]:
    old, new = value if isinstance(value, tuple | list) and len(value) == 2 else ("", value)
    return [str(old), str(new)]


def request_id() -> str | None:
    """The id the logs know this request or task by."""
    bound = structlog.contextvars.get_contextvars()
    told = bound.get("request_id") or bound.get("task_id")
    return None if told is None else str(told)


class AuditMiddleware:
    """Writes made while a request is answered are audited with its door, person and address."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        door = next((door for path, door in DOORS_BY_PATH if request.path.startswith(path)), None)
        now = Doing(door or Door.WEB, lambda: _person(request), visitor.address(request))
        with _within(now):
            return self.get_response(request)


def _person(request: HttpRequest) -> User | None:
    person = getattr(request, "user", None)
    return person if isinstance(person, User) and person.is_authenticated else None


def _nobody() -> None:
    return None


def remember_logged(instance: Model, **_: Any) -> None:
    """Receives auditlog's announcement of the object its next line is about."""
    _logged.set(instance)


def complete(instance: LogEntry, **_: Any) -> None:
    """Gives a line that is about to be written its facts, and takes secrets out of it."""
    if not instance._state.adding:  # noqa: SLF001  Django's documented flag
        return
    now = _doing.get() or Doing(NOT_BY_A_REQUEST, _nobody, "")
    if instance.actor is None:
        instance.actor = now.actor()
    if instance.actor is not None:
        instance.actor_email = instance.actor.email
    instance.remote_addr = now.ip or None
    model = instance.content_type.model_class()
    label = model._meta.label_lower if model else ""  # noqa: SLF001
    instance.additional_data = {
        "what": f"{instance.content_type.model}.{VERBS[instance.action]}",
        "whom": _whom(instance, label),
        "door": now.door.value,
        "who": instance.actor_id,
        "security": _is_sensitive(instance, label),
        **(instance.additional_data or {}),
    }
    instance.changes = audit_scrub.scrub(instance.changes)
    instance.object_repr = audit_scrub.text(instance.object_repr)


def _whom(entry: LogEntry, label: str) -> int | None:
    """The person an object belongs to: himself, or its `user`."""
    if label == User._meta.label_lower:  # noqa: SLF001
        return cast("int | None", entry.object_id)
    logged = _logged.get()
    if logged is None or str(logged.pk) != str(entry.object_pk):
        return None
    if logged._meta.label_lower != label:  # noqa: SLF001
        return None
    owner = getattr(logged, "user_id", None)
    return owner if isinstance(owner, int) else None


def _is_sensitive(entry: LogEntry, label: str) -> bool:
    if label not in SENSITIVE_MODELS:
        return False
    new_or_gone = entry.action in {LogEntry.Action.CREATE, LogEntry.Action.DELETE}
    return new_or_gone or not SENSITIVE_FIELDS.isdisjoint(entry.changes or {})
