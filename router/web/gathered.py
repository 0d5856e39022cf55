"""Answers to callers of HTTP/1.0, where a stream that breaks looks like one that ends.

Such an answer has no chunks: without a Content-Length it lasts until the connection closes, however that comes about
(RFC 9112, section 6.3). So a stream is gathered whole and sent with its length, or refused if it breaks.
nginx speaks HTTP/1.0 to those behind it unless told `proxy_http_version 1.1`.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from typing import IO, Final

from router.contract import ByteStream

UNFRAMED: Final = frozenset({"1", "1.0"})
"""The ASGI spelling is 1.0; some servers drop the nought."""
IN_MEMORY: Final = 1024 * 1024
"""Bytes; what is longer goes to disk."""
CHUNK: Final = 256 * 1024
"""Bytes read at a time."""


def unframed(version: str) -> bool:
    """Whether a caller of this version of HTTP could not tell a broken stream from a whole one."""
    return version in UNFRAMED


class Gathered:
    """A stream that has come to its end, with its length in bytes."""

    def __init__(self, spool: IO[bytes], length: int) -> None:
        self.length = length
        self._spool = spool

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while chunk := await asyncio.to_thread(self._spool.read, CHUNK):
            yield chunk

    async def aclose(self) -> None:
        """Remove it."""
        await asyncio.to_thread(self._spool.close)


async def gather(chunks: ByteStream) -> Gathered:
    """Read a stream to its end and close it; raises what the stream raises, and keeps nothing then."""
    spool = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - `Gathered` closes it
    try:
        async for chunk in chunks:
            await asyncio.to_thread(spool.write, chunk)
        length = spool.tell()
        spool.seek(0)
    except BaseException:
        spool.close()
        raise
    finally:
        await chunks.aclose()
    return Gathered(spool, length)
