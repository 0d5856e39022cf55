"""Reading ahead: work goes on beside whoever uses its results, but only so far."""

import asyncio
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Final, Generic, Self, TypeVar

T = TypeVar("T")
END: Final = object()


class Ahead(Generic[T]):
    """Reads `source` in a task of its own, at most `most` items ahead; what it raises is raised in its turn.

    Leaving the block, or `aclose`, ends the task and waits until the source has let go of what it held.
    """

    def __init__(self, source: AsyncIterator[T], most: int) -> None:
        self._items: asyncio.Queue[object] = asyncio.Queue(most)
        self._task = asyncio.create_task(self._read(source))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        item = await self._items.get()
        if item is END:
            await self._task
            raise StopAsyncIteration
        return item  # type: ignore[return-value]  # all but END is the source's

    async def aclose(self) -> None:
        """Stop reading; safe to call twice."""
        self._task.cancel()
        await asyncio.wait({self._task})
        if not self._task.cancelled():
            self._task.exception()  # whoever did not read this far does not want to know

    async def _read(self, source: AsyncIterator[T]) -> None:
        try:
            try:
                async for item in source:
                    await self._items.put(item)
            finally:
                await closed(source)
        except Exception:
            await self._items.put(END)
            raise
        await self._items.put(END)


async def closed(source: AsyncIterator[T]) -> None:
    """Close a generator, so that what it opened is closed before anything else happens."""
    close = getattr(source, "aclose", None)
    if close is not None:
        await close()
