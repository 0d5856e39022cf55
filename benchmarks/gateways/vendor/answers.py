"""What the vendor answers: to the model that was asked for, or to the path.

Bodies are shaped like what they say they are, since gateways may look: MPEG frames, PCM, an MP4 in fragments.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from benchmarks.gateways import marks
from router.testing.media import film

WHOLE: Final = 48_000
BULK: Final = 5_000_000
PIECE: Final = 960
BEAT: Final = 0.020
"""A piece every 20 ms: PCM at 24 kHz, 16 bits, in real time."""
HUSH: Final = 5.0
FRAGMENT: Final = 8_000
FRAME_TIME: Final = 0.040
CHUNK: Final = 65_536
SOUND: Final = bytes(PIECE - marks.SIZE)
HEARING: Final = "hear"
MODELS: Final = ("whole", "bulk", "paced", "paced-500", "hush", HEARING)
MODEL: Final = re.compile(rb'"model"\s*:\s*"([a-z]+)(?:-([0-9]+))?"')
FRAME: Final = bytes.fromhex("fffb9064") + bytes(413)
"""An MPEG-1 Layer III frame of 128 kbit/s at 44.1 kHz: a header, and silence."""


@dataclass(frozen=True)
class Whole:
    """Bytes of a known length, head and body in one."""

    content: bytes


@dataclass(frozen=True)
class Poured:
    """A chunked body that goes out as fast as it is taken: so many times the same chunk."""

    head: bytes
    chunk: bytes
    times: int


@dataclass(frozen=True)
class Paced:
    """A chunked body in pieces to a beat, in seconds: `opening` before the first, and a mark after each."""

    head: bytes
    piece: bytes
    beat: float
    pieces: int
    opening: bytes = b""


Answer = Whole | Poured | Paced


def head(content_type: str, length: int | None) -> bytes:
    """Return the head of a 200, chunked where the length is not known."""
    framing = "transfer-encoding: chunked" if length is None else f"content-length: {length}"
    return f"HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\n{framing}\r\n\r\n".encode()


def whole(content_type: str, body: bytes) -> Whole:
    """Return an answer of known length."""
    return Whole(head(content_type, len(body)) + body)


def framed(data: bytes) -> bytes:
    """Return one chunk of a chunked body."""
    return b"%x\r\n%s\r\n" % (len(data), data)


def box(kind: bytes, content: bytes = b"") -> bytes:
    """Return an MP4 box (ISO/IEC 14496-12)."""
    return (8 + len(content)).to_bytes(4, "big") + kind + content


def moov(movie: bytes) -> bytes:
    """Return a movie's boxes up to its first fragment."""
    return movie[: movie.index(b"moof") - 4]


def mpeg(size: int) -> bytes:
    """Return so many bytes of MPEG audio."""
    return (FRAME * (size // len(FRAME) + 1))[:size]


def spoken(model: str, number: int) -> Answer:
    """Return what a model speaks; `number` is the one after its name, 0 if there is none.

    `whole` answers with so many bytes at once, `bulk` with so many as fast as they are taken; `paced` speaks in real
    time for so many milliseconds, and `hush` likewise, but a piece only every five seconds.
    """
    pcm = head("audio/pcm", None)
    match model:
        case "whole":
            return whole("audio/mpeg", mpeg(number or WHOLE))
        case "bulk":
            return Poured(pcm, framed(bytes(CHUNK)), -(-(number or BULK) // CHUNK))
        case "paced":
            return Paced(pcm, SOUND, BEAT, round((number or 10_000) / 1000 / BEAT))
        case "hush":
            return Paced(pcm, SOUND, HUSH, round((number or 120_000) / 1000 / HUSH))
    raise KeyError(model)


def filmed() -> Paced:
    """Return a second of a film as it renders, 25 fragments a second."""
    opening = moov(film())
    fragment = box(b"moof", bytes(8)) + box(b"mdat", bytes(FRAGMENT))[: -marks.SIZE]
    return Paced(head("video/mp4", None), fragment, FRAME_TIME, 25, framed(opening))


class Answers:
    """Picks an answer; each is made once."""

    def __init__(self) -> None:
        self._spoken: dict[bytes, Answer] = {}
        self._by_path: Mapping[bytes, Answer] = {
            b"/v1/audio/transcriptions": whole("application/json", b'{"text": "good morning"}'),
            b"/v1/videos/stream": filmed(),
        }

    def pick(self, path: bytes, body: bytes) -> Answer:
        """Return the answer; `body` is the beginning of what was sent. Raises `KeyError` for what nobody offers."""
        if path in self._by_path:
            return self._by_path[path]
        found = MODEL.search(body)
        if found is None:
            raise KeyError(path)
        if found[0] not in self._spoken:
            self._spoken[found[0]] = spoken(found[1].decode(), int(found[2] or 0))
        return self._spoken[found[0]]
