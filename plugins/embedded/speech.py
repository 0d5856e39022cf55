"""Text to speech with espeak-ng: cleaned text in, 24 kHz PCM out while it is being spoken."""

from collections.abc import Iterator
from contextlib import closing
from itertools import dropwhile

from plugins.embedded.espeak import Mark, engine
from plugins.embedded.library import RATE
from plugins.embedded.timing import timed
from router.contract import AudioFormat, ContentRefused, Word
from router.media import Encoder

SPOKEN_RATE = 24_000
CONTROLS = {code: " " for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\t\n\r\x85"}
"""A NUL would end the text early; espeak-ng reads others, \\x01 above all, as commands to change voice and speed."""

SILENT = "nothing in the text can be spoken in this voice"


def speak(text: str, file: str, words_per_minute: int) -> Iterator[bytes]:
    """Yield s16le mono PCM at `SPOKEN_RATE` as espeak-ng produces it, from the first sound on.

    `file` names the voice as `Espeak.synthesise` wants it. Raises ContentRefused for text without a sound in
    it, such as dots, dashes or blanks; what is silent depends on the language, so the engine is asked.
    """
    resampler = Encoder(AudioFormat.PCM, RATE, SPOKEN_RATE)
    heard = False
    with closing(engine().synthesise(text.translate(CONTROLS), file, words_per_minute)) as chunks:
        for chunk in dropwhile(is_silent, chunks):
            heard = True
            if pcm := resampler.feed(chunk):
                yield pcm
    if not heard:
        raise ContentRefused(SILENT)
    if rest := resampler.close():
        yield rest


def speak_timed(text: str, file: str, words_per_minute: int) -> tuple[bytes, tuple[Word, ...]]:
    """Return the whole of what `speak` yields, and when each word is said, in seconds of it."""
    text = text.translate(CONTROLS)
    marks: list[Mark] = []
    with closing(engine().synthesise(text, file, words_per_minute, marks)) as chunks:
        pieces = list(chunks)
    heard = list(dropwhile(is_silent, pieces))
    if not heard:
        raise ContentRefused(SILENT)
    resampler = Encoder(AudioFormat.PCM, RATE, SPOKEN_RATE)
    pcm = resampler.feed(b"".join(heard)) + resampler.close()
    skipped = length(pieces) - length(heard)
    told = [Mark(at, max(seconds - skipped, 0.0)) for at, seconds in marks]
    return pcm, timed(text, told, length(heard))


def length(pieces: list[bytes]) -> float:
    """Return the seconds that the engine's chunks last."""
    return sum(map(len, pieces)) / 2 / RATE


def is_silent(pcm: bytes) -> bool:
    """Whether every sample is zero, which is what espeak-ng's pauses are made of."""
    return not pcm.strip(b"\0")
