"""/venues and /pause."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from arbedge.errors import NoData
from arbedge.names import Door, Role
from exchanges import pausing, standing
from exchanges.models import VenueRecord
from tests.notifications.bot.asking import ask, member, press
from tests.notifications.bot.staff import done, staff, sure, yes
from tests.notifications.factories import HOUR, NOON
from tests.opportunities.factories import OpportunityFactory

pytestmark = pytest.mark.django_db


def okx(age_s: float | None = 3, **more: Any) -> standing.Standing:
    return standing.Standing("okx", age_s, 120.0, 0.987, 2_000, **more)


def known(monkeypatch: pytest.MonkeyPatch, *found: standing.Standing) -> None:
    monkeypatch.setattr(standing, "all_venues", lambda _: list(found))


class TestVenues:
    def test_tells_age_and_reliability(self, monkeypatch: pytest.MonkeyPatch) -> None:
        known(monkeypatch, okx())
        text = ask(staff(Role.SUPPORT), "/venues").text
        assert "OKX: 3\u2009s old\nIn time in 24 h: 98.7\u2009% of 2,000\n" in text
        assert "Binance: unknown" in text

    def test_tells_breakers_with_their_reason_and_end(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        until_ms = (NOON.timestamp() + 90) * 1000
        known(monkeypatch, okx(
            breakers=(standing.Breaker("www.okx.com", "open", "rate_limit", until_ms),)
        ))  # fmt: skip
        text = ask(staff(), "/venues").text
        assert "⚠ OKX: not asked at some hosts\n" in text
        assert "www.okx.com open for 1\u2009min: rate limit" in text

    def test_says_so_where_nothing_is_known(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def gone(_: float) -> list[standing.Standing]:
            raise NoData("The cache is gone.")

        monkeypatch.setattr(standing, "all_venues", gone)
        text = ask(staff(), "/venues").text
        assert text.startswith("Nothing is known of the venues at the moment.")
        assert "OKX: unknown" in text

    def test_tells_what_is_paused_and_why(self) -> None:
        VenueRecord.objects.create(name="okx", paused=True, paused_reason="odd prices")
        VenueRecord.objects.create(
            name="bybit", maintenance_from=NOON - HOUR, maintenance_until=NOON + HOUR
        )
        said = ask(staff(), "/venues")
        assert "⚠ Paused: odd prices" in said.text
        assert "⚠ Closed until in 1\u2009h" in said.text
        assert {"pause okx off", "pause bybit off", "pause binance"} <= set(said.lines)

    @pytest.mark.parametrize("role", [Role.SUPPORT, Role.ADMIN])
    def test_only_super_administrators_are_offered_to_pause(self, role: Role) -> None:
        assert ask(staff(role), "/venues").lines == ["venues"]


class TestPause:
    def test_asks_with_how_many_end_by_it(self) -> None:
        OpportunityFactory(long_venue="okx", short_venue="bybit")
        said = ask(staff(), "/pause okx")
        assert "Pause OKX until it is resumed?" in said.text
        assert "Live opportunities that end after a minute: 1." in said.text
        assert not VenueRecord.objects.filter(paused=True).exists()

    def test_pauses_until_resumed(self) -> None:
        boss = staff()
        said = sure(boss, "/pause okx")
        assert said.text.startswith("OKX is paused.")
        assert VenueRecord.objects.get(name="okx").paused_reason == "paused by an operator"
        yes(boss, press(boss, said.buttons["Resume OKX"]))
        assert pausing.held(NOON) == {}

    def test_pauses_for_a_reason_until_resumed(self) -> None:
        boss = staff()
        asked = ask(boss, "/pause okx odd prices of 3 coins")
        assert "Shown to everybody: odd prices of 3 coins" in asked.text
        yes(boss, asked)
        row = VenueRecord.objects.get(name="okx")
        assert (row.paused, row.paused_reason) == (True, "odd prices of 3 coins")

    def test_pauses_for_hours(self) -> None:
        sure(staff(), "/pause okx 4 odd prices")
        row = VenueRecord.objects.get(name="okx")
        assert (row.paused, row.maintenance_until) == (False, NOON + 4 * HOUR)
        assert done("venue.paused").changes["reason"] == ["", "odd prices"]

    def test_takes_days_too(self) -> None:
        sure(staff(), "/pause okx 2d")
        assert VenueRecord.objects.get().maintenance_until == NOON + timedelta(days=2)

    def test_a_reason_is_shown_to_everybody(self) -> None:
        said = ask(staff(), "/pause okx 4 <script>")
        assert "Close OKX for 4\u2009h?" in said.text
        assert "<script>" not in said.html

    @pytest.mark.parametrize(
        ("line", "answer"),
        [("mtgox", "“mtgox” is no exchange we know."), ("okx 9999d", "is no number from")],
    )  # fmt: skip
    def test_what_cannot_be_is_refused(self, line: str, answer: str) -> None:
        assert answer in ask(staff(), f"/pause {line}").text
        assert not VenueRecord.objects.exists()

    def test_more_than_a_month_is_refused(self) -> None:
        boss = staff()
        assert "At most 720." in yes(boss, ask(boss, "/pause okx 40d")).toast

    @pytest.mark.parametrize("role", [Role.USER, Role.SUPPORT, Role.ADMIN])
    def test_only_super_administrators_may(self, role: Role) -> None:
        assert ask(member(role=role), "/pause okx").text.startswith("Only ")

    @pytest.mark.parametrize("line", ["okx", "okx off"])
    def test_is_audited_with_person_and_door(self, line: str) -> None:
        boss = staff()
        sure(boss, f"/pause {line}")
        written = done("venue.resumed" if "off" in line else "venue.paused")
        assert (written.actor, written.additional_data["door"]) == (boss, Door.TELEGRAM)
