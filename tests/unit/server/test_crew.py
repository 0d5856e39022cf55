"""Crews of real processes, and what becomes of them when one dies, all die, or they are told to stop."""

import errno
import os
import re
import signal
import time
from itertools import pairwise
from pathlib import Path

import pytest

from router.server.crew import CrashLoop, Crew, Pace, Place, ending
from router.server.forking import Signals
from tests.unit.server.supervised import LINUX, alive, crew


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop(tmp_path: Path, number: signal.Signals) -> None:
    """Every process hears the signal and ends, the main process goes on with exit code 0, and heeds signals as before."""
    with crew(tmp_path, "waits", 3) as scene:
        pids = scene.working(3)
        scene.main.send_signal(number)
        assert scene.ended() == 0
        assert len(set(pids)) == 3
        assert [scene.heard(pid) for pid in pids] == [[number.name]] * 3
        assert scene.said.count("has ended: exit code 0") == 3
        assert f"{scene.main.pid} returns <Handlers.SIG_DFL: 0>" in scene.said


def test_told_to_stop_again(tmp_path: Path) -> None:
    """A further SIGTERM is not passed on, nor is a SIGHUP then; a SIGINT is."""
    with crew(tmp_path, "stays", 1) as scene:
        (pid,) = scene.working(1)
        scene.main.send_signal(signal.SIGTERM)
        scene.until(lambda: scene.heard(pid))
        for one in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            scene.main.send_signal(one)
        assert scene.ended() == 0
        assert scene.heard(pid) == ["SIGTERM", "SIGINT"]


def test_what_only_those_need_who_are_to_be_started(tmp_path: Path) -> None:
    """It is released once, by the main process, as soon as that is told to stop, however long the crew then takes."""
    with crew(tmp_path, "stays", 1) as scene:
        scene.working(1)
        assert "releases" not in scene.said
        scene.main.send_signal(signal.SIGTERM)
        scene.until(lambda: f"{scene.main.pid} releases" in scene.said)
        assert "has ended" not in scene.said
        scene.main.send_signal(signal.SIGINT)
        assert scene.ended() == 0
        assert scene.said.count("releases") == 1


def test_one_that_takes_too_long(tmp_path: Path) -> None:
    """It is killed, and that is logged."""
    with crew(tmp_path, "is_deaf", 2, longest=0.2) as scene:
        pids = scene.working(2)
        scene.main.send_signal(signal.SIGTERM)
        assert scene.ended() == 0
        assert [scene.heard(pid) for pid in pids] == [["SIGTERM"]] * 2
        for number, pid in enumerate(sorted(pids), start=1):
            assert f"WARNING worker {number} (pid {pid}) is killed: it has not ended within 0.2 s" in scene.said
        assert not any(map(alive, pids))


def test_a_hangup(tmp_path: Path) -> None:
    """It reaches each process and ends none of them."""
    with crew(tmp_path, "waits", 2) as scene:
        pids = scene.working(2)
        scene.main.send_signal(signal.SIGHUP)
        scene.until(lambda: all(map(scene.heard, pids)))
        scene.main.send_signal(signal.SIGTERM)
        assert scene.ended() == 0
        assert [scene.heard(pid) for pid in pids] == [["SIGHUP", "SIGTERM"]] * 2
        assert scene.working(2) == pids


def test_one_that_is_killed(tmp_path: Path) -> None:
    """It is replaced at once, the others are left alone, and the log says how it died."""
    with crew(tmp_path, "waits", 2) as scene:
        first = scene.working(2)
        os.kill(first[0], signal.SIGKILL)
        (third,) = set(scene.working(3)) - set(first)
        assert re.search(
            rf"worker [12] \(pid {first[0]}\) died: signal 9 \(Killed\). The next is started in 0 s", scene.said
        )
        scene.main.send_signal(signal.SIGTERM)
        assert scene.ended() == 0
        assert [scene.heard(pid) for pid in (first[1], third)] == [["SIGTERM"]] * 2


