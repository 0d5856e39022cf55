import pytest

from router.contract import Truncated
from router.web.gathered import CHUNK, IN_MEMORY, gather, unframed
from tests.unit.web.making import Chunks


@pytest.mark.parametrize("size", [0, 100, IN_MEMORY, IN_MEMORY + 1])
async def test_whole(size: int) -> None:
    """What was gathered comes back byte for byte with its length, in memory or not, and its source is closed."""
    content = bytes(range(256)) * (size // 256) + bytes(size % 256)
    source = Chunks(*(content[at : at + CHUNK - 1] for at in range(0, size, CHUNK - 1)))
    gathered = await gather(source)
    assert (gathered.length, source.closed) == (size, 1)
    assert b"".join([chunk async for chunk in gathered]) == content
    await gathered.aclose()


async def test_broken() -> None:
    """A stream that breaks is closed, and its error is the caller's."""
    source = Chunks(b"beginning", Truncated("the stream broke"))
    with pytest.raises(Truncated):
        await gather(source)
    assert source.closed == 1


@pytest.mark.parametrize(("version", "told"), [("1", True), ("1.0", True), ("1.1", False), ("2", False)])
def test_versions(version: str, told: bool) -> None:
    """Only HTTP/1.0 has nothing to frame a stream with."""
    assert unframed(version) is told
