from collections.abc import AsyncIterator, Awaitable, Callable

from router.contract import ByteStream, NotFound, Truncated
from router.store.media import PIECE, MediaStore


async def content(store: MediaStore, name: str, start: int = 0, length: int | None = None) -> bytes:
    stream = await store.read(name, start, length)
    try:
        return b"".join([piece async for piece in stream])
    finally:
        await stream.aclose()


async def absent(store: MediaStore, name: str) -> bool:
    try:
        await content(store, name)
    except NotFound:
        return True
    return False


async def broken_off(stream: ByteStream) -> bytes | None:
    """Return what came of a stream that broke off; None if it did not."""
    got = b""
    try:
        async for piece in stream:
            got += piece
    except Truncated:
        return got
    finally:
        await stream.aclose()
    return None


class Vanished(Exception):
    pass


async def nothing() -> None:
    pass


async def breaking(film: bytes, first: Callable[[], Awaitable[None]] = nothing) -> AsyncIterator[bytes]:
    """Yield all of it, do something, and break."""
    for at in range(0, len(film), PIECE):
        yield film[at : at + PIECE]
    await first()
    raise Vanished
