"""The header of a WAV file (RIFF, RF64), read from a stream and written for one."""

import struct
from typing import NamedTuple

UNKNOWN_SIZE = 0xFFFFFFFF
"""What a header says of a length nobody knows yet; FFmpeg, sox and browsers read to the end then."""
UNLIKELY_SIZE = 0x7F000000
"""Some writers put the largest signed number there instead, or a little less (espeak-ng 0x7FFFF000)."""
LONGEST = 1024 * 1024
"""Bytes before the sound begins; more than this is no header."""
USUAL = 4096
"""Bytes within which it usually begins."""
HIGHEST_RATE = 384_000


class Wav(NamedTuple):
    """What a header says. The sound begins at byte `begin`; `size` is None where it goes on to the end."""

    tag: int
    channels: int
    rate: int
    byte_rate: int
    bits: int
    begin: int
    size: int | None

    @property
    def plain(self) -> bool:
        """Whether the sound is 16-bit PCM, usable as it is."""
        return self.tag == 1 and self.bits == 16 and self.channels > 0 and self.rate > 0


def read_header(head: bytes) -> Wav | None:
    """Read a header; None means more bytes are needed. Raises ValueError if it is none."""
    if not (b"RIFF".startswith(head[:4]) or b"RF64".startswith(head[:4])) or len(head) > LONGEST:
        raise ValueError("not a WAV header")
    at, layout = 12, None
    while len(head) >= at + 8:
        name, size = struct.unpack_from("<4sI", head, at)
        at += 8
        if name == b"fmt " and len(head) >= at + 16:
            layout = struct.unpack_from("<HHIIHH", head, at)
        if name == b"data":
            if layout is None:
                raise ValueError("a WAV header without its format")
            tag, channels, rate, byte_rate, _, bits = layout
            return Wav(tag, channels, rate, byte_rate, bits, at, size if 0 < size < UNLIKELY_SIZE else None)
        at += size + size % 2
    return None


def told_seconds(head: bytes, size: int) -> float | None:
    """Return how long plain sound lasts by its header, and by how much of it is there; None for all that takes a closer look.

    `head` is its first `USUAL` bytes, `size` that of all of it.
    """
    try:
        header = read_header(head) if head[8:12] == b"WAVE" else None
    except ValueError:
        return None
    if header is None or not header.plain or header.channels > 2 or header.rate > HIGHEST_RATE:
        return None
    if b"fact" in head[: header.begin]:  # a second opinion, which plain sound has no need of
        return None
    block, there = 2 * header.channels, size - header.begin
    blocks = min(there if header.size is None else header.size, there) // block
    return blocks / header.rate if blocks and header.byte_rate == header.rate * block else None


def written_header(rate: int, channels: int = 1) -> bytes:
    """Return the header of 16-bit sound of unknown length."""
    block = 2 * channels
    layout = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, channels, rate, rate * block, block, 16)
    return struct.pack("<4sI4s", b"RIFF", UNKNOWN_SIZE, b"WAVE") + layout + struct.pack("<4sI", b"data", UNKNOWN_SIZE)
