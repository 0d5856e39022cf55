"""The connections of one client: how many there may be, who waits for one, and which are kept for the next request."""

import asyncio
from collections import defaultdict
from typing import Final

import httpx

from router.engine.wire.address import Origin
from router.engine.wire.connection import Connection
from router.engine.wire.dialling import Dialling
from router.engine.wire.places import Places

IDLE: Final = 30.0
"""Seconds a connection is kept for the next request."""
SPACE: Final = 256 * 1024
"""Bytes that are read at most at a time."""


class Pool:
    """At most `most` connections, kept ones included; who finds none free waits in turn.

    Seconds: `silence` for every sign of life on one, and `idle` that one is kept; the wait for a free one is as long as
    that for a new one.
    """

    def __init__(self, dialling: Dialling, most: int, silence: float, idle: float) -> None:
        self.dialling = dialling
        self.most = most
        self.patience = dialling.patience
        self.silence = silence
        self.idle = idle
        self._space = memoryview(bytearray(SPACE))
        self._places = Places(most)
        self._making = 0
        self._busy: set[Connection] = set()
        self._kept: defaultdict[Origin, list[Connection]] = defaultdict(list)
        self._sweeper: asyncio.TimerHandle | None = None
        self._closed = False

    def at_hand(self, origin: Origin) -> Connection | None:
        """Return the connection used last, for one exchange, if there is one and nobody waits: what `take` does, but at once."""
        if not self._kept.get(origin) or not self._places.take():
            return None
        connection = self._usable(origin)
        if connection is None:
            self._places.give_back()
        else:
            self._busy.add(connection)
        return connection

    async def take(self, origin: Origin, *, fresh: bool = False) -> Connection:
        """Return a connection for one exchange: the one used last, or a new one.

        Raises `httpx.PoolTimeout`, `httpx.ConnectTimeout` and `httpx.ConnectError`.
        """
        if not self._places.take():
            await self._turn()
        try:
            connection = (None if fresh else self._usable(origin)) or await self._made(origin)
        except BaseException:
            self._places.give_back()
            raise
        self._busy.add(connection)
        return connection

    async def close(self) -> None:
        """Close all connections, those in use too."""
        self._closed = True
        if self._sweeper is not None:
            self._sweeper.cancel()
        for connection in (*self._busy, *(one for kept in self._kept.values() for one in kept)):
            connection.close()
        self._kept.clear()
        await asyncio.sleep(0)  # sockets are closed in the loop's next turn

    async def _turn(self) -> None:
        try:
            async with asyncio.timeout(self.patience):
                await self._places.wait()
        except TimeoutError:
            raise httpx.PoolTimeout(f"no connection became free within {self.patience} s") from None

    def _usable(self, origin: Origin) -> Connection | None:
        kept = self._kept.get(origin)
        while kept:
            connection = kept.pop()
            if connection.quiet() and connection.loop.time() - connection.since < self.idle:
                return connection
            connection.close()
        return None

    async def _made(self, origin: Origin) -> Connection:
        if len(self._busy) + self._making + sum(map(len, self._kept.values())) >= self.most:
            self._drop_oldest()

        def made() -> Connection:
            return Connection(origin, self.silence, self._space, self._free)

        self._making += 1
        try:
            connection = await self.dialling.connect(origin, made)
        finally:
            self._making -= 1
        if self._closed:
            connection.close()
            raise RuntimeError("the client has been closed")
        return connection

    def _free(self, connection: Connection) -> None:
        """An exchange is over: its place goes to whoever waits first, and its connection is kept if it may be."""
        self._busy.discard(connection)
        self._places.give_back()
        if connection.open and not self._closed:
            connection.since = connection.loop.time()
            self._kept[connection.origin].append(connection)
            if self._sweeper is None:
                self._sweeper = connection.loop.call_later(self.idle, self._sweep)

    def _drop_oldest(self) -> None:
        oldest = min((kept for kept in self._kept.values() if kept), key=lambda kept: kept[0].since, default=None)
        if oldest is not None:
            oldest.pop(0).close()

    def _sweep(self) -> None:
        """Close what was kept for too long, and forget what is closed."""
        loop = asyncio.get_running_loop()
        self._sweeper = None
        for origin, kept in list(self._kept.items()):
            for connection in kept:
                if loop.time() - connection.since >= self.idle:
                    connection.close()
            self._kept[origin] = [one for one in kept if one.open]
            if not self._kept[origin]:
                del self._kept[origin]
        if self._kept:
            first = min(kept[0].since for kept in self._kept.values())
            self._sweeper = loop.call_at(first + self.idle, self._sweep)