@pytest.mark.parametrize(
    ("work", "how", "told"),
    [
        ("leaves", "exit code 0", "works"),
        ("quits", "exit code 3", "works"),
        ("says_why", "exit code 1", "ERROR the port is taken"),
        ("breaks", "exit code 1", "ValueError: no such luck"),
    ],
)
def test_a_crew_that_cannot_start(tmp_path: Path, work: str, how: str, told: str) -> None:
    """It is given up after three attempts in each place, with one line that says what became of the last."""
    with crew(tmp_path, work, 2, pace=(60.0, 0.0, 0.01)) as scene:
        assert scene.ended() == 1
        line = f"all workers die at their start, in 3 attempts each; the last: {how}"
        assert scene.said.count(f"{scene.main.pid} ERROR {line}") == 1
        assert f"crash loop: {line}" in scene.said
        assert scene.said.count(" is started\n") >= 6
        assert told in scene.said


def test_a_system_that_has_no_room_for_processes() -> None:
    """It counts as a death, of which others are tried after a pause, and is given up as such."""
    attempts = []

    def start(_: int) -> int:
        attempts.append(time.monotonic())
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    with Signals() as signals:
        crew = Crew([Place(0), Place(1)], signals, Pace(pauses=(0.0, 0.01)))
        with pytest.raises(CrashLoop, match=r"the last: no process, .* temporarily unavailable"):
            crew.keep_up(start)
    assert len(attempts) == 6


def test_one_that_dies_again_and_again(tmp_path: Path) -> None:
    """Once one has outlived its youth nobody gives up, and the young are replaced after pauses that grow."""
    with crew(tmp_path, "lives_a_little", 1, pace=(0.15, 0.0, 0.1, 0.2)) as scene:
        scene.working(6)
        assert scene.main.poll() is None
        scene.main.send_signal(signal.SIGTERM)
        assert scene.ended() == 0
        starts = [float(one) for one in re.findall(r"works at (\S+)", scene.said)][:6]
        least = [0.2, 0.1, 0.2, 0.2, 0.2]  # it lived so long, then dies at once, with a pause each time
        assert [later - sooner >= pause for (sooner, later), pause in zip(pairwise(starts), least, strict=True)] == [
            True
        ] * 5
        assert re.findall(r"started in (\S+) s", scene.said)[:4] == ["0", "0.1", "0.2", "0.2"]


def test_a_main_process_that_is_told_to_stop_in_a_pause(tmp_path: Path) -> None:
    """It does not wait for the pause to end, and starts nobody more."""
    with crew(tmp_path, "leaves", 1, pace=(60.0, 60.0)) as scene:
        scene.until(lambda: "is started in 60 s" in scene.said)
        scene.main.send_signal(signal.SIGTERM)
        assert scene.ended() == 0
        assert scene.said.count(" is started\n") == 1


@LINUX
def test_a_main_process_with_nothing_to_do(tmp_path: Path) -> None:
    """It sleeps: while nothing happens it is not woken."""
    with crew(tmp_path, "waits", 1) as scene:
        scene.working(1)
        scene.until(lambda: Path(f"/proc/{scene.main.pid}/stat").read_text().split()[2] == "S")
        before = switches(scene.main.pid)
        time.sleep(0.3)
        assert switches(scene.main.pid) == before


def switches(pid: int) -> list[str]:
    """Return how often a process was put to sleep, or had to make way."""
    return re.findall(r"ctxt_switches:\t(\d+)", Path(f"/proc/{pid}/status").read_text())


@pytest.mark.parametrize(("deaths", "pause"), [(1, 0.0), (2, 0.5), (3, 1.0), (6, 8.0), (60, 8.0)])
def test_pauses(deaths: int, pause: float) -> None:
    """They begin with none, grow, and stay at the longest."""
    assert Pace().pause(deaths) == pause


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (0, "exit code 0"),
        (3 << 8, "exit code 3"),
        (9, "signal 9 (Killed)"),
        (11 | 128, "signal 11 (Segmentation fault)"),
    ],
)
def test_how_one_ended(status: int, said: str) -> None:
    """By exit code, or by the signal's number and name; whether memory was dumped does not matter."""
    assert ending(status) == said
