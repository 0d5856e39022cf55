"""Vendors that misbehave in ways other routers have stumbled over."""

import asyncio
import io
import json
import time
import wave
from base64 import b64encode
from dataclasses import dataclass
from itertools import pairwise
from types import TracebackType
from typing import Self

import numpy as np

from router.testing.acts import Act, Reply
from router.testing.vendor import Vendor
from router.testing.wire import Asked, Wire

PCM = bytes(range(1, 241)) * 40


class Watched(Vendor):
    """A vendor that keeps when it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.times: list[float] = []
        self._next = asyncio.Event()

    def act(self, asked: Asked) -> Act:
        self.times.append(time.monotonic())
        self._next.set()
        self._next = asyncio.Event()
        return super().act(asked)

    def of(self, name: str) -> list[Asked]:
        """Return what was asked under a name, which begins the path."""
        return [one for one in self.asked if one.path.startswith(f"/{name}/")]

    async def has(self, name: str, count: int) -> None:
        """Wait until so much was asked under a name."""
        while len(self.of(name)) < count:
            await self._next.wait()

    def waits(self, name: str) -> list[float]:
        """Return the seconds between one request under a name and the next."""
        times = [at for at, one in zip(self.times, self.asked, strict=True) if one.path.startswith(f"/{name}/")]
        return [later - earlier for earlier, later in pairwise(times)]


@dataclass
class Flood:
    """A body that never ends: as fast as it is taken, or with a pause after each piece. `sent` counts its bytes."""

    status: int
    pause: float = 0.0
    sent: int = 0

    async def play(self, wire: Wire) -> None:
        head = (
            f"HTTP/1.1 {self.status} Whatever\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        await wire.send(head.encode())
        piece = b" " * (1 if self.pause else 65536)  # space before a JSON value, as far as anybody knows
        while True:
            await wire.send(b"%x\r\n%b\r\n" % (len(piece), piece))
            self.sent += len(piece)
            await (wire.wait(self.pause) if self.pause else asyncio.sleep(0))


class HalfReader:
    """A vendor that takes so many bytes of each upload, then says something, or nothing, and hangs up."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.says = b""
        self.taken: list[int] = []

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.taken.append(len(await reader.readexactly(self.most)))
        writer.write(self.says)
        await writer.drain()
        writer.transport.abort()


def too_many(**headers: str) -> Reply:
    return Reply.of_json({"error": {"message": "busy", "type": "all_replicas_busy"}}, 429, **headers)


def noise(seconds: float) -> bytes:
    """Return a WAV at 16 kHz."""
    written = io.BytesIO()
    with wave.open(written, "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(np.random.default_rng(1).normal(0, 3000, round(seconds * 16_000)).astype("<i2").tobytes())
    return written.getvalue()


def events(*, done: bool) -> Reply:
    """Return speech as an engine's events, in a body that ends as HTTP wants it."""
    sound = {"type": "audio.speech.chunk", "audio": {"data": b64encode(PCM).decode(), "format": "pcm"}}
    told = (f"data: {json.dumps(sound)}\n\n".encode(),) * 3 + (b"data: [DONE]\n\n",) * done
    return Reply(told, content_type="text/event-stream", chunked=True, pause=0.02)
