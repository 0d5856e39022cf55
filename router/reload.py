"""Reading the configuration again while it is in force: on SIGHUP, and when the text of its file has changed."""

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import msgspec

from router.contract import MediaError, Reload
from router.engine.clock import Clock
from router.engine.settings import Problem, RouterSettings, SettingsError
from router.trees import Trees

LOOK: Final = 0.5
"""Seconds from one look at the file to the next."""
LOG: Final = logging.getLogger(__name__)


class Watched:
    """A file. What it held when this was made, or was last noted, is no news."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.note()

    def note(self) -> None:
        """Take what the file holds now for known."""
        self.known = text_of(self.path)

    async def news(self, clock: Clock) -> AsyncIterator[None]:
        """Yield when the file holds another text, and has for two looks: whoever writes it may be half-way through.

        Looking works wherever a file can be read: through a ConfigMap's links, on a network's file system.
        """
        last = self.known
        while True:
            await clock.sleep(LOOK)
            text = await asyncio.to_thread(text_of, self.path)
            if text is not None and text == last and text != self.known:
                self.known = text
                yield
            last = text


def text_of(path: Path) -> bytes | None:
    """Return what a file holds, or None while it cannot be read."""
    try:
        return path.read_bytes()
    except OSError:
        return None


class Reading(msgspec.Struct, frozen=True):
    """Where the configuration stands, and what makes settings of its text.

    `sound` is where the text in force is kept, for a process that is started while the file is faulty.
    """

    file: Watched
    parse: Callable[[bytes], RouterSettings]
    sound: Path

    def read(self) -> RouterSettings:
        """Return the configuration as it stands now. Raises `SettingsError`."""
        self.file.note()
        if self.file.known is None:
            raise SettingsError([Problem(str(self.file.path), 0, 0, "", "cannot be read")])
        return self.parse(self.file.known)

    def begin(self) -> RouterSettings:
        """Return the configuration for a process that starts: the last sound one if there is any. Raises `SettingsError`."""
        try:
            return self.read()
        except SettingsError as error:
            kept = text_of(self.sound)
            if kept is None:
                raise
            LOG.warning("the configuration is faulty, so this process begins with the last sound one: %s", error)
            return self.parse(kept)

    def keep(self) -> None:
        """Keep the text that was read last, now that it is in force."""
        fresh = self.sound.with_suffix(f".{os.getpid()}")
        fresh.write_bytes(self.file.known or b"")
        fresh.replace(self.sound)


class Reloads:
    """`async with Reloads(...)`: inside, changes of the configuration are put into force, one after another.

    What cannot be put into force changes nothing. Either way `announce` is told.
    """

    def __init__(self, reading: Reading, trees: Trees, clock: Clock, announce: Callable[[Reload], None]) -> None:
        self.reading = reading
        self.trees = trees
        self.clock = clock
        self.announce = announce
        self._wanted = asyncio.Event()

    async def __aenter__(self) -> Self:
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._wanted.set)
        self._tasks = [asyncio.create_task(self._watch()), asyncio.create_task(self._follow())]
        self._tell("started")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.get_running_loop().remove_signal_handler(signal.SIGHUP)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def reload(self) -> None:
        """Read the configuration and put it into force if it is sound."""
        try:
            changes = await self.trees.replace(await asyncio.to_thread(self.reading.read))
            await asyncio.to_thread(self.reading.keep)
        except SettingsError as error:
            self._tell("refused", problems=tuple(map(str, error.problems)))
        except MediaError as error:
            self._tell("refused", problems=(error.message,))
        except Exception as error:
            LOG.exception("a provider could not be started")
            self._tell("refused", problems=(f"a provider could not be started: {type(error).__name__}",))
        else:
            self._tell("applied" if changes else "unchanged", changes=changes)

    async def _watch(self) -> None:
        async for _ in self.reading.file.news(self.clock):
            self._wanted.set()

    async def _follow(self) -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            await self.reload()

    def _tell(self, outcome: str, changes: tuple[str, ...] = (), problems: tuple[str, ...] = ()) -> None:
        generation = self.trees.generation
        self.announce(Reload(outcome=outcome, generation=generation, changes=changes, problems=problems))
