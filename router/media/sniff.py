"""What bytes are, told by their first few: never by a name or by what a sender called them."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from router.contract.schema import PCM, AudioFormat

CONTENT_TYPES: Mapping[AudioFormat, str] = MappingProxyType(
    {
        AudioFormat.MP3: "audio/mpeg",
        AudioFormat.OPUS: "audio/ogg",
        AudioFormat.AAC: "audio/aac",
        AudioFormat.FLAC: "audio/flac",
        AudioFormat.WAV: "audio/wav",
        AudioFormat.PCM: "audio/pcm",
    }
)
"""Media type of what we send in each format."""

ENOUGH = 64
"""Bytes that `sniff` looks at."""

EBML = b"\x1aE\xdf\xa3"
SIGNATURES: tuple[tuple[bytes, int, bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", 0, b"", "image/png"),
    (b"\xff\xd8\xff", 0, b"", "image/jpeg"),
    (b"GIF8", 0, b"", "image/gif"),
    (b"BM", 6, b"\0\0\0\0", "image/bmp"),
    (b"RIFF", 8, b"WEBP", "image/webp"),
    (b"RIFF", 8, b"WAVE", "audio/wav"),
    (b"RF64", 8, b"WAVE", "audio/wav"),
    (b"RIFF", 8, b"AVI ", "video/x-msvideo"),
    (b"fLaC", 0, b"", "audio/flac"),
    (b"OggS", 28, b"\x80theora", "video/ogg"),
    (b"OggS", 0, b"", "audio/ogg"),
    (b"ID3", 0, b"", "audio/mpeg"),
    (b"FORM", 8, b"AIFF", "audio/aiff"),
    (b"FORM", 8, b"AIFC", "audio/aiff"),
    (b"caff", 0, b"", "audio/x-caf"),
    (b"#!AMR", 0, b"", "audio/amr"),
    (b"\0\0\0", 4, b"ftypM4A", "audio/mp4"),
    (b"\0\0\0", 4, b"ftypM4B", "audio/mp4"),
    (b"\0\0\0", 4, b"ftypqt  ", "video/quicktime"),
    (b"\0\0\0", 4, b"ftyphei", "image/heic"),
    (b"\0\0\0", 4, b"ftypavif", "image/avif"),
    (b"\0\0\0", 4, b"ftyp", "video/mp4"),
)
"""(prefix, offset, bytes there, media type), the first match wins. `filetype` 1.2.0 knows no fewer of ours, but
takes any two bytes 0xFFFB for mp3 and has had no release since 2022."""

LAYER_THREE = frozenset(byte for byte in range(0xE0, 0x100) if byte & 0x18 != 0x08 and byte & 0x06 == 0x02)
RATES = frozenset(byte for byte in range(0x100) if byte >> 4 not in (0, 15) and byte & 0x0C != 0x0C)
"""The second and the third byte of an MP3 frame: its version and layer, its bit rate and sample rate."""


def sniff(head: bytes) -> str | None:
    """Return the media type of content beginning with `head`, or None if it is none of ours.

    MP4 and WebM that hold only sound are told apart by `probe`, not here.
    """
    for prefix, offset, there, media_type in SIGNATURES:
        if head.startswith(prefix) and head[offset : offset + len(there)] == there:
            return media_type
    if head.startswith(EBML):
        return "video/x-matroska" if b"matroska" in head[:ENOUGH] else "video/webm"
    if _adts(head):
        return "audio/aac"
    return "audio/mpeg" if _mpeg_audio(head) else None


def plausible(format: AudioFormat, head: bytes) -> bool | None:  # noqa: A002 - the field's name everywhere
    """Say whether a stream that begins with `head` can be audio in `format`; None means more is needed."""
    if format is PCM:
        return _pcm(head)
    prefixes, size, check = CHECKS[format]
    if len(head) >= size:
        return check(head)
    return None if any(prefix.startswith(head[: len(prefix)]) for prefix in prefixes) else False


def _adts(head: bytes) -> bool:
    """ISO/IEC 13818-7, 6.2: twelve sync bits, layer 0, one of 13 sampling frequencies."""
    return len(head) >= 4 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0 and (head[2] >> 2) & 15 < 13


def _mpeg_audio(head: bytes) -> bool:
    """ISO/IEC 11172-3, 2.4.2.3: eleven sync bits, then no field holding its forbidden value."""
    return len(head) >= 4 and head[0] == 0xFF and head[1] in LAYER_THREE and head[2] in RATES


def _pcm(head: bytes) -> bool | None:
    """Any pair of bytes is a sample, so this refuses only what is certainly something else."""
    if head[:1] in (b"{", b"<", b"["):  # an error message sent as audio
        text = head[:ENOUGH].isascii() and head[:ENOUGH].decode("ascii").strip("\r\n\t").isprintable()
        return not text if len(head) >= 16 or not text else None
    known = sniff(head) if head[:1] != b"\xff" else None  # 0xFFFx is a small negative sample too
    return known is None if len(head) >= 2 else None


CHECKS: Mapping[AudioFormat, tuple[tuple[bytes, ...], int, Callable[[bytes], bool]]] = MappingProxyType(
    {
        AudioFormat.MP3: ((b"ID3", b"\xff"), 4, lambda head: head.startswith(b"ID3") or _mpeg_audio(head)),
        AudioFormat.AAC: ((b"\xff",), 4, _adts),
        AudioFormat.FLAC: ((b"fLaC",), 4, lambda head: head.startswith(b"fLaC")),
        AudioFormat.OPUS: (
            (b"OggS",), 36, lambda head: head.startswith(b"OggS") and head[28:36] == b"OpusHead",
        ),
        AudioFormat.WAV: (
            (b"RIFF", b"RF64"), 12, lambda head: head[:4] in (b"RIFF", b"RF64") and head[8:12] == b"WAVE",
        ),
    }
)  # fmt: skip
"""How each container begins: possible prefixes, bytes needed to tell, and the test on them."""
