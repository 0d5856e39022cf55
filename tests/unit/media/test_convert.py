import asyncio
import io
from collections.abc import AsyncIterator, Sequence

import av
import numpy as np
import pytest

from router.contract import AudioFormat, BadOutput, Busy, Invalid, Speech, Truncated
from router.media import Wish, Workers, convert, decode
from router.media.child import GRACE
from router.media.convert import Converted
from tests.unit.media import jobs
from tests.unit.media.sounds import RATE, encoded, pieces, pitch, tone

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Source:
    """A provider's stream that remembers what was done to it."""

    def __init__(
        self, chunks: Sequence[bytes], error: Exception | None = None, gate: asyncio.Event | None = None
    ) -> None:
        self._chunks = chunks
        self._error = error
        self._gate = gate
        self.given = 0
        self.closed = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self._chunks:
            yield chunk
            self.given += 1
        if self._gate:
            await self._gate.wait()
        if self._error:
            raise self._error

    async def aclose(self) -> None:
        self.closed += 1


async def read(speech: Speech) -> bytes:
    try:
        return b"".join([chunk async for chunk in speech.chunks])
    finally:
        await speech.chunks.aclose()


def spoken(kind: AudioFormat, seconds: float, error: Exception | None = None, rate: int = RATE) -> Speech:
    return Speech(kind, Source(pieces(encoded(kind, seconds, rate), 2000), error), rate, provider_id="p1")


@pytest.mark.parametrize("source", AudioFormat)
@pytest.mark.parametrize("target", AudioFormat)
async def test_every_pair(pool: Workers, source: AudioFormat, target: AudioFormat) -> None:
    """Every format becomes every other: the same sound for the same time; to itself it is the same object."""
    speech = spoken(source, 2.0)
    result = await convert(pool, speech, Wish(target))
    assert (result is speech) == (source is target)
    assert (result.format, result.sample_rate, result.provider_id) == (target, RATE, "p1")
    body = await read(result)
    pcm = body if target is AudioFormat.PCM else b"".join(one.tobytes() for one in decode(body, RATE))
    assert len(pcm) / 2 / RATE == pytest.approx(2.0, abs=0.2)
    assert pitch(pcm, RATE) == pytest.approx(440, abs=2)


@pytest.mark.parametrize(
    ("speech_rate", "kind", "asked", "same"),
    [
        (24_000, AudioFormat.PCM, None, True), (24_000, AudioFormat.PCM, 24_000, True),
        (22_050, AudioFormat.PCM, None, False), (24_000, AudioFormat.PCM, 16_000, False),
        (22_050, AudioFormat.WAV, None, True), (22_050, AudioFormat.WAV, 24_000, False),
        (44_100, AudioFormat.MP3, None, True), (44_100, AudioFormat.MP3, 44_100, True),
    ],
)  # fmt: skip
async def test_untouched(pool: Workers, speech_rate: int, kind: AudioFormat, asked: int | None, same: bool) -> None:
    """The very same object where nothing has to change; pcm without a rate asked for means 24 kHz."""
    speech = spoken(kind, 0.3, rate=speech_rate)
    result = await convert(pool, speech, Wish(kind, asked))
    assert (result is speech) is same
    assert result.sample_rate == (asked or (RATE if kind is AudioFormat.PCM else speech_rate))
    await result.chunks.aclose()


async def test_rates_and_channels(pool: Workers) -> None:
    """Stereo pcm at 44.1 kHz becomes mono at the rate asked for, at the right pitch."""
    stereo = np.frombuffer(tone(1.0, 44_100), "<i2").repeat(2).astype("<i2").tobytes()
    speech = Speech(AudioFormat.PCM, Source(pieces(stereo, 3001)), 44_100, 2)
    result = await convert(pool, speech, Wish(AudioFormat.PCM, 16_000))
    pcm = await read(result)
    assert (result.channels, result.sample_rate) == (1, 16_000)
    assert len(pcm) / 2 / 16_000 == pytest.approx(1.0, abs=0.002)
    assert pitch(pcm, 16_000) == pytest.approx(440, abs=2)


async def test_rate_the_format_has_not(pool: Workers) -> None:
    """A rate asked for that the format cannot carry is Invalid; an unfit native one is raised to the next."""
    speech = spoken(AudioFormat.PCM, 0.3, rate=22_050)
    with pytest.raises(Invalid, match="no sample rate"):
        await convert(pool, speech, Wish(AudioFormat.OPUS, 44_100))
    result = await convert(pool, speech, Wish(AudioFormat.OPUS))
    assert result.sample_rate == 24_000
    await result.chunks.aclose()


@pytest.mark.parametrize("source", AudioFormat)
@pytest.mark.parametrize("target", AudioFormat)
async def test_streams(pool: Workers, source: AudioFormat, target: AudioFormat) -> None:
    """Bytes come out of every pair while the source is still held open after 3 s of sound."""
    gate = asyncio.Event()
    stream = Source(pieces(encoded(source, 3.0), 2000), gate=gate)
    result = await convert(pool, Speech(source, stream, RATE), Wish(target))
    chunks = aiter(result.chunks)
    first = await asyncio.wait_for(anext(chunks), 30)
    assert first
    gate.set()
    assert b"".join([chunk async for chunk in chunks]) or source is target
    await result.chunks.aclose()


