"""What follows /start in a link, and whom groups bring."""

from __future__ import annotations

import contextlib
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from accounts import invitations
from accounts.models.invitation import Purpose
from arbedge.errors import BadInput
from arbedge.names import Door
from notifications.bot.groups import joins
from notifications.bot.groups.joins import Registering, Start
from notifications.models import ChatDay, ChatJoin
from tests.accounts.factories import UserFactory
from tests.notifications.bot.asking import ask, newcomer
from tests.notifications.factories import HOUR, NOON, ChatFactory

GROUP, ADA = -1_001_234_567_890, 42


def read(payload: str, now: datetime = NOON) -> Start:
    return joins.read(payload, now)


@pytest.mark.parametrize("payload", ["", "  "])
def test_a_bare_start_asks_for_nothing(payload: str) -> None:
    assert read(payload) == Start()


@pytest.mark.parametrize("payload", ["AB12CD34", "ab12cd34", " AB12CD34 "])
def test_a_code_is_an_invitation(payload: str) -> None:
    assert read(payload) == Start(code="AB12CD34")


@pytest.mark.parametrize("payload", ["ref_AB12CD34", "REF_ab12cd34"])
def test_a_code_that_says_so_is_a_referral(payload: str) -> None:
    assert read(payload) == Start(referral="AB12CD34")


def test_an_opportunity_is_opened_by_its_number() -> None:
    assert read(joins.about(77)) == Start(opportunity_id=77)


def test_an_opportunity_of_a_post_tells_which_chat_it_was_posted_in() -> None:
    assert read(joins.about(77, 5)) == Start(opportunity_id=77, chat_id=5)


@pytest.mark.parametrize("kind", ["group", "supergroup", "channel"])
def test_a_registration_says_which_chat_and_who_added_the_bot(kind: str) -> None:
    payload = joins.registering(Registering(GROUP, kind, ADA), NOON)
    assert read(payload, NOON + 24 * HOUR).registers == Registering(GROUP, kind, ADA)


def test_every_payload_fits_into_a_link() -> None:
    longest = joins.registering(Registering(-(1 << 52), "channel", 1 << 52), NOON)
    assert len(longest) <= 64
    assert len(f"chat_register {longest}") <= 64
    assert set(longest) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")


def test_a_registration_is_good_for_a_week() -> None:
    payload = joins.registering(Registering(GROUP, "group", ADA), NOON)
    assert read(payload, NOON + joins.LIFE).registers
    with pytest.raises(BadInput) as told:
        read(payload, NOON + joins.LIFE + timedelta(seconds=1))
    assert told.value.code == "start_old"


@given(at=st.integers(1, 44), letter=st.sampled_from("AQgw05_-"))
def test_nobody_writes_a_registration_of_his_own(at: int, letter: str) -> None:
    payload = joins.registering(Registering(GROUP, "group", ADA), NOON)
    forged = payload[:at] + letter + payload[at + 1 :]
    if forged != payload:
        with pytest.raises(BadInput):
            read(forged)


@given(st.text(max_size=80))
def test_whatever_follows_start_is_read_or_refused(payload: str) -> None:
    with contextlib.suppress(BadInput):
        assert read(payload).registers is None


def test_a_link_opens_the_bot(settings: Settings) -> None:
    settings.BOT_NAME = "ArbEdgeBot"
    assert joins.link("o7") == "https://t.me/ArbEdgeBot?start=o7"


def test_without_a_name_of_the_bot_there_is_no_link(settings: Settings) -> None:
    settings.BOT_NAME = ""
    assert joins.link("o7") == ""


class TestWhoHasNoInvitationYet:
    def test_his_link_is_remembered(self) -> None:
        joins.keep(701, joins.about(7, 5))
        assert joins.kept(701, NOON) == Start(opportunity_id=7, chat_id=5)

    def test_who_came_by_no_link_came_for_nothing(self) -> None:
        joins.keep(702, "")
        assert joins.kept(702, NOON) == joins.kept(703, NOON) == Start()

    def test_a_link_that_grew_old_meanwhile_is_forgotten(self) -> None:
        joins.keep(704, joins.registering(Registering(GROUP, "group", ADA), NOON - 8 * 24 * HOUR))
        assert joins.kept(704, NOON) == Start()

    @pytest.mark.django_db
    def test_with_his_invitation_he_counts_for_the_group(self, settings: Settings) -> None:
        settings.INVITE_ONLY = True
        chat, nora = ChatFactory(), newcomer()
        code = invitations.make(Purpose.BETA, door=Door.TASK, now=NOON)[0].code
        ask(nora, f"/start {joins.about(7, chat.pk)}")
        assert not ChatJoin.objects.exists()
        ask(nora, f"/start {code}")
        assert ChatJoin.objects.get().chat == chat


@pytest.mark.django_db
class TestWhoWasBrought:
    def test_somebody_new_counts_for_the_chat_whose_post_brought_him(self) -> None:
        chat, new = ChatFactory(), UserFactory(date_joined=NOON)
        assert joins.counted(new, read(joins.about(7, chat.pk)), NOON)
        joined = ChatJoin.objects.get()
        assert (joined.chat, joined.user, joined.at) == (chat, new, NOON)

    def test_he_counts_once_however_often_it_is_told(self) -> None:
        chat, other, new = ChatFactory(), ChatFactory(), UserFactory(date_joined=NOON)
        assert joins.counted(new, read(joins.about(7, chat.pk)), NOON)
        assert not joins.counted(new, read(joins.about(7, chat.pk)), NOON)
        assert not joins.counted(new, read(joins.about(8, other.pk)), NOON)
        assert ChatJoin.objects.count() == 1

    def test_whoever_was_here_before_only_pressed(self) -> None:
        chat, old = ChatFactory(), UserFactory(date_joined=NOON - HOUR)
        assert not joins.counted(old, read(joins.about(7, chat.pk)), NOON)
        assert not ChatJoin.objects.exists()
        assert ChatDay.objects.get().pressed == 1

    @pytest.mark.parametrize("payload", ["o7", "AB12CD34", "", "o7-c999999"])
    def test_other_links_bring_nobody_for_a_chat(self, payload: str) -> None:
        assert not joins.counted(UserFactory(date_joined=NOON), read(payload), NOON)
        assert not ChatJoin.objects.exists()
