import platform
import subprocess
import sys

import pytest

FAULTS = """
import resource
import sys
from router.loop.memory import keep_freed_memory

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

def answer():
    return [bytes([7]) * 48_000 for _ in range(100)]

if sys.argv[1:] == ["keep"]:
    keep_freed_memory()
answer()
before = faults()
for _ in range(50):
    answer()
print((faults() - before) / 50)
"""
"""Prints how often memory had to be had from the system while a hundred answers were held and freed, again and again."""


def test_memory_that_is_kept() -> None:
    """What answers took up is used for the next ones: without that each of their pages is had anew from the system."""

    def faults(*said: str) -> float:
        run = (sys.executable, "-c", FAULTS, *said)
        return float(subprocess.run(run, capture_output=True, text=True, check=True).stdout)

    if platform.libc_ver()[0] != "glibc":
        pytest.skip("only glibc gives freed memory back so soon")
    assert faults() > 500
    assert faults("keep") < 5
