from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from arbedge import supervisor as module
from arbedge.engines.leftovers import command_line
from arbedge.supervisor import GaveUpError, Supervisor, read_procfile

Start = Callable[[dict[str, str]], Supervisor]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    monkeypatch.setattr(module, "FIRST_BACK_OFF_S", 0.01)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).resolve().parents[2]))
    begun: list[Supervisor] = []

    def begin(lines: dict[str, str]) -> Supervisor:
        supervisor = Supervisor(
            lines, folder=tmp_path, logs=tmp_path / "logs", environment={"COLOUR": "teal"}
        )
        begun.append(supervisor)
        supervisor.start()
        return supervisor

    yield begin
    for supervisor in begun:
        supervisor.stop()


def until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not done():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.02)


def pids(supervisor: Supervisor) -> list[int]:
    return [process.running.pid for process in supervisor.processes if process.running]


def test_a_procfile_is_read_line_by_line(tmp_path: Path) -> None:
    file = tmp_path / "Procfile"
    file.write_text("# people see this\nweb: serve --port $PORT\n\nbeat: tick --at 10:00\n")
    assert dict(read_procfile(file)) == {"web": "serve --port $PORT", "beat": "tick --at 10:00"}


def test_the_projects_procfile_names_every_process() -> None:
    lines = dict(read_procfile(Path(__file__).resolve().parents[2] / "Procfile"))
    always = ["web", "market", "notify", "bot", "tasks", "beat", "flower"]
    assert list(lines) == [*always, "simulate", "receive"]


def test_output_goes_to_a_log_of_the_processes_name(start: Start, tmp_path: Path) -> None:
    start({"talk": "sh -c 'echo the $COLOUR one; sleep 600'"})
    log = tmp_path / "logs/talk.log"
    until(lambda: log.exists() and log.read_text() == "the teal one\n")


def test_before_its_start_it_keeps_no_file_open_for_anybody(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    supervisor = Supervisor(
        {"work": "sleep 600"}, folder=tmp_path, logs=tmp_path / "logs", environment={},
        keep_open=(writing,),
    )  # fmt: skip
    os.close(writing)
    os.set_blocking(reading, False)
    assert os.read(reading, 1) == b""  # nobody holds the other end
    supervisor.stop()
    os.close(reading)


def test_a_start_that_is_interrupted_can_be_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).resolve().parents[2]))
    lines = {"first": "sleep 600", "second": "sleep 600"}
    supervisor = Supervisor(lines, folder=tmp_path, logs=tmp_path / "logs", environment={})
    begin = supervisor._start

    def interrupted(process: module.Process) -> None:
        if process.name == "second":
            raise KeyboardInterrupt
        begin(process)

    monkeypatch.setattr(supervisor, "_start", interrupted)
    with pytest.raises(KeyboardInterrupt):
        supervisor.start()
    (pid,) = pids(supervisor)
    supervisor.stop()
    assert command_line(pid) == ""
    assert supervisor.guard is not None
    assert supervisor.guard.poll() == 0


def test_a_crashed_process_is_started_again(start: Start) -> None:
    supervisor = start({"work": "sleep 600"})
    (first,) = pids(supervisor)
    os.kill(first, 9)
    news: list[str] = []

    def back() -> bool:
        news.extend(supervisor.tend())
        return bool(news and pids(supervisor))

    until(back)
    assert pids(supervisor) != [first]
    assert news[0].startswith("work ended (code -9), starting it again in ")


def test_one_that_keeps_crashing_is_given_up_with_its_last_words(start: Start) -> None:
    supervisor = start({"fail": "sh -c 'echo no such market; exit 3'"})

    def tend_for_ever() -> None:
        until(lambda: supervisor.tend() == ["never"])

    with pytest.raises(GaveUpError, match=r"fail ended 5 times .*code 3.*\n[^$]*no such market"):
        tend_for_ever()


def test_a_crash_takes_the_processs_own_children_with_it(start: Start, tmp_path: Path) -> None:
    child = tmp_path / "child.pid"
    supervisor = start({"work": f"sh -c 'sleep 600 & echo $! > {child}; wait'"})
    until(lambda: child.exists() and bool(child.read_text().strip()))
    orphan = int(child.read_text())
    os.kill(pids(supervisor)[0], 9)
    until(lambda: bool(supervisor.tend()))
    until(lambda: not command_line(orphan))


def test_stopping_leaves_no_process(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STOP_WITHIN_S", 0.3)
    supervisor = start({"calm": "sleep 600", "deaf": "sh -c \"trap '' TERM; sleep 600\""})
    running = pids(supervisor)
    supervisor.stop()
    assert len(running) == 2
    assert [pid for pid in running if command_line(pid)] == []


def test_a_log_that_grew_too_long_is_begun_anew(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOG_LIMIT_BYTES", 10)
    supervisor = start({"talk": "sh -c 'echo a long story indeed; sleep 600'"})
    log, old = tmp_path / "logs/talk.log", tmp_path / "logs/talk.log.1"
    until(lambda: supervisor.tend() == [] and old.exists())
    assert old.read_text() == "a long story indeed\n"
    assert log.read_text() == ""
