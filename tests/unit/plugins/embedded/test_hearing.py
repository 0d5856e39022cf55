import asyncio
import string
from pathlib import Path

import jiwer
import numpy as np
import pytest

from plugins.embedded import EmbeddedProvider
from plugins.embedded.hearing import HOP, LONGEST, recognise, recognizer, segments, utterances
from router.contract import AudioFormat, Inline, Invalid, Transcript, TranscriptionRequest, Upload, Word
from router.media import Encoder
from tests.unit.plugins.embedded.sound import RATE, Samples, spoken, wav

SENTENCES = (
    "The weather is nice today and we are going to the park.",
    "She opened the window and looked at the street below.",
    "Please call me back when you have finished the report.",
    "The train to the city leaves at seven every morning.",
    "My brother works in a small shop near the river.",
    "We need more water and a little bread for the evening.",
    "The children played in the garden until it was dark.",
    "He read the letter twice and put it in his pocket.",
    "They decided to sell the old house and move north.",
    "A good teacher always listens to the questions of students.",
)
in_session = pytest.mark.asyncio(loop_scope="session")


async def heard(provider: EmbeddedProvider, samples: Samples) -> Transcript:
    return await provider.transcribe(TranscriptionRequest(audio=wav(samples), words=True, segments=True))


def plain(text: str) -> str:
    return text.lower().translate(str.maketrans("", "", string.punctuation))


@in_session
@pytest.mark.parametrize("voice", ["en-us", "en-us+edward"])
async def test_plain_sentences(embedded: EmbeddedProvider, voice: str) -> None:
    """Of ten plain sentences in a robot's voice, more than half the words are understood."""
    speech = [await spoken(embedded, sentence, voice) for sentence in SENTENCES]
    texts = [(await heard(embedded, samples)).text for samples in speech]
    errors = jiwer.wer([plain(sentence) for sentence in SENTENCES], texts)
    print(f"word error rate with espeak-ng's {voice}: {errors:.1%}")
    assert errors < 0.5


@in_session
async def test_times(embedded: EmbeddedProvider) -> None:
    """Words follow one another inside the audio, and segments hold exactly the words, in order."""
    samples = await spoken(embedded, " ".join(SENTENCES[:3]), "en-us+edward")
    transcript = await heard(embedded, samples)
    times = [time for word in transcript.words for time in (word.start, word.end)]
    assert transcript.duration == pytest.approx(len(samples) / RATE, abs=0.01)
    assert times == sorted(times)
    assert times[0] >= 0
    assert times[-1] <= (transcript.duration or 0)
    assert " ".join(word.word for word in transcript.words) == transcript.text
    assert " ".join(segment.text for segment in transcript.segments) == transcript.text
    assert (transcript.segments[0].start, transcript.segments[-1].end) == (times[0], times[-1])
    assert transcript.language == "en"


@in_session
async def test_only_words_are_written(embedded: EmbeddedProvider) -> None:
    """Silences, noises and numbers of pronunciations are not words."""
    transcript = await heard(embedded, await spoken(embedded, " ".join(SENTENCES[:2])))
    assert set(transcript.text) <= {*string.ascii_lowercase, " ", "'"}


@in_session
async def test_times_only_if_asked_for(embedded: EmbeddedProvider) -> None:
    """Word and segment times are left out unless asked for."""
    transcript = await embedded.transcribe(TranscriptionRequest(audio=wav(await spoken(embedded, SENTENCES[0]))))
    assert transcript.text
    assert (transcript.words, transcript.segments) == ((), ())


@in_session
async def test_repeatable(embedded: EmbeddedProvider) -> None:
    """The same audio gives the same transcript, whatever was heard in between."""
    speech, other = await spoken(embedded, SENTENCES[0]), await spoken(embedded, SENTENCES[1], "en-us+f3")
    first, _, again = [await heard(embedded, samples) for samples in (speech, other, speech)]
    assert again == first


