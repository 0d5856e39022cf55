"""`python -m benchmarks.gateways.counted OUT serve ...`: media-router, whose worker counts Python's bytecodes while it serves.

It is many times as slow then; what it counts is the same on every machine, however loud.
"""

import asyncio
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, Final

import msgspec
from litestar.types import ASGIApp, Receive, Send

import router.app
from router.__main__ import main

WARM: Final = 400
"""Requests before any is counted: what is made only once, and what the interpreter specialises, is done by then."""
COUNTED: Final = 600
"""Requests."""
SETTLED: Final = 2.0
"""Seconds of rest before the first of them and after the last: what is done later, for many requests together, is done by then."""


class Each(msgspec.Struct, frozen=True):
    """What one function takes of a request: bytecodes of its own, and calls, a coroutine being called each time it goes on."""

    file: str
    line: int
    name: str
    bytecodes: float
    calls: float


class Counting:
    """An ASGI application that counts for some requests, with all that goes on beside them in their thread, and writes `out`."""

    def __init__(self, app: ASGIApp, out: Path) -> None:
        self.app = app
        self.out = out
        self.seen = 0
        self.bytecodes: Counter[CodeType] = Counter()
        self.calls: Counter[CodeType] = Counter()
        self.resting: asyncio.Task[None] | None = None

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] == "http" and scope["method"] == "POST":
            if self.seen == WARM:
                self._rest(self._begin)
            elif self.seen == WARM + COUNTED:
                self._rest(self._end)
            self.seen += 1
            if self.resting is not None:
                await self.resting
        await self.app(scope, receive, send)

    def _rest(self, then: Callable[[], None]) -> None:
        """Let nobody in until those who are in are out, and what they left to be done is done."""

        async def rest() -> None:
            await asyncio.sleep(SETTLED)
            then()

        self.resting = asyncio.create_task(rest())

    def _begin(self) -> None:
        sys.settrace(self._entered)

    def _end(self) -> None:
        sys.settrace(None)
        self.out.write_bytes(msgspec.json.encode(self.each()))

    def each(self) -> list[Each]:
        """Return what each function took of a request."""
        return [
            Each(code.co_filename, code.co_firstlineno, code.co_qualname, count / COUNTED, self.calls[code] / COUNTED)
            for code, count in self.bytecodes.most_common()
            if code.co_filename != __file__
        ]

    def _entered(self, frame: FrameType, _: str, __: Any) -> Any:
        self.calls[frame.f_code] += 1
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return self._stepped

    def _stepped(self, frame: FrameType, event: str, _: Any) -> Any:
        if event == "opcode":
            self.bytecodes[frame.f_code] += 1
        return self._stepped


if __name__ == "__main__":
    created, written = router.app.create, Path(sys.argv.pop(1))
    router.app.create = lambda: Counting(created(), written)  # workers are forked from this process, and find it here
    main()
