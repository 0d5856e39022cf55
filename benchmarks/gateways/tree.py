"""What a program and all it started have used, as /proc tells it (Linux; proc_pid_stat(5))."""

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PROC: Final = Path("/proc")
TICK: Final = 1 / os.sysconf("SC_CLK_TCK")
PAGE: Final = os.sysconf("SC_PAGE_SIZE")
PARENT, USER, CHILDREN, PAGES = 1, 11, 15, 21
"""Where the fields stand, counted from the state, which follows the name: ppid, utime, the end of cstime, rss."""


@dataclass(frozen=True)
class Usage:
    """A process: who started it, its CPU seconds with those of children that are gone, and its resident bytes."""

    pid: int
    parent: int
    cpu: float
    resident: int


def usages() -> Iterator[Usage]:
    """Yield every process there is; one that ends meanwhile is left out."""
    for folder in PROC.iterdir():
        if folder.name.isdigit():
            try:
                line = (folder / "stat").read_text()
            except (FileNotFoundError, ProcessLookupError):
                continue
            yield usage(int(folder.name), line)


def usage(pid: int, line: str) -> Usage:
    """Read a line of /proc/PID/stat. The name in it may hold spaces and brackets."""
    fields = line.rpartition(")")[2].split()
    cpu = sum(int(ticks) for ticks in fields[USER:CHILDREN]) * TICK
    return Usage(pid, int(fields[PARENT]), cpu, int(fields[PAGES]) * PAGE)


def tree(root: int) -> list[Usage]:
    """Return a process and all its descendants, itself first."""
    children: defaultdict[int, list[Usage]] = defaultdict(list)
    found: list[Usage] = []
    for one in usages():
        children[one.parent].append(one)
        if one.pid == root:
            found.append(one)
    for one in found:  # grows while it is walked
        found += children[one.pid]
    return found


def cpu(root: int) -> float:
    """Return the CPU seconds of a process and its descendants."""
    return sum(one.cpu for one in tree(root))


def main_thread(pid: int) -> float:
    """Return the CPU seconds of a process's first thread."""
    return usage(pid, (PROC / str(pid) / "task" / str(pid) / "stat").read_text()).cpu


def resident(pids: Iterable[int]) -> int:
    """Return the resident bytes of some processes; pages that they share count for each, those that ended for none."""
    return sum(_resident(one) for one in pids)


def _resident(pid: int) -> int:
    try:
        return int((PROC / str(pid) / "statm").read_text().split()[1]) * PAGE
    except (FileNotFoundError, ProcessLookupError):
        return 0
