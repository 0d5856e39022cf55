import asyncio
from collections.abc import AsyncIterator, Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.contract import BadOutput, Declined, Event, EventStream, Unavailable, events
from router.contract.sse import LINGER, Parser


class Chunks:
    """A body in pieces; `broken` raises after the last, `endless` goes on without a byte."""

    def __init__(self, *pieces: bytes, broken: bool = False, endless: bool = False) -> None:
        self.pieces = pieces
        self.broken = broken
        self.endless = endless
        self.read = 0
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            self.read += 1
            yield piece
        if self.broken:
            raise Unavailable("the connection broke")
        if self.endless:
            await asyncio.Event().wait()

    async def aclose(self) -> None:
        self.closed = True


def parsed(*chunks: bytes, limit: int = 1000) -> list[Event]:
    parser = Parser(limit)
    return [event for chunk in chunks for event in parser.feed(chunk)]


SPELLINGS: dict[str, tuple[bytes, list[Event]]] = {
    "one event": (b"data: a\n\n", [Event(b"a")]),
    "no blank after the colon": (b"data:a\n\n", [Event(b"a")]),
    "only one blank is taken": (b"data:  a\n\n", [Event(b" a")]),
    "a name": (b"event: error\ndata: a\n\n", [Event(b"a", "error")]),
    "a name lasts for one event": (b"event: error\ndata: a\n\ndata: b\n\n", [Event(b"a", "error"), Event(b"b")]),
    "several lines of data": (b"data: a\ndata: b\n\n", [Event(b"a\nb")]),
    "a field without a colon": (b"data\n\n", [Event(b"")]),
    "comments": (b": keep-alive\n\n:\ndata: a\n: b\n\n", [Event(b"a")]),
    "a comment alone is no event": (b": keep-alive\n\n", []),
    "a name alone is no event": (b"event: ping\n\ndata: a\n\n", [Event(b"a")]),
    "other fields": (b"id: 1\nretry: 3\nnonsense: 4\ndata: a\n\n", [Event(b"a")]),
    "blank lines": (b"\n\n\ndata: a\n\n\n\n", [Event(b"a")]),
    "CRLF": (b"data: a\r\ndata: b\r\n\r\n", [Event(b"a\nb")]),
    "CR": (b"data: a\rdata: b\r\r", [Event(b"a\nb")]),
    "mixed": (b"data: a\rdata: b\r\n\ndata: c\n\r\n", [Event(b"a\nb"), Event(b"c")]),
    "a byte order mark": (b"\xef\xbb\xbfdata: a\n\n\xef\xbb\xbfdata: b\n\n", [Event(b"a")]),
    "not UTF-8": (b"event: \xff\ndata: \xff\n\n", [Event(b"\xff", "\N{REPLACEMENT CHARACTER}")]),
    "no blank line at the end": (b"data: a\n\ndata: b\n", [Event(b"a")]),
    "no line end at the end": (b"data: a\n\ndata: b", [Event(b"a")]),
    "nothing": (b"", []),
}


@pytest.mark.parametrize(("text", "expected"), SPELLINGS.values(), ids=SPELLINGS)
def test_spelling(text: bytes, expected: list[Event]) -> None:
    """Every spelling the standard allows is read; an event without its blank line is not delivered."""
    assert parsed(text) == expected


@given(st.sampled_from(sorted(SPELLINGS)), st.lists(st.integers(0, 60), max_size=8))
def test_cut_anywhere(spelling: str, cuts: Sequence[int]) -> None:
    """Wherever the chunks are cut, empty ones included, the events are the same."""
    text, expected = SPELLINGS[spelling]
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    assert parsed(*(text[start:end] for start, end in pairwise(edges))) == expected


@given(st.lists(st.text(st.characters(exclude_characters="\r\n", codec="utf-8"), min_size=1), min_size=1))
def test_what_is_written_is_read(lines: list[str]) -> None:
    """Any text without line ends comes back as it was, byte by byte."""
    texts = [line.encode() for line in lines]
    written = b"".join(b"data: " + text + b"\n\n" for text in texts)
    assert [event.data for event in parsed(*(written[at : at + 1] for at in range(len(written))))] == texts


