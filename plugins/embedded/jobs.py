"""What worker processes are asked to do. Engines are imported there alone: they are an extra, large, and crash."""

from collections.abc import Iterator
from pathlib import Path

from router.contract import Transcript, Word


def speak(_inbox: Iterator[bytes], text: str, file: str, words_per_minute: int) -> Iterator[bytes]:
    """Yield 24 kHz PCM; see `plugins.embedded.speech.speak`."""
    from plugins.embedded import speech  # noqa: PLC0415 - see above

    yield from speech.speak(text, file, words_per_minute)


def speak_timed(
    _inbox: Iterator[bytes], text: str, file: str, words_per_minute: int
) -> Iterator[tuple[bytes, tuple[Word, ...]]]:
    """Yield once: 24 kHz PCM and its words; see `plugins.embedded.speech.speak_timed`."""
    from plugins.embedded import speech  # noqa: PLC0415 - see above

    yield speech.speak_timed(text, file, words_per_minute)


def transcribe(_inbox: Iterator[bytes], source: bytes | Path) -> Iterator[Transcript]:
    """Yield once: what is said in an audio file or its bytes."""
    from plugins.embedded import hearing  # noqa: PLC0415 - see above

    yield hearing.transcribe(source)


def animate(inbox: Iterator[bytes], face: bytes | Path, voice: bytes | Path, size: tuple[int, int]) -> Iterator[bytes]:
    """Yield fragmented MP4; see `plugins.embedded.avatar.animate`."""
    from plugins.embedded import avatar  # noqa: PLC0415 - see above

    yield from avatar.animate(inbox, face, voice, size)
