"""Forking a process that works for us: it begins with fresh signals, ends without unwinding our stack, and does not outlive us."""

import atexit
import ctypes
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import FrameType, TracebackType
from typing import Final, NoReturn, Self

LOG: Final = logging.getLogger(__name__)
Taken = Callable[[int, FrameType | None], object] | int | None
"""How a process takes a signal: what `signal.signal` wants and returns."""
FRESH: Final[Mapping[signal.Signals, Taken]] = {
    signal.SIGCHLD: signal.SIG_DFL,
    signal.SIGHUP: signal.SIG_IGN,  # it means "read the configuration again": whoever is still starting reads it anyway
    signal.SIGINT: signal.default_int_handler,
    signal.SIGTERM: signal.SIG_DFL,
}
"""How a forked process takes the signals that its parent listens to, until it decides otherwise."""
INTERRUPTED: Final = 128 + signal.SIGINT
PR_SET_PDEATHSIG: Final = 1
"""From linux/prctl.h."""


class Signals:
    """`with Signals() as signals`: those of `FRESH` do nothing any more but be told by `wait`. For the main thread only."""

    def __init__(self) -> None:
        self._ear, self._mouth = socket.socketpair()
        self._mouth.settimeout(0)  # as `set_wakeup_fd` wants it
        self._before: dict[signal.Signals, Taken] = {}
        self._told_before = -1

    def __enter__(self) -> Self:
        self._told_before = signal.set_wakeup_fd(self._mouth.fileno(), warn_on_full_buffer=False)
        self._before = {one: signal.signal(one, lambda *_: None) for one in FRESH}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave(self._before, self._told_before)

    def wait(self, seconds: float | None) -> bytes:
        """Return the numbers of those that came, one byte each: none after so many seconds, `None` is for ever."""
        self._ear.settimeout(seconds)
        with suppress(TimeoutError, BlockingIOError):  # the latter after 0 seconds
            return self._ear.recv(4096)
        return b""

    def forget(self) -> None:
        """Take them in a process that was just forked as `FRESH` says, and tell its parent nothing of them."""
        self._leave(FRESH, -1)

    def _leave(self, taken: Mapping[signal.Signals, Taken], told: int) -> None:
        signal.set_wakeup_fd(told)
        for one, how in taken.items():
            signal.signal(one, how or signal.SIG_DFL)  # None: nobody had set it from Python
        self._ear.close()
        self._mouth.close()


def fork(work: Callable[[], None], signals: Signals) -> int:
    """Return the pid of a new process that does its work and ends: with exit code 0, or 1 if the work raised.

    It has a process group of its own, so that Ctrl-C at a terminal reaches it once: by way of its parent, which is to be
    in the main thread. What is registered with `atexit`, before or in it, is done at its end; what its parent has open in a
    `with` stays the parent's. Raises `OSError`.
    """
    flush()  # or what waits to be written would be written twice
    parent = os.getpid()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, FRESH)  # one that comes meanwhile must not be told to the parent
    try:
        pid = os.fork()
        if pid == 0:
            live(work, signals, parent)
        return pid
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def live(work: Callable[[], None], signals: Signals, parent: int) -> NoReturn:
    """Be a forked process, to its end."""
    code = 1
    try:
        try:
            signals.forget()
            os.setpgid(0, 0)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, FRESH)
            die_with(parent)
            code = outcome(work)
        finally:
            wind_up()
    finally:
        os._exit(code)


def die_with(parent: int) -> None:
    """Have this process told by SIGTERM when the thread of its parent that forked it dies, or has died. Linux only."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGTERM))
    if os.getppid() != parent:  # it died before the kernel knew
        signal.raise_signal(signal.SIGTERM)


def outcome(work: Callable[[], None]) -> int:
    """Do some work, and return the exit code that its end stands for."""
    try:
        work()
    except SystemExit as told:
        return exit_code(told)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BaseException:
        LOG.exception("the work ended with an error")
        return 1
    return 0


def exit_code(told: SystemExit) -> int:
    """Return the exit code that Python makes of it, and log what it says otherwise."""
    if told.code is None or isinstance(told.code, int):
        return told.code or 0
    LOG.error("%s", told.code)
    return 1


def wind_up() -> None:
    """Do what an interpreter does at its end that `os._exit` leaves out; threads that still run are cut."""
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, signal.SIG_IGN)  # it is ending
    atexit._run_exitfuncs()  # noqa: SLF001 - there is no other way to run them but to unwind the parent's stack
    flush()


def flush() -> None:
    """Write what waits in standard output and error."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # nobody reads it, or it is closed
            stream.flush()
