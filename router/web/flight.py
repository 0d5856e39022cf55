"""One answer on its way to several who asked for the same: read once, as fast as it comes, and handed to each at their pace."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import msgspec

from router.contract import Speech, Truncated


class Flight:
    """A stream and all who listen to it; who comes late hears it from its beginning.

    It goes on while anybody listens. What breaks it breaks all of them, and nobody takes it for whole. `ended` is called with
    the whole once it is there, or with None, and never with less.
    """

    def __init__(self, speech: Speech, ended: Callable[[bytes | None], Awaitable[None]]) -> None:
        self.speech = speech
        self.listeners = 0
        self.broken: BaseException | None = None
        self.over = False
        self._chunks: list[bytes] = []
        self._moved = asyncio.Event()
        self._ended = ended
        self.reading = asyncio.create_task(self._read())

    def listen(self) -> Speech:
        """Return the answer for one more listener, who must close it."""
        self.listeners += 1
        return msgspec.structs.replace(self.speech, chunks=Listener(self))

    async def heard(self, number: int) -> bytes | None:
        """Return a chunk by its number, None after the last. Raises `Truncated` where the stream broke."""
        while number >= len(self._chunks):
            if self.broken is not None:
                raise Truncated("the answer that several shared broke off") from self.broken
            if self.over:
                return None
            await self._moved.wait()
        return self._chunks[number]

    async def left(self) -> None:
        """Count a listener less; with the last the stream is closed."""
        self.listeners -= 1
        if self.listeners <= 0 and not self.over:
            self.reading.cancel()
            await asyncio.wait({self.reading})

    async def _read(self) -> None:
        try:
            async for chunk in self.speech.chunks:
                self._chunks.append(chunk)
                self._move()
            self.over = True
        except BaseException as error:  # noqa: BLE001 - whatever it was, the listeners are told
            self.broken = error
        self._move()
        await self.speech.chunks.aclose()
        await self._ended(b"".join(self._chunks) if self.over else None)

    def _move(self) -> None:
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()


class Listener:
    """A flight's chunks for one of those who asked."""

    def __init__(self, flight: Flight) -> None:
        self._flight = flight
        self._closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        number = 0
        while (chunk := await self._flight.heard(number)) is not None:
            yield chunk
            number += 1

    async def aclose(self) -> None:
        """Listen no more."""
        if not self._closed:
            self._closed = True
            await self._flight.left()
