"""Bundled engines for whoever needs a database: start them, join running ones, let them go."""

import contextlib
import fcntl
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from arbedge import addresses
from arbedge.engines import EngineError, leftovers

__all__ = ["EngineError", "Engines", "engines_for_command", "hold"]

held: list["Engines"] = []
WITHOUT_ENGINES = (
    "help",
    "version",
    "--version",
    "--help",
    "-h",
    "check",
    "collectstatic",
    "simulate",
    "receive",
)
GONE_WITHIN_S = 30.0
DYING_WITHIN_S = 2.0


@dataclass
class Engines:
    """Running engines, used by this process until `release`."""

    data_dir: Path
    state: dict[str, str]
    users: IO[str] = field(repr=False)
    keeper: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def database_url(self, name: str = "arbedge") -> str:
        return addresses.postgres_url(self.state["run_dir"], name)

    def redis_url(self, database: int = 0) -> str:
        return addresses.valkey_url(self.state["valkey_socket"], database)

    def running(self) -> bool:
        """Returns whether the keeper lives; it restarts servers that die."""
        return bool(_running(self.data_dir))

    def release(self) -> None:
        """Lets the engines go. The last user waits until they have stopped."""
        last = _try_lock(self.users, fcntl.LOCK_EX)
        self.users.close()
        if last:
            _wait_until_gone(self.data_dir)
            if self.keeper is not None:
                self.keeper.wait(GONE_WITHIN_S)
            _stop_unkept(self.data_dir, Path(self.state["home"]))
        elif self.keeper is not None:
            _hand_over(self.keeper)


def engines_for_command(base_dir: Path, argv: list[str]) -> contextlib.AbstractContextManager[None]:
    """Returns a context in which the command's engines run, unless it needs or names others."""
    command = argv[1] if len(argv) > 1 else "help"
    if command in WITHOUT_ENGINES or addresses.configured():
        return contextlib.nullcontext()
    return _held(addresses.data_dir(base_dir))


@contextlib.contextmanager
def _held(data_dir: Path) -> Iterator[None]:
    engines = hold(data_dir)
    held.append(engines)
    try:
        ensure_database(engines.database_url("postgres"), addresses.database_name())
        yield
    finally:
        held.remove(engines)
        engines.release()


def running_still() -> bool:
    """Returns whether the engines this command holds, if any, are still kept running."""
    return all(engines.running() for engines in held)


def lock_files() -> tuple[int, ...]:
    """Returns the open files to leave to a child that needs this command's engines after it."""
    return tuple(engines.users.fileno() for engines in held)


def hold(data_dir: Path, *, durable: bool = True) -> Engines:
    """Returns the engines of `data_dir`, joined when they run, else started.

    They stop when their last holder has gone, however it went. Raises EngineError when they
    cannot run here; the message says what to do.
    """
    try:
        data_dir.mkdir(mode=0o711, parents=True, exist_ok=True)
        with (data_dir / "engines.start").open("a") as starting:
            fcntl.flock(starting, fcntl.LOCK_EX)
            return _join_or_start(data_dir, durable=durable)
    except PermissionError as error:
        raise EngineError(
            f"{error.filename} belongs to another user. Run as that user, or set ARBEDGE_DATA to a"
            " folder of your own."
        ) from error


def _join_or_start(data_dir: Path, *, durable: bool) -> Engines:
    users = (data_dir / "engines.users").open("a")
    try:
        fcntl.flock(users, fcntl.LOCK_SH)  # waits for a keeper that is just stopping
        state = _running(data_dir)
        keeper = None if state else _spawn_keeper(data_dir, durable=durable)
        return Engines(data_dir, state or _first_words(keeper, data_dir), users, keeper)
    except BaseException:
        users.close()
        raise


def ensure_database(server_url: str, name: str) -> None:
    """Makes the database if it is not there; `server_url` names any existing database."""
    import psycopg
    from psycopg import sql

    with psycopg.connect(server_url, autocommit=True) as connection:
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        if known.fetchone():
            return
        with contextlib.suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


def begin_anew(engines: Engines, name: str, numbers: Iterable[int]) -> None:
    """Empties a database and Valkey databases of bundled engines, whoever is connected."""
    import psycopg
    import redis
    from psycopg import sql

    with psycopg.connect(engines.database_url("postgres"), autocommit=True) as connection:
        drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        connection.execute(drop)
    ensure_database(engines.database_url("postgres"), name)
    for number in numbers:
        with redis.Redis.from_url(engines.redis_url(number)) as client:
            client.flushdb()


def _running(data_dir: Path) -> dict[str, str]:
    """A keeper holds its lock while it lives; without one the state is a dead keeper's."""
    with (data_dir / "engines.keeper").open("a") as keeper:
        if _try_lock(keeper, fcntl.LOCK_EX):
            return {}
        state = addresses.running(data_dir)
        return {} if state and _died_just_now(keeper, state) else state


def _died_just_now(keeper: IO[str], state: dict[str, str]) -> bool:
    """A killed process loses its memory first and its locks a moment later."""
    deadline = time.monotonic() + DYING_WITHIN_S
    while not leftovers.command_line(int(state["keeper_pid"])) and time.monotonic() < deadline:
        if _try_lock(keeper, fcntl.LOCK_EX):
            return True
        time.sleep(0.005)
    return False


def _spawn_keeper(data_dir: Path, *, durable: bool) -> subprocess.Popen[bytes]:
    logs = data_dir / "logs"
    logs.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "arbedge.engines.keeper", str(data_dir)]
    with (logs / "engines.log").open("ab") as log:
        return subprocess.Popen(  # noqa: S603  our own module
            [*command, "durable" if durable else "throwaway"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
            cwd=Path(__file__).resolve().parent.parent,
        )


def _hand_over(keeper: subprocess.Popen[bytes]) -> None:
    """It ends with the last of the others. We are its parent: if we live then, we have to look at
    its end, or it stays in the table of processes; if we do not, nothing waits for it."""
    threading.Thread(target=keeper.wait, name="engines-keeper", daemon=True).start()


def _first_words(keeper: subprocess.Popen[bytes] | None, data_dir: Path) -> dict[str, str]:
    """The keeper says one line: the state of the running engines, or why they cannot run."""
    assert keeper is not None
    assert keeper.stdout is not None
    with keeper.stdout:
        said = keeper.stdout.readline()
    state: dict[str, str] = json.loads(said) if said else {}
    if not state:
        state = {"error": f"The engines did not start: {data_dir / 'logs' / 'engines.log'}"}
    if "error" in state:
        keeper.wait(GONE_WITHIN_S)
        raise EngineError(state["error"])
    return state


def _wait_until_gone(data_dir: Path) -> None:
    deadline = time.monotonic() + GONE_WITHIN_S
    with (data_dir / "engines.keeper").open("a") as keeper:
        while not _try_lock(keeper, fcntl.LOCK_EX) and time.monotonic() < deadline:
            time.sleep(0.02)


def _stop_unkept(data_dir: Path, home: Path) -> None:
    """Stops servers whose keeper was killed while we used them; nobody else would."""
    with (data_dir / "engines.start").open("a") as starting:
        fcntl.flock(starting, fcntl.LOCK_EX)
        if not _running(data_dir):
            leftovers.stop(home)


def _try_lock(file: IO[str], kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
