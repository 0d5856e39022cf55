import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.contract import AudioFormat
from router.media import CONTENT_TYPES, Mp4Writer, plausible, sniff
from tests.unit.media.sounds import contained, encoded, picture, tone

CONTAINERS = [one for one in AudioFormat if one is not AudioFormat.PCM]


@pytest.mark.parametrize("kind", CONTAINERS)
def test_own_output(kind: AudioFormat) -> None:
    """What we encode is recognised as what we say it is, and is plausible from its first bytes on."""
    body = encoded(kind, 0.3)
    assert sniff(body) == CONTENT_TYPES[kind]
    assert plausible(kind, body) is True


@pytest.mark.parametrize("kind", CONTAINERS)
def test_other_formats_are_implausible(kind: AudioFormat) -> None:
    """A stream in one container is refused as any other, and containers are refused as pcm."""
    body = encoded(kind, 0.3)
    for other in AudioFormat:
        if other is not kind and not (other is AudioFormat.PCM and body[0] == 0xFF):
            assert plausible(other, body) is False, other


@pytest.mark.parametrize("kind", AudioFormat)
def test_verdict_is_stable(kind: AudioFormat) -> None:
    """True beginnings are never refused for being short: more bytes only ever settle an open verdict."""
    body = tone(0.1) if kind is AudioFormat.PCM else encoded(kind, 0.3)
    verdicts = [plausible(kind, body[:size]) for size in range(64)]
    assert verdicts[0] is None
    assert False not in verdicts
    assert verdicts == sorted(verdicts, key=lambda verdict: verdict is True)


@pytest.mark.parametrize("kind", AudioFormat)
@pytest.mark.parametrize("body", [b'{"error": {"message": "no"}}', b"<!DOCTYPE html><html>", b"<?xml version='1.0'?>"])
def test_error_page(kind: AudioFormat, body: bytes) -> None:
    """An error message sent with status 200 is no audio in any format."""
    assert plausible(kind, body) is False


@given(st.binary(max_size=80))
def test_any_bytes(head: bytes) -> None:
    """No input makes either of them fail."""
    found = sniff(head)
    assert found is None or "/" in found
    assert all(plausible(kind, head) in (True, False, None) for kind in AudioFormat)


@pytest.mark.parametrize(
    ("codec", "media_type"),
    [("png", "image/png"), ("mjpeg", "image/jpeg"), ("libwebp", "image/webp"), ("gif", "image/gif")],
)
def test_pictures(codec: str, media_type: str) -> None:
    """Pictures are told by their content."""
    assert sniff(picture(codec, 32, 16)) == media_type


@pytest.mark.parametrize(
    ("muxer", "codec", "media_type"),
    [
        ("ipod", "aac", "audio/mp4"),
        ("mp4", "aac", "video/mp4"),
        ("mov", "aac", "video/quicktime"),
        ("webm", "libopus", "video/webm"),
        ("matroska", "libopus", "video/x-matroska"),
        ("aiff", "pcm_s16be", "audio/aiff"),
        ("mp3", "libmp3lame", "audio/mpeg"),
    ],
)
def test_containers(muxer: str, codec: str, media_type: str) -> None:
    """Containers are told by their content; those that can hold a picture are called video."""
    assert sniff(contained(muxer, codec, 0.2)) == media_type


def test_our_mp4() -> None:
    """The fragmented MP4 we write is video/mp4 from its first bytes."""
    writer = Mp4Writer(64, 64, 24_000)
    body = writer.sound(tone(0.04)) + writer.picture(np.zeros((96, 64), np.uint8)) + writer.close()
    assert sniff(body) == "video/mp4"


@pytest.mark.parametrize(
    "body", [b"", b"hello", b"%PDF-1.7", b"PK\x03\x04", b"v=0\r\no=- 0 0 IN IP4 127.0.0.1", bytes(64)]
)
def test_not_media(body: bytes) -> None:
    """Everything else has no media type."""
    assert sniff(body) is None
