"""How much processor time some processes use, with all they have begun."""

from __future__ import annotations

from collections.abc import Iterable

import psutil  # type: ignore[import-untyped]


def used_s(pids: Iterable[int]) -> float:
    """Seconds of all cores together, in programs and in the system, since the processes began."""
    whole = 0.0
    for pid in pids:
        parent = psutil.Process(pid)
        for one in (parent, *parent.children(recursive=True)):
            times = one.cpu_times()
            whole += times.user + times.system
    return whole


def engines() -> tuple[int, int]:
    """The processes of database and cache, as they tell themselves."""
    from django.db import connection

    from arbedge import cache

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [backend] = cursor.fetchone()
    postmaster = psutil.Process(backend).ppid()
    return postmaster, int(cache.client().info("server")["process_id"])
