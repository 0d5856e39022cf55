import asyncio
from collections.abc import AsyncIterator

import pytest

from router.voice.ahead import Ahead


class Counting:
    """Counts up to `most`, then raises or ends; `made` is how far it got."""

    def __init__(self, most: int, error: Exception | None = None) -> None:
        self.most = most
        self.error = error
        self.made = 0
        self.closed = False

    async def numbers(self) -> AsyncIterator[int]:
        try:
            for number in range(self.most):
                self.made += 1
                yield number
            if self.error is not None:
                raise self.error
        finally:
            self.closed = True


async def test_order_and_end() -> None:
    """Everything comes in order, and the end is the source's."""
    async with Ahead(Counting(5).numbers(), 2) as ahead:
        assert [number async for number in ahead] == [0, 1, 2, 3, 4]


async def test_only_so_far() -> None:
    """Work goes on without its user, but no further than allowed."""
    counting = Counting(100)
    async with Ahead(counting.numbers(), 3):
        await asyncio.sleep(0.01)
        assert counting.made == 4  # three wait, one is held out


async def test_an_error_in_its_turn() -> None:
    """What the source raises comes after all it gave before."""
    async with Ahead(Counting(2, ValueError("odd")).numbers(), 5) as ahead:
        assert [await anext(ahead), await anext(ahead)] == [0, 1]
        with pytest.raises(ValueError, match="odd"):
            await anext(ahead)


@pytest.mark.parametrize("most", [1, 100])
async def test_leaving(most: int) -> None:
    """Whoever leaves closes the source at once, whether it was waiting or had finished."""
    counting = Counting(50, ValueError("never seen"))
    async with Ahead(counting.numbers(), most) as ahead:
        assert await anext(ahead) == 0
    assert counting.closed


async def test_waiting_for_the_source() -> None:
    """A source that takes its time is cancelled where it waits."""
    cancelled = asyncio.Event()

    async def never() -> AsyncIterator[int]:
        try:
            await asyncio.Event().wait()
            yield 1
        finally:
            cancelled.set()

    ahead = Ahead(never(), 1)
    await asyncio.sleep(0)
    await ahead.aclose()
    await ahead.aclose()
    assert cancelled.is_set()
