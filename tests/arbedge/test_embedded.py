"""The bundled engines, really started."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from arbedge.embedded import EngineError, _running, begin_anew, ensure_database, hold
from arbedge.engines import leftovers
from arbedge.engines.home import Account, reachable

ROOT = Path(__file__).resolve().parents[2]
HOLDER = """
import sys, time
from pathlib import Path
from arbedge.embedded import hold
engines = hold(Path(sys.argv[1]), durable=False)
print(engines.state["run_dir"], flush=True)
time.sleep(600)
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short-lived data folder that the engines' account may enter."""
    with tempfile.TemporaryDirectory(prefix="arbedge-test-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o711)
        yield Path(name)


@contextlib.contextmanager
def holder(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that uses the engines of this folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.readline()
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def server_pids(folder: Path) -> list[int]:
    files = (
        folder / "engines/postgres/postmaster.pid",
        folder / "engines/valkey/valkey.pid",
    )
    return [int(file.read_text().split()[0]) for file in files if file.exists()]


def wait_until(done: Callable[[], bool], within_s: float = 30.0) -> bool:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if done():
            return True
        time.sleep(0.05)
    return False


def running(pids: list[int]) -> bool:
    return any(leftovers.command_line(pid) for pid in pids)


def test_postgresql_is_as_the_product_needs_it(folder: Path) -> None:
    engines = hold(folder, durable=False)
    with psycopg.connect(engines.database_url("postgres")) as connection:
        shown = {
            name: connection.execute(f"SHOW {name}").fetchone()
            for name in ("server_encoding", "listen_addresses", "dynamic_shared_memory_type")
        }
        version = connection.info.server_version
    engines.release()
    assert version // 10000 == 18
    assert shown == {
        "server_encoding": ("UTF8",),
        "listen_addresses": ("",),
        "dynamic_shared_memory_type": ("mmap",),
    }


def test_valkey_keeps_an_append_only_file_and_never_evicts(folder: Path) -> None:
    engines = hold(folder)
    with redis.Redis.from_url(engines.redis_url(), decode_responses=True) as client:
        told = {
            name: client.config_get(name)[name]
            for name in ("appendonly", "maxmemory-policy", "databases", "port")
        }
    engines.release()
    assert told == {
        "appendonly": "yes", "maxmemory-policy": "noeviction", "databases": "128", "port": "0",
    }  # fmt: skip


def test_sockets_lie_in_a_private_folder(folder: Path) -> None:
    engines = hold(folder, durable=False)
    run_dir = Path(engines.state["run_dir"])
    mode = run_dir.stat().st_mode & 0o777
    length = len(os.fsencode(run_dir / ".s.PGSQL.5432"))
    engines.release()
    assert mode == 0o700
    assert length <= 107
    assert not run_dir.exists()


def test_data_survives_a_stop(folder: Path) -> None:
    engines = hold(folder)
    ensure_database(engines.database_url("postgres"), "kept")
    with redis.Redis.from_url(engines.redis_url()) as client:
        client.set("kept", "yes")
    engines.release()
    engines = hold(folder)
    ensure_database(engines.database_url("postgres"), "kept")
    with (
        psycopg.connect(engines.database_url("kept")),
        redis.Redis.from_url(engines.redis_url()) as client,
    ):
        value = client.get("kept")
    engines.release()
    assert value == b"yes"


def test_a_replay_begins_with_empty_databases(folder: Path) -> None:
    engines = hold(folder, durable=False)
    ensure_database(engines.database_url("postgres"), "replay")
    with psycopg.connect(engines.database_url("replay"), autocommit=True) as connection:
        connection.execute("CREATE TABLE left_behind ()")
    with redis.Redis.from_url(engines.redis_url(4)) as client:
        client.set("left", "behind")
        begin_anew(engines, "replay", (4, 5))
        kept = client.dbsize()
    with psycopg.connect(engines.database_url("replay")) as connection:
        tables = connection.execute("SELECT to_regclass('left_behind')").fetchone()
    engines.release()
    assert kept == 0
    assert tables == (None,)


def test_a_second_user_joins_the_running_engines(folder: Path) -> None:
    first = hold(folder, durable=False)
    second = hold(folder, durable=False)
    same = first.state == second.state
    first.release()
    still = second.running()
    second.release()
    assert same
    assert still


def test_who_began_the_engines_and_left_them_to_others_sees_their_end(folder: Path) -> None:
    first, second = hold(folder, durable=False), hold(folder, durable=False)
    keeper = first.keeper
    assert keeper is not None
    first.release()
    assert keeper.returncode is None
    second.release()
    assert wait_until(lambda: keeper.returncode == 0)


def test_the_last_release_leaves_nothing_running(folder: Path) -> None:
    engines = hold(folder, durable=False)
    pids = server_pids(folder)
    engines.release()
    assert len(pids) == 2
    assert not running(pids)
    assert not (folder / "engines.json").exists()


def test_sigkill_of_the_user_leaves_nothing_running(folder: Path) -> None:
    with holder(folder) as process:
        pids = server_pids(folder)
        process.kill()
        process.wait()
        assert wait_until(lambda: not running(pids))


def test_a_server_that_dies_is_started_again_at_the_same_address(folder: Path) -> None:
    engines = hold(folder, durable=False)
    _, valkey_pid = server_pids(folder)
    os.kill(valkey_pid, signal.SIGKILL)

    def answers() -> bool:
        with (
            contextlib.suppress(redis.ConnectionError),
            redis.Redis.from_url(engines.redis_url()) as client,
        ):
            return bool(client.ping())
        return False

    back = wait_until(lambda: server_pids(folder)[1] != valkey_pid and answers())
    engines.release()
    assert back


def test_servers_left_behind_by_a_killed_keeper_are_replaced(folder: Path) -> None:
    with holder(folder) as process:
        left = server_pids(folder)
        keeper = int(json.loads((folder / "engines.json").read_text())["keeper_pid"])
        os.kill(keeper, signal.SIGKILL)
        assert wait_until(lambda: not leftovers.command_line(keeper))
        process.kill()
        process.wait()
    assert running(left)
    engines = hold(folder, durable=False)
    replaced = [leftovers.command_line(pid) for pid in left]
    with psycopg.connect(engines.database_url("postgres")) as connection:
        answer = connection.execute("SELECT 1").fetchone()
    engines.release()
    assert replaced == ["", ""]
    assert answer == (1,)


def test_a_keeper_that_is_just_dying_is_not_joined(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel takes a killed process's memory before its locks; we look in between."""
    (folder / "engines.json").write_text(json.dumps({"keeper_pid": "1"}))
    with (folder / "engines.keeper").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        def gone(pid: int) -> str:
            fcntl.flock(lock, fcntl.LOCK_UN)
            return ""

        monkeypatch.setattr(leftovers, "command_line", gone)
        joined = _running(folder)
    assert joined == {}


def test_the_last_user_stops_servers_whose_keeper_was_killed(folder: Path) -> None:
    engines = hold(folder, durable=False)
    assert engines.keeper is not None
    engines.keeper.kill()
    engines.keeper.wait()
    left = server_pids(folder)
    engines.release()
    assert len(left) == 2
    assert not running(left)


def test_starters_at_the_same_time_share_one_set_of_engines(folder: Path) -> None:
    with holder(folder) as one, holder(folder) as other:
        engines = hold(folder, durable=False)
        keepers = {json.loads((folder / "engines.json").read_text())["keeper_pid"]}
        alive = one.poll() is None and other.poll() is None
        engines.release()
    assert len(keepers) == 1
    assert alive


def test_data_of_another_postgresql_is_refused_with_what_to_do(folder: Path) -> None:
    hold(folder, durable=False).release()
    (folder / "engines/postgres/PG_VERSION").write_text("17\n")
    with pytest.raises(EngineError, match=r"written by PostgreSQL 17.*move the folder away"):
        hold(folder, durable=False)


def test_a_folder_of_somebody_else_is_refused_with_what_to_do(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(folder))

    monkeypatch.setattr("arbedge.embedded._running", refuse)
    with pytest.raises(EngineError, match="ARBEDGE_DATA"):
        hold(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_an_ordinary_user_needs_no_root(folder: Path) -> None:
    import pwd

    nobody = pwd.getpwnam("nobody")
    if not reachable(Path(sys.executable).resolve(), Account(nobody.pw_uid, nobody.pw_gid, True)):
        pytest.skip("this Python lies where an ordinary user may not go")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    code = (
        "import sys; from pathlib import Path; from arbedge.embedded import hold;"
        "engines = hold(Path(sys.argv[1]), durable=False);"
        "import psycopg; psycopg.connect(engines.database_url('postgres')).close();"
        "engines.release()"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, str(folder)], cwd=ROOT, user=nobody.pw_uid,
        group=nobody.pw_gid, extra_groups=[], capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
