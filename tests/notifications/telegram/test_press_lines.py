"""Buttons of messages that speak to the bot: what they say, and that pressing them counts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Mute, User
from notifications import clicks
from notifications.models import Click
from notifications.telegram import press_lines
from notifications.telegram.press_lines import LONGEST, Pressed
from tests.factories import InstrumentFactory
from tests.notifications.bot.asking import member, press
from tests.notifications.factories import NOON, DeliveryFactory, DeliveryLogFactory, MessageFactory

BIG = 10**18 - 1


@given(st.integers(1, BIG), st.text(min_size=1, max_size=40))
def test_what_is_written_is_read_again_or_was_too_long(delivery_id: int, line: str) -> None:
    data = press_lines.written(delivery_id, line)

    if data:
        assert press_lines.read(data) == Pressed(line, anew=True, delivery_id=delivery_id)
    else:
        assert len(f"+{line}~{delivery_id}".encode()) > LONGEST


@given(st.text(max_size=70))
def test_whatever_is_pressed_is_read(data: str) -> None:
    found = press_lines.read(data)

    assert found.anew is data.startswith("+")
    assert found.line in data


@pytest.mark.parametrize(
    ("data", "read"),
    [
        ("why 12", Pressed("why 12")),
        ("+why 12", Pressed("why 12", anew=True)),
        ("+why 12~345", Pressed("why 12", anew=True, delivery_id=345)),
        ("why 12~345", Pressed("why 12~345")),
        ("+why 12~0", Pressed("why 12~0", anew=True)),
        (f"+why 12~{BIG}9", Pressed(f"why 12~{BIG}9", anew=True)),
        ("", Pressed("")),
    ],
)
def test_forms_of_data(data: str, read: Pressed) -> None:
    assert press_lines.read(data) == read


@pytest.mark.django_db
class TestPressing:
    """A press on a message that was really sent."""

    @pytest.fixture
    def ada(self) -> User:
        InstrumentFactory(venue="okx", asset="WIF", quote="USDT", symbol="WIF-USDT")
        return member()

    def pushed(self, user: User) -> int:
        return int(DeliveryFactory(message=MessageFactory(), recipient_id=user.pk).pk)

    def test_it_does_what_it_says_in_a_new_message(self, ada: User) -> None:
        said = press(ada, f"+mute $WIF 24~{self.pushed(ada)}")

        assert said.methods == ["answerCallbackQuery", "sendMessage"]
        assert Mute.objects.get().name == "WIF"

    def test_it_counts_once_as_a_link_does(self, ada: User) -> None:
        number = self.pushed(ada)

        press(ada, f"+mute $WIF 24~{number}")
        press(ada, f"+mute $WIF 24~{number}")

        click = Click.objects.get()
        assert (click.delivery_id, click.link, click.at) == (number, "mute", NOON)

    def test_a_chart_counts_under_the_name_of_its_button(self, ada: User) -> None:
        press(ada, f"+picture 1~{self.pushed(ada)}")

        assert Click.objects.get().link == "chart"

    def test_a_message_that_left_the_queue_counts_too(self, ada: User) -> None:
        row = DeliveryLogFactory(recipient_id=ada.pk)

        assert clicks.count_press(ada.pk, row.pk, "why", NOON)

    def test_somebody_elses_message_counts_nothing(self, ada: User) -> None:
        press(ada, f"+mute $WIF 24~{self.pushed(member())}")

        assert not Click.objects.exists()
        assert Mute.objects.get().user == ada

    def test_a_message_nobody_was_sent_counts_nothing(self, ada: User) -> None:
        press(ada, f"+mute $WIF 24~{BIG}")

        assert not Click.objects.exists()
