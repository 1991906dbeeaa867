"""The two servers: how each is prepared, started, found ready and stopped."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from arbedge.engines import EngineError
from arbedge.engines.home import SOCKET_NAME, Home, postgres_programs, valkey_program

POSTGRES_MAJOR = "18"
ROLE = "arbedge"
READY_WITHIN_S = 60.0
STOP_WITHIN_S = 20.0
INITDB = (
    "--encoding=UTF8",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--auth=trust",  # the socket lies in a private folder and no port is opened
    f"--username={ROLE}",
    "--set=dynamic_shared_memory_type=mmap",
)
POSTGRES_SETTINGS = {
    "listen_addresses": "",
    "dynamic_shared_memory_type": "mmap",
    "max_connections": "120",
    "shared_buffers": "256MB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_duration_statement": "2000",
}
THROWAWAY = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
READY_LINE = 7  # the eighth line of postmaster.pid is the server's status


@dataclass
class Server:
    """One engine's process; `command` is run again when it dies."""

    name: str
    command: list[str]
    stop_signal: signal.Signals
    ready: Callable[[], bool]
    home: Home
    log: Path
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        """Returns when the server answers. Raises EngineError when it ends or stays silent."""
        with self.log.open("ab") as log:
            self.process = spawn(self.command, self.home, log)
        deadline = time.monotonic() + READY_WITHIN_S
        while not self.ready():
            if self.process.poll() is not None:
                raise EngineError(f"{self.name} ended at start. Its log: {self.log}\n{self.tail()}")
            if time.monotonic() > deadline:
                raise EngineError(f"{self.name} does not answer. Its log: {self.log}")
            time.sleep(0.02)

    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def stop(self) -> None:
        """Returns when the server has ended, gently if it can."""
        if self.process is None or not self.alive():
            return
        self.process.send_signal(self.stop_signal)
        try:
            self.process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def tail(self, lines: int = 5) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


def spawn(command: list[str], home: Home, log: IO[bytes]) -> subprocess.Popen[bytes]:
    """Returns the started process, under the engines' account and in a session of its own."""
    who = home.account
    environ = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "TZ": "UTC"}
    return subprocess.Popen(  # noqa: S603  our own programs
        command,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        env=environ,
        cwd="/",
        start_new_session=True,
        umask=0o077,
        user=who.uid if who.switch else None,
        group=who.gid if who.switch else None,
        extra_groups=[] if who.switch else None,
    )


def postgres(home: Home, run_dir: Path, *, durable: bool = True) -> Server:
    """Returns the PostgreSQL server of this home, its data folder made at first use.

    Raises EngineError when the data was written by another major version.
    """
    programs = postgres_programs(home)
    data = home.own("postgres")
    _prepare(data, programs, home)
    settings = {**POSTGRES_SETTINGS, "unix_socket_directories": str(run_dir)}
    if not durable:
        settings |= THROWAWAY
    command = [str(programs / "postgres"), "-D", str(data)]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    pid_file = data / "postmaster.pid"
    pid_file.unlink(missing_ok=True)  # whoever wrote it is gone: `leftovers.stop` came first
    return Server(
        name="PostgreSQL",
        command=command,
        stop_signal=signal.SIGINT,  # SIGTERM would wait for idle clients
        ready=lambda: _postgres_ready(pid_file) and (run_dir / SOCKET_NAME).exists(),
        home=home,
        log=home.path / "postgres.log",
    )


def _prepare(data: Path, programs: Path, home: Home) -> None:
    version_file = data / "PG_VERSION"
    if version_file.exists():
        found = version_file.read_text().strip()
        if found != POSTGRES_MAJOR:
            raise EngineError(
                f"{data} was written by PostgreSQL {found}; this release brings {POSTGRES_MAJOR}."
                f" Dump it with {found} and restore it, or move the folder away to start empty."
            )
        return
    log = home.path / "initdb.log"
    draft = home.own("postgres.new")
    shutil.rmtree(draft)
    draft = home.own("postgres.new")
    with log.open("wb") as output:
        code = spawn([str(programs / "initdb"), "-D", str(draft), *INITDB], home, output).wait()
    if code:
        raise EngineError(f"PostgreSQL could not be prepared ({log}):\n{log.read_text()[-2000:]}")
    data.rmdir()
    draft.rename(data)


def _postgres_ready(pid_file: Path) -> bool:
    try:
        lines = pid_file.read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) > READY_LINE and lines[READY_LINE].strip() == "ready"


def valkey(home: Home, run_dir: Path, *, durable: bool = True) -> Server:
    """Returns the Valkey server of this home: append-only file on, never evicting."""
    socket = run_dir / "valkey.sock"
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "databases": "128",
        "dir": str(home.own("valkey")),
        "pidfile": str(home.path / "valkey" / "valkey.pid"),
        "appendonly": "yes" if durable else "no",
        "save": "",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
    }
    command = [str(valkey_program(home))]
    for name, value in options.items():
        command += [f"--{name}", value]
    return Server(
        name="Valkey",
        command=command,
        stop_signal=signal.SIGTERM,
        ready=lambda: _valkey_ready(socket),
        home=home,
        log=home.path / "valkey.log",
    )


def _valkey_ready(socket_path: Path) -> bool:
    import socket

    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(1)
        try:
            client.connect(str(socket_path))
            client.sendall(b"PING\r\n")
            return client.recv(16).startswith(b"+PONG")
        except OSError:
            return False
