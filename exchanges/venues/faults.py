"""What a failed answer means, by its HTTP status and by the venue's own code in the body."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from arbedge.names import Fault

# Statuses that say more than any code beside them.
BY_STATUS: Final = {
    404: Fault.REJECTED,  # what was asked for is not there, whatever code stands beside it
    418: Fault.BANNED,
    429: Fault.RATE_LIMITED,
    451: Fault.LOCATION,
}
# The first code of an answer: venues put it before the rows, and an error body is short.
_CODE: Final = re.compile(rb'"(?:retCode|code)"\s*:\s*"?(-?\d+)')
_HEAD_BYTES: Final = 256


def code_of(body: bytes) -> str | None:
    """The venue's own code of an answer, or None where it has none."""
    found = _CODE.search(body, 0, _HEAD_BYTES)
    return found.group(1).decode() if found else None


def classify(
    status: int, body: bytes, codes: Mapping[str, Fault], ok: frozenset[str] = frozenset()
) -> Fault | None:
    """The fault of an answer, None when it is a good one.

    `codes` are the venue's codes that mean more than "your request was refused"; `ok` are the codes
    of good answers.
    """
    if status in BY_STATUS:
        return BY_STATUS[status]
    code = code_of(body)
    if code is not None and code in codes:
        return codes[code]
    if status == 403:
        return Fault.FORBIDDEN
    if status >= 500:
        return Fault.SERVER
    if status >= 400 or (code is not None and bool(ok) and code not in ok):
        return Fault.REJECTED
    return None
