"""The guard of `manage.py up`: a child that ends every process group it was told of when `up` ends.

It learns of the end by its standard input closing, which happens however `up` dies. It keeps the
lock on the bundled engines open until it is done, so that workers lose the database last.
Lines: `+<group>` watches a group, `-<group>` forgets it.
"""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterable

GRACE_S = 3.0


def main(lines: Iterable[str]) -> None:
    """Reads lines until they end, then ends the groups: first gently, then for good."""
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, signal.SIG_IGN)
    groups: set[int] = set()
    for line in lines:
        group = int(line[1:])
        groups.add(group) if line.startswith("+") else groups.discard(group)
    end(groups)


def end(groups: Iterable[int], grace_s: float = GRACE_S) -> None:
    """Returns when no process of the groups is left."""
    left = {group for group in groups if _tell(group, signal.SIGTERM)}
    deadline = time.monotonic() + grace_s
    while left and time.monotonic() < deadline:
        time.sleep(0.05)
        left = {group for group in left if _tell(group, 0)}
    for group in left:
        _tell(group, signal.SIGKILL)


def _tell(group: int, sign: int) -> bool:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, sign)
        return True
    return False


if __name__ == "__main__":
    main(sys.stdin)