@pytest.mark.parametrize("error", [Truncated("cut"), Busy("full", retry_after=2)])
@pytest.mark.parametrize("target", AudioFormat)
async def test_source_breaks(pool: Workers, target: AudioFormat, error: Truncated | Busy) -> None:
    """A source that breaks gives its own error to the reader, never a clean end."""
    source = AudioFormat.MP3 if target is not AudioFormat.MP3 else AudioFormat.WAV
    result = await convert(pool, spoken(source, 1.0, error), Wish(target))
    with pytest.raises(type(error), match=str(error)):
        await read(result)


@pytest.mark.parametrize("source", AudioFormat)
async def test_empty_source(pool: Workers, source: AudioFormat) -> None:
    """A source without a byte makes a result without a byte."""
    target = AudioFormat.MP3 if source is not AudioFormat.MP3 else AudioFormat.WAV
    assert await read(await convert(pool, Speech(source, Source([]), RATE), Wish(target))) == b""


@pytest.mark.parametrize("source", [one for one in AudioFormat if one is not AudioFormat.PCM])
async def test_not_what_it_says(pool: Workers, source: AudioFormat) -> None:
    """A source that is not in its format is BadOutput of the provider's, not a fault of the caller's."""
    speech = Speech(source, Source([b"<html>not audio at all</html>\n" * 100]), RATE)
    with pytest.raises(BadOutput):
        await read(await convert(pool, speech, Wish(AudioFormat.PCM)))


async def test_close_closes_the_source(pool: Workers) -> None:
    """Closing the result half way stops the job, then closes the source."""
    stream = Source([tone(0.5)], gate=asyncio.Event())
    result = await convert(pool, Speech(AudioFormat.PCM, stream, RATE), Wish(AudioFormat.MP3))
    assert await anext(aiter(result.chunks))
    assert stream.closed == 0
    await result.chunks.aclose()
    await result.chunks.aclose()
    assert stream.closed == 2


async def test_a_job_slow_to_stop(pool: Workers) -> None:
    """A source is closed before the job that it feeds has stopped: a provider does not work on while it takes its time."""
    stream = Source([tone(0.5)], gate=asyncio.Event())
    running = await pool.start(jobs.spins, feed=stream)
    assert await anext(running) == running.pid
    closing = asyncio.create_task(Converted(running, stream).aclose())
    await asyncio.sleep(GRACE / 5)
    assert stream.closed == 1
    assert not closing.done()
    await closing


async def test_wav_of_24_bits(pool: Workers) -> None:
    """A WAV that is not 16-bit PCM is decoded, tags after the sound are not heard."""
    file = io.BytesIO()
    with av.open(file, "w", format="wav") as container:
        stream = container.add_stream("pcm_s24le", rate=RATE, layout="stereo")
        assert isinstance(stream, av.AudioStream)
        samples = np.frombuffer(tone(1.0), "<i2").astype(np.int32).repeat(2).reshape(1, -1) << 16
        frame = av.AudioFrame.from_ndarray(samples, format="s32", layout="stereo")
        frame.sample_rate = RATE
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    speech = Speech(AudioFormat.WAV, Source(pieces(file.getvalue(), 1234)), RATE)
    pcm = await read(await convert(pool, speech, Wish(AudioFormat.PCM)))
    assert len(pcm) == len(tone(1.0))
    assert pitch(pcm, RATE) == pytest.approx(440, abs=2)


@pytest.mark.parametrize(
    ("kind", "bits"), [(AudioFormat.MP3, 128_000), (AudioFormat.OPUS, 96_000), (AudioFormat.AAC, 48_000)]
)
async def test_bit_rates(pool: Workers, kind: AudioFormat, bits: int) -> None:
    """A bit rate that is asked for is kept within a fifth, even where the format was right already."""
    usual = await read(await convert(pool, spoken(AudioFormat.PCM, 4.0), Wish(kind)))
    speech = Speech(kind, Source([usual]), RATE)
    made = await read(await convert(pool, speech, Wish(kind, 48_000, bits)))
    assert len(made) * 8 / 4.0 == pytest.approx(bits, rel=0.2)


@pytest.mark.parametrize(
    ("wish", "limit"),
    [
        (Wish(AudioFormat.MP3, 44_100, 320_000), "32 to 192 kbit/s"),
        (Wish(AudioFormat.MP3, 24_000, 192_000), "32 to 160 kbit/s"),
        (Wish(AudioFormat.FLAC, 48_000, 64_000), "no bit rate to choose"),
    ],
)
async def test_bit_rates_that_cannot_be(pool: Workers, wish: Wish, limit: str) -> None:
    """They are refused with what can be, and the source is left to the caller."""
    with pytest.raises(Invalid) as caught:
        await convert(pool, spoken(AudioFormat.PCM, 1.0), wish)
    assert (caught.value.param, caught.value.limit) == ("bit_rate", limit)
