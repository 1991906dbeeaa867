"""The first steps go on in another process: nothing of them lives in memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from accounts import preferences
from accounts.models import User
from tests.notifications.bot import asking

SETTINGS = "arbedge.settings"
ROOT = Path(__file__).resolve().parents[3]
CHILD = """
import json, sys
import django
django.setup()
from tests.notifications.bot import asking
who, line = json.loads(sys.argv[1])
said = asking.press(who, line) if line[:1] != "/" else asking.ask(who, line)
print(json.dumps({"text": said.text, "lines": said.lines}))
"""


def elsewhere(who: dict[str, Any], line: str) -> dict[str, Any]:
    """What another process, fresh from its start, answers."""
    name = connection.settings_dict["NAME"]
    url = os.environ["DATABASE_URL"].replace("/arbedge?", f"/{name}?")
    done = subprocess.run(
        [sys.executable, "-c", CHILD, json.dumps([who, line])],
        cwd=ROOT, env={**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": SETTINGS},
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


@pytest.mark.django_db(transaction=True)
def test_another_process_goes_on_where_this_one_left() -> None:
    who = asking.newcomer()
    asking.ask(who, "/start")
    asking.press(who, "onb set focus hybrid")
    asking.press(who, "onb set experience advanced")
    resumed = elsewhere(who, "/start")
    assert "Step 3 of 7" in resumed["text"]
    assert "onb risk balanced" in resumed["lines"]
    after = elsewhere(who, "onb risk balanced")
    assert "Step 4 of 7" in after["text"]
    person = User.objects.get(telegram_id=who["id"])
    assert preferences.of(person.pk).preset == "balanced"
    assert person.onboarding == "venues"
