"""Text to speech with espeak-ng: cleaned text in, 24 kHz PCM out while it is being spoken."""

from collections.abc import Iterator
from contextlib import closing
from itertools import dropwhile

from plugins.embedded.espeak import RATE, engine
from router.contract import AudioFormat, ContentRefused
from router.media import Encoder

SPOKEN_RATE = 24_000
CONTROLS = {code: " " for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\t\n\r\x85"}
"""A NUL would end the text early; espeak-ng reads others, \\x01 above all, as commands to change voice and speed."""


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
        raise ContentRefused("nothing in the text can be spoken in this voice")
    if rest := resampler.close():
        yield rest


def is_silent(pcm: bytes) -> bool:
    """Whether every sample is zero, which is what espeak-ng's pauses are made of."""
    return not pcm.strip(b"\0")