@in_session
@pytest.mark.parametrize("length", [0.0001, 0.01, 0.05, 0.2, 3.0])
async def test_silence(embedded: EmbeddedProvider, length: float) -> None:
    """Digital silence, however short, is no words and no error."""
    transcript = await heard(embedded, np.zeros(max(1, round(length * RATE)), np.int16))
    assert (transcript.text, transcript.words, transcript.segments) == ("", (), ())
    assert transcript.duration == pytest.approx(length, abs=0.001)


@in_session
async def test_compressed_file(embedded: EmbeddedProvider, tmp_path: Path) -> None:
    """An mp3 in a file is understood as its samples are."""
    samples = await spoken(embedded, SENTENCES[0], "en-us+edward")
    encoder = Encoder(AudioFormat.MP3, RATE, RATE)
    file = tmp_path / "speech"
    file.write_bytes(encoder.feed(samples.tobytes()) + encoder.close())
    upload = Upload(file, file.stat().st_size, "audio/mpeg")
    transcript = await embedded.transcribe(TranscriptionRequest(audio=upload))
    assert jiwer.wer((await heard(embedded, samples)).text, transcript.text) < 0.5


@in_session
@pytest.mark.parametrize("body", [b"", b"these are words, not sounds", bytes(range(256)) * 40])
async def test_no_audio(embedded: EmbeddedProvider, body: bytes) -> None:
    """A body without audio is the caller's mistake."""
    with pytest.raises(Invalid):
        await embedded.transcribe(TranscriptionRequest(audio=Inline(body, "audio/wav")))


@in_session
async def test_caller_who_leaves(embedded: EmbeddedProvider) -> None:
    """Cancelling a transcription frees its worker at once: both are there for the next two."""
    minutes = np.tile(await spoken(embedded, SENTENCES[0]), 200)
    abandoned = [asyncio.create_task(heard(embedded, minutes)) for _ in range(2)]
    await asyncio.wait(abandoned, timeout=1)
    for task in abandoned:
        task.cancel()
    await asyncio.wait(abandoned)
    assert [task.cancelled() for task in abandoned] == [True, True]
    assert (await heard(embedded, np.zeros(RATE, np.int16))).text == ""


def test_long_audio_is_cut_where_it_is_quiet() -> None:
    """Audio without end comes in pieces of bounded length, cut in lulls, and not a sample is lost."""
    noise = np.random.default_rng(0)
    audio = noise.integers(-9000, 9000, int(3.5 * LONGEST)).astype(np.int16)
    lulls = [int(share * LONGEST) for share in (0.7, 1.5, 2.2, 3.1)]
    for start in lulls:
        audio[start : start + 10 * HOP] = 0
    pieces = list(utterances(audio[at : at + 1000] for at in range(0, len(audio), 1000)))
    cuts = np.cumsum([len(piece) for piece in pieces[:-1]])
    assert np.array_equal(np.concatenate(pieces), audio)
    assert max(map(len, pieces)) <= LONGEST
    assert [min(abs(cut - start - 5 * HOP) for start in lulls) <= HOP for cut in cuts] == [True] * len(cuts)


def test_one_block_may_hold_it_all() -> None:
    """A single block longer than the limit is cut like any other audio; no audio is no utterance."""
    assert sum(map(len, utterances([np.zeros(3 * LONGEST, np.int16)]))) == 3 * LONGEST
    assert list(utterances([])) == []


def test_segments_end_at_pauses() -> None:
    """A quarter of a second without a word ends a segment, less does not."""
    words = [Word("a", 0.0, 0.2), Word("b", 0.44, 0.6), Word("c", 0.85, 1.0)]
    assert [(one.text, one.start, one.end) for one in segments(words)] == [("a b", 0.0, 0.6), ("c", 0.85, 1.0)]
    assert list(segments([])) == []


def test_silence_costs_nothing() -> None:
    """What is quieter than the noise that would be added is not decoded: the model is not even loaded."""
    assert recognise(np.full(LONGEST, -32, np.int16), 0.0, np.random.default_rng(0)) == []
    assert recognizer.cache_info().currsize == 0
