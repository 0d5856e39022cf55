"""A vendor in a process of its own for conversations: it hears at once, thinks in tokens and speaks in real time.

Run as `python -m benchmarks.voice_vendor`. The first line out is its URL; it serves until standard input ends. Each piece
of its speech begins with the moment at which it was due, by the clock that all processes of a machine share.
"""

import asyncio
import json
import struct
import sys
import time
from dataclasses import dataclass
from typing import Final

import uvloop

from router.testing.acts import Act, Reply
from router.testing.vendor import Vendor
from router.testing.wire import Asked, Wire

PIECE: Final = 0.04
"""Seconds of speech that come at a time."""
SIZE: Final = int(24_000 * PIECE) * 2
SECONDS: Final = 3.0
PIECES: Final = round(SECONDS / PIECE)
MARK: Final = struct.Struct("<4sd")
NAME: Final = b"MARK"
TOKENS: Final = ("I ", "have ", "a ", "long ", "answer ", "to ", "that.")
TOKEN: Final = 0.02
HEARING: Final = 0.03
"""Seconds between two tokens, and until a recording is written down."""


def piece(due: float) -> bytes:
    """Return a piece of speech with its mark."""
    mark = MARK.pack(NAME, due)
    return mark + b"\x10\x01" * ((SIZE - len(mark)) // 2)


@dataclass(frozen=True)
class Paced:
    """Speech as quick as it is heard."""

    async def play(self, wire: Wire) -> None:
        """Send a piece whenever one is due."""
        await wire.send(b"HTTP/1.1 200 OK\r\nContent-Type: audio/pcm\r\nTransfer-Encoding: chunked\r\n\r\n")
        began = time.monotonic()
        for number in range(PIECES):
            due = began + number * PIECE
            if (left := due - time.monotonic()) > 0:
                await wire.wait(left)
            await wire.send(b"%x\r\n%b\r\n" % (SIZE, piece(due)))
        await wire.send(b"0\r\n\r\n")


def written() -> Reply:
    """Return a reply in tokens."""
    said = [f"data: {json.dumps({'choices': [{'delta': {'content': one}}]})}\n\n".encode() for one in TOKENS]
    return Reply((*said, b"data: [DONE]\n\n"), content_type="text/event-stream", chunked=True, pause=TOKEN)


@dataclass(frozen=True)
class Heard:
    """A transcript after a moment."""

    async def play(self, wire: Wire) -> None:
        """Wait, then say what was heard."""
        await wire.wait(HEARING)
        await Reply.of_json({"text": "what do you think"}).play(wire)


class Interlocutor(Vendor):
    """Hears, thinks and speaks."""

    def act(self, asked: Asked) -> Act:
        """Return what the path asks for."""
        self.asked.clear()  # nobody looks, and they hold recordings
        if asked.path.endswith("/transcriptions"):
            return Heard()
        return written() if asked.path.endswith("/completions") else Paced()


async def main() -> None:
    """Serve until standard input ends."""
    async with Interlocutor() as vendor:
        sys.stdout.write(f"{vendor.url}\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    uvloop.run(main())
