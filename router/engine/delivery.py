"""A stream past the commit point: counted, watched for gaps, and honest when it breaks."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import NamedTuple

from router.contract import ByteStream, MediaError, Truncated
from router.engine.breaker import Verdict
from router.engine.within import Within


class Limits(NamedTuple):
    """Seconds that a stream may take between two chunks, and that it has left in all."""

    gap: float
    left: float


class Delivery:
    """Passes chunks on.

    `count` sees each; `end` is told once what the stream showed of its target; `limits` say after how many
    seconds without a byte, or in all, the stream counts as broken.
    """

    def __init__(
        self, source: ByteStream, count: Callable[[bytes], None], end: Callable[[Verdict], None], limits: Limits
    ) -> None:
        self.source = source
        self.count = count
        self.gap = limits.gap
        self.clock = asyncio.get_running_loop().time
        self.until = self.clock() + limits.left
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
            with Within(min(self.gap, self.until - self.clock())):
                return await anext(chunks, None)
        except Truncated:  # of speech in parts, which says why nobody goes on
            self._ended(Verdict.BAD)
            raise
        except (MediaError, TimeoutError) as error:
            self._ended(Verdict.BAD)
            raise Truncated(f"the stream broke: {type(error).__name__}") from error

    def _ended(self, verdict: Verdict) -> None:
        end, self._end = self._end, None
        if end is not None:
            end(verdict)
