import io

import av
import pytest

from router.contract import AudioFormat
from router.media import sounds
from router.media.wav import written_header
from tests.unit.media.sounds import encoded


def empty(muxer: str, codec: str) -> bytes:
    """A file that FFmpeg closes without having been given a sample."""
    file = io.BytesIO()
    with av.open(file, "w", format=muxer) as container:
        stream = container.add_stream(codec, rate=48_000, layout="mono")
        assert isinstance(stream, av.AudioStream)
        container.start_encoding()
        container.mux(stream.encode(None))
    return file.getvalue()


@pytest.mark.parametrize(
    ("kind", "muxer", "codec"),
    [
        (AudioFormat.MP3, "mp3", "libmp3lame"),
        (AudioFormat.OPUS, "ogg", "libopus"),
        (AudioFormat.FLAC, "flac", "flac"),
        (AudioFormat.WAV, "wav", "pcm_s16le"),
    ],
)
def test_a_file_without_sound(kind: AudioFormat, muxer: str, codec: str) -> None:
    """It has a header, tags, for mp3 even a frame that holds an index, and nothing to hear."""
    file = empty(muxer, codec)
    assert len(file) > 40
    assert not sounds(kind, file)


@pytest.mark.parametrize(
    ("kind", "head"),
    [
        (AudioFormat.WAV, written_header(24_000)),
        (AudioFormat.MP3, b"ID3\x04\0\0\0\0\0\x20" + bytes(32)),
        (AudioFormat.PCM, b""),
    ],
)
def test_what_stands_before_it(kind: AudioFormat, head: bytes) -> None:
    """A header of unknown length and a tag are not sound."""
    assert not sounds(kind, head)


MOST_BEFORE = {
    AudioFormat.WAV: 46,
    AudioFormat.PCM: 2,
    AudioFormat.MP3: 600,
    AudioFormat.AAC: 10,
    AudioFormat.OPUS: 160,
    AudioFormat.FLAC: 8400,
}
"""Bytes; FLAC's are the padding that FFmpeg leaves for tags, sent at once with the header."""


@pytest.mark.parametrize("kind", AudioFormat)
def test_the_shortest_sound(kind: AudioFormat) -> None:
    """A hundredth of a second is sound, and it is noticed with its first frame."""
    head = encoded(kind, 0.5)[: MOST_BEFORE[kind]]
    assert sounds(kind, head)
    assert sounds(kind, encoded(kind, 0.01))
