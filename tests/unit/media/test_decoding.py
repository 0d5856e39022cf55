import io
from contextlib import suppress
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.contract import AudioFormat, Invalid
from router.media import decode
from router.media.inspection import inspect
from tests.unit.media.sounds import contained, encoded, picture, pitch, saved, tone

CONTAINERS = [
    ("ipod", "aac"), ("mp4", "aac"), ("mov", "aac"), ("webm", "libopus"), ("matroska", "pcm_s16le"), ("ogg", "libopus"),
    ("mp3", "libmp3lame"), ("adts", "aac"), ("aiff", "pcm_s16be"), ("mpegts", "aac"), ("wav", "pcm_s24le"),
]  # fmt: skip


class Onward:
    """A source that cannot be sought in, handing out few bytes at a time."""

    def __init__(self, data: bytes) -> None:
        self._file = io.BytesIO(data)
        self.taken = 0

    def read(self, size: int, /) -> bytes:
        part = self._file.read(min(size, 700))
        self.taken += len(part)
        return part


@pytest.mark.parametrize(("muxer", "codec"), CONTAINERS)
def test_containers(muxer: str, codec: str, tmp_path: Path) -> None:
    """Every container comes out mono at the rate asked for, from bytes and from a file, its index last or not."""
    body = contained(muxer, codec, 1.0)
    for source in (body, saved(tmp_path / "sound", body)):
        samples = np.concatenate(list(decode(source, 16_000)))
        assert samples.dtype == np.int16
        assert samples.size / 16_000 == pytest.approx(1.0, abs=0.15)
        assert pitch(samples.tobytes(), 16_000) == pytest.approx(440, abs=3)


def test_index_at_the_end() -> None:
    """The m4a of the test above does have its index after the sound."""
    body = contained("ipod", "aac", 1.0)
    assert body.index(b"mdat") < body.index(b"moov")


@pytest.mark.parametrize(
    ("kind", "demuxer"),
    [
        (AudioFormat.MP3, "mp3"), (AudioFormat.OPUS, "ogg"), (AudioFormat.AAC, "aac"),
        (AudioFormat.FLAC, "flac"),
    ],
)  # fmt: skip
def test_incremental(kind: AudioFormat, demuxer: str) -> None:
    """A stream that cannot be sought in gives its first samples before a second of it has been read."""
    source = Onward(encoded(kind, 10.0))
    total = len(encoded(kind, 10.0))
    samples = decode(source, 24_000, demuxer)
    first = next(samples)
    assert first.size > 0
    assert source.taken < total * 0.1 + 8192
    assert (first.size + sum(one.size for one in samples)) / 24_000 == pytest.approx(10.0, abs=0.15)


def test_damaged_packets_are_passed_over() -> None:
    """A few broken bytes cost a moment of sound, not the file."""
    body = bytearray(encoded(AudioFormat.MP3, 4.0))
    body[8000:8040] = bytes(40)
    samples = np.concatenate(list(decode(bytes(body), 24_000)))
    assert samples.size / 24_000 == pytest.approx(4.0, abs=0.3)


def test_rate_that_changes() -> None:
    """Joined files of different rates keep their time and pitch."""
    body = encoded(AudioFormat.MP3, 1.0) + encoded(AudioFormat.MP3, 1.0, 48_000)
    samples = np.concatenate(list(decode(body, 24_000)))
    assert samples.size / 24_000 == pytest.approx(2.0, abs=0.3)
    for half in (samples[:20_000], samples[-20_000:]):
        assert pitch(half.tobytes(), 24_000) == pytest.approx(440, abs=5)


def test_cut_off() -> None:
    """A file that was cut off gives what is there."""
    body = encoded(AudioFormat.FLAC, 4.0)
    samples = np.concatenate(list(decode(body[: len(body) // 2], 24_000)))
    assert 1.0 < samples.size / 24_000 < 3.0


@pytest.mark.parametrize("body", [b"", b"just text, and not a sound in it\n" * 50, bytes(5000), tone(0.5)])
def test_no_media(body: bytes) -> None:
    """What is not media is Invalid."""
    with pytest.raises(Invalid):
        list(decode(body, 16_000))


def test_picture() -> None:
    """A picture has no sound in it and is Invalid."""
    with pytest.raises(Invalid, match="without sound"):
        list(decode(picture("png", 32, 32), 16_000))


@given(seed=st.integers(0, 2**32), kind=st.sampled_from([one for one in AudioFormat if one is not AudioFormat.PCM]))
@settings(max_examples=60, deadline=None)
def test_damage(seed: int, kind: AudioFormat) -> None:
    """However a file is damaged, it gives sound or is Invalid: FFmpeg's own errors do not get out."""
    random, body = Random(seed), bytearray(encoded(kind, 0.5))
    for _ in range(random.randrange(1, 30)):
        body[random.randrange(min(len(body), random.choice([100, 10**6])))] = random.randrange(256)
    with suppress(Invalid):
        assert all(one.size for one in decode(bytes(body[: random.randrange(len(body))]), 16_000))
    with suppress(Invalid):
        assert "/" in inspect(bytes(body)).media_type
