import asyncio
from typing import Any

import pytest

from router.contract import Invalid
from router.web.arrival import Arriving, Pace


def sending(*chunks: bytes, each: float = 0.0) -> Any:
    """Return a `receive` that waits before each chunk, and for ever after the last."""
    waiting = list(chunks)

    async def receive() -> dict[str, Any]:
        if not waiting:
            await asyncio.Event().wait()
        await asyncio.sleep(each)
        return {"type": "http.request", "body": waiting.pop(0), "more_body": True}

    return receive


async def read(receive: Any, times: int) -> bytes:
    return b"".join([(await receive())["body"] for _ in range(times)])


async def test_in_time() -> None:
    """What comes steadily may take longer than any silence."""
    receive = Arriving(sending(*[b"x" * 100] * 10, each=0.02), Pace(silence=0.1, rate=1000.0))
    assert len(await read(receive, 10)) == 1000


@pytest.mark.parametrize(
    ("chunk", "rate"), [(b"x" * 1_000_000, 1000.0), (b"x", 1000.0)], ids=["silent after much", "one byte at a time"]
)
async def test_too_slow(chunk: bytes, rate: float) -> None:
    """A body that stalls, however much of it came, or that trickles ends in 408."""
    trickle = [chunk] if len(chunk) > 1 else [chunk] * 100
    receive = Arriving(sending(*trickle, each=0.01), Pace(silence=0.1, rate=rate))
    with pytest.raises(Invalid) as caught:
        await read(receive, 101)
    assert (caught.value.status, caught.value.code) == (408, "request_timeout")


async def test_what_is_here_already() -> None:
    """A piece that has come when it is asked for is passed on at once, however late it is, and counts towards the pace."""
    loop = asyncio.get_running_loop()
    first = loop.create_future()
    first.set_result({"type": "http.request", "body": b"x" * 1000, "more_body": True})
    late: asyncio.Future[Any] = loop.create_future()
    loop.call_later(0.08, late.set_result, {"type": "http.request", "body": b"y", "more_body": False})
    left = [first, late]
    receive = Arriving(lambda: left.pop(0), Pace(silence=0.05, rate=1000.0))
    await asyncio.sleep(0.06)
    assert await receive() == first.result()
    assert await receive() == late.result()


async def test_leaving() -> None:
    """That the caller left is passed on."""

    async def receive() -> Any:
        return {"type": "http.disconnect"}

    assert await Arriving(receive)() == {"type": "http.disconnect"}
