"""How transfers end, seen by curl over real sockets."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from router.contract import AudioFormat, Speech, Truncated
from router.engine.exchange import Exchange
from tests.app.conftest import Serving
from tests.unit.web.making import KEY, Chunks, StubEngine

PARTIAL_FILE = 18
"""curl's exit code for a transfer that ended early."""
H2_STREAM = 92
"""curl's exit code for an HTTP/2 stream that was not closed cleanly."""
SPEAK = ("-H", f"x-api-key: {KEY}", "--json", '{"input":"hello"}')


class Endless:
    """Chunks for as long as somebody listens; `closed` is set once it is released."""

    def __init__(self) -> None:
        self.closed = asyncio.Event()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while not self.closed.is_set():
            yield b"x" * 1000
            await asyncio.sleep(0.01)

    async def aclose(self) -> None:
        self.closed.set()


async def curl(*arguments: str) -> tuple[int | None, bytes]:
    """Run curl; return its exit code and what it received."""
    running = await asyncio.create_subprocess_exec("curl", "-sS", *arguments, stdout=-1, stderr=-3)
    body, _ = await running.communicate()
    return running.returncode, body


def speaking(chunks: Any) -> Any:
    async def serve(request: Any, exchange: Exchange) -> Speech:
        return Speech(AudioFormat.MP3, chunks)

    return serve


@pytest.mark.parametrize(("version", "code"), [("--http1.1", PARTIAL_FILE), ("--http2-prior-knowledge", H2_STREAM)])
async def test_a_stream_that_breaks(serving: Serving, needs: Callable[[str], str], version: str, code: int) -> None:
    """A body cut after its first bytes is a failed transfer to the caller, and `truncated` to us."""
    needs("curl")
    chunks = Chunks(b"some", Truncated("the stream broke"))
    engine = StubEngine(speaking(chunks))
    url = await serving(engine)
    failed, body = await curl(version, *SPEAK, f"{url}/v1/audio/speech")
    assert failed == code
    assert b"some".startswith(body)  # a reset may overtake what was sent before it
    assert [(one.outcome, one.bytes_out) for one in engine.outcomes] == [("truncated", 4)]
    assert chunks.closed


@pytest.mark.parametrize("version", ["--http1.1", "--http2-prior-knowledge"])
async def test_a_stream_that_ends_well(serving: Serving, needs: Callable[[str], str], version: str) -> None:
    """A whole body is a good transfer, announced once."""
    needs("curl")
    engine = StubEngine(speaking(Chunks(b"some", b"thing")))
    url = await serving(engine)
    assert await curl(version, *SPEAK, f"{url}/v1/audio/speech") == (0, b"something")
    assert [(one.outcome, one.bytes_out) for one in engine.outcomes] == [("ok", 9)]


async def test_a_caller_who_leaves_a_stream(serving: Serving, needs: Callable[[str], str]) -> None:
    """A caller who leaves while audio flows stops what produces it."""
    needs("curl")
    endless = Endless()
    engine = StubEngine(speaking(endless))
    url = await serving(engine)
    await curl("--max-time", "0.3", *SPEAK, f"{url}/v1/audio/speech")
    await asyncio.wait_for(endless.closed.wait(), 5)
    assert [(one.outcome, one.status) for one in engine.outcomes] == [("cancelled", 499)]


async def test_a_caller_who_leaves_while_waiting(serving: Serving, needs: Callable[[str], str]) -> None:
    """A caller who leaves before anything is sent cancels the work under way."""
    needs("curl")
    stopped = asyncio.Event()

    async def serve(request: Any, exchange: Exchange) -> Any:
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    engine = StubEngine(serve)
    url = await serving(engine)
    await curl("--max-time", "0.3", *SPEAK, f"{url}/v1/audio/speech")
    await asyncio.wait_for(stopped.wait(), 5)
    await asyncio.sleep(0)
    assert [(one.outcome, one.status) for one in engine.outcomes] == [("cancelled", 499)]


async def test_chunks_arrive_as_they_are_made(serving: Serving) -> None:
    """Each chunk is on the wire before the next one exists."""
    received: asyncio.Queue[None] = asyncio.Queue()

    async def paced() -> AsyncIterator[bytes]:
        yield b"first"
        await received.get()
        yield b"second"

    class Paced(Chunks):
        def __aiter__(self) -> AsyncIterator[bytes]:
            return paced()

    url = await serving(StubEngine(speaking(Paced())))
    host, port = url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        f"POST /v1/audio/speech HTTP/1.1\r\nHost: {host}\r\nx-api-key: {KEY}\r\n"
        'Content-Type: application/json\r\nContent-Length: 13\r\n\r\n{"input":"x"}'.encode()
    )
    await asyncio.wait_for(reader.readuntil(b"first"), 5)
    received.put_nowait(None)
    await asyncio.wait_for(reader.readuntil(b"second"), 5)
    writer.close()


async def test_the_caller_leaves_a_connection_that_stays(serving: Serving) -> None:
    """Requests over one connection are each answered: watching for the end of one does not end the next."""
    engine = StubEngine(speaking(Chunks(b"some")))
    url = await serving(engine)
    code, body = await curl(*SPEAK, f"{url}/v1/audio/speech", f"{url}/v1/audio/speech", f"{url}/v1/audio/speech")
    assert (code, body) == (0, b"some" * 3)
    assert [one.outcome for one in engine.outcomes] == ["ok"] * 3
