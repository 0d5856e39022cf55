"""The processes that serve: so many are forked, each that dies is replaced, and all are told when it is time to go."""

import logging
import os
import signal
from collections.abc import Callable, Sequence
from functools import partial
from math import inf
from time import monotonic
from typing import Final

import msgspec

from router.server.forking import Signals, fork

LOG: Final = logging.getLogger(__name__)


class CrashLoop(Exception):
    """No process has outlived its start, at several attempts. It was logged with what became of the last."""


class Pace(msgspec.Struct, frozen=True):
    """How fast the dead are replaced, in seconds.

    One dies young within `youth`. In each place the n-th death in a row is followed by the n-th of the `pauses`, or the
    last; a death at a greater age is a first one. All is in vain where `attempts` in every place have died young, and
    nobody ever did not.
    """

    youth: float = 10.0
    pauses: Sequence[float] = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0)
    attempts: int = 3

    def pause(self, deaths: int) -> float:
        """Return how long a place stays empty after so many deaths in a row."""
        return self.pauses[min(deaths, len(self.pauses)) - 1]


PACE: Final = Pace()


class Place(msgspec.Struct):
    """One of the crew: its process, if it has one, since when, or from when on it may have one, by the monotonic clock."""

    number: int
    pid: int = 0
    born: float = 0.0
    due: float = 0.0
    deaths: int = 0

    def __str__(self) -> str:
        return f"worker {self.number + 1}" + (f" (pid {self.pid})" if self.pid else "")

    def vacate(self, pace: Pace) -> None:
        """Take note of its process's death."""
        now = monotonic()
        self.deaths = self.deaths + 1 if now - self.born < pace.youth else 1
        self.due = now + pace.pause(self.deaths)
        self.pid = 0


def nothing() -> None:
    """Do nothing."""


def supervise(
    work: Callable[[int], None], count: int, longest: float, release: Callable[[], None] = nothing, pace: Pace = PACE
) -> None:
    """Keep `count` forked processes at `work` until SIGTERM or SIGINT; return when all have ended.

    Each is told its place, from 0 on. A process that ends unasked is replaced. Each gets the SIGTERM that ends it all, but no further one, and every SIGINT
    and SIGHUP; what still runs `longest` seconds after the first is killed. If this process is killed, the others get
    SIGTERM (on Linux). Once told to stop it starts nobody any more, and has `release` give up what only a start needs: a
    port stays open as long as this process has it. For the main thread only. Raises `CrashLoop`.
    """
    with Signals() as signals:
        crew = Crew([Place(number) for number in range(count)], signals, pace)
        try:
            crew.keep_up(lambda number: fork(partial(work, number), signals))
        finally:
            release()
            crew.dismiss(longest)


class Crew:
    """Places for processes, and what was heard: `told` is the signal to stop, once that has come."""

    def __init__(self, places: Sequence[Place], signals: Signals, pace: Pace) -> None:
        self.places = places
        self.signals = signals
        self.pace = pace
        self.told: int | None = None
        self.proven = False

    def keep_up(self, start: Callable[[int], int]) -> None:
        """Keep every place filled until told to stop; `start` returns the pid of a new process for a place. Raises `CrashLoop`."""
        while self.told is None:
            for place in self.empty():
                if place.due <= monotonic():
                    self.fill(place, start)
            due = min((place.due for place in self.empty()), default=inf)
            self.listen(None if due == inf else due - monotonic())

    def dismiss(self, longest: float) -> None:
        """Wait until all have ended, having told them if nobody has yet, and kill those that take longer than that."""
        until = monotonic() + longest
        self.heed(signal.SIGTERM)
        while self.filled() and (left := until - monotonic()) > 0:
            self.listen(left)
        for place in self.filled():
            LOG.warning("%s is killed: it has not ended within %g s", place, longest)
            os.kill(place.pid, signal.SIGKILL)
            os.waitpid(place.pid, 0)

    def empty(self) -> list[Place]:
        """Return the places without a process."""
        return [place for place in self.places if not place.pid]

    def filled(self) -> list[Place]:
        """Return the places with one, which may be dead but not yet buried."""
        return [place for place in self.places if place.pid]

    def fill(self, place: Place, start: Callable[[int], int]) -> None:
        """Start a process for a place."""
        place.born = monotonic()
        try:
            place.pid = start(place.number)
        except OSError as error:  # there are too many, or too little memory: as with one that died at once
            self.lose(place, f"no process, {error}")
        else:
            LOG.info("%s is started", place)

    def listen(self, seconds: float | None) -> None:
        """Wait for signals, that of a child's death among them, and act on them."""
        for number in self.signals.wait(None if seconds is None else max(0.0, seconds)):
            self.heed(number)
        self.bury()

    def heed(self, number: int) -> None:
        """Pass a signal on, if the processes are to have it."""
        if number == signal.SIGINT or (self.told is None and number in {signal.SIGTERM, signal.SIGHUP}):
            for place in self.filled():
                os.kill(place.pid, number)
        if self.told is None and number in {signal.SIGTERM, signal.SIGINT}:
            self.told = number

    def bury(self) -> None:
        """Take note of those that have died."""
        now = monotonic()
        self.proven = self.proven or any(now - place.born >= self.pace.youth for place in self.filled())
        for place in self.filled():
            pid, status = os.waitpid(place.pid, os.WNOHANG)
            if pid and self.told is None:
                self.lose(place, ending(status))
            elif pid:
                LOG.info("%s has ended: %s", place, ending(status))
                place.pid = 0

    def lose(self, place: Place, how: str) -> None:
        """Leave a place empty for a while. Raises `CrashLoop` if it is no use."""
        lost = str(place)
        place.vacate(self.pace)
        LOG.warning("%s died: %s. The next is started in %g s", lost, how, self.pace.pause(place.deaths))
        if not self.proven and all(one.deaths >= self.pace.attempts for one in self.places):
            text = f"all workers die at their start, in {self.pace.attempts} attempts each; the last: {how}"
            LOG.error(text)
            raise CrashLoop(text)


def ending(status: int) -> str:
    """Say how a process ended, by what `os.waitpid` tells of it."""
    code = os.waitstatus_to_exitcode(status)
    return f"exit code {code}" if code >= 0 else f"signal {-code} ({signal.strsignal(-code)})"
