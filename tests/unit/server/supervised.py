"""A main process with a crew, as a test starts and watches it."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

PATIENCE: Final = 10.0
WORKING: Final = re.compile(r"^(\d+) works", re.MULTILINE)
LINUX: Final = pytest.mark.skipif(sys.platform != "linux", reason="the kernel tells of it on Linux only")


@dataclass(frozen=True, slots=True)
class Scene:
    """A main process in a session of its own, and the file to which it and its crew write."""

    main: "subprocess.Popen[bytes]"
    file: Path

    @property
    def said(self) -> str:
        return self.file.read_text()

    def until(self, holds: Callable[[], object]) -> None:
        """Wait for something that nobody tells us of."""
        end = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < end, self.said
            time.sleep(0.005)

    def working(self, count: int) -> list[int]:
        """Wait until so many processes have begun to work, and return their pids."""
        self.until(lambda: len(WORKING.findall(self.said)) >= count)
        return [int(pid) for pid in WORKING.findall(self.said)]

    def heard(self, pid: int) -> list[str]:
        """Return the names of the signals that a process has heard."""
        return re.findall(rf"^{pid} hears (\w+)$", self.said, re.MULTILINE)

    def ended(self) -> int:
        """Wait for the end of the main process, and return its exit code."""
        return self.main.wait(PATIENCE)


@contextmanager
def crew(
    folder: Path, work: str, count: int, longest: float = PATIENCE, pace: tuple[float, ...] = (60.0, 0.0, 60.0)
) -> Iterator[Scene]:
    """Start a main process whose crew does a work of `crews`; `pace` is its youth and the pauses."""
    file = folder / "said"
    told = [str(one) for one in (count, longest, *pace)]
    command = (sys.executable, "-m", "tests.unit.server.crews", work, *told)
    with file.open("w") as sink:
        main = subprocess.Popen(
            command,
            stdout=sink,
            stderr=sink,
            start_new_session=True,
            env={**os.environ, "FIRST": str(folder / "first")},
        )
    scene = Scene(main, file)
    try:
        yield scene
    finally:
        main.kill()
        main.wait()
        for pid in set(re.findall(r"pid (\d+)", scene.said)):
            end(int(pid))


def end(pid: int) -> None:
    """Kill what a failed test has left."""
    if alive(pid):
        os.kill(pid, signal.SIGKILL)


def alive(pid: int) -> bool:
    """Whether a process of ours runs."""
    try:
        return "tests.unit.server.crews" in Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return False
