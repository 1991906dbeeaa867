"""What a demo has that a real installation does not: upper floors say what to make before it runs.

The ground floor imports nothing above it, so each app registers a callable when it is ready.
"""

from __future__ import annotations

from collections.abc import Callable

Make = Callable[[], None]
makers: dict[str, Make] = {}


def register(name: str, make: Make) -> None:
    """Has `make` called once the database is prepared; it may find what it made before."""
    makers[name] = make


def prepare() -> None:
    """Makes everything."""
    for make in makers.values():
        make()
