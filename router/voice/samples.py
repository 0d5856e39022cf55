"""16-bit samples in pieces: recordings put together, speech cut into frames."""

import struct
from collections.abc import AsyncGenerator
from typing import Final

from router.contract import ByteStream, Inline

WIDTH: Final = 2
"""Bytes of a sample."""
LARGEST: Final = 9600
"""Bytes of a frame, 0.2 s at 24 kHz: what is on its way when a reply is interrupted cannot be called back."""


async def framed(chunks: ByteStream) -> AsyncGenerator[bytes]:
    """Yield sound in frames of whole samples, none larger than `LARGEST`; half a sample at the very end is dropped."""
    odd = b""
    async for chunk in chunks:
        sound = odd + chunk if odd else chunk
        whole = len(sound) - len(sound) % WIDTH
        odd = sound[whole:]
        if whole <= LARGEST:
            if whole:
                yield sound[:whole] if odd else sound
            continue
        for at in range(0, whole, LARGEST):
            yield sound[at : min(at + LARGEST, whole)]


def wav(pcm: bytes | bytearray, rate: int) -> Inline:
    """Return mono sound as a WAV file, which every provider takes."""
    size = len(pcm) - len(pcm) % WIDTH
    layout = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, rate * WIDTH, WIDTH, 8 * WIDTH)
    head = struct.pack("<4sI4s", b"RIFF", 36 + size, b"WAVE") + layout + struct.pack("<4sI", b"data", size)
    return Inline(head + bytes(pcm[:size]), "audio/wav", seconds=size / WIDTH / rate)
