"""The console login of a local installation: made once, kept beside the data, shown by `up`."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from django.contrib.auth import get_user_model

NAME = "admin"


@dataclass(frozen=True)
class Login:
    """A name and the password that opens the console; empty where a person has changed it."""

    username: str
    password: str


def local_login(data_dir: Path, database: str) -> Login | None:
    """Returns the login to show, made when this database has no super-user yet.

    None where people manage super-users themselves. A password changed in the console is not known
    here any more, and is not put back.
    """
    people = get_user_model()._default_manager  # noqa: SLF001  as Django names it
    kept = data_dir / f"console-login-{database}.json"
    if not people.filter(is_superuser=True).exists():
        login = _kept(kept) or Login(NAME, secrets.token_urlsafe(12))
        people.create_superuser(username=login.username, password=login.password)
        _keep(kept, login)
        return login
    shown = _kept(kept)
    if shown is None:
        return None
    person = people.filter(username=shown.username).first()
    known = person is not None and person.check_password(shown.password)
    return shown if known else Login(shown.username, "")


def _kept(path: Path) -> Login | None:
    return Login(**json.loads(path.read_text())) if path.exists() else None


def _keep(path: Path, login: Login) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        json.dump(asdict(login), file)
