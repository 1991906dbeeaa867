"""Pieces of statements that several rooms put together: made of this program's own words only."""
# ruff: noqa: S608  (that is why they may be put together)

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from arbedge.names import State
from notifications.names import OPENINGS, Topic


def listed(words: Iterable[str]) -> str:
    """Words as what IN (…) and ARRAY[…] take: `'sent', 'read'`."""
    return ", ".join(f"'{word}'" for word in words)


# The message that was announced last of the opportunity `o` after its message `m`, as `latest`:
# what is told now tells its figures. Those of a fading count as long as it fades.
LATEST: Final = f"""
    SELECT f.id FROM notifications_message f
    WHERE f.opportunity_id = m.opportunity_id AND f.id > m.id
      AND (f.topic IN ({listed(OPENINGS)})
           OR f.topic = '{Topic.FADING}' AND o.state = '{State.FADING}')
    ORDER BY f.id DESC LIMIT 1
"""
