"""Listening: uvicorn's server with protocols of our own, over a socket that several processes may share."""

import asyncio
import select
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import uvicorn
from uvicorn.config import STARTUP_FAILURE

from router.loop.memory import keep_freed_memory

BACKLOG: Final = 2048
"""Callers who may wait in the system's queue."""
AT_ONCE: Final = 16
"""Callers who are let in at once, in a turn of the event loop."""
LET_IN: Final = 0.2
"""Seconds in which those who have called before the port is closed are let in; there may be no end to them."""
FREED: Final = 56 * 1024 * 1024
"""Bytes of freed memory that are kept: twice as many as recordings may take (`router.web.room`), of which each is freed at once."""
LATER: Final = ("uvicorn.protocols.websockets.websockets_sansio_impl", "router.server.http2")
"""What few callers speak, and would take a tenth of a start to import: it is imported a second after that."""
SWEPT: Final = 50
"""Connections that nobody uses are looked for every so many ticks of uvicorn's, which are 0.1 s."""
SECOND: Final = 10
"""Ticks of uvicorn's."""
LONGEST_MESSAGE: Final = 16 * 1024 * 1024
"""Bytes of a message on a WebSocket; what a socket is for allows less, and says so itself."""
Tls = tuple[Path, Path]
"""Files in PEM: a certificate with those that vouch for it, and its key."""


def listen(host: str, port: int, count: int = 1) -> list[socket.socket]:
    """Return sockets that listen at one address, among which the system spreads callers; port 0 takes a free one.

    One socket for several processes would do, but then whoever is awake takes all who call at once. Raises `OSError`.
    """
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    only = socket.create_server(address[:2], family=family, backlog=BACKLOG)
    if count == 1:
        return [only]
    with only:  # which shows that nobody else listens there: those that share a port would not be told
        address = only.getsockname()
    return [socket.create_server(address[:2], family=family, backlog=BACKLOG, reuse_port=True) for _ in range(count)]


def import_the_rest() -> None:
    """Import what the first of few callers would wait for, and all others with him."""
    for one in LATER:
        import_module(one)


class Server(uvicorn.Server):
    """uvicorn's server, which also closes connections that nobody uses any more, and leaves signals to who runs it."""

    async def on_tick(self, counter: int) -> bool:
        """Do what is to be done ten times a second; return whether to stop."""
        if counter == SECOND:
            self._imports = asyncio.create_task(asyncio.to_thread(import_the_rest))
        if counter % SWEPT == 0:
            for one in [*self.server_state.connections]:
                if hasattr(one, "expire"):  # a WebSocket bounds itself
                    one.expire()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End. Who has called by now is let in first: the system cuts off whoever waits at a port that is closed."""
        waiting = select.poll()
        for one in (sockets or [])[:1]:
            waiting.register(one, select.POLLIN)
        loop = asyncio.get_running_loop()
        until = loop.time() + LET_IN
        while waiting.poll(0) and loop.time() < until:  # noqa: ASYNC110 - the loop lets them in meanwhile
            await asyncio.sleep(0)
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take none. uvicorn would take them, and send itself the same once more at its end, to die of it."""
        yield


def server_for(create: Callable[[], Any], tls: Tls | None = None, most: int | None = None) -> Server:
    """Return what serves the ASGI application that `create` makes, and holds `most` connections at once."""
    certificate, key = tls or (None, None)
    return Server(
        uvicorn.Config(
            create,
            factory=True,
            interface="asgi3",
            lifespan="on",
            loop="uvloop",
            http="router.server.http1:Http1",
            ws="none",  # which class it is `Http1` knows
            ws_max_size=LONGEST_MESSAGE,
            ws_ping_interval=None,
            ws_per_message_deflate=False,  # what is sent is sound, which does not get any smaller
            log_config=None,
            log_level="warning",  # below that it logs each WebSocket with its query, in which a caller's key may be
            access_log=False,
            proxy_headers=False,  # whom a proxy speaks for is looked at where it matters, by its networks
            server_header=False,
            limit_concurrency=most,
            ssl_certfile=certificate,
            ssl_keyfile=key,
        )
    )


def doors(listener: socket.socket) -> list[socket.socket]:
    """Return a listening socket as often as callers may come in at once: libuv lets one in by each, in a turn of the loop.

    By one alone the last of 256 who called a busy process waited for 1.7 s.
    """
    return [listener, *(listener.dup() for _ in range(AT_ONCE - 1))]


def serve(server: Server, listener: socket.socket) -> None:
    """Serve until told to stop by SIGTERM or SIGINT; for a process's main thread. Raises `SystemExit` if it cannot start."""
    keep_freed_memory(FREED)
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, server.handle_exit)
    server.run(doors(listener))
    if not server.started:
        sys.exit(STARTUP_FAILURE)
