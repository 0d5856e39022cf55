"""Forked processes: what reaches them, whom they outlive, and what they do at their end."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

from tests.unit.server.supervised import LINUX, alive, crew


def test_ctrl_c(tmp_path: Path) -> None:
    """The terminal's SIGINT to all the group reaches each process once."""
    with crew(tmp_path, "waits", 2) as scene:
        pids = scene.working(2)
        os.killpg(scene.main.pid, signal.SIGINT)
        assert scene.ended() == 0
        assert [scene.heard(pid) for pid in pids] == [["SIGINT"]] * 2


def test_a_hangup_during_the_start(tmp_path: Path) -> None:
    """Whoever does not listen to it yet lives on; SIGTERM ends it at once."""
    with crew(tmp_path, "starts", 1) as scene:
        (pid,) = scene.working(1)
        scene.main.send_signal(signal.SIGHUP)
        scene.until(lambda: f"{pid} is still there" in scene.said)
        scene.main.send_signal(signal.SIGTERM)
        assert scene.ended() == 0
        assert f"(pid {pid}) has ended: signal 15 (Terminated)" in scene.said


@LINUX
def test_a_main_process_that_is_killed(tmp_path: Path) -> None:
    """Its crew is told to stop, and ends."""
    with crew(tmp_path, "waits", 2) as scene:
        pids = scene.working(2)
        scene.main.kill()
        scene.until(lambda: not any(map(alive, pids)))
        assert [scene.heard(pid) for pid in pids] == [["SIGTERM"]] * 2


@LINUX
def test_a_main_process_that_was_killed_too_early_to_be_told_of() -> None:
    """A process whose parent is another by then ends as if it had been told."""
    died = "import os; from router.server.forking import die_with; die_with(os.getpid()); print('lives on')"
    assert subprocess.run((sys.executable, "-c", died), check=False).returncode == -signal.SIGTERM


def test_the_end_of_a_process(tmp_path: Path) -> None:
    """Each process does at its exit what was registered by then, once; what the main process has open stays open."""
    with crew(tmp_path, "registers", 2) as scene:
        pids = scene.working(2)
        os.kill(pids[0], signal.SIGTERM)
        scene.working(3)
        assert "clears away" not in scene.said
        scene.main.send_signal(signal.SIGTERM)
        assert scene.ended() == 0
        pids = scene.working(3)
        for pid in (*pids, scene.main.pid):
            assert scene.said.count(f"{pid} ends: registered before") == 1
        assert [scene.said.count(f"{pid} ends: registered by the work") for pid in pids] == [1] * 3
        assert (scene.said.count("written, not flushed"), scene.said.count("written before the fork")) == (3, 1)
        assert re.findall(r"^(\d+) clears away", scene.said, re.MULTILINE) == [str(scene.main.pid)]
