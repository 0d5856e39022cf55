"""How many seconds of audio pass by, counted from headers without decoding anything."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Protocol

from router.contract.schema import AudioFormat
from router.media.flac_frames import FlacCounter
from router.media.mpeg_frames import HEADER, MPEG_FRAMES, Frame, adts_frame, mp3_frame
from router.media.wav import read_header


class Meter(Protocol):
    """Reads one format."""

    @property
    def seconds(self) -> float:
        """What has been seen so far."""

    @property
    def missing(self) -> int:
        """The bytes that must still come, for all that headers say of the length; most formats say nothing of it."""

    def feed(self, chunk: bytes) -> None:
        """Look at the next bytes of the stream."""


def audio_meter(format: AudioFormat, sample_rate: int, channels: int = 1) -> Meter:  # noqa: A002 - the field's name
    """Return what counts the audio in a passing stream, whatever its chunks are cut to.

    Exact for pcm, wav, flac (whole frames) and Ogg Opus (granule positions, less the pre-skip). For mp3
    and ADTS every frame counts, so the encoder's padding, which players hear too unless a tag tells them,
    is in it: up to 0.1 s. `sample_rate` and `channels` matter to pcm alone.
    """
    match format:
        case AudioFormat.MP3:
            return FrameCounter(mp3_frame, MPEG_FRAMES)
        case AudioFormat.PCM:
            return ByteCounter(sample_rate * channels * 2)
        case AudioFormat.WAV:
            return WavCounter()
        case AudioFormat.AAC:
            return FrameCounter(adts_frame)
        case AudioFormat.OPUS:
            return OpusCounter()
        case AudioFormat.FLAC:
            return FlacCounter()


class ByteCounter:
    """Headerless audio: so many bytes to the second, at most `limit` of them."""

    def __init__(self, byte_rate: int, limit: int | None = None) -> None:
        self._byte_rate = byte_rate
        self._limit = limit
        self._size = 0

    @property
    def seconds(self) -> float:
        """The audio seen so far."""
        size = self._size if self._limit is None else min(self._size, self._limit)
        return size / self._byte_rate

    @property
    def missing(self) -> int:
        """What is short of the limit."""
        return 0 if self._limit is None else max(self._limit - self._size, 0)

    def feed(self, chunk: bytes) -> None:
        """Count."""
        self._size += len(chunk)


class WavCounter:
    """RIFF: the `fmt ` chunk gives bytes per second, the `data` chunk is what counts."""

    def __init__(self) -> None:
        self._head = b""
        self._sound: ByteCounter | None = None

    @property
    def seconds(self) -> float:
        """The audio seen so far."""
        return self._sound.seconds if self._sound else 0.0

    @property
    def missing(self) -> int:
        """What is short of the `data` chunk's size."""
        return self._sound.missing if self._sound else 0

    def feed(self, chunk: bytes) -> None:
        """Read chunk headers until the data begins, then count."""
        if self._sound is None:
            self._head += chunk
            chunk = self._begin()
        if self._sound is not None:
            self._sound.feed(chunk)

    def _begin(self) -> bytes:
        try:
            header = read_header(self._head)
        except ValueError:
            self._head = b""  # not a WAV: whatever it is, it is not counted
            return b""
        if header is None:
            return b""
        self._sound = ByteCounter(max(header.byte_rate, 1), header.size)
        return self._head[header.begin :]


ReadFrame = Callable[[bytes, int], Frame | None]
"""Reads the header at a place that is `HEADER` bytes or more before the end."""
NONE_KNOWN: Mapping[bytes, Frame] = MappingProxyType({})
NO_FRAME: Frame = (1, 0.0)
"""Look at the next byte."""
RUN = 128
"""Headers compared at once: at a constant rate all are alike, or all but one in twenty or so that is padded otherwise."""
WORTHWHILE = 8
"""Frames ahead for which it is quicker to compare than to hop."""


class FrameCounter:
    """mp3 and ADTS: each frame's header says how long it is, in bytes and in seconds.

    `known` are frames by the first three bytes, where those tell all; `frame` reads what is not among them.
    """

    seconds = 0.0
    missing = 0
    _left = b""
    _skip = 0

    def __init__(self, frame: ReadFrame, known: Mapping[bytes, Frame] = NONE_KNOWN) -> None:
        self._frame = frame
        self._known = known

    def feed(self, chunk: bytes) -> None:
        """Hop from header to header, over all that are alike at once; where one is missing, look for it byte by byte."""
        view = self._left + chunk if self._left else chunk
        at, total = self._skip, self.seconds
        known, last = self._known, len(view) - HEADER
        while at <= last:
            head = view[at : at + 3]
            length, seconds = known.get(head) or self._frame(view, at) or NO_FRAME
            if at + length * WORTHWHILE <= last and view.startswith(head, at + length) and head in known:
                times = alike(view, at, length)
                at += length * times
                total += seconds * times
            else:
                at += length
                total += seconds
        self.seconds = total
        self._left = view[at:]
        self._skip = max(at - len(view), 0)


def alike(view: bytes, at: int, length: int) -> int:
    """Return how many headers, `length` apart from the one at `at` on, have its first three bytes: one, or up to `RUN`."""
    most = min((len(view) - HEADER - at) // length + 1, RUN)
    for start in (at + 2, at + 1, at):  # the third byte tells whether a frame is padded, and is the first to differ
        column = view[start : start + most * length : length]
        if column != (first := column[:1]) * most:
            most -= len(column.lstrip(first))
    return most


class OpusCounter:
    """Ogg Opus (RFC 7845): the last page's granule position, in 48 kHz samples, less the pre-skip."""

    def __init__(self) -> None:
        self._left = b""
        self._skip = 0
        self._pre_skip = 0
        self._granule = 0

    @property
    def seconds(self) -> float:
        """The audio seen so far."""
        return max(self._granule - self._pre_skip, 0) / 48_000

    @property
    def missing(self) -> int:
        """What is short of the last page (RFC 3533: its header tells its length)."""
        return self._skip

    def feed(self, chunk: bytes) -> None:
        """Hop from page to page."""
        view = self._left + chunk
        at = self._skip
        while (size := self._page(view, at)) is not None:
            at += size
        self._left = view[at:]
        self._skip = max(at - len(view), 0)

    def _page(self, view: bytes, at: int) -> int | None:
        """Read the page header at `at`; return how far the next one may be, or None to wait for more."""
        if at + 27 > len(view) or at + 27 + view[at + 26] > len(view):
            return None
        if view[at : at + 4] != b"OggS":
            return 1
        body = at + 27 + view[at + 26]
        size = body - at + sum(view[at + 27 : body])
        if view[at + 5] & 2:  # the first page of the stream holds the head
            if at + size > len(view):
                return None
            self._pre_skip = int.from_bytes(view[body + 10 : body + 12], "little")
        granule = int.from_bytes(view[at + 6 : at + 14], "little", signed=True)
        self._granule = max(self._granule, granule)
        return size
