"""A stream past the commit point: counted, watched for gaps, and honest when it breaks."""

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import nullcontext
from typing import Any, Final

import msgspec

from router.contract import ByteStream, MediaError, Truncated, is_over
from router.contract.streams import Into, Pour, pour_of, seen
from router.engine.breaker import BAD, GOOD, NEITHER, Verdict
from router.engine.gate import Opened
from router.loop.watch import Watch

UNWATCHED: Final = nullcontext()
"""For a stream that has handed on all it had before its delivery began, as short answers have."""


class Limits(msgspec.Struct, frozen=True):
    """Seconds that a stream may take between two chunks, and that it has left in all."""

    gap: float
    left: float


class Delivery:
    """Passes chunks on.

    `count` sees each; `end` is told once what the stream showed of its target; `limits` say after how many
    seconds without a byte, or in all, the stream counts as broken.
    """

    def __init__(
        self, source: ByteStream, count: Callable[[bytes], object], end: Callable[[Verdict], None], limits: Limits
    ) -> None:
        opened = source if isinstance(source, Opened) else Opened(b"", aiter(source), source)
        self.count = count
        self.over = False
        self._held = opened.take()
        self._rest = opened.rest
        self._source = opened.source
        self._watch = None if is_over(opened.source) else Watch(limits.gap, limits.left)
        self._end: Callable[[Verdict], None] | None = end

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self._held:
            chunk, self._held = self._held, b""
        else:
            try:
                with self._watch or UNWATCHED:
                    chunk = await anext(self._rest)
            except StopAsyncIteration:
                self._ended(GOOD)
                raise
            except Truncated:  # of speech in parts, which says why nobody goes on
                self._ended(BAD)
                raise
            except (MediaError, TimeoutError) as error:
                raise self._broke(error) from error
            except BaseException:  # a caller who left, or a defect of ours
                self._ended(NEITHER)
                raise
        self.count(chunk)
        if is_over(self._source):
            self.over = True
            self._ended(GOOD)
        return chunk

    @property
    def pour(self) -> Pour | None:
        """How chunks are handed on as they come, if the source can do that."""
        return self._pour if pour_of(self._source) else None

    async def _pour(self, into: Into) -> None:
        pour, watch = pour_of(self._source), self._watch
        if pour is None or watch is None or self._held:
            return

        def see(chunk: bytes) -> None:
            self.count(chunk)
            watch.saw()

        try:
            with watch:
                await pour(seen(see, into))
        except TimeoutError as error:
            raise self._broke(error) from error
        except BaseException:  # a caller who left, or a defect of ours: a source that breaks says so when it is asked
            self._ended(NEITHER)
            raise

    def aclose(self) -> Coroutine[Any, Any, None]:
        """Stop the source. A stream left before its end says nothing about its target."""
        self._ended(NEITHER)
        return self._source.aclose()

    def _broke(self, error: Exception) -> Truncated:
        self._ended(BAD)
        return Truncated(f"the stream broke: {type(error).__name__}")

    def _ended(self, verdict: Verdict) -> None:
        end, self._end = self._end, None
        if end is not None:
            if self._watch is not None:
                self._watch.close()
            end(verdict)
