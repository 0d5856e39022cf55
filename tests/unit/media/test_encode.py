import io
import wave
from itertools import pairwise

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.contract import AudioFormat, Invalid
from router.media import Encoder, decode
from router.media.rates import RATES, playable_rate
from tests.unit.media.sounds import encoded, pieces, pitch, tone

CONTAINERS = [one for one in AudioFormat if one is not AudioFormat.PCM]
EXPECTED = {
    AudioFormat.MP3: ("mp3", "mp3float"),
    AudioFormat.OPUS: ("ogg", "opus"),
    AudioFormat.AAC: ("aac", "aac"),
    AudioFormat.FLAC: ("flac", "flac"),
    AudioFormat.WAV: ("wav", "pcm_s16le"),
}
PADDING = {AudioFormat.MP3: 0.15, AudioFormat.AAC: 0.15}
"""Seconds that players hear of the encoder's delay, for neither mp3 without a tag nor ADTS can say that it is there."""


@pytest.mark.parametrize("kind", CONTAINERS)
@pytest.mark.parametrize("rate", [16_000, 24_000, 48_000])
def test_decodes_again(kind: AudioFormat, rate: int) -> None:
    """Container, codec, rate, channels, duration and pitch are what was asked for."""
    body = encoded(kind, 2.0, rate)
    with av.open(io.BytesIO(body)) as container:
        stream = container.streams.audio[0]
        assert (container.format.name, stream.codec_context.codec.name) == EXPECTED[kind]
        assert stream.rate == (48_000 if kind is AudioFormat.OPUS else rate)
        assert stream.channels == 1
    samples = np.concatenate(list(decode(body, rate)))
    assert samples.size / rate == pytest.approx(2.0, abs=PADDING.get(kind, 0.005))
    assert pitch(samples.tobytes(), rate) == pytest.approx(440, abs=2)


@pytest.mark.parametrize("kind", AudioFormat)
def test_bytes_come_early_and_steadily(kind: AudioFormat) -> None:
    """The second 60 ms piece at the latest brings the first byte, and no two pieces in a row bring none."""
    encoder = Encoder(kind, 24_000, 24_000)
    sizes = [len(encoder.feed(piece)) for piece in pieces(tone(3.0), 2880)]
    assert sum(sizes[:2]) > 0
    assert all(one + other for one, other in pairwise(sizes))


@pytest.mark.parametrize("kind", AudioFormat)
def test_resampled(kind: AudioFormat) -> None:
    """The rate of the input need not be that of the output."""
    encoder = Encoder(kind, 22_050, 48_000)
    body = b"".join([*map(encoder.feed, pieces(tone(1.0, 22_050), 1111)), encoder.close()])
    samples = np.frombuffer(body, "<i2") if kind is AudioFormat.PCM else np.concatenate(list(decode(body, 48_000)))
    assert samples.size / 48_000 == pytest.approx(1.0, abs=PADDING.get(kind, 0.005))
    assert pitch(samples.tobytes(), 48_000) == pytest.approx(440, abs=3)


@pytest.mark.parametrize("kind", [AudioFormat.PCM, AudioFormat.WAV, AudioFormat.FLAC])
def test_lossless(kind: AudioFormat) -> None:
    """What loses nothing gives back every sample."""
    body = encoded(kind, 0.5)
    samples = body if kind is AudioFormat.PCM else np.concatenate(list(decode(body, 24_000))).tobytes()
    assert samples == tone(0.5)


@given(st.lists(st.integers(1, 4000), max_size=8))
@settings(max_examples=25, deadline=None)
def test_cuts_do_not_matter(cuts: list[int]) -> None:
    """Pieces cut anywhere, in the middle of a sample too, make the same output."""
    source, encoder, at, body = tone(0.2), Encoder(AudioFormat.WAV, 24_000, 24_000), 0, b""
    for cut in cuts:
        body += encoder.feed(source[at : at + cut])
        at += cut
    assert body + encoder.feed(source[at:]) + encoder.close() == encoded(AudioFormat.WAV, 0.2)


@pytest.mark.parametrize("kind", AudioFormat)
def test_nothing_in(kind: AudioFormat) -> None:
    """Without sound an encoder closes without an error and writes no audio."""
    encoder = Encoder(kind, 24_000, 24_000)
    assert encoder.feed(b"") + encoder.feed(b"\0") == b""
    body = encoder.close()
    with pytest.raises(Invalid):
        list(decode(body, 24_000))


def test_wav_for_python() -> None:
    """Python's own reader takes a WAV of unknown length to its end."""
    with wave.open(io.BytesIO(encoded(AudioFormat.WAV, 0.5))) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 24_000)
        assert file.readframes(file.getnframes()) == tone(0.5)


def test_bit_rates_are_said() -> None:
    """Compressed formats keep to about the bits per second that are written down, whatever FFmpeg's default."""
    for kind, expected in ((AudioFormat.MP3, 64_000), (AudioFormat.AAC, 64_000), (AudioFormat.OPUS, 48_000)):
        assert len(encoded(kind, 4.0)) * 8 / 4 == pytest.approx(expected, rel=0.3)


@pytest.mark.parametrize("kind", AudioFormat)
def test_every_listed_rate(kind: AudioFormat) -> None:
    """Each rate a kind is said to carry really encodes."""
    for rate in RATES[kind]:
        assert encoded(kind, 0.2, rate)


def test_rate_asked_for_is_refused() -> None:
    """A rate the format has not is refused, naming the choices; one nobody asked for is rounded up."""
    with pytest.raises(Invalid) as caught:
        playable_rate(AudioFormat.OPUS, 24_000, 44_100)
    assert (caught.value.param, caught.value.limit) == ("sample_rate", "8000, 12000, 16000, 24000, 48000")
    assert playable_rate(AudioFormat.OPUS, 22_050, None) == 24_000
    assert playable_rate(AudioFormat.MP3, 96_000, None) == 48_000
    assert playable_rate(AudioFormat.WAV, 24_000, 16_000) == 16_000
