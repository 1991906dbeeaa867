"""The order of a person's channels, and what it is while he has chosen none."""

from __future__ import annotations

import pytest

from accounts import preferences
from accounts.models import User
from arbedge.names import Channel, Door
from notifications.addressing import order
from tests.accounts.factories import NOON, UserFactory

pytestmark = pytest.mark.django_db
TELEGRAM, EMAIL, WEBHOOK = Channel.TELEGRAM, Channel.EMAIL, Channel.WEBHOOK


@pytest.fixture
def ada() -> User:
    return UserFactory(telegram_id=4242, email="ada@example.org", email_verified_at=NOON)


def chosen(user: User, *channels: Channel) -> None:
    preferences.change(user.pk, {"channels": [one.value for one in channels]}, door=Door.WEB)


def test_who_never_chose_has_the_channel_he_came_by(ada: User) -> None:
    assert order.of(ada) == (TELEGRAM,)
    assert order.of(UserFactory(telegram_id=None, email="b@c.de", email_verified_at=NOON)) == (
        EMAIL,
    )
    assert order.of(UserFactory(telegram_id=None)) == ()


def test_a_new_channel_comes_last(ada: User) -> None:
    order.use(ada, WEBHOOK, door=Door.WEB)
    assert order.of(ada) == (TELEGRAM, WEBHOOK)


def test_a_channel_in_use_keeps_its_place(ada: User) -> None:
    chosen(ada, WEBHOOK, TELEGRAM)
    version = preferences.of(ada.pk).version
    order.use(ada, WEBHOOK, door=Door.WEB)
    assert order.of(ada) == (WEBHOOK, TELEGRAM)
    assert preferences.of(ada.pk).version == version


@pytest.mark.parametrize(
    ("channel", "up", "after"),
    [
        (EMAIL, True, (EMAIL, TELEGRAM, WEBHOOK)),
        (EMAIL, False, (TELEGRAM, WEBHOOK, EMAIL)),
        (TELEGRAM, True, (TELEGRAM, EMAIL, WEBHOOK)),
        (WEBHOOK, False, (TELEGRAM, EMAIL, WEBHOOK)),
        (Channel.SMS, True, (TELEGRAM, EMAIL, WEBHOOK)),
    ],
)
def test_channels_change_places(
    ada: User, channel: Channel, up: bool, after: tuple[Channel, ...]
) -> None:
    chosen(ada, TELEGRAM, EMAIL, WEBHOOK)
    order.move(ada, channel, up=up, door=Door.WEB)
    assert order.of(ada) == after


def test_a_channel_that_is_left_is_used_no_more(ada: User) -> None:
    chosen(ada, WEBHOOK, EMAIL)
    order.leave(ada, WEBHOOK, door=Door.WEB)
    order.leave(ada, WEBHOOK, door=Door.WEB)
    assert order.of(ada) == (EMAIL,)


def test_who_leaves_his_last_channel_is_back_at_the_one_he_came_by(ada: User) -> None:
    chosen(ada, WEBHOOK)
    order.leave(ada, WEBHOOK, door=Door.WEB)
    assert order.of(ada) == (TELEGRAM,)
