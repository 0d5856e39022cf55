"""Sound that a client sends: kept until it is committed, by the client or where somebody stops speaking."""

import asyncio
import binascii
from importlib import import_module
from typing import TYPE_CHECKING, Final

from router.contract import Invalid
from router.web.realtime.settings import RATE, Detection

if TYPE_CHECKING:
    from router.media.vad import Edge, SpeechDetector

WIDTH: Final = 2
SLICE: Final = RATE // 5 * WIDTH
"""Bytes that are listened to before others get their turn: 0.2 s."""
LATENESS: Final = 0.5
"""Seconds by which a beginning may be told late."""
LARGEST: Final = 2 * 1024 * 1024
"""Bytes of sound in one `append`: 43 s."""


class InputBuffer:
    """Keeps at most `longest` seconds. While nobody speaks a session that detects turns keeps only what may precede one."""

    def __init__(self, longest: float) -> None:
        self.longest = longest
        self.pcm = bytearray()
        self.odd = b""
        self.dropped = 0
        self._detection: Detection | None = None
        self._detector: SpeechDetector | None = None
        self._origin = 0.0

    @property
    def end(self) -> float:
        """Seconds of sound that came so far in this session."""
        return (self.dropped + len(self.pcm)) / WIDTH / RATE

    @property
    def seconds(self) -> float:
        """How much is kept."""
        return len(self.pcm) / WIDTH / RATE

    async def listen(self, detection: Detection | None) -> None:
        """Find turns like this from now on. numpy and soxr are imported for the first who wants to."""
        if detection == self._detection:
            return
        self._detection = detection
        self._detector = None
        if detection is not None:
            await asyncio.to_thread(import_module, "router.media.vad")
            self._begin(detection)

    def whole(self, pcm: bytes) -> bytes:
        """Return the whole samples of a piece and of what the last one left. Raises `Invalid` if they do not fit in."""
        sound = self.odd + pcm
        if self._detection is None and len(self.pcm) + len(sound) > self.longest * RATE * WIDTH:
            raise Invalid(
                f"the input audio buffer holds {self.longest:g} seconds; commit or clear it",
                code="input_audio_buffer_full", param="audio", limit=self.longest,
            )  # fmt: skip
        size = len(sound) - len(sound) % WIDTH
        self.odd = sound[size:]
        return sound[:size]

    def add(self, pcm: bytes) -> "list[Edge]":
        """Take whole samples, and return where somebody began or stopped speaking, in seconds of the session."""
        self.pcm += pcm
        detector = self._detector
        if detector is None or self._detection is None:
            return []
        edges = [edge._replace(at=edge.at + self._origin) for edge in detector.feed(pcm)]
        if detector.speaking and self.seconds > self.longest:
            edges.append(self._cut(self._detection))
        if not edges and not detector.speaking:
            self._forget(self.end - self._detection.prefix_padding_ms / 1000 - LATENESS)
        return edges

    def start(self, at: float) -> float:
        """Forget what came before a beginning, but for what is to precede it; return where that begins."""
        padding = self._detection.prefix_padding_ms / 1000 if self._detection else 0.0
        self._forget(at - padding)
        return self.dropped / WIDTH / RATE

    def take(self, until: float | None = None) -> bytes:
        """Return what is kept, up to a point, and forget that."""
        size = len(self.pcm) if until is None else min(max(sample(until) - self.dropped, 0), len(self.pcm))
        taken = bytes(self.pcm[:size])
        if until is None:
            self.odd = b""
        self._drop(size)
        return taken

    def renew(self) -> None:
        """Listen anew: what was begun is over."""
        if self._detection is not None:
            self._begin(self._detection)

    def _begin(self, detection: Detection) -> None:
        from router.media.vad import SpeechDetector  # noqa: PLC0415 - see `listen`

        self._detector = SpeechDetector(RATE, detection.threshold, detection.silence_duration_ms / 1000)
        self._origin = self.end

    def _cut(self, detection: Detection) -> "Edge":
        """End what goes on for too long."""
        from router.media.vad import Edge  # noqa: PLC0415 - see `listen`

        self._begin(detection)
        return Edge(speaking=False, at=self.end)

    def _forget(self, until: float) -> None:
        self._drop(min(max(sample(until) - self.dropped, 0), len(self.pcm)))

    def _drop(self, size: int) -> None:
        del self.pcm[:size]
        self.dropped += size


def sample(seconds: float) -> int:
    """Return the byte at which a moment begins."""
    return round(seconds * RATE) * WIDTH


def sound(text: str, param: str) -> bytes:
    """Return sound that was sent as base64. Raises `Invalid`."""
    try:
        pcm = binascii.a2b_base64(text, strict_mode=True)
    except ValueError:
        raise Invalid(f"`{param}` is not valid base64", code="invalid_base64", param=param) from None
    if len(pcm) > LARGEST:
        raise Invalid(
            f"`{param}` may hold {LARGEST} bytes of sound, not {len(pcm)}; send it in pieces",
            code="audio_too_large", status=413, param=param, limit=LARGEST,
        )  # fmt: skip
    return pcm
