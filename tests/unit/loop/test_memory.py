import platform
import subprocess
import sys

import pytest

from router.loop.memory import KEPT
from router.server.listening import FREED

FAULTS = """
import resource
import sys
from router.loop.memory import keep_freed_memory

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

def hold(count, size):
    return [bytes([7]) * size for _ in range(count)]

count, size, kept = map(int, sys.argv[1:])
if kept:
    keep_freed_memory(kept)
hold(count, size)
before = faults()
for _ in range(50):
    hold(count, size)
print((faults() - before) / 50)
"""
"""Prints how often memory had to be had from the system while so many blocks of a size were held and freed, again and again."""


@pytest.mark.parametrize(
    ("count", "size", "kept"), [(100, 48_000, KEPT), (100, 256 * 1024, FREED)], ids=["answers", "a recording"]
)
def test_memory_that_is_kept(count: int, size: int, kept: int) -> None:
    """What was freed is used for what comes next: without that each of its pages is had anew from the system."""

    def faults(kept: int) -> float:
        run = (sys.executable, "-c", FAULTS, str(count), str(size), str(kept))
        return float(subprocess.run(run, capture_output=True, text=True, check=True).stdout)

    if platform.libc_ver()[0] != "glibc":
        pytest.skip("only glibc gives freed memory back so soon")
    had_anew = faults(kept)
    assert had_anew < 5
    assert faults(0) > 20 + 10 * had_anew  # less with a C library that asks for large pages
