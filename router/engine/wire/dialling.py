"""Making connections: names looked up, addresses of either family tried in turn, certificates checked."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import httpx
from aiohappyeyeballs import start_connection
from aiohappyeyeballs.types import AddrInfoType

from router.engine.wire.address import Origin
from router.engine.wire.connection import Connection

KNOWN: Final = 10.0
"""Seconds that a name's addresses are remembered."""
HEAD_START: Final = 0.25
"""Seconds before the next address is tried beside the one before it (RFC 8305)."""


Trust = Callable[[], ssl.SSLContext]
"""Returns what certificates are checked against. It is called for the first of them, and may be called from a thread."""


class Dialling:
    """Makes connections within `patience` seconds each, to whoever proves by `trusted` that it is who was asked for."""

    def __init__(self, patience: float, trusted: Trust) -> None:
        self.patience = patience
        self.trusted = trusted
        self._reading: asyncio.Future[ssl.SSLContext] | None = None
        self._known: dict[tuple[str, int], tuple[float, asyncio.Task[Any]]] = {}

    async def connect(self, origin: Origin, made: Callable[[], Connection]) -> Connection:
        """Return a connection. Raises `httpx.ConnectTimeout` or `httpx.ConnectError`."""
        try:
            async with asyncio.timeout(self.patience):
                return await self._connected(origin, made)
        except TimeoutError as error:
            raise httpx.ConnectTimeout(f"no connection within {self.patience} s") from error
        except OSError as error:
            raise httpx.ConnectError(type(error).__name__) from error

    async def _connected(self, origin: Origin, made: Callable[[], Connection]) -> Connection:
        loop = asyncio.get_running_loop()
        tls, name = (await self._checking(), origin.host) if origin.tls else (None, None)
        addresses = await self._addresses(origin.host, origin.port)
        opened = await start_connection(addresses, happy_eyeballs_delay=HEAD_START, interleave=1, loop=loop)
        try:
            _, connection = await loop.create_connection(made, sock=opened, ssl=tls, server_hostname=name)
        except BaseException:
            with suppress(OSError):
                opened.close()
            raise
        return connection

    async def _checking(self) -> ssl.SSLContext:
        """Return what certificates are checked against, read in a thread, once for all who ask at the same time: it may take 30 ms."""
        if self._reading is None or (self._reading.done() and self._reading.exception()):
            self._reading = asyncio.get_running_loop().run_in_executor(None, self.trusted)
        return await asyncio.shield(self._reading)

    async def _addresses(self, host: str, port: int) -> list[AddrInfoType]:
        """Look a name up, once for all who ask at the same time."""
        loop = asyncio.get_running_loop()
        until, found = self._known.get((host, port), (0.0, None))
        if found is None or loop.time() > until:
            found = loop.create_task(looked_up(host, port))
            fresh = {one: entry for one, entry in self._known.items() if entry[0] >= loop.time()}
            self._known = fresh | {(host, port): (loop.time() + KNOWN, found)}
        try:
            addresses: list[AddrInfoType] = await asyncio.shield(found)
        except OSError:
            self._known.pop((host, port), None)
            raise
        return addresses


async def looked_up(host: str, port: int) -> list[AddrInfoType]:
    """Return where a name leads."""
    found = await asyncio.get_running_loop().getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG
    )
    return list(found)
