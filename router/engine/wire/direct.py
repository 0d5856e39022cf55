"""A `Wire` with nothing between it and its connections."""

from collections.abc import Coroutine, Mapping
from typing import Any, Self

import httpx
import msgspec

from router.contract.streams import Into
from router.contract.wire import Answer, Content, ours, translated
from router.engine.wire.connection import HELD, Connection
from router.engine.wire.dialling import Dialling, Trust
from router.engine.wire.pool import IDLE, Pool
from router.engine.wire.reading import Reading
from router.engine.wire.request import written


class Direct:
    """Sends requests over connections of its own; reads no environment, so that no proxy gets between.

    Seconds: `connect` for a free connection, and then as long again for the making of a new one; `read` from one sign
    of life to the next, be it in taking a request or in answering it; `idle` that a connection is kept.
    """

    def __init__(self, connect: float, read: float, connections: int, trusted: Trust, idle: float = IDLE) -> None:
        self.pool = Pool(Dialling(connect, trusted), connections, read, idle)

    async def ask(
        self, method: str, url: str, headers: Mapping[str, str], content: Content, *, fresh: bool = False
    ) -> Answer:
        """Send a request, over a new connection if it is to be a `fresh` one; see `Wire`.

        One that may be repeated is, once, if a kept connection proves dead under it.
        """
        try:
            request = written(method, url, headers, content)
            kept = None if fresh else self.pool.at_hand(request.origin)
            connection = kept or await self.pool.take(request.origin, fresh=fresh)
            worn = connection.used
            reading = connection.begin(request)
            try:
                while not reading.headed and reading.fault is None:
                    await connection.more(reading)
            except BaseException:
                await connection.leave(reading)
                raise
            if reading.fault is None or reading.headed:
                return Answer(reading.status, reading.headers, Stream(connection, reading))
            if not (worn and request.repeatable and reading.unheard):
                raise reading.fault
            return await self.ask(method, url, headers, content, fresh=True)
        except (httpx.RequestError, httpx.InvalidURL) as error:
            raise translated(error) from error

    async def close(self) -> None:
        """Close all connections."""
        await self.pool.close()


class Stream(msgspec.Struct, eq=False):
    """An answer's body, in the pieces in which it came, but for small ones that came together."""

    connection: Connection
    reading: Reading

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        reading = self.reading
        while not reading.chunks:
            if reading.fault is not None:
                with ours():
                    raise reading.fault
            if reading.ended:
                raise StopAsyncIteration
            await self.connection.more(reading)
        chunk = reading.take()
        if self.connection.paused and reading.held <= HELD:
            self.connection.resume()
        return chunk

    async def pour(self, into: Into) -> None:
        """Hand on what comes as it comes; return once the answer ended, broke, or brought what was not taken."""
        reading = self.reading
        if reading.chunks or reading.ended or reading.fault is not None:
            return
        reading.into = into
        try:
            await self.connection.more(reading)
        finally:
            reading.into = None

    @property
    def over(self) -> bool:
        """Whether all of it came and was read."""
        return self.reading.ended and not self.reading.chunks

    def aclose(self) -> Coroutine[Any, Any, None]:
        """Cut the connection if the answer is still coming."""
        return self.connection.leave(self.reading)
