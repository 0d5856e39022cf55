"""A folder that the processes of one router share. It goes with them; where they were killed, when the next router starts."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final

LOCK: Final = "lock"
"""The file in it whose lock its router holds, and with it the processes that it forks: it is free once the last has died."""


@contextmanager
def shared_folder(prefix: str, place: Path) -> Iterator[Path]:
    """Yield a new folder in a place, once those are gone that nobody uses any more; it is gone itself afterwards."""
    sweep(prefix, place)
    folder, lock = made(prefix, place)
    with lock:
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def sweep(prefix: str, place: Path) -> None:
    """Remove our user's folders whose routers have died. One without a lock may be in the making, and stays."""
    for folder in place.glob(f"{prefix}*"):
        with suppress(OSError):  # it is in use, or going already
            if folder.lstat().st_uid == os.geteuid():
                remove_unused(folder)


def remove_unused(folder: Path) -> None:
    """Remove a folder. Raises `OSError` where its lock is held, or there is none."""
    with (folder / LOCK).open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder)


def made(prefix: str, place: Path) -> tuple[Path, IO[bytes]]:
    """Return a new folder and its lock, held."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=place))
        lock = (folder / LOCK).open("wb")
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (folder / LOCK).exists():  # or somebody who sweeps came before the lock was held
            return folder, lock
        lock.close()
