"""Who works on a channel, and who is woken for it."""

from __future__ import annotations

import pytest

from arbedge.names import Channel
from notifications.sending import turns

pytestmark = pytest.mark.usefixtures("empty_cache")
HERE = Channel.TELEGRAM


def test_of_many_who_wait_for_one_moment_one_is_woken() -> None:
    assert turns.first_to_wait(HERE, 2.0)
    assert not turns.first_to_wait(HERE, 2.0)
    assert not turns.first_to_wait(HERE, 5.0)


def test_whoever_has_something_earlier_is_woken_all_the_same() -> None:
    assert turns.first_to_wait(HERE, 9.0)
    assert turns.first_to_wait(HERE, 0.5)
    assert not turns.first_to_wait(HERE, 1.0)


def test_channels_wait_for_themselves() -> None:
    assert turns.first_to_wait(HERE, 2.0)
    assert turns.first_to_wait(Channel.EMAIL, 2.0)


def test_without_the_cache_everybody_is_woken(settings: object) -> None:
    settings.CACHE_URL = "redis://127.0.0.1:9/0"  # type: ignore[attr-defined]  # nobody listens
    assert turns.first_to_wait(HERE, 2.0)
    assert turns.first_to_wait(HERE, 2.0)


@pytest.mark.django_db(transaction=True)
def test_a_slow_channel_has_one_worker_and_telegram_any_number() -> None:
    with turns.taken(Channel.EMAIL) as first:
        assert first
    with turns.taken(HERE) as one, turns.taken(HERE) as other:
        assert one
        assert other
