"""One link pressed by several at once."""

from __future__ import annotations

from functools import partial

import pytest

from accounts import magic_links
from arbedge.errors import ArbEdgeError
from tests.accounts.factories import NOON
from tests.accounts.web import send_link
from tests.race.together import at_once


@pytest.mark.django_db(transaction=True)
def test_of_many_who_press_at_once_one_gets_in() -> None:
    token = send_link()
    outcomes = at_once(*(partial(magic_links.use, token, NOON) for _ in range(8)))
    told = [one.code if isinstance(one, ArbEdgeError) else one for one in outcomes]
    assert sorted(told) == ["ada@example.org", *["link_used"] * 7]
