import pytest

from router.contract import AudioFormat, BadOutput, Clip, Speech, Unavailable
from router.engine.gate import MOST_HELD, clip_judge, open_gate, speech_judge
from tests.unit.engine.making import Chunks


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
    assert judge(b"fLaC" + bytes(64)) is True
    assert judge(b"<html><body>not audio</body></html>" * 4) is False
