from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

pytestmark = pytest.mark.django_db


def test_the_projects_user_model_is_our_own() -> None:
    assert get_user_model()._meta.label == "accounts.User"


def test_a_superuser_reaches_the_console() -> None:
    get_user_model().objects.create_superuser("ada", password="correct horse")
    client = Client()
    assert client.login(username="ada", password="correct horse")
    assert client.get("/console/").status_code == 200


def test_a_plain_user_is_sent_to_the_log_in_page() -> None:
    get_user_model().objects.create_user("bob", password="correct horse")
    client = Client()
    client.login(username="bob", password="correct horse")
    answer = client.get("/console/")
    assert answer.status_code == 302
    assert "/console/login/" in answer["Location"]
