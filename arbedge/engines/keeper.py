"""The keeper: a small process that owns both servers for as long as anybody uses them.

Users hold a shared lock on `engines.users`; the kernel drops it however they end, SIGKILL included.
The keeper restarts a server that died, and when it gets the lock for itself it stops both.
"""

import contextlib
import fcntl
import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import IO

from arbedge.engines import EngineError, leftovers
from arbedge.engines.home import Home, find, run_folder
from arbedge.engines.servers import Server, postgres, valkey

POLL_S = 0.2
TOUCH_EVERY_S = 3600.0
CALM_AFTER_S = 60.0
RESTARTS_ALLOWED = 5


def main(data_dir: Path, *, durable: bool) -> int:
    """Keeps the engines of `data_dir`. Says one JSON line: the running state, or the error."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for our users; their lock tells us
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    alone = (data_dir / "engines.keeper").open("a")
    fcntl.flock(alone, fcntl.LOCK_EX)
    users = (data_dir / "engines.users").open("a")
    state = data_dir / "engines.json"
    try:
        home = find(data_dir)
        leftovers.stop(home.path)
        _forget(state)
        run_dir = run_folder(home.account)
        servers = [postgres(home, run_dir, durable=durable), valkey(home, run_dir, durable=durable)]
    except (EngineError, OSError) as error:
        return _say_error(error)
    try:
        _keep(servers, home, run_dir, state, users)
    except (EngineError, OSError) as error:
        return _say_error(error)
    finally:
        state.unlink(missing_ok=True)
        for server in reversed(servers):
            server.stop()
        shutil.rmtree(run_dir, ignore_errors=True)
    return 0


def _keep(servers: list[Server], home: Home, run_dir: Path, state: Path, users: IO[str]) -> None:
    for server in servers:
        server.start()
    running = {
        "keeper_pid": str(os.getpid()),
        "run_dir": str(run_dir),
        "valkey_socket": str(run_dir / "valkey.sock"),
        "home": str(home.path),
    }
    draft = state.with_suffix(".new")
    draft.write_text(json.dumps(running))
    draft.rename(state)
    _say(running)
    _watch(servers, run_dir, users)


def _watch(servers: list[Server], run_dir: Path, users: IO[str]) -> None:
    restarts: list[float] = []
    touched = time.monotonic()
    while not _unused(users):
        time.sleep(POLL_S)
        now = time.monotonic()
        if now - touched > TOUCH_EVERY_S:  # cleaners of temporary folders look at ages
            touched = now
            for path in (run_dir, *run_dir.iterdir()):
                os.utime(path)
        for server in servers:
            if not server.alive():
                restarts = [at for at in restarts if now - at < CALM_AFTER_S] + [now]
                if len(restarts) > RESTARTS_ALLOWED:
                    raise EngineError(f"{server.name} keeps dying. Its log: {server.log}")
                print(f"{server.name} ended, starting it again", file=sys.stderr, flush=True)
                server.start()


def _unused(users: IO[str]) -> bool:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _forget(state: Path) -> None:
    with contextlib.suppress(FileNotFoundError, json.JSONDecodeError, KeyError):
        shutil.rmtree(json.loads(state.read_text())["run_dir"], ignore_errors=True)
    state.unlink(missing_ok=True)


def _say(message: dict[str, str]) -> None:
    """Whoever started us reads one line; standard output is closed after it."""
    with contextlib.suppress(BrokenPipeError):
        print(json.dumps(message), flush=True)
        sys.stdout.close()
    sys.stdout = sys.stderr


def _say_error(error: Exception) -> int:
    if sys.stdout is not sys.stderr:
        _say({"error": str(error)})
    print(f"engines: {error}", file=sys.stderr, flush=True)
    return 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), durable=sys.argv[2] == "durable"))
