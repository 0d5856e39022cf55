"""Speech to text with pocketsphinx and the en-us model in its wheel: plain lower-case English with word times."""

from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from re import compile as regex

import numpy as np
from numpy.typing import NDArray
from pocketsphinx import Config, Decoder  # type: ignore[import-untyped] # the wheel has no stubs

from router.contract import Segment, Transcript, Word
from router.media import decode

Samples = NDArray[np.int16]

RATE = 16_000
"""Hertz the model was trained at."""
FRAMES_PER_SECOND = 100
FULL_SCALE = 32_767
DITHER = 0.001
"""Amplitude of the white noise added, of full scale: digital silence, which no microphone makes, misleads the model."""
SEED = 0
LEAD = 3 * RATE // 10
"""Samples of quiet put before and after an utterance: the model expects a pause there, recordings may have none."""
LONGEST = 20 * RATE
"""Samples decoded at once: bounds the memory used, and the delay before a caller who left is noticed."""
HOP = RATE // 50
LULL = 10
"""Hops of quiet looked for when audio has to be cut: 0.2 s."""
PAUSE = 0.25
"""Seconds without a word that end a segment."""

FILLER = regex(r"[<\[+].*")
"""Not words: <s> </s> <sil> [NOISE] [SPEECH] ++UM++."""
ALTERNATE = regex(r"\(\d+\)$")
"""The dictionary numbers further pronunciations: `to(3)`."""


@cache
def recognizer() -> Decoder:
    """Return this process's decoder; the first call loads the model, half a second and 100 MB.

    The two limits on active states cost no accuracy on human speech and save 40 % of the time. Batch
    normalisation makes each utterance independent of what was heard before it.
    """
    return Decoder(Config(maxhmmpf=3000, maxwpf=20, cmn="batch", loglevel="FATAL"))


def transcribe(source: bytes | Path) -> Transcript:
    """Write down audio in any format FFmpeg decodes; raises Invalid if there is none in `source`.

    Text is empty where nobody speaks. It has no capitals or punctuation, and numbers are words.
    """
    noise = np.random.default_rng(SEED)
    words: list[Word] = []
    heard = 0
    for samples in utterances(decode(source, RATE)):
        words += recognise(samples, heard / RATE, noise)
        heard += len(samples)
    return Transcript(
        text=" ".join(word.word for word in words),
        language="en",
        duration=heard / RATE,
        segments=tuple(segments(words)),
        words=tuple(words),
    )


def utterances(blocks: Iterable[Samples]) -> Iterator[Samples]:
    """Cut audio, where it is longer than `LONGEST`, at the quietest moment of the second half of that."""
    held: list[Samples] = []
    for block in blocks:
        held.append(block)
        while sum(map(len, held)) >= LONGEST:
            samples = np.concatenate(held)
            cut = quietest(samples[:LONGEST])
            yield samples[:cut]
            held = [samples[cut:]]
    if held:
        yield np.concatenate(held)


def quietest(samples: Samples) -> int:
    """Return the middle of the quietest lull in the second half of `LONGEST` samples."""
    half = LONGEST // 2
    power = np.square(samples[half:].astype(np.float32)).reshape(-1, HOP).sum(axis=1)
    lulls = np.convolve(power, np.ones(LULL, np.float32), mode="valid")
    return half + HOP * (int(lulls.argmin()) + LULL // 2)


def dithered(samples: Samples, noise: np.random.Generator) -> Samples:
    """Add white noise of amplitude `DITHER`."""
    added = samples + noise.uniform(-DITHER * FULL_SCALE, DITHER * FULL_SCALE, len(samples))
    return added.clip(-FULL_SCALE, FULL_SCALE).astype(np.int16)


def recognise(samples: Samples, offset: float, noise: np.random.Generator) -> list[Word]:
    """Return the words in one utterance; it starts `offset` seconds into the audio, and word times count from there."""
    if np.abs(samples.astype(np.int32)).max() <= DITHER * FULL_SCALE:
        return []  # the model finds no words in it either, but takes a third of its length to do so
    decoder = recognizer()
    decoder.start_utt()
    decoder.process_raw(dithered(np.pad(samples, LEAD), noise).tobytes(), full_utt=True)
    decoder.end_utt()
    end = offset + len(samples) / RATE

    def time(frame: int) -> float:
        return min(max(round(offset - LEAD / RATE + frame / FRAMES_PER_SECOND, 3), offset), end)

    return [
        Word(ALTERNATE.sub("", one.word), time(one.start_frame), time(one.end_frame + 1))
        for one in decoder.seg() or ()
        if not FILLER.fullmatch(one.word)
    ]


def segments(words: Iterable[Word]) -> Iterator[Segment]:
    """Group words into segments: one ends where `PAUSE` seconds or more pass before the next word."""
    group: list[Word] = []
    for word in words:
        if group and word.start - group[-1].end >= PAUSE:
            yield segment(group)
            group = []
        group.append(word)
    if group:
        yield segment(group)


def segment(words: list[Word]) -> Segment:
    """Join the words of one segment."""
    return Segment(text=" ".join(word.word for word in words), start=words[0].start, end=words[-1].end)
