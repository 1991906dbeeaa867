from __future__ import annotations

import os
from pathlib import Path

import pytest

from arbedge import session
from arbedge.session import AlreadyUpError, claim, current, prepare


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ARBEDGE_DATA", str(tmp_path))
    monkeypatch.setattr(session, "CLAIM_PAUSE_S", 0.0)
    for name in ("MARKET_MODE", "DEMO", "RECORDINGS", *session.PORTS):
        monkeypatch.setenv(name, "kept for the end of the test")
        monkeypatch.delenv(name)
    return tmp_path


def test_a_second_up_is_refused_and_told_who_runs(data_dir: Path) -> None:
    first = claim(data_dir)
    first.tell({}, addresses={"Board": "http://here/"})
    with pytest.raises(AlreadyUpError, match=str(os.getpid())) as refused:
        claim(data_dir)
    assert refused.value.state["addresses"] == {"Board": "http://here/"}
    first.close()


def test_after_the_first_has_ended_another_may_run(data_dir: Path) -> None:
    claim(data_dir).close()
    claim(data_dir).close()


def test_another_command_works_on_the_running_ones_markets(data_dir: Path) -> None:
    running = claim(data_dir)
    running.tell({"MARKET_MODE": "simulator", "DEMO": "true"})
    os.environ["DEMO"] = "own"
    prepare(data_dir, ["manage.py", "scan"])
    running.close()
    assert os.environ["MARKET_MODE"] == "simulator"
    assert os.environ["DEMO"] == "own"


def test_what_a_dead_up_told_is_not_believed(data_dir: Path) -> None:
    dead = claim(data_dir)
    dead.tell({"MARKET_MODE": "simulator"})
    dead.lock.close()
    assert current(data_dir) == {}


@pytest.mark.parametrize(
    ("flags", "mode"),
    [([], None), (["--demo"], "simulator"), (["--recordings", "set"], "replay"),
     (["--demo", "--recordings=set"], "replay")],
)  # fmt: skip
def test_the_flags_choose_the_markets(data_dir: Path, flags: list[str], mode: str | None) -> None:
    prepare(data_dir, ["manage.py", "up", *flags])
    assert os.environ.get("MARKET_MODE") == mode
    assert os.environ.get("DEMO") == ("true" if mode else None)


def test_a_recordings_folder_is_kept_by_its_full_path(data_dir: Path) -> None:
    prepare(data_dir, ["manage.py", "up", "--recordings", "set"])
    assert os.environ["RECORDINGS"] == str(Path("set").resolve())


def test_port_zero_becomes_a_free_one(data_dir: Path) -> None:
    os.environ["WEB_PORT"] = "0"
    prepare(data_dir, ["manage.py", "up"])
    assert int(os.environ["WEB_PORT"]) > 1023
