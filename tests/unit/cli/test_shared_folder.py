"""Folders that routers share with their processes, and what becomes of them when those are killed with -9."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from router.cli.serve import MEMORY
from router.cli.shared_folder import LOCK, made, shared_folder, sweep
from router.testing.serving import serving

PREFIX: Final = "ours-"
ALONE: Final = """
import sys, time
from pathlib import Path
from router.cli.shared_folder import shared_folder
with shared_folder("ours-", Path(sys.argv[1])) as folder:
    (folder / "counts.db").write_bytes(b"1")
    print(folder, flush=True)
    time.sleep(60)
"""
FORKED: Final = ALONE.replace(
    "    print", "    if child := __import__('os').fork(): print(child, end=' ')\n    if child: print"
)
KEY: Final = {"KEY": "k"}
CONFIG: Final = "providers: {a: {kind: boson, base_url: 'http://127.0.0.1:9', api_key: '${env:KEY}'}}\nroutes: [{name: r, task: avatar, tiers: [a]}]\n"


@contextmanager
def running(script: str, place: Path) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """Start a script that holds a folder, and read what it says; it is killed, at the latest when it is left."""
    command = (sys.executable, "-c", script, str(place))
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().split()
        finally:
            process.kill()


def folders(place: Path) -> list[Path]:
    return sorted(place.glob(f"{PREFIX}*"))


def test_it_goes_with_its_router(tmp_path: Path) -> None:
    """With all that is in it."""
    with shared_folder(PREFIX, tmp_path) as folder:
        (folder / "counts.db").write_bytes(b"1")
        assert folders(tmp_path) == [folder]
    assert folders(tmp_path) == []


def test_what_a_killed_router_leaves(tmp_path: Path) -> None:
    """It lies there until the next one starts, which removes it and has its own."""
    with running(ALONE, tmp_path) as (process, (name,)):
        process.kill()
        process.wait()
    left = folders(tmp_path)
    with shared_folder(PREFIX, tmp_path) as folder:
        after = folders(tmp_path)
    assert (left, after) == ([Path(name)], [folder])


def test_what_a_living_router_uses(tmp_path: Path) -> None:
    """Another that starts beside it leaves it alone."""
    with running(ALONE, tmp_path) as (_, (name,)), shared_folder(PREFIX, tmp_path) as folder:
        assert folders(tmp_path) == sorted([Path(name), folder])
        assert (Path(name) / "counts.db").exists()


def test_what_a_process_uses_whose_parent_was_killed(tmp_path: Path) -> None:
    """As long as any that was forked lives, the folder stays."""
    with running(FORKED, tmp_path) as (process, (child, name)):
        try:
            process.kill()
            process.wait()
            sweep(PREFIX, tmp_path)
            assert folders(tmp_path) == [Path(name)]
        finally:
            os.kill(int(child), signal.SIGKILL)


def test_what_is_in_the_making_or_not_ours(tmp_path: Path) -> None:
    """A folder without a lock stays, and so does whatever is called otherwise, or is no folder."""
    (tmp_path / f"{PREFIX}new").mkdir()
    (tmp_path / f"{PREFIX}file").touch()
    other, lock = made("theirs-", tmp_path)
    lock.close()
    sweep(PREFIX, tmp_path)
    assert [one.name for one in folders(tmp_path)] == [f"{PREFIX}file", f"{PREFIX}new"]
    assert (other / LOCK).exists()


def children(pid: int) -> list[int]:
    """Return the processes that a process has started: those of a router serve on without it."""
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def held_by(pid: int) -> list[Path]:
    """Return the folders whose locks a process has open."""
    opened = (os.path.realpath(one) for one in Path(f"/proc/{pid}/fd").iterdir())
    return [Path(one).parent for one in opened if Path(one).name == LOCK and Path(one).is_relative_to(MEMORY)]


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")
def test_a_real_router_that_is_killed(tmp_path: Path) -> None:
    """Its counts lie in memory until another router starts on the machine."""
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    with serving(CONFIG, first, KEY) as served:
        (folder,) = held_by(served.pid)
        for pid in (served.pid, *children(served.pid)):
            os.kill(pid, signal.SIGKILL)
    with serving(CONFIG, second, KEY) as served:
        assert not folder.exists()
        assert held_by(served.pid) != []
