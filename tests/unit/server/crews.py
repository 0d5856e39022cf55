"""What crews do in the tests: `python -m tests.unit.server.crews WORK COUNT LONGEST YOUTH PAUSE...` runs one of these functions.

All that is said goes to standard output: lines of the log, and what the work says, each with its pid.
"""

import atexit
import logging
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from router.server.crew import CrashLoop, Pace, supervise


def say(text: str) -> None:
    os.write(1, f"{os.getpid()} {text}\n".encode())


def waits(*deaf: signal.Signals) -> None:
    """Work until SIGTERM or SIGINT, and say which signals come."""
    over: list[int] = []

    def hear(number: int, _: object) -> None:
        say(f"hears {signal.Signals(number).name}")
        if number not in {signal.SIGHUP, *deaf}:
            over.append(number)

    for one in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(one, hear)
    say("works")
    while not over:
        time.sleep(0.01)


def stays() -> None:
    """Work until SIGINT, whatever SIGTERM says."""
    waits(signal.SIGTERM)


def is_deaf() -> None:
    waits(signal.SIGTERM, signal.SIGINT)


def starts() -> None:
    """Be at a start that takes a while, with signals as they come."""
    say("works")
    time.sleep(0.3)
    say("is still there")
    time.sleep(60)


def leaves() -> None:
    say("works")


def quits() -> None:
    say("works")
    sys.exit(3)


def says_why() -> None:
    sys.exit("the port is taken")


def breaks() -> None:
    raise ValueError("no such luck")


def lives_a_little() -> None:
    """Outlive its youth in the first process of all, and die at once in every other."""
    say(f"works at {time.monotonic()}")
    with suppress(FileExistsError):
        Path(os.environ["FIRST"]).touch(exist_ok=False)
        time.sleep(0.2)


def registers() -> None:
    atexit.register(say, "ends: registered by the work")
    sys.stdout.write("written, not flushed\n")
    waits()


@contextmanager
def folder() -> Iterator[None]:
    """Something that only the main process may clear away."""
    try:
        yield
    finally:
        say("clears away")


def main(name: str, count: str, longest: str, youth: str, *pauses: str) -> None:
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(process)d %(levelname)s %(message)s")
    atexit.register(say, "ends: registered before")
    sys.stdout.write("written before the fork\n")
    pace = Pace(float(youth), tuple(map(float, pauses)))
    with folder():
        try:
            supervise(lambda _: globals()[name](), int(count), float(longest), partial(say, "releases"), pace)
        except CrashLoop as error:
            sys.exit(f"crash loop: {error}")
    say(f"returns {signal.getsignal(signal.SIGTERM)!r}")


if __name__ == "__main__":
    main(*sys.argv[1:])
