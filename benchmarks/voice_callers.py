"""People who talk: so many sockets in one process, each with a microphone in the pace of speech.

`python -m benchmarks.voice_callers URL SOCKETS SECONDS SEED` writes what they heard as one line of JSON.
"""

import asyncio
import json
import sys
import time
from random import Random
from typing import Any, Final

import msgspec
import uvloop
from websockets.asyncio.client import ClientConnection, connect

from benchmarks.voice_vendor import MARK, NAME, SIZE

FRAME: Final = 0.1
"""Seconds of sound that a microphone sends at a time."""
NOISE: Final = bytes(range(256)) * 12 + bytes(128)
QUESTION: Final = 3.0
PATIENCE: Final = 30.0


class Heard(msgspec.Struct):
    """What one process's callers heard. Seconds; `late` is of each piece, `first` from stop to the first sound.

    `turns` counts those that were complete, by socket; `wrong` says what else came.
    """

    late: list[float] = msgspec.field(default_factory=list)
    first: list[float] = msgspec.field(default_factory=list)
    turns: list[int] = msgspec.field(default_factory=list)
    partials: int = 0
    wrong: list[str] = msgspec.field(default_factory=list)


class Person:
    """Talks and listens in turn, over and over."""

    def __init__(self, ws: ClientConnection, heard: Heard) -> None:
        self.ws = ws
        self.heard = heard
        self.turns = 0
        self.held = bytearray()

    async def talk(self, until: float) -> None:
        """Hold a turn, and more of them until a moment."""
        while not self.turns or time.monotonic() < until:
            await self._ask()
            stopped = time.monotonic()
            await asyncio.wait_for(self._listen(stopped), PATIENCE)
            self.turns += 1

    async def _ask(self) -> None:
        await self.ws.send('{"type":"start"}')
        began = time.monotonic()
        for number in range(round(QUESTION / FRAME)):
            await self.ws.send(NOISE)
            await asyncio.sleep(began + (number + 1) * FRAME - time.monotonic())
        await self.ws.send('{"type":"stop"}')

    async def _listen(self, stopped: float) -> None:
        heard_any = False
        while True:
            message = await self.ws.recv()
            if isinstance(message, bytes):
                if not heard_any:
                    self.heard.first.append(time.monotonic() - stopped)
                heard_any = True
                self._judge(message)
                continue
            event: dict[str, Any] = json.loads(message)
            if event["type"] == "partial":
                self.heard.partials += 1
            elif event["type"] == "error":
                self.heard.wrong.append(event["detail"])
                return
            elif event["type"] == "reply_done":
                if self.held:
                    self.heard.wrong.append(f"{len(self.held)} bytes of a piece are missing")
                    self.held.clear()
                return

    def _judge(self, message: bytes) -> None:
        """Note how late each piece is whose last byte has come."""
        now = time.monotonic()
        self.held += message
        while len(self.held) >= SIZE:
            name, due = MARK.unpack_from(self.held)
            if name != NAME:
                self.heard.wrong.append("a piece without its mark")
            self.heard.late.append(now - due)
            del self.held[:SIZE]


async def person(url: str, until: float, wait: float, heard: Heard) -> None:
    """Open a socket after a while, and talk on it."""
    await asyncio.sleep(wait)
    try:
        async with connect(url, compression=None, max_size=None) as ws:
            one = Person(ws, heard)
            await one.talk(until)
            heard.turns.append(one.turns)
    except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
        heard.wrong.append(repr(error))


async def people(url: str, sockets: int, seconds: float, seed: int) -> Heard:
    """Let so many talk, each beginning at some moment of the first turn."""
    random, heard = Random(seed), Heard()  # noqa: S311 - it must be the same each time
    until = time.monotonic() + seconds
    spread = min(2 * QUESTION, seconds)
    async with asyncio.TaskGroup() as group:
        for _ in range(sockets):
            group.create_task(person(url, until, random.random() * spread, heard))
    return heard


if __name__ == "__main__":
    found = uvloop.run(people(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])))
    sys.stdout.write(msgspec.json.encode(found).decode() + "\n")
