"""Named recipients are told at once, by the channels and in the language of their own."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from celery import current_app
from django.db import connection
from django.test.utils import CaptureQueriesContext
from kombu.exceptions import OperationalError
from pytest_django import DjangoCaptureOnCommitCallbacks
from structlog.testing import capture_logs

from accounts.models import User
from arbedge.choices import Notice
from arbedge.names import Channel, Tier
from notifications import births
from notifications.models import Delivery, Message
from notifications.names import Priority, Recipient, Topic
from notifications.sending import waking
from tests.accounts.factories import UserFactory
from tests.notifications.factories import HOUR, NOON, ChatFactory, MessageFactory, reachable_person

pytestmark = pytest.mark.django_db

TELEGRAM, EMAIL, WEBHOOK = 0, 1, 3


def person(*, told: User) -> tuple[Recipient, int]:
    return (Recipient.USER, told.pk)


def alert(*to: tuple[Recipient, int], **more: Any) -> Message:
    """An alert for these recipients."""
    facts = {"value": 2.5}
    return births.tell(Topic.ALERT, facts, to=to, priority=Priority.HIGH, now=NOON, **more)


def only(message: Message) -> Delivery:
    return message.deliveries.get()


def test_the_message_says_what_was_asked_for() -> None:
    message = alert(person(told=reachable_person()), expires_at=NOON + HOUR)
    assert (message.topic, message.facts, message.priority) == ("alert", {"value": 2.5}, 1)
    assert (message.at, message.expires_at) == (NOON, NOON + HOUR)


def test_a_person_is_told_as_he_wishes() -> None:
    told = reachable_person(
        tier=Tier.PRO, language="fr", time_zone="Europe/Paris", notional_usd=5_000, leverage=3.0,
        horizon_hours=24, vip_levels={"okx": 2}, channels=["webhook", "email"], spread="all",
    )  # fmt: skip
    delivery = only(alert(person(told=told), expires_at=NOON + HOUR))
    assert (delivery.recipient, delivery.recipient_id, delivery.topic) == ("user", told.pk, "alert")
    assert (delivery.language, delivery.zone) == ("fr", "Europe/Paris")
    assert (delivery.notional_usd, delivery.horizon_hours, delivery.leverage) == (5_000, 24, 3.0)
    assert delivery.vip_levels == 2 << (4 * 2)
    assert (delivery.channels, delivery.channel, delivery.to_all) == ([WEBHOOK, EMAIL], 3, True)
    assert (delivery.tier, delivery.priority, delivery.counted) == (3, Priority.HIGH, False)
    assert (delivery.state, delivery.silent) == ("pending", False)
    assert (delivery.due_at, delivery.expires_at) == (NOON, NOON + HOUR)


def test_a_tier_that_is_over_is_no_more_urgent() -> None:
    told = reachable_person(tier=Tier.PRO, tier_since=NOON - HOUR, tier_until=NOON)
    assert only(alert(person(told=told))).tier == 0


def test_a_tester_counts_as_premium() -> None:
    told = reachable_person(beta_until=NOON + HOUR)
    assert only(alert(person(told=told))).tier == 2


def test_a_chat_is_told_by_telegram() -> None:
    chat = ChatFactory(language="es", zone="Europe/Madrid", notional_usd=10_000, horizon_hours=8)
    delivery = only(alert((Recipient.CHAT, chat.pk)))
    assert (delivery.recipient, delivery.recipient_id) == ("chat", chat.pk)
    assert (delivery.channels, delivery.language, delivery.zone) == ([0], "es", "Europe/Madrid")
    assert (delivery.notional_usd, delivery.horizon_hours) == (10_000, 8)


@pytest.mark.parametrize("values", [{"paused": True}, {"gone": "kicked"}])
def test_a_chat_that_wants_or_can_have_nothing_is_left_alone(values: dict[str, Any]) -> None:
    message = alert((Recipient.CHAT, ChatFactory(**values).pk))
    assert not message.deliveries.exists()


def test_a_chat_and_a_person_of_the_same_number_are_two() -> None:
    told = reachable_person()
    chat = ChatFactory(pk=told.pk)
    message = alert(person(told=told), (Recipient.CHAT, chat.pk))
    assert message.deliveries.count() == 2


def test_nobody_is_told_without_a_session() -> None:
    over = reachable_person(session_until=NOON)
    message = alert(person(told=UserFactory()), person(told=over), (Recipient.USER, 999_999))
    assert not message.deliveries.exists()


@pytest.mark.parametrize("topic", [Topic.CODE, Topic.TEST])
def test_codes_and_tests_need_no_session(topic: Topic) -> None:
    stranger = UserFactory(language="es")
    message = births.tell(
        topic, {}, to=[person(told=stranger)], priority=Priority.CRITICAL, now=NOON,
        channels=[Channel.EMAIL],
    )  # fmt: skip
    assert (only(message).channels, only(message).language) == ([EMAIL], "es")


def test_who_has_no_channel_is_not_told() -> None:
    message = alert(person(told=reachable_person(telegram_id=None)))
    assert not message.deliveries.exists()


def test_given_channels_replace_his_own() -> None:
    told = reachable_person(channels=["webhook"])
    assert only(alert(person(told=told), channels=[Channel.TELEGRAM])).channels == [TELEGRAM]


@pytest.mark.parametrize(
    ("topic", "notice"), [(Topic.ALERT, Notice.ALERT), (Topic.BROADCAST, Notice.NEWS)]
)
class TestSwitches:
    def test_off_is_off(self, topic: Topic, notice: Notice) -> None:
        to = [person(told=reachable_person(switches={notice.value: "off"}))]
        message = births.tell(topic, {}, to=to, priority=Priority.LOW, now=NOON)
        assert not message.deliveries.exists()

    def test_silent_is_told_without_a_sound(self, topic: Topic, notice: Notice) -> None:
        to = [person(told=reachable_person(switches={notice.value: "silent"}))]
        assert only(births.tell(topic, {}, to=to, priority=Priority.LOW, now=NOON)).silent

    def test_those_of_other_notices_do_not_count(self, topic: Topic, notice: Notice) -> None:
        others = {one.value: "off" for one in Notice if one is not notice}
        to = [person(told=reachable_person(switches=others))]
        assert not only(births.tell(topic, {}, to=to, priority=Priority.LOW, now=NOON)).silent


def test_another_switch_than_the_topics_may_decide() -> None:
    to = [person(told=reachable_person(switches={one: "off"})) for one in ("news", "service")]
    message = births.tell(
        Topic.BROADCAST, {}, to=to, priority=Priority.LOW, now=NOON, notice=Notice.SERVICE
    )
    assert only(message).recipient_id == to[0][1]


def test_at_night_an_alert_makes_no_sound_and_a_test_does() -> None:
    asleep = reachable_person(quiet_from_min=11 * 60, quiet_to_min=13 * 60)
    assert only(alert(person(told=asleep))).silent
    test = births.tell(Topic.TEST, {}, to=[person(told=asleep)], priority=Priority.HIGH, now=NOON)
    assert not only(test).silent


def test_told_silently_where_asked_for() -> None:
    assert only(alert(person(told=reachable_person()), silent=True)).silent


def test_limits_count_where_asked_for() -> None:
    assert only(alert(person(told=reachable_person()), counted=True)).counted


class TestTellingMore:
    def test_each_is_told_once(self) -> None:
        first, second = person(told=reachable_person()), person(told=reachable_person())
        message = alert(first, first)
        assert births.tell_more(message, [first, second], now=NOON) == 1
        assert births.tell_more(message, [first, second], now=NOON) == 0
        assert message.deliveries.count() == 2

    def test_the_better_tier_comes_first(self) -> None:
        free, pro = reachable_person(), reachable_person(tier=Tier.PRO)
        message = MessageFactory(topic=Topic.BROADCAST, opportunity_id=None, event_id=None)
        births.tell_more(message, [person(told=free), person(told=pro)], now=NOON)
        order = message.deliveries.order_by("pk").values_list("recipient_id", flat=True)
        assert list(order) == [pro.pk, free.pk]

    def test_one_statement_however_many_they_are(self) -> None:
        message = MessageFactory(topic=Topic.BROADCAST, opportunity_id=None, event_id=None)
        spent = []
        for many in (1, 30):
            to = [person(told=reachable_person()) for _ in range(many)]
            with CaptureQueriesContext(connection) as queries:
                assert births.tell_more(message, to, now=NOON) == many
            spent.append(len(queries))
        assert spent[0] == spent[1]

    def test_nobody_is_nobody(self) -> None:
        assert births.tell_more(MessageFactory(), [], now=NOON) == 0


class TestWaking:
    def test_the_channels_that_got_something_are_woken_after_the_commit(
        self,
        monkeypatch: pytest.MonkeyPatch,
        django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    ) -> None:
        woken: list[set[Channel]] = []
        monkeypatch.setattr(waking, "deliver", lambda channels: woken.append(set(channels)))
        both = [reachable_person(), reachable_person(channels=["email", "telegram"])]
        with django_capture_on_commit_callbacks(execute=True):
            alert(*(person(told=one) for one in both))
            assert woken == []
        assert woken == [{Channel.TELEGRAM, Channel.EMAIL}]

    def test_a_wake_names_task_queue_and_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        sent: list[tuple[Any, ...]] = []
        monkeypatch.setattr(
            current_app, "send_task", lambda *args, **how: sent.append((*args, how))
        )
        assert waking.fan_out(900.0)
        assert waking.deliver([Channel.SMS])
        (fan_out, delivering) = sent
        assert fan_out[:2] == ("notifications.fan_out", ())
        assert (fan_out[2]["queue"], fan_out[2]["countdown"]) == ("fanout", 300.0)
        assert delivering[:2] == ("notifications.deliver", ("sms",))
        assert (delivering[2]["queue"], delivering[2]["countdown"]) == ("deliver", None)

    def test_a_broker_that_is_gone_is_logged_and_left_alone_for_a_while(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tries: list[str] = []

        def refuse(name: str, *_: Any, **__: Any) -> None:
            tries.append(name)
            raise OperationalError("connection refused")

        monkeypatch.setattr(current_app, "send_task", refuse)
        monkeypatch.setattr(waking, "_broker", waking._Broker())
        with capture_logs() as lines:
            assert not waking.deliver([Channel.TELEGRAM, Channel.EMAIL])
        assert [line["event"] for line in lines] == ["wake_lost", "wake_not_tried"]
        assert tries == ["notifications.deliver"]
        waking._broker.gone_until -= timedelta(seconds=waking.LEFT_ALONE_S).total_seconds()
        assert not waking.fan_out()
        assert tries == ["notifications.deliver", "notifications.fan_out"]
