"""A vendor in a process of its own whose speech ends where the text says, in the way the text says.

Run as `python -m benchmarks.cutting`. The first line out is its URL; it serves until standard input ends.
"""

import asyncio
import enum
import json
import sys
from base64 import b64encode
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Final, Self

import uvloop

from router.contract import AudioFormat
from router.media import plausible, sounds
from router.testing.acts import Act, Reply
from router.testing.media import sound
from router.testing.vendor import Vendor
from router.testing.wire import Asked

SECONDS: Final = 2.0
"""How long the speech lasts that is cut."""
FOR_GOOD: Final = 600.0
EVENT: Final = 4_800
"""Bytes of sound in an event."""
DONE: Final = b'data: {"type":"speech.audio.done"}\n\n'
FAILED: Final = b'event: error\ndata: {"error":{"message":"the engine failed"}}\n\n'


class Way(enum.StrEnum):
    """How speech ends. The last three are of the vendor that sends events."""

    WHOLE = "whole"
    RESET = "reset"
    UNTERMINATED = "unterminated"
    SHORT = "short"
    SILENT = "silent"
    EVENTS = "events"
    UNFINISHED = "unfinished"
    ERROR = "error"


COMPLETE: Final = frozenset({Way.WHOLE, Way.EVENTS})
IN_EVENTS: Final = frozenset({Way.EVENTS, Way.UNFINISHED, Way.ERROR})


@dataclass(frozen=True)
class Script:
    """A way to end, and after how many bytes of sound.

    What breaks pauses before its last byte: a break overtakes what the router has not read, or not encoded, yet.
    """

    way: Way
    at: int
    pause: float = 0.0

    @property
    def text(self) -> str:
        """Spell it as a text to be spoken."""
        return f"{self.way} {self.at} {self.pause}"

    @classmethod
    def of(cls, text: str) -> Self:
        """Read it off such a text."""
        way, at, pause = text.split()
        return cls(Way(way), int(at), float(pause))


@cache
def spoken(kind: AudioFormat) -> bytes:
    """Return the whole of the speech."""
    return sound(kind, SECONDS)


@cache
def least(kind: AudioFormat) -> int:
    """Return how many bytes of it prove to be sound, so that the router passes them on."""
    body = spoken(kind)
    return bisect_left(range(len(body)), 1, key=lambda size: bool(_proves(kind, body[:size])))


def _proves(kind: AudioFormat, head: bytes) -> bool | None:
    return plausible(kind, head) and sounds(kind, head)


def torn(body: bytes, at: int, pause: float, *, chunked: bool = False, reset: bool = False) -> Reply:
    """Announce the whole, or no length if `chunked`, and end the connection at a byte; pause before that byte."""
    pieces = (body[: at - 1], body[at - 1 :])
    return Reply(pieces, chunked=chunked, pause=pause, cut=at, reset=reset)


def broken(script: Script, kind: AudioFormat, **how: bool) -> Act:
    """End the connection at a byte."""
    return replace(torn(spoken(kind), script.at, script.pause, **how), content_type=f"audio/{kind}")


def whole(script: Script, kind: AudioFormat) -> Act:
    """Send all of it, in two pieces."""
    return Reply(parted(script, kind), content_type=f"audio/{kind}")


def silent(script: Script, kind: AudioFormat) -> Act:
    """Fall silent at a byte."""
    return Reply(parted(script, kind), content_type=f"audio/{kind}", pause=FOR_GOOD)


def parted(script: Script, kind: AudioFormat) -> tuple[bytes, bytes]:
    """Return what comes before the byte, and what comes after."""
    return spoken(kind)[: script.at], spoken(kind)[script.at :]


def in_events(script: Script, kind: AudioFormat, *, last: bytes) -> Act:
    """Send what comes before a byte as events, then `last`; as HTTP the answer is complete."""
    return Reply((*events(parted(script, kind)[0]), last), content_type="text/event-stream", chunked=True)


def events(body: bytes) -> Iterator[bytes]:
    """Yield the events that hold some sound."""
    for at in range(0, len(body), EVENT):
        yield b'data: {"type":"speech.audio.delta","audio":"%b"}\n\n' % b64encode(body[at : at + EVENT])


ACTS: Final[Mapping[Way, Callable[[Script, AudioFormat], Act]]] = {
    Way.WHOLE: whole,
    Way.RESET: partial(broken, reset=True),
    Way.UNTERMINATED: partial(broken, chunked=True),
    Way.SHORT: broken,
    Way.SILENT: silent,
    Way.EVENTS: partial(in_events, last=DONE),
    Way.UNFINISHED: partial(in_events, last=b""),
    Way.ERROR: partial(in_events, last=FAILED),
}


class Cutting(Vendor):
    """Speaks as the text says."""

    def act(self, asked: Asked) -> Act:
        """Return speech, and its end."""
        self.asked.clear()  # ten thousand of them would fill the memory
        wanted = json.loads(asked.body)
        script = Script.of(wanted["input"])
        return ACTS[script.way](script, AudioFormat(wanted["response_format"]))


async def main() -> None:
    """Serve until standard input ends."""
    async with Cutting() as vendor:
        sys.stdout.write(f"{vendor.url}\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    uvloop.run(main())
