"""The private side of the simulated venues: signatures are checked as the venues check them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from exchanges.simulator.market import Reply
from exchanges.simulator.private import binance, bitget, bybit, okx
from exchanges.simulator.private.asked import Asked, Desk
from exchanges.simulator.speakers.speech import Refusal

DESKS: Final[Mapping[str, Desk]] = {
    "binance": binance.DESK,
    "bybit": bybit.DESK,
    "okx": okx.DESK,
    "bitget": bitget.DESK,
}


def serves(venue: str, path: str) -> bool:
    """Whether this path of the venue wants a signed request."""
    desk = DESKS.get(venue)
    return desk is not None and path in desk.answers


def answer(venue: str, asked: Asked) -> Reply:
    """What the venue says to a request it may sign or not; `serves` must hold."""
    desk = DESKS[venue]
    try:
        body = desk.answers[asked.path](desk.admit(asked), asked)
    except Refusal as refusal:
        return Reply(refusal.status, msgspec.json.encode(refusal.body), {})
    return Reply(200, msgspec.json.encode(body), {})
