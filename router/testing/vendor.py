"""A vendor's double over real sockets, which misbehaves exactly as told."""

import asyncio
import socket
from types import TracebackType
from typing import Final, Self

from router.testing.acts import Act, Reply
from router.testing.wire import Asked, Wire

LONGEST_HEAD: Final = 256 * 1024


class Vendor:
    """An HTTP/1.1 server on loopback that plays a script and keeps what it was asked.

        async with Vendor() as vendor:
            vendor.on("/v1/audio/speech", Reply(status=503), Reply(audio, content_type="audio/pcm"))
            … vendor.url … vendor.asked[0].json

    The acts of a path prefix are played in order, one per request, the last one for ever after; the
    longest prefix that fits wins, and what fits none is answered 404. `accepted` counts connections,
    `open` those that are still there.
    """

    def __init__(self, *acts: Act, port: int = 0) -> None:
        self.asked: list[Asked] = []
        self.accepted = 0
        self._port = port
        self._scripts: dict[str, list[Act]] = {}
        self._wires: dict[Wire, asyncio.Task[None]] = {}
        if acts:
            self.on("/", *acts)

    def on(self, prefix: str, *acts: Act) -> None:
        """Play these acts from now on for paths that begin with `prefix`."""
        self._scripts[prefix] = list(acts)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def open(self) -> int:
        """How many connections are open."""
        return len(self._wires)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", self._port, limit=LONGEST_HEAD)
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        under_way = list(self._wires.values())
        for one in under_way:
            one.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        await self._server.wait_closed()

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        wire = Wire(reader, writer)
        self._wires[wire] = asyncio.ensure_future(self._serve(wire))

    async def _serve(self, wire: Wire) -> None:
        try:
            while not wire.ended and (asked := await wire.request()) is not None:
                await self._answer(wire, asked)
        finally:
            del self._wires[wire]
            await wire.closed()

    async def _answer(self, wire: Wire, asked: Asked) -> None:
        self.asked.append(asked)
        try:
            await self.act(asked).play(wire)
        except ConnectionError:
            asked.abandoned = wire.ended = True
        finally:
            asked.over.set()

    def act(self, asked: Asked) -> Act:
        """Return what to do with a request; a vendor that keeps something in mind overrides it."""
        prefix = max((one for one in self._scripts if asked.path.startswith(one)), key=len, default=None)
        if prefix is None:
            return Reply(status=404)
        script = self._scripts[prefix]
        return script.pop(0) if len(script) > 1 else script[0]


class ClosedPort:
    """An address that refuses every connection: a port that is taken, with nobody listening."""

    def __enter__(self) -> Self:
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    @property
    def url(self) -> str:
        """Where nobody listens."""
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"
