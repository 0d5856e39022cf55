import asyncio
import struct
import time
import zlib
from pathlib import Path

import numpy as np
import pytest

from router.contract import AudioFormat, Invalid
from router.media import CONTENT_TYPES, Mp4Writer, Probed, Workers, probe
from router.media.wav import written_header
from tests.unit.media.sounds import contained, encoded, picture, saved, tone

pytestmark = pytest.mark.asyncio(loop_scope="module")

SDP = b"""v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r
m=audio 5004 RTP/AVP 96\r\na=rtpmap:96 opus/48000\r\n"""


@pytest.mark.parametrize("kind", [one for one in AudioFormat if one is not AudioFormat.PCM])
async def test_sound(pool: Workers, kind: AudioFormat, tmp_path: Path) -> None:
    """Sound in every format has its type and its length, streamed headers notwithstanding, from bytes or a file."""
    body = encoded(kind, 3.0)
    for source in (body, saved(tmp_path / "sound.png", body)):
        found = await probe(pool, source)
        assert (found.kind, found.media_type, found.width) == ("audio", CONTENT_TYPES[kind], None)
        assert found.seconds == pytest.approx(3.0, abs=0.15)


@pytest.mark.parametrize(
    ("muxer", "codec", "media_type"),
    [
        ("ipod", "aac", "audio/mp4"), ("mp4", "aac", "audio/mp4"), ("webm", "libopus", "audio/webm"),
        ("mpegts", "aac", "video/mp2t"),
    ],
)  # fmt: skip
async def test_containers(pool: Workers, muxer: str, codec: str, media_type: str) -> None:
    """A container that could hold a picture and does not is audio."""
    found = await probe(pool, contained(muxer, codec, 2.0))
    assert (found.kind, found.media_type) == ("audio", media_type)
    assert found.seconds == pytest.approx(2.0, abs=0.1)


@pytest.mark.parametrize(
    ("codec", "media_type"),
    [("png", "image/png"), ("mjpeg", "image/jpeg"), ("libwebp", "image/webp"), ("gif", "image/gif")],
)
async def test_picture(pool: Workers, codec: str, media_type: str) -> None:
    """A picture has its size and no length."""
    found = await probe(pool, picture(codec, 96, 64))
    assert (found.kind, found.media_type, found.seconds) == ("image", media_type, None)
    assert (found.width, found.height) == (96, 64)


async def test_film(pool: Workers) -> None:
    """A film has both."""
    writer = Mp4Writer(64, 48, 24_000)
    body = b"".join(writer.sound(tone(0.04)) + writer.picture(np.zeros((72, 64), np.uint8)) for _ in range(50))
    found = await probe(pool, body + writer.close())
    assert (found.kind, found.media_type, found.width, found.height) == ("video", "video/mp4", 64, 48)
    assert found.seconds == pytest.approx(2.0, abs=0.1)


async def test_length_is_counted_not_believed(pool: Workers) -> None:
    """A header that claims another length than there is does not shorten the count."""
    body = bytearray(contained("flac", "flac", 3.0))
    body[21:26] = bytes([body[21] & 0xF0, 0, 0, 0, 100])
    found = await probe(pool, bytes(body))
    assert found.seconds == pytest.approx(3.0, abs=0.1)


@pytest.mark.parametrize(
    ("cut", "claimed", "more", "seconds"),
    [
        (48_000, 48_000, b"", 1.0),
        (30_001, 48_000, b"", 0.625),
        (48_000, 1_000_000_000, b"", 1.0),
        (48_000, 0xFFFFFFFF, b"", 1.0),
        (48_000, 0, b"", 1.0),
        (48_000, 24_001, b"", 0.5),
        (48_000, 48_000, b"LIST\x08\0\0\0INFOabcd", 1.0),
    ],
)
async def test_length_of_wav(pool: Workers, cut: int, claimed: int, more: bytes, seconds: float) -> None:
    """A WAV lasts as long as the samples that are there, at most as many as it claims; what follows is no sound."""
    head = b"RIFF\0\0\0\0WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 24_000, 48_000, 2, 16)
    found = await probe(pool, head + b"data" + struct.pack("<I", claimed) + bytes(cut) + more)
    assert found.media_type == "audio/wav"
    assert found.seconds == pytest.approx(seconds, abs=0.0001)


async def test_a_wav_as_it_should_be(tmp_path: Path) -> None:
    """Where the header says it all nobody is put to work, be the sound in memory or in a file."""
    content = written_header(24_000)[:-4] + struct.pack("<I", 48_000) + bytes(48_000)
    for source in (content, saved(tmp_path / "sound", content)):
        assert await probe(Workers(0), source) == Probed("audio", "audio/wav", 1.0)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"\n", b"hello, this is text\n" * 100, bytes(10_000), SDP, b"%PDF-1.7\n" * 20,
        b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n", b"ffconcat version 1.0\nfile '/etc/passwd'\n",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    ],
)  # fmt: skip
async def test_not_media(pool: Workers, body: bytes, tmp_path: Path) -> None:
    """Text, playlists and session descriptions are Invalid at once: nothing is opened that they name."""
    started = time.monotonic()
    for source in (body, saved(tmp_path / "sound.mp3", body)):
        with pytest.raises(Invalid) as caught:
            await probe(pool, source)
        assert caught.value.status == 400
    assert time.monotonic() - started < 5


async def test_cut_picture(pool: Workers) -> None:
    """A picture that breaks off in its header, or in its body where the format can tell, is Invalid."""
    body = picture("png", 96, 64)
    for size in (20, len(body) // 2):
        with pytest.raises(Invalid):
            await probe(pool, body[:size])


async def test_huge_picture(pool: Workers) -> None:
    """A picture of few bytes and very many pixels is refused before it is unpacked."""
    rows = zlib.compress(bytes(8_000 * 3 + 1) * 8_000, 1)
    header = struct.pack(">IIBBBBB", 8_000, 8_000, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", rows), (b"IEND", b"")]
    bomb = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )
    with pytest.raises(Invalid, match="larger than"):
        await probe(pool, bomb)


async def test_patience(pool: Workers) -> None:
    """What cannot be read in time is Invalid, and the pool lives on."""
    with pytest.raises(Invalid, match="too long"):
        await probe(pool, encoded(AudioFormat.FLAC, 1.0), patience=0.0)
    found = await asyncio.wait_for(probe(pool, encoded(AudioFormat.FLAC, 1.0)), 30)
    assert found.kind == "audio"
