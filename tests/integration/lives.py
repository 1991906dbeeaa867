"""The simulated markets lived through by the engine and the lifecycle's rules, in memory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from exchanges import frames, instruments, intake
from exchanges.simulator.market import Market
from exchanges.simulator.world import LAGS_S
from opportunities import offline, scan
from opportunities.policy import Policy
from opportunities.transitions import Decision
from tests.exchanges.simulator.speaking import Hands, market
from tests.integration import test_simulated_markets as simulated
from tests.opportunities.stories import Story


class Life:
    """The simulated markets lived through by the lifecycle's rules, scan by scan."""

    def __init__(self) -> None:
        self.story = Story()
        self.told: list[tuple[int, str, str]] = []  # ms, event, coin
        self.keys: frozenset[scan.LiveKey] = frozenset()

    def scan(self, now_ms: int, spoken: Market | None = None) -> Life:
        """One scan; what it tells is kept."""
        reading = reading_of(spoken or market(Hands(now_ms)), now_ms)
        result = scan.evaluate(replace(reading, live=self.keys))
        self.story.take(result.rows, float(now_ms), dict.fromkeys(LAGS_S, True))
        assert self.story.decision is not None
        self._keep(self.story.decision, now_ms)
        return self

    def scans(self, times_ms: Iterable[int]) -> Life:
        for now_ms in times_ms:
            self.scan(now_ms)
        return self

    def coins(self, event: str, since_ms: int = 0, until_ms: int = 2**62) -> list[str]:
        """The coins something happened to, in order of their names."""
        return sorted(
            coin for at, kind, coin in self.told if kind == event and since_ms <= at <= until_ms
        )

    def _keep(self, decision: Decision, now_ms: int) -> None:
        families = {
            **dict(decision.live.select("fingerprint", "family").iter_rows()),
            **dict(decision.opening.select("fingerprint", "family").iter_rows()),
        }
        for event in decision.events.iter_rows(named=True):
            coin = families[event["fingerprint"]].partition(":")[2]
            self.told.append((now_ms, event["type"], coin))
        opened = decision.opening.select("kind", "long_id", "short_id").iter_rows()
        self.keys |= frozenset(opened)


def reading_of(spoken: Market, now_ms: int) -> scan.Reading:
    """What a scan reads with every history, network and order book at hand."""
    lists = simulated._pieces(spoken, now_ms, instruments=True)
    quoted = simulated._pieces(spoken, now_ms, instruments=False)
    known = instruments.in_memory(instruments.of_pieces(lists), intake.prices_of(quoted))
    bare = frames.assemble(quoted, known)
    snapshot = frames.assemble(
        quoted,
        known,
        history=simulated._means(spoken, bare.perp, now_ms),
        networks=simulated._networks(spoken, now_ms),
    )
    books = simulated._books(spoken, snapshot)
    return replace(offline.reading(snapshot, Policy()), books=books)
