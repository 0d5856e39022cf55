"""Places where a request gets stuck on its way out: a door that nobody opens, and a reader in no hurry."""

import asyncio
import select
import socket
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import httpx

TABLE: Final = Path("/proc/net/tcp")
TIME_WAIT: Final = "06"
"""The state in which Linux remembers a connection that is over and belongs to nobody."""
SMALL: Final = 64 * 1024
LOOK: Final = 0.002
"""Seconds between looks at whether the other side has gone: poll(2) says so of a socket that is not being read."""


def connections_to(url: str) -> int:
    """How many sockets of this machine are connected, or being connected, to a server on it."""
    port = f":{httpx.URL(url).port:04X}"
    rows = (line.split() for line in TABLE.read_text().splitlines()[1:])
    return sum(row[2].endswith(port) and row[3] != TIME_WAIT for row in rows)


class NeverAccepting:
    """A port whose queue of connections is full: who connects now is not refused, and waits."""

    def __enter__(self) -> Self:
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=0)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._first = socket.create_connection(self._socket.getsockname())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._first.close()
        self._socket.close()

    @property
    def waiting(self) -> int:
        """How many are trying to connect."""
        return connections_to(self.url) - 1


class SlowReader:
    """A server that reads 4 KiB every 50 ms of whatever it is sent, for one connection at a time.

    `reading` is set once something has come, `left` once the sender is gone, though most of it is still unread.
    """

    def __init__(self) -> None:
        self.reading = asyncio.Event()
        self.left = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._server = socket.create_server(("127.0.0.1", 0))
        self._server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
        self._server.setblocking(False)  # noqa: FBT003 - the standard library's own signature
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        self._work = asyncio.create_task(self._accept())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._work.cancel()
        await asyncio.wait({self._work})
        self._server.close()

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            one, _ = await loop.sock_accept(self._server)
            with one:
                await self._read(one)
            self.left.set()

    async def _read(self, one: socket.socket) -> None:
        gone = select.poll()
        gone.register(one, select.POLLRDHUP)
        for turn in count():
            if gone.poll(0):
                return
            if turn % 25 == 0:
                await asyncio.get_running_loop().sock_recv(one, 4096)
                self.reading.set()
            await asyncio.sleep(LOOK)
