"""Configurations at work: the one that new requests are served by, and older ones until their last request has ended."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Final, Protocol, Self

import msgspec

from router.engine.engine import Engine
from router.engine.fleet import Fleet
from router.engine.settings import RouterSettings, SettingsError, difference, restarts, unoffered
from router.web.site import Site

LONGEST: Final = 3600.0
"""Seconds that a request may go on by a configuration that is no longer in force."""
LOG: Final = logging.getLogger(__name__)


class Tree(msgspec.Struct, frozen=True, eq=False):
    """A configuration, and all that serves by it. `site` is what requests hold on to from beginning to end."""

    settings: RouterSettings
    fleet: Fleet
    engine: Engine
    site: Site

    async def left(self) -> None:
        """Wait until no request and no job in the background is served by it."""
        await self.site.uses.over()
        await self.site.jobs.settled()

    async def close(self) -> None:
        """Close the providers that no other tree has."""
        await self.engine.drain()
        await self.fleet.__aexit__(None, None, None)


class Ground(Protocol):
    """What trees grow on: all that they have in common."""

    def fleet(self, settings: RouterSettings, before: Fleet | None = None) -> Fleet:
        """Return the providers, not yet started, but for those that `before` has already."""

    def tree(self, settings: RouterSettings, fleet: Fleet, before: Engine | None = None) -> Tree:
        """Return what serves by these settings, knowing what `before` knows."""


class Trees:
    """`async with Trees(...)`: inside, `current` is in force and its providers are open.

    `show` lets requests from then on into a site.
    """

    def __init__(self, first: Tree, ground: Ground, show: Callable[[Site], None], longest: float = LONGEST) -> None:
        self.current = first
        self.generation = 1
        self.ground = ground
        self.show = show
        self.longest = longest
        self._leaving: dict[Tree, asyncio.Task[None]] = {}

    async def __aenter__(self) -> Self:
        await self.current.fleet.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for one in self._leaving.values():
            one.cancel()
        await asyncio.gather(*self._leaving.values(), return_exceptions=True)
        await self.cut()

    async def cut(self) -> None:
        """Close every provider, which breaks what is still under way."""
        for tree in (*self._leaving, self.current):
            await self._close(tree)

    async def replace(self, settings: RouterSettings) -> tuple[str, ...]:
        """Serve requests from now on by other settings, and return what changed: nothing if they are the same.

        Raises `SettingsError`, or what a provider raises that cannot start; all is then as it was.
        """
        before = self.current
        if settings == before.settings:
            return ()
        if problems := restarts(before.settings, settings):
            raise SettingsError(problems)
        async with AsyncExitStack() as stack:
            fleet = await stack.enter_async_context(self.ground.fleet(settings, before.fleet))
            if problems := unoffered(settings, fleet.offers):
                raise SettingsError(problems)
            # From here on nothing waits and nothing fails: the new tree takes over between two requests.
            self.current = self.ground.tree(settings, fleet, before.engine)
            stack.pop_all()
        self.generation += 1
        self.show(self.current.site)
        self._leaving[before] = asyncio.create_task(self._leave(before))
        return difference(before.settings, settings)

    async def _leave(self, tree: Tree) -> None:
        try:
            async with asyncio.timeout(self.longest):
                await tree.left()
        except TimeoutError:
            LOG.warning("requests are cut that took over %g s since the configuration changed", self.longest)
        await self._close(tree)
        del self._leaving[tree]

    async def _close(self, tree: Tree) -> None:
        try:
            await tree.close()
        except Exception:
            LOG.exception("a provider could not be closed")
