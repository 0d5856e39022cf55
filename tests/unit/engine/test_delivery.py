import asyncio
from collections.abc import AsyncIterator

import pytest

from router.contract import ByteStream, TimedOut, Truncated
from router.contract.streams import Into, pour_of
from router.engine.breaker import Verdict
from router.engine.delivery import Delivery, Limits
from router.engine.gate import open_gate
from tests.unit.engine.making import Chunks, Pouring, taking


class Watched:
    """A delivery and what it told its counters."""

    def __init__(self, source: ByteStream, gap: float = 30.0, left: float = 900.0) -> None:
        self.seen: list[bytes] = []
        self.verdicts: list[Verdict] = []
        self.stream = Delivery(source, self.seen.append, self.verdicts.append, Limits(gap, left))


async def test_a_whole_stream() -> None:
    """Chunks pass unchanged and counted; the end is good news of the target, told once."""
    watched = Watched(Chunks(b"a", b"b"))
    assert [chunk async for chunk in watched.stream] == [b"a", b"b"]
    await watched.stream.aclose()
    assert watched.seen == [b"a", b"b"]
    assert watched.verdicts == [Verdict.GOOD]


async def test_a_break() -> None:
    """A fault after the commit point is a truncation, never an end, and counts against the target."""
    watched = Watched(Chunks(b"a", TimedOut("cut")))
    with pytest.raises(Truncated):
        [chunk async for chunk in watched.stream]
    assert watched.seen == [b"a"]
    assert watched.verdicts == [Verdict.BAD]


async def test_a_defect() -> None:
    """A fault of ours passes as it is and says nothing of the target, but that the stream is over is told at once."""
    watched = Watched(Chunks(b"a", ValueError("ours")))
    with pytest.raises(ValueError, match="ours"):
        [chunk async for chunk in watched.stream]
    assert watched.verdicts == [Verdict.NEITHER]


class Stalling:
    """One chunk, then nothing."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"a"
        await asyncio.Event().wait()

    async def aclose(self) -> None:
        pass


async def test_a_stall() -> None:
    """A gap beyond the limit is a truncation too."""
    watched = Watched(Stalling(), gap=0.01)
    with pytest.raises(Truncated):
        [chunk async for chunk in watched.stream]
    assert watched.verdicts == [Verdict.BAD]


async def test_a_slow_reader() -> None:
    """Time the caller takes between chunks is not the target's."""
    watched = Watched(Chunks(b"a", b"b"), gap=0.02)
    seen = []
    async for chunk in watched.stream:
        seen.append(chunk)
        await asyncio.sleep(0.05)
    assert seen == [b"a", b"b"]


async def test_a_caller_who_leaves() -> None:
    """A stream left early closes its source and says nothing of the target."""
    source = Chunks(b"a", b"b")
    watched = Watched(source)
    assert await anext(aiter(watched.stream)) == b"a"
    await watched.stream.aclose()
    assert source.closed == 1
    assert watched.verdicts == [Verdict.NEITHER]


class Trickling:
    """A byte now and then, for ever."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            await asyncio.sleep(0.01)
            yield b"a"

    async def aclose(self) -> None: ...


async def test_a_stream_without_end() -> None:
    """A vendor that trickles keeps every gap, and the limit on the whole ends it all the same."""
    watched = Watched(Trickling(), left=0.1)
    with pytest.raises(Truncated):
        [chunk async for chunk in watched.stream]
    assert 1 <= len(watched.seen) <= 10
    assert watched.verdicts == [Verdict.BAD]


class Counted:
    """A stream that knows its end, as one with a stated length does."""

    def __init__(self, *chunks: bytes) -> None:
        self.chunks = list(chunks)

    @property
    def over(self) -> bool:
        return not self.chunks

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while self.chunks:
            yield self.chunks.pop(0)
        raise AssertionError("asked again")

    async def aclose(self) -> None: ...


async def test_a_stream_that_knows_its_end() -> None:
    """Its last chunk is told as such, its target has done well by then, and it need not be asked again."""
    watched = Watched(Counted(b"a", b"b"))
    told = [(await anext(watched.stream), watched.stream.over, list(watched.verdicts)) for _ in range(2)]
    assert told == [(b"a", False, []), (b"b", True, [Verdict.GOOD])]
    await watched.stream.aclose()
    assert watched.verdicts == [Verdict.GOOD]


async def poured(stream: Delivery, into: Into) -> None:
    pour = pour_of(stream)
    assert pour is not None
    await pour(into)


async def test_pouring() -> None:
    """Chunks that nobody has to be woken for are counted; those that are not taken are asked for, and counted then."""
    came: list[bytes] = []
    watched = Watched(Pouring(b"a", b"b", b"c", b"d"))
    assert await anext(watched.stream) == b"a"
    await poured(watched.stream, taking(came, most=2))
    assert (came, watched.seen) == ([b"b", b"c"], [b"a", b"b", b"c"])
    assert [chunk async for chunk in watched.stream] == [b"d"]
    assert watched.seen == [b"a", b"b", b"c", b"d"]
    assert watched.verdicts == [Verdict.GOOD]


async def test_a_gap_in_what_pours() -> None:
    """Each chunk begins a gap anew, and one that lasts too long breaks the stream."""
    came: list[bytes] = []
    watched = Watched(Pouring(*[b"a"] * 6, rest=5), gap=0.06)
    with pytest.raises(Truncated):
        await poured(watched.stream, taking(came))
    assert len(came) == 6  # which take twice as long as a gap may
    assert watched.verdicts == [Verdict.BAD]


async def test_what_pours_without_end() -> None:
    """The limit on the whole holds for what pours."""
    watched = Watched(Pouring(*[b"a"] * 100), left=0.1)
    with pytest.raises(Truncated):
        await poured(watched.stream, taking([]))
    assert 1 <= len(watched.seen) <= 10
    assert watched.verdicts == [Verdict.BAD]


async def test_a_defect_while_it_pours() -> None:
    """A fault of whoever takes says nothing of the target."""
    watched = Watched(Pouring(b"a"))

    def take(chunk: bytes) -> bool:
        raise ValueError(chunk)

    with pytest.raises(ValueError, match="a"):
        await poured(watched.stream, take)
    assert watched.verdicts == [Verdict.NEITHER]


async def test_what_was_held_back_comes_first() -> None:
    """The chunks that a gate read are asked for before anything pours."""
    came: list[bytes] = []
    watched = Watched(await open_gate(Pouring(b"a", b"b"), bool))
    await poured(watched.stream, taking(came))
    assert came == []
    assert [chunk async for chunk in watched.stream] == [b"a", b"b"]


async def test_what_does_not_pour() -> None:
    """A source that has to be asked for each chunk makes a stream that has to be."""
    assert pour_of(Watched(Chunks(b"a")).stream) is None
