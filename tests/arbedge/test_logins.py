from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib.auth import authenticate, get_user_model

from arbedge.logins import local_login

pytestmark = pytest.mark.django_db


def test_the_first_start_makes_a_login_that_works(tmp_path: Path) -> None:
    login = local_login(tmp_path, "demo")
    assert login is not None
    person = authenticate(username=login.username, password=login.password)
    assert person is not None
    assert person.is_staff
    assert (tmp_path / "console-login-demo.json").stat().st_mode & 0o077 == 0


def test_later_starts_show_the_same_login(tmp_path: Path) -> None:
    assert local_login(tmp_path, "demo") == local_login(tmp_path, "demo")


def test_an_emptied_database_gets_the_same_login_again(tmp_path: Path) -> None:
    made = local_login(tmp_path, "replay")
    get_user_model().objects.all().delete()
    assert local_login(tmp_path, "replay") == made


def test_a_password_a_person_chose_is_not_put_back(tmp_path: Path) -> None:
    made = local_login(tmp_path, "demo")
    assert made is not None
    person = get_user_model().objects.get(username=made.username)
    person.set_password("chosen by me")
    person.save()
    shown = local_login(tmp_path, "demo")
    assert shown is not None
    assert shown.password == ""
    assert authenticate(username=made.username, password="chosen by me") is not None


def test_where_people_manage_themselves_nothing_is_made(tmp_path: Path) -> None:
    get_user_model().objects.create_superuser("ada", password="correct horse")
    assert local_login(tmp_path, "demo") is None
    assert get_user_model().objects.count() == 1
