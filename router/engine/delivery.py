"""A stream past the commit point: counted, watched for gaps, and honest when it breaks."""

import asyncio
from collections.abc import AsyncIterator, Callable

from router.contract import ByteStream, MediaError, Truncated
from router.engine.breaker import Verdict


class Delivery:
    """Passes chunks on.

    `count` sees each; `end` is told once what the stream showed of its target; `gap` is how many
    seconds may pass without a byte before the stream counts as broken.
    """

    def __init__(
        self, source: ByteStream, count: Callable[[bytes], None], end: Callable[[Verdict], None], gap: float
    ) -> None:
        self.source = source
        self.count = count
        self.gap = gap
        self._end: Callable[[Verdict], None] | None = end

    async def __aiter__(self) -> AsyncIterator[bytes]:
        chunks = aiter(self.source)
        while (chunk := await self._next(chunks)) is not None:
            self.count(chunk)
            yield chunk
        self._ended(Verdict.GOOD)

    async def aclose(self) -> None:
        """Stop the source. A stream left before its end says nothing about its target."""
        self._ended(Verdict.NEITHER)
        await self.source.aclose()

    async def _next(self, chunks: AsyncIterator[bytes]) -> bytes | None:
        try:
            async with asyncio.timeout(self.gap):
                return await anext(chunks, None)
        except (MediaError, TimeoutError) as error:
            self._ended(Verdict.BAD)
            raise Truncated(f"the stream broke: {type(error).__name__}") from error

    def _ended(self, verdict: Verdict) -> None:
        end, self._end = self._end, None
        if end is not None:
            end(verdict)
