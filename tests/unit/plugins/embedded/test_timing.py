from itertools import pairwise

import numpy as np
import pytest

from plugins.embedded import EmbeddedProvider
from plugins.embedded.espeak import Mark
from plugins.embedded.timing import timed
from router.contract import ContentRefused, SpeechRequest, Word
from tests.unit.plugins.embedded.sound import RATE, Samples, loudness, seconds

in_session = pytest.mark.asyncio(loop_scope="session")


async def told(
    provider: EmbeddedProvider, text: str, voice: str | None = None, speed: float | None = None
) -> tuple[tuple[Word, ...], Samples]:
    """What is said and when, and the samples."""
    speech = await provider.speak(SpeechRequest(text=text, voice=voice, speed=speed, words=True))
    samples = np.frombuffer(b"".join([chunk async for chunk in speech.chunks]), "<i2")
    assert speech.seconds == seconds(samples)
    return speech.words, samples


@pytest.mark.parametrize(
    ("text", "marks", "words"),
    [
        ("one two", [(0, 0.0), (4, 0.5), (None, 1.0)], [("one", 0.0, 0.5), ("two", 0.5, 1.0)]),
        ("one. two", [(0, 0.0), (None, 0.4), (5, 0.7)], [("one.", 0.0, 0.4), ("two", 0.7, 1.0)]),
        ("1999 it", [(0, 0.0), (1, 0.3), (1, 0.5), (5, 0.8)], [("1999", 0.0, 0.8), ("it", 0.8, 1.0)]),
        ("to - be", [(0, 0.0)], [("to", 0.0, 0.5), ("be", 0.5, 1.0)]),
        ("$5 it", [(1, 0.1), (2, 0.2), (3, 0.5)], [("$5", 0.1, 0.5), ("it", 0.5, 1.0)]),
        ("你好世界。", [(0, 0.0), (2, 0.5)], [("你好", 0.0, 0.5), ("世界。", 0.5, 1.0)]),
        ("one two", [(4, 0.5), (0, 0.6), (99, 0.7)], [("two", 0.5, 1.0)]),
        ("one", [], []),
    ],
    ids=["words", "pause", "number", "one breath", "mid-word", "unspaced", "out of order", "no marks"],
)
def test_marks(text: str, marks: list[tuple[int | None, float]], words: list[tuple[str, float, float]]) -> None:
    """Marks become written words, each with the time until the next one or its clause's end."""
    assert timed(text, [Mark(*mark) for mark in marks], 1.0) == tuple(Word(*word) for word in words)


@in_session
@pytest.mark.parametrize(
    ("voice", "text"),
    [
        ("en-us", "Hello, world. It costs $5.20, he said; out of the box, to be or not to be!"),
        ("en-us", "The quick brown fox jumps over the lazy dog. " * 20),
        ("de", "Der 3. Oktober ist um 12:30 Uhr ein Feiertag."),
        ("fr-fr", "Qu'est-ce que c'est? Il y a 21 chats."),
        ("ar", "مرحبا بالعالم كيف حالك"),
        ("hi", "नमस्ते दुनिया, आप कैसे हैं?"),
    ],
)
async def test_words_of_a_text(embedded: EmbeddedProvider, voice: str, text: str) -> None:
    """Each word comes as it is written, after the one before it and within the sound."""
    words, samples = await told(embedded, text, voice)
    assert [word.word for word in words] == text.split()
    assert words[0].start < 0.1
    assert all(word.start < word.end for word in words)
    assert all(one.end <= other.start + 0.001 for one, other in pairwise(words))
    assert words[-1].end <= seconds(samples)


@in_session
async def test_words_without_blanks(embedded: EmbeddedProvider) -> None:
    """Chinese is cut where the engine does it, and nothing of it is lost."""
    words, _ = await told(embedded, "你好,世界。", "cmn")
    assert "".join(word.word for word in words) == "你好,世界。"
    assert len(words) > 1


@in_session
async def test_times_are_those_of_the_sound(embedded: EmbeddedProvider) -> None:
    """Where a sentence begins by the words, the pause before it ends by the samples."""
    words, samples = await told(embedded, "Stop. Go. Stop.")
    for word in words[1:]:
        at = round(word.start * RATE)
        before, after = samples[at - RATE // 10 : at], samples[at : at + RATE // 4]
        assert loudness(after) > 10 * loudness(before)


@in_session
async def test_words_at_another_speed(embedded: EmbeddedProvider) -> None:
    """Faster speech has earlier words."""
    slow, fast = [(await told(embedded, "one two three four", speed=speed))[0] for speed in (1.0, 2.0)]
    assert fast[-1].start == pytest.approx(slow[-1].start / 2, rel=0.2)


@in_session
async def test_same_sound_as_without(embedded: EmbeddedProvider) -> None:
    """Asking for word times changes the sound no more than speaking it twice does."""
    _, samples = await told(embedded, "Hello, world.")
    plain = await embedded.speak(SpeechRequest(text="Hello, world."))
    streamed = np.frombuffer(b"".join([chunk async for chunk in plain.chunks]), "<i2")
    assert len(samples) == pytest.approx(len(streamed), rel=0.02)
    assert loudness(samples) == pytest.approx(loudness(streamed), rel=0.05)
    assert plain.words == ()


@in_session
async def test_nothing_to_time(embedded: EmbeddedProvider) -> None:
    """Text without a sound is refused here too."""
    with pytest.raises(ContentRefused, match="nothing in the text can be spoken"):
        await embedded.speak(SpeechRequest(text="...", words=True))
