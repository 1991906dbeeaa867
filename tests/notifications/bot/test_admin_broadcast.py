"""/admin_broadcast: drafts, tests, sending, stopping."""

from __future__ import annotations

import pytest

from accounts.models import User
from arbedge.names import Door, Role, Tier
from notifications.bot.commands import admin_broadcast
from notifications.broadcasting import broadcasts
from notifications.models import Broadcast, Delivery
from notifications.names import BroadcastState, DeliveryState
from tests.notifications.bot.asking import Said, ask, member, press
from tests.notifications.bot.staff import done, staff, yes
from tests.notifications.factories import NOON

pytestmark = pytest.mark.django_db
TEXT = "/admin_broadcast New venue\nMEXC is here.\n[es]\nYa está MEXC."


@pytest.fixture
def boss() -> User:
    return staff(Role.ADMIN)


def drafted(boss: User, text: str = TEXT) -> Broadcast:
    ask(boss, text)
    return Broadcast.objects.latest("pk")


def pressed(boss: User, row: Broadcast, deed: str) -> Said:
    return press(boss, f"broadcast {row.pk} {deed}")


def sure(boss: User, row: Broadcast, deed: str) -> Said:
    return yes(boss, pressed(boss, row, deed))


class TestWriting:
    @pytest.mark.parametrize(
        ("text", "title", "texts"),
        [
            ("Hello", "ArbEdge", {"en": "Hello"}),
            ("Title\nHello\nyou", "Title", {"en": "Hello\nyou"}),
            ("Title\nHello\n[es]\nHola\n[fr]\nSalut", "Title",
             {"en": "Hello", "es": "Hola", "fr": "Salut"}),
            ("[EN]\nHello\n[es]\nHola", "ArbEdge", {"en": "Hello", "es": "Hola"}),
        ],
    )  # fmt: skip
    def test_heading_and_languages_are_read(
        self, text: str, title: str, texts: dict[str, str]
    ) -> None:
        assert admin_broadcast.written(text) == (title, texts)

    def test_it_is_kept_as_a_draft_and_nobody_is_told(self, boss: User) -> None:
        said = ask(boss, TEXT)
        row = Broadcast.objects.get()
        assert (row.state, row.title, row.made_by) == (BroadcastState.DRAFT, "New venue", boss)
        assert row.texts == {"en": "MEXC is here.", "es": "Ya está MEXC."}
        assert f"#{row.pk} New venue · draft\nen MEXC is here.\nes Ya está MEXC." in said.text
        assert not Delivery.objects.exists()

    def test_it_tells_how_many_would_get_it(self, boss: User) -> None:
        member()
        assert "To: as news, everybody\nPeople who get it: 2." in ask(boss, TEXT).text

    def test_html_in_it_is_shown_as_it_is_written(self, boss: User) -> None:
        assert "&lt;b&gt;bold" in ask(boss, "/admin_broadcast Hey\n<b>bold").html

    def test_english_must_be_there(self, boss: User) -> None:
        said = ask(boss, "/admin_broadcast [es]\nHola")
        assert "English must be there" in said.text
        assert not Broadcast.objects.exists()

    def test_without_a_text_the_last_ones_are_shown(self, boss: User) -> None:
        row = drafted(boss)
        said = ask(boss, "/admin_broadcast")
        assert f"#{row.pk} New venue · draft" in said.text
        assert said.lines == [f"broadcast {row.pk} show"]

    @pytest.mark.parametrize("role", [Role.USER, Role.SUPPORT])
    def test_only_administrators_may(self, role: Role) -> None:
        who = member(role=role)
        assert ask(who, TEXT).text == "Only the staff of ArbEdge may use this."
        assert not Broadcast.objects.exists()


