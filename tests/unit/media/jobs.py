"""Jobs that worker processes run in the tests."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from router.contract import Invalid


def count(inbox: Iterator[bytes], upto: int) -> Iterator[int]:
    yield from range(upto)


def pid(inbox: Iterator[bytes]) -> Iterator[int]:
    yield os.getpid()


def echo(inbox: Iterator[bytes]) -> Iterator[bytes]:
    yield from inbox


def upper_then_tail(inbox: Iterator[bytes]) -> Iterator[bytes]:
    for chunk in inbox:
        yield chunk.upper()
    yield b"tail"


def mixed(inbox: Iterator[bytes], *parts: Any) -> Iterator[Any]:
    yield b"raw"
    yield {"parts": parts}


def silent(inbox: Iterator[bytes]) -> Iterator[bytes]:
    yield from ()


def rejects(inbox: Iterator[bytes]) -> Iterator[bytes]:
    yield b"first"
    raise Invalid("no good", code="bad_thing", param="file", limit=3)


def breaks(inbox: Iterator[bytes], text: str) -> Iterator[bytes]:
    yield b"first"
    raise ValueError(text)


def dies(inbox: Iterator[bytes]) -> Iterator[bytes]:
    yield b"first"
    os.kill(os.getpid(), signal.SIGSEGV)


def spins(inbox: Iterator[bytes]) -> Iterator[int]:
    yield os.getpid()
    while True:
        pass


def floods(inbox: Iterator[bytes], tally: Path) -> Iterator[bytes]:
    """Yield for ever, keeping the number of chunks handed over in a file."""
    for number in range(10**9):
        tally.write_text(str(number))
        yield bytes(64 * 1024)


def prints(inbox: Iterator[bytes]) -> Iterator[bytes]:
    print("x" * 200_000, flush=True)
    os.write(1, b"y" * 200_000)
    print("z" * 2_000_000, file=sys.stderr, flush=True)
    yield b"clean"


def interrupted(inbox: Iterator[bytes]) -> Iterator[bytes]:
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(0.05)
    yield b"still here"


def unpicklable(inbox: Iterator[bytes]) -> Iterator[Any]:
    yield lambda: None


def for_ever(inbox: Iterator[bytes]) -> Iterator[int]:
    """Yield the process id again and again."""
    while True:
        yield os.getpid()


def after_its_inbox(inbox: Iterator[bytes]) -> Iterator[int]:
    """Yield the process id, once before and once after the inbox has ended."""
    yield os.getpid()
    list(inbox)
    yield os.getpid()
