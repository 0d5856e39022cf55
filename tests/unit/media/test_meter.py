import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.contract import AudioFormat
from router.media import audio_meter
from router.media.wav import written_header
from tests.unit.media.sounds import contained, encoded, tone

SECONDS = 1.7
BODIES = {kind: encoded(kind, SECONDS) for kind in AudioFormat}
PADDING = {AudioFormat.MP3: 0.1, AudioFormat.AAC: 0.1, AudioFormat.FLAC: 0.0, AudioFormat.OPUS: 0.021}
"""Seconds of the encoder's own that are in the stream; Opus packets are 20 ms and the last one may be cut short."""


def metered(kind: AudioFormat, chunks: list[bytes], rate: int = 24_000, channels: int = 1) -> float:
    meter = audio_meter(kind, rate, channels)
    for chunk in chunks:
        meter.feed(chunk)
    return meter.seconds


@pytest.mark.parametrize("kind", AudioFormat)
def test_seconds(kind: AudioFormat) -> None:
    """The count is the duration, but for the padding that is really in the stream."""
    assert SECONDS - 0.001 <= metered(kind, [BODIES[kind]]) <= SECONDS + PADDING.get(kind, 0.0) + 0.001


@pytest.mark.parametrize("kind", AudioFormat)
@given(cuts=st.lists(st.integers(0, 90_000), max_size=12))
@settings(max_examples=30, deadline=None)
def test_cuts_do_not_matter(kind: AudioFormat, cuts: list[int]) -> None:
    """However the stream is cut, the seconds are the same."""
    body = BODIES[kind]
    edges = [0, *sorted(cut % len(body) for cut in cuts), len(body)]
    chunks = [body[start:end] for start, end in pairwise(edges)]
    assert metered(kind, chunks) == pytest.approx(metered(kind, [body]), abs=1e-9)


@pytest.mark.parametrize("kind", AudioFormat)
def test_byte_by_byte(kind: AudioFormat) -> None:
    """Single bytes count as well as whole streams, and the count never falls."""
    meter, seen = audio_meter(kind, 24_000), [0.0]
    for byte in BODIES[kind]:
        meter.feed(bytes([byte]))
        seen.append(meter.seconds)
    assert seen == sorted(seen)
    assert seen[-1] == pytest.approx(metered(kind, [BODIES[kind]]), abs=1e-9)


@pytest.mark.parametrize("kind", AudioFormat)
@given(body=st.binary(max_size=400))
@settings(max_examples=100, deadline=None)
def test_any_bytes(kind: AudioFormat, body: bytes) -> None:
    """Bytes that are no audio make no error and no endless loop."""
    assert metered(kind, [body, body]) >= 0


@pytest.mark.parametrize("kind", [AudioFormat.MP3, AudioFormat.AAC, AudioFormat.OPUS, AudioFormat.FLAC])
def test_half(kind: AudioFormat) -> None:
    """A stream that breaks off counts what came."""
    body = BODIES[kind]
    assert metered(kind, [body[: len(body) // 2]]) == pytest.approx(SECONDS / 2, abs=0.25)


def test_pcm_channels() -> None:
    """Stereo at another rate is counted as such."""
    assert metered(AudioFormat.PCM, [bytes(4 * 48_000)], 48_000, 2) == 1.0


def test_wav_ends_where_it_says() -> None:
    """Chunks after the sound are not sound, and other chunks may come before it."""
    sound = tone(0.5)
    header = bytearray(written_header(24_000))
    header[40:44] = len(sound).to_bytes(4, "little")
    header[36:36] = b"LIST" + (5).to_bytes(4, "little") + b"hello\0"
    assert metered(AudioFormat.WAV, [bytes(header), sound, b"LIST" + bytes(500)]) == pytest.approx(0.5)


def test_id3_tag() -> None:
    """A tag before the first mp3 frame, a picture's size even, is hopped over."""
    tag = b"ID3\x04\0\0" + bytes([0, 2, 0, 0]) + random.Random(3).randbytes(2 << 14)
    assert metered(AudioFormat.MP3, [tag, BODIES[AudioFormat.MP3]]) == metered(
        AudioFormat.MP3, [BODIES[AudioFormat.MP3]]
    )


def test_flac_with_the_length_up_front() -> None:
    """FLAC written to a file, with its length in the header, counts frames all the same."""
    assert metered(AudioFormat.FLAC, [contained("flac", "flac", 1.3)]) == pytest.approx(1.3, abs=0.001)


def test_other_mpeg_versions() -> None:
    """MPEG 1 and 2.5 frames are as good as MPEG 2's."""
    for rate in (8_000, 16_000, 44_100, 48_000):
        assert metered(AudioFormat.MP3, [encoded(AudioFormat.MP3, 2.0, rate)]) == pytest.approx(2.0, abs=0.3)


FRAMES = {
    b"\xff\xfb\x90\x64": (417, 1152 / 44_100),
    b"\xff\xfb\x92\x64": (418, 1152 / 44_100),
    b"\xff\xf3\x84\xc4": (192, 0.024),
}
"""Headers, and the bytes and seconds of their frames: 128 kbit/s without and with padding, and 64 kbit/s at 24 kHz."""


@given(
    runs=st.lists(st.tuples(st.sampled_from(sorted(FRAMES)), st.integers(1, 90)), max_size=6),
    between=st.integers(0, 3),
)
@settings(max_examples=60, deadline=None)
def test_runs_of_frames(runs: list[tuple[bytes, int]], between: int) -> None:
    """Frames that are alike count for as much many at once as one by one, whatever stands between the runs."""
    end = bytes(10)
    body = b"".join(head.ljust(FRAMES[head][0], b"\0") * times + bytes(between) for head, times in runs) + end
    pieces = [body[at : at + 100] for at in range(0, len(body), 100)]
    seconds = sum(times * FRAMES[head][1] for head, times in runs)
    assert metered(AudioFormat.MP3, [body]) == pytest.approx(seconds, abs=1e-9)
    assert metered(AudioFormat.MP3, pieces) == pytest.approx(seconds, abs=1e-9)