class TestAiming:
    def test_tiers_are_chosen_and_given_up_by_buttons(self, boss: User) -> None:
        member(tier=Tier.PRO)
        row = drafted(boss)
        said = pressed(boss, row, "tier pro")
        assert "To: as news, Pro\nPeople who get it: 1." in said.text
        assert "Not Pro" in said.buttons
        assert "everybody" in pressed(boss, row, "tier pro").text

    def test_service_reaches_whoever_switched_news_off(self, boss: User) -> None:
        row = drafted(boss)
        said = pressed(boss, row, "as service")
        assert "To: as service, for what everybody must know" in said.text
        assert "As news" in said.buttons

    def test_what_the_console_aimed_at_is_told(self, boss: User) -> None:
        row = broadcasts.draft(boss, "Hi", {"en": "Hi"}, {"languages": ["fr"]})
        assert "Languages: fr" in pressed(boss, row, "show").text


class TestSending:
    def test_it_is_tried_on_oneself(self, boss: User) -> None:
        member()
        row = drafted(boss)
        assert "It is on its way to you." in pressed(boss, row, "test").text
        assert [one.recipient_id for one in Delivery.objects.all()] == [boss.pk]

    def test_the_number_of_people_is_told_before_it_is_sent(self, boss: User) -> None:
        member()
        row = drafted(boss)
        said = pressed(boss, row, "send")
        assert "Send “New venue”? People who get it: 2." in said.text
        row.refresh_from_db()
        assert row.state == BroadcastState.DRAFT

    def test_it_is_sent_after_a_yes(self, boss: User) -> None:
        member()
        row = drafted(boss)
        said = sure(boss, row, "send")
        assert "It is being sent." in said.text
        broadcasts.run(NOON)
        assert Delivery.objects.count() == 2
        assert "Of 2 people: 0 sent, 2 waiting" in pressed(boss, row, "show").text

    def test_one_yes_sends_it_once(self, boss: User) -> None:
        row = drafted(boss)
        asked = pressed(boss, row, "send")
        yes(boss, asked)
        assert "This was answered before." in yes(boss, asked).toast

    def test_two_questions_send_it_once(self, boss: User) -> None:
        row = drafted(boss)
        first, second = pressed(boss, row, "send"), pressed(boss, row, "send")
        yes(boss, first)
        assert "It has moved on meanwhile." in yes(boss, second).toast
        broadcasts.run(NOON)
        assert Delivery.objects.count() == 1

    def test_what_nobody_would_get_is_not_sent(self, boss: User) -> None:
        row = drafted(boss)
        pressed(boss, row, "tier enterprise")
        assert "Nobody would get it." in pressed(boss, row, "send").toast

    def test_it_is_stopped_after_a_yes(self, boss: User) -> None:
        row = drafted(boss)
        sure(boss, row, "send")
        broadcasts.run(NOON)
        asked = pressed(boss, row, "stop")
        assert "Stop “New venue”? Messages that wait and are not sent then: 1." in asked.text
        assert "Stopped. Messages that were not sent: 1." in yes(boss, asked).text
        assert Delivery.objects.get().state == DeliveryState.CANCELLED

    def test_a_draft_is_deleted_after_a_yes(self, boss: User) -> None:
        row = drafted(boss)
        assert sure(boss, row, "discard").text == "The draft is deleted."
        assert not Broadcast.objects.exists()
        assert "This broadcast is gone." in pressed(boss, row, "show").toast

    def test_nothing_is_offered_that_cannot_be_done(self, boss: User) -> None:
        row = drafted(boss)
        said = sure(boss, row, "send")
        assert said.lines == [f"broadcast {row.pk} show", f"broadcast {row.pk} stop"]

    def test_others_cannot_press_its_buttons(self, boss: User) -> None:
        row = drafted(boss)
        for role in (Role.USER, Role.SUPPORT):
            for deed in ("show", "test", "send", "discard"):
                said = press(member(role=role), f"broadcast {row.pk} {deed}")
                assert said.toast == "Only the staff of ArbEdge may use this."
        row.refresh_from_db()
        assert row.state == BroadcastState.DRAFT

    @pytest.mark.parametrize(
        ("deed", "what"),
        [("", "broadcast.drafted"), ("send", "broadcast.started"),
         ("discard", "broadcast.discarded")],
    )  # fmt: skip
    def test_is_audited_with_person_and_door(self, boss: User, deed: str, what: str) -> None:
        row = drafted(boss)
        if deed:
            sure(boss, row, deed)
        written = done(what)
        assert (written.actor, written.additional_data["door"]) == (boss, Door.TELEGRAM)
