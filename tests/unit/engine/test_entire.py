import msgspec
import pytest

from router.contract import AudioFormat, Clip, Speech, Unavailable
from router.contract.streams import pour_of
from router.engine.entire import entire
from router.media.wav import written_header
from router.testing.media import film, sound, tone
from tests.unit.engine.making import Chunks, Pouring, taking

PCM = tone(0.1)
WAV = written_header(24_000)[:-4] + len(PCM).to_bytes(4, "little") + PCM
OPUS = sound(AudioFormat.OPUS)
WHOLE = {"wav": WAV, "opus": OPUS, "mp4": film()}


def streamed(kind: str, content: bytes) -> Speech | Clip:
    return Clip(Chunks(content)) if kind == "mp4" else Speech(AudioFormat(kind), Chunks(content))


async def read(result: Speech | Clip) -> bytes:
    return b"".join([chunk async for chunk in entire(result).chunks])


@pytest.mark.parametrize("kind", WHOLE)
async def test_a_whole_stream(kind: str) -> None:
    """A stream that is as long as it says passes unchanged."""
    assert await read(streamed(kind, WHOLE[kind])) == WHOLE[kind]


@pytest.mark.parametrize("kind", WHOLE)
async def test_a_stream_that_ends_early(kind: str) -> None:
    """One that ends before, however properly its HTTP ended, is a broken one."""
    with pytest.raises(Unavailable, match="short of what it announced"):
        await read(streamed(kind, WHOLE[kind][:-1]))


async def test_what_says_nothing_of_its_length() -> None:
    """A stream of which nothing can be told is not even looked at."""
    speech = Speech(AudioFormat.PCM, Chunks(PCM))
    assert entire(speech) is speech
    endless = written_header(24_000) + PCM
    assert await read(streamed("wav", endless)) == endless


@pytest.mark.parametrize("kind", WHOLE)
@pytest.mark.parametrize("missing", [0, 1])
async def test_pouring(kind: str, missing: int) -> None:
    """What nobody is woken for is looked at all the same."""
    content = WHOLE[kind][: len(WHOLE[kind]) - missing]
    source = Pouring(content[:500], content[500:])
    result = entire(msgspec.structs.replace(streamed(kind, b""), chunks=source))
    came: list[bytes] = []
    pour = pour_of(result.chunks)
    assert pour is not None
    await pour(taking(came))
    assert b"".join(came) == content
    with pytest.raises(Unavailable if missing else StopAsyncIteration):
        await anext(aiter(result.chunks))


async def test_what_does_not_pour() -> None:
    """A stream whose source has to be asked for each piece has to be as well."""
    assert pour_of(entire(Speech(AudioFormat.WAV, Chunks(WAV))).chunks) is None


async def test_closing() -> None:
    """Closing it closes the provider's stream."""
    chunks = Chunks(WAV)
    await entire(Speech(AudioFormat.WAV, chunks)).chunks.aclose()
    assert chunks.closed == 1
