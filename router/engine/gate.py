"""The commit point. Until the first plausible byte is in hand another provider may serve; after it nothing may pretend."""

from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Final

import msgspec

from router.contract import AudioFormat, BadOutput, ByteStream, Clip, Speech, is_over
from router.media import plausible, sounds

MOST_HELD: Final = 64 * 1024
"""Bytes held back while the first of them still tell nothing."""
Judge = Callable[[bytes], bool | None]
"""True: these are the first bytes of the real thing. False: they are not. None: too few to tell."""


class Opened(msgspec.Struct, eq=False):
    """A stream whose first bytes have been read and found good."""

    held: bytes
    rest: AsyncIterator[bytes]
    source: ByteStream

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        return self.take() or await anext(self.rest)

    def take(self) -> bytes:
        """Return what was held back, once."""
        held, self.held = self.held, b""
        return held

    @property
    def over(self) -> bool:
        """Whether all of it was read."""
        return not self.held and is_over(self.source)

    async def aclose(self) -> None:
        """Close the stream behind it."""
        await self.source.aclose()


async def open_gate(source: ByteStream, judge: Judge) -> Opened:
    """Read until the first bytes prove good, and hand them back with the rest.

    Raises `BadOutput` when the stream ends first, or holds something else; a fault of the stream
    passes through as it is. In each case the stream is closed.
    """
    rest, held, verdict = aiter(source), b"", None
    try:
        async for chunk in rest:
            held = held + chunk if held else chunk
            verdict = judge(held)
            if verdict is not None or len(held) > MOST_HELD:
                break
    except BaseException:
        await source.aclose()
        raise
    if verdict:
        return Opened(held, rest, source)
    await source.aclose()
    if verdict is False or len(held) > MOST_HELD:
        raise BadOutput("the answer is not what its type says")
    raise BadOutput("the answer ends before it begins" if held else "the answer is empty")


def speech_judge(speech: Speech) -> Judge:
    """Judge the first bytes of speech by its format: there has to be sound in it, not only a header.

    A header too long to be held back is let through without.
    """
    return partial(_speaks, speech.format)


def _speaks(kind: AudioFormat, head: bytes) -> bool | None:
    verdict = plausible(kind, head)
    return None if verdict and len(head) <= MOST_HELD and not sounds(kind, head) else verdict


def clip_judge(_: Clip) -> Judge:
    """Judge the first bytes of an MP4: a `ftyp` box comes first (ISO/IEC 14496-12)."""
    return lambda head: None if len(head) < 8 else head[4:8] == b"ftyp"


def reply_judge(head: bytes) -> bool | None:
    """Judge the first bytes of a reply: there has to be a character in it, not only blanks."""
    return bool(head.strip()) or None
