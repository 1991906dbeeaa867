"""No window, wherever it begins, ever holds more than its limit, however wants come."""

from __future__ import annotations

from collections import defaultdict

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.notifications.sending.paces import START_MS, admit, most_within, new_cache, to

CHATS = st.sampled_from([1, 2, 3, -1, -2, None])
BATCHES = st.lists(CHATS, max_size=50)
STEPS = st.lists(st.tuples(st.integers(-300, 9000), BATCHES), min_size=1, max_size=25)


@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(STEPS)
def test_no_limit_is_passed_in_any_window(steps: list[tuple[int, list[int | None]]]) -> None:
    went: dict[str, list[float]] = defaultdict(list)
    at_ms = latest = 0.0
    with new_cache():
        for step_ms, chats in steps:
            at_ms = max(0.0, at_ms + step_ms)
            latest = max(latest, at_ms)  # time never runs backwards where it is counted
            wants = [to(chat) for chat in chats]
            for want, go in zip(wants, admit(wants, at_ms), strict=True):
                if go.at_ms == 0:
                    went["bot"].append(latest)
                    went[f"chat {want.chat_id}"].append(latest)
                else:
                    assert go.at_ms > 0
    for name, times in went.items():
        assert most_within(times, 1000) <= (30 if name == "bot" else 1)
        if name.startswith("chat -"):
            assert most_within(times, 60_000) <= 20


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(1, 2000), min_size=1, max_size=20))
def test_whoever_asks_again_when_told_to_is_let_go(steps: list[int]) -> None:
    """Alone, with nobody in between, the moment that was told is the right one."""
    with new_cache():
        at_ms = 0.0
        for step_ms in steps:
            at_ms += step_ms
            (first, second) = admit([to(7), to(7)], at_ms)
            if first.at_ms:
                at_ms = first.at_ms - START_MS
                assert admit([to(7)], at_ms)[0].at_ms == 0
            else:
                assert second.at_ms > 0
