"""What a vendor double can do with a request: answer well, answer badly, or not at all."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Protocol

from router.testing.wire import Wire


class Act(Protocol):
    """One thing a vendor does with a request that it has read to its end."""

    async def play(self, wire: Wire) -> None:
        """Write to the wire what there is to write, and end the connection if that is part of it."""


@dataclass(frozen=True)
class Reply:
    """An answer, good or bad.

    A body in several pieces is written piece by piece, `pause` seconds apart; with an empty first piece it
    is the first byte of the body that is slow.
    `cut`: the connection ends after so many bytes of the body, short of what was announced; `reset` makes
    it end by RST instead of FIN. `chunked` bodies announce no length.
    """

    body: bytes | tuple[bytes, ...] = b""
    status: int = 200
    content_type: str | None = "application/octet-stream"
    headers: Mapping[str, str] = field(default_factory=dict)
    chunked: bool = False
    pause: float = 0.0
    cut: int | None = None
    reset: bool = False

    @classmethod
    def of_json(cls, value: Any, status: int = 200, **headers: str) -> "Reply":
        """Return a JSON answer; `_` in a header's name stands for `-`."""
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        return cls(json.dumps(value).encode(), status, "application/json", named)

    async def play(self, wire: Wire) -> None:
        """Write the head, then the body as far as it goes."""
        await wire.send(self._head())
        left = self.cut
        for number, piece in enumerate(self._pieces()):
            if number and self.pause:
                await wire.wait(self.pause)
            sent = piece if left is None else piece[:left]
            await wire.send(self._framed(sent))
            left = None if left is None else left - len(sent)
            if left == 0:
                wire.end(reset=self.reset)
                return
        if self.chunked:
            await wire.send(b"0\r\n\r\n")

    def _pieces(self) -> tuple[bytes, ...]:
        return self.body if isinstance(self.body, tuple) else (self.body,)

    def _framed(self, piece: bytes) -> bytes:
        return b"%x\r\n%b\r\n" % (len(piece), piece) if self.chunked and piece else piece

    def _head(self) -> bytes:
        headers = dict(self.headers)
        if self.content_type is not None:
            headers["Content-Type"] = self.content_type
        if self.chunked:
            headers["Transfer-Encoding"] = "chunked"
        else:
            headers["Content-Length"] = str(sum(map(len, self._pieces())))
        phrase = HTTPStatus(self.status).phrase
        lines = (f"HTTP/1.1 {self.status} {phrase}", *(f"{name}: {text}" for name, text in headers.items()))
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"


@dataclass(frozen=True)
class Raw:
    """Bytes that need not be HTTP, after which the connection ends."""

    bytes: bytes

    async def play(self, wire: Wire) -> None:
        """Write them and hang up."""
        await wire.send(self.bytes)
        wire.end()


@dataclass(frozen=True)
class HangUp:
    """No answer: the connection ends before any header, by RST unless told otherwise."""

    reset: bool = True

    async def play(self, wire: Wire) -> None:
        """End the connection."""
        wire.end(reset=self.reset)


@dataclass(frozen=True)
class Stall:
    """Silence for `seconds`, or until `released` is set, or for good; then another act."""

    then: Act
    seconds: float | None = None
    released: asyncio.Event | None = None

    async def play(self, wire: Wire) -> None:
        """Wait, and leave off at once when the caller leaves."""
        await wire.wait(self.seconds, self.released)
        await self.then.play(wire)
