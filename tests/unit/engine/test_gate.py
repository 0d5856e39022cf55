import pytest

from router.contract import AudioFormat, BadOutput, Clip, Speech, Unavailable
from router.engine.gate import MOST_HELD, clip_judge, open_gate, speech_judge
from router.media.wav import written_header
from tests.unit.engine.making import Chunks
from tests.unit.media.sounds import encoded, pieces


def undecided(_: bytes) -> bool | None:
    return None


async def test_first_bytes_in_pieces() -> None:
    """What was held back to be judged comes out first, whole and in order."""
    source = Chunks(b"a", b"b", b"c", b"d")
    opened = await open_gate(source, lambda head: True if len(head) >= 3 else None)
    assert [chunk async for chunk in opened] == [b"abc", b"d"]
    assert source.closed == 0


@pytest.mark.parametrize(
    ("chunks", "message"),
    [((), "empty"), ((b"",), "empty"), ((b"ab",), "ends before"), ((bytes(MOST_HELD + 1),), "not what its type says")],
)
async def test_nothing_usable(chunks: tuple[bytes, ...], message: str) -> None:
    """Nothing, too little, or too much without a sign of media is bad output; the stream is closed."""
    source = Chunks(*chunks)
    with pytest.raises(BadOutput, match=message):
        await open_gate(source, undecided)
    assert source.closed == 1


async def test_a_break_before_the_first_byte() -> None:
    """A fault of the stream stays what it is, so that the engine can judge it."""
    source = Chunks(Unavailable("cut"))
    with pytest.raises(Unavailable):
        await open_gate(source, undecided)
    assert source.closed == 1


async def test_a_break_after_the_first_byte() -> None:
    """Past the gate a fault comes to the reader, after the bytes that were good."""
    opened = await open_gate(Chunks(b"good", Unavailable("cut")), lambda _: True)
    stream = aiter(opened)
    assert await anext(stream) == b"good"
    with pytest.raises(Unavailable):
        await anext(stream)


class Whole(Chunks):
    """A stream that is known to be all there."""

    over = True


@pytest.mark.parametrize(("source", "over"), [(Chunks(b"good"), False), (Whole(b"good"), True)])
async def test_the_end(source: Chunks, over: bool) -> None:
    """What came through the gate is over if its source says so, and not before what was held back is out."""
    opened = await open_gate(source, lambda _: True)
    assert not opened.over
    assert await anext(opened) == b"good"
    assert opened.over is over


async def test_closing() -> None:
    """Closing what came through the gate closes the source."""
    source = Chunks(b"good")
    opened = await open_gate(source, lambda _: True)
    await opened.aclose()
    assert source.closed == 1


@pytest.mark.parametrize(("head", "verdict"), [(b"", None), (b"\0\0\0\x18ftypisom", True), (b"<html><body>", False)])
def test_video(head: bytes, verdict: bool | None) -> None:
    """A clip starts with an MP4 file-type box."""
    assert clip_judge(Clip(Chunks()))(head) is verdict


def test_speech() -> None:
    """Speech is judged by its own format's first bytes."""
    judge = speech_judge(Speech(AudioFormat.FLAC, Chunks()))
    assert judge(encoded(AudioFormat.FLAC, 0.1)) is True
    assert judge(b"<html><body>not audio</body></html>" * 4) is False


@pytest.mark.parametrize("kind", [AudioFormat.WAV, AudioFormat.FLAC, AudioFormat.OPUS, AudioFormat.MP3])
async def test_a_header_and_no_sound(kind: AudioFormat) -> None:
    """A file that lasts no time at all is as empty as no file."""
    head = written_header(24_000) if kind is AudioFormat.WAV else encoded(kind, 0.1)[: HEADERS[kind]]
    with pytest.raises(BadOutput, match="ends before it begins"):
        await open_gate(Chunks(head), speech_judge(Speech(kind, Chunks())))


HEADERS = {AudioFormat.FLAC: 8_000, AudioFormat.OPUS: 100, AudioFormat.MP3: 100}
"""Bytes that are not sound yet; mp3's are its first frame, where an encoder's index may be."""


@pytest.mark.parametrize("kind", AudioFormat)
async def test_real_speech_is_not_held_back(kind: AudioFormat) -> None:
    """It is let through with its first frame, and nothing of it is lost."""
    sound = encoded(kind, 0.5)
    opened = await open_gate(Chunks(*pieces(sound, 32)), speech_judge(Speech(kind, Chunks())))
    assert len(opened.held) <= 32 + (HEADERS.get(kind, 64) + 400)
    assert b"".join([chunk async for chunk in opened]) == sound


async def test_a_long_tag_before_the_sound() -> None:
    """A picture in an ID3 tag may be larger than what is held back; the stream is passed on all the same."""
    tag = b"ID3\x04\0\0\0\x06\0\0" + bytes(6 << 14)
    sound = encoded(AudioFormat.MP3, 0.1)
    opened = await open_gate(Chunks(*pieces(tag + sound, 4096)), speech_judge(Speech(AudioFormat.MP3, Chunks())))
    assert MOST_HELD < len(opened.held) <= MOST_HELD + 4096
    assert b"".join([chunk async for chunk in opened]) == tag + sound
