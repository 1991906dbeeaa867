"""Calls begun at the same moment, each on a database connection of its own."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from django.db import connections

from arbedge.errors import ArbEdgeError


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """What each call returned, or the expected error it raised, in the order of the calls."""
    ready = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        ready.wait()
        try:
            return call()
        except ArbEdgeError as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as callers:
        return list(callers.map(run, calls))