@pytest.mark.parametrize(
    "chunks",
    [
        (b"data: " + b"a" * 100,),
        (b"a" * 60, b"a" * 60),
        (b"data: " + b"a" * 40 + b"\n",) * 3,
        (b"data: " + b"a" * 120 + b"\n\n",),
    ],
)
def test_an_event_without_end_is_refused(chunks: tuple[bytes, ...]) -> None:
    """An event beyond the limit raises, whether in one line, in many, or complete."""
    with pytest.raises(BadOutput, match="longer than 100 bytes"):
        parsed(*chunks, limit=100)


def test_the_limit_is_each_events_own() -> None:
    """Any number of events may come, in chunks of any size."""
    assert len(parsed(b"data: " + b"a" * 80 + b"\n\n", *[b"data: b\n\n" * 50] * 20, limit=100)) == 1001


async def test_events_of_a_body() -> None:
    """Events come as they are completed, and the body's own fault comes through."""
    body = Chunks(b"data: a\n\nda", b"ta: b\n\ndata: c", broken=True)
    told = events(body)
    assert [await anext(told), await anext(told)] == [Event(b"a"), Event(b"b")]
    with pytest.raises(Unavailable):
        await anext(told)


# The bytes that events carry ----------------------------------------------------------------------


def carried(event: Event) -> bytes | None:
    if event.data == b"bad":
        raise Declined("told so")
    return None if event.data == b"[DONE]" else event.data.removeprefix(b"-")


async def drained(stream: EventStream) -> bytes:
    return b"".join([chunk async for chunk in stream])


async def test_ends_with_the_last_event() -> None:
    """The stream is what its events carry, and what follows the last event is read but means nothing."""
    body = Chunks(b"data: a\n\n", b"data: -\n\ndata: b\n\ndata: [DONE]\n\n", b"data: bad\n\n", b"data: c\n\n")
    assert await drained(EventStream(body, carried)) == b"ab"
    assert body.read == 4


async def test_an_event_that_carries_nothing_is_no_chunk() -> None:
    """Empty chunks are not passed on."""
    body = Chunks(b"data: -\n\ndata: a\n\ndata: [DONE]\n\n")
    assert [chunk async for chunk in EventStream(body, carried)] == [b"a"]


@pytest.mark.parametrize("text", [b"data: a\n\n", b"data: a\n\ndata: [DONE]", b"data: a\n\ndata: [DONE]\n"])
async def test_an_end_before_the_last_event_is_a_cut(text: bytes) -> None:
    """A body that ends without its last event, blank line included, was cut."""
    with pytest.raises(Unavailable, match="ended before its last event"):
        await drained(EventStream(Chunks(text), carried))


@pytest.mark.parametrize("text", [b"", b": keep-alive\n\n", b"data: [DONE]"])
async def test_a_stream_without_events_is_no_answer(text: bytes) -> None:
    """A body in which no event was completed is a success with nothing in it."""
    with pytest.raises(BadOutput, match="no events"):
        await drained(EventStream(Chunks(text), carried))


async def test_what_an_event_says_is_raised() -> None:
    """What reading an event raises ends the stream."""
    with pytest.raises(Declined, match="told so"):
        await drained(EventStream(Chunks(b"data: a\n\ndata: bad\n\n"), carried))


@pytest.mark.parametrize("broken", [True, False])
async def test_after_the_last_event_nothing_can_go_wrong(broken: bool) -> None:
    """A body that breaks or hangs after its last event is a complete one."""
    body = Chunks(b"data: a\n\ndata: [DONE]\n\n", broken=broken, endless=not broken)
    async with asyncio.timeout(LINGER * 20):
        assert await drained(EventStream(body, carried)) == b"a"


async def test_closing_closes_the_body() -> None:
    """Closing releases the body, read or not."""
    body = Chunks(b"data: a\n\n")
    await EventStream(body, carried).aclose()
    assert body.closed
    assert body.read == 0
