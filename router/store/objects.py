"""Media in an object store: S3 and what speaks like it, Google's and Azure's, through obstore."""

import asyncio
import logging
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing, suppress
from datetime import timedelta
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import obstore
from obstore.exceptions import BaseError
from obstore.store import from_url

from router.contract import ByteStream, Held, MediaError, NotFound, Truncated
from router.store.media import PIECE, Stored, Tally, checked, failed, full, pieces

T = TypeVar("T")

PART: Final = 5 * 1024 * 1024
"""Bytes of a part of an upload: the least that S3 takes. Two are in memory, one filling and one on its way."""
FULL: Final = ("QuotaExceeded", "StorageFull", "507 Insufficient Storage")
"""What stores without room say, each in a word of its own; obstore has no error for it."""
BEYOND: Final = "416 Range Not Satisfiable"
"""What they say of a range that begins where the object has ended; nor for this."""

log = logging.getLogger(__name__)


class ObjectStore:
    """A bucket, or what is below a prefix in it: `s3://bucket/prefix`, `gs://bucket`, `az://container`.

    `options` are obstore's own for the kind of store, such as `endpoint`, `region`, `access_key_id` and
    `secret_access_key`; without credentials it takes those of its surroundings. `links` is the endpoint as callers
    reach it, where that is another. A store that is dead is given up on after about `patience` seconds. It may be
    opened before a fork, but not used: the threads it works in do not survive one. Raises `ValueError` for what it
    cannot be opened with.
    """

    def __init__(
        self, url: str, options: Mapping[str, str], *, links: str | None = None, patience: float = 10.0
    ) -> None:
        self.patience = patience
        self.store = opened(url, options, patience)
        self.signer = opened(url, {**options, "endpoint": links}, patience) if links else self.store

    async def __aenter__(self) -> Self:
        """Nothing is asked of the store yet: it may be away for a while at any time, this one too."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Connections end by themselves."""

    async def put(
        self, name: str, chunks: AsyncIterable[bytes], media_type: str, sent: Callable[[int], None] = lambda _: None
    ) -> Stored:
        """Upload to the end of `chunks`, in parts if there is more than one; what breaks is called off at the store.

        Only a store that dies meanwhile keeps parts, unseen: have its bucket drop uploads that are not completed.
        """
        writer, tally = self._writer(checked(name), media_type), Tally()
        try:
            async with aclosing(pieces(chunks)) as gathered:
                async for piece in gathered:
                    await asyncio.to_thread(tally.add, piece)
                    await kept(writer.write(piece))
                    sent(len(piece))
            await kept(writer.close())
        except BaseException as error:
            with suppress(OSError, BaseError, TimeoutError):  # closed already, or the store is dead
                async with asyncio.timeout(self.patience / 4):
                    await writer.__aexit__(type(error), error, None)
            raise
        return tally.stored(name, media_type)

    def _writer(self, name: str, media_type: str) -> Any:
        """Return a file to be; obstore's type for it exists only for type checkers."""
        return obstore.open_writer_async(
            self.store, name, attributes={"Content-Type": media_type}, buffer_size=PART, max_concurrency=1
        )

    async def read(self, name: str, start: int = 0, length: int | None = None) -> ByteStream:
        """Ask for the bytes; they come as fast as they are read."""
        span: Any = {"offset": start} if length is None else (start, start + max(length, 1))
        ranged = start > 0 or length is not None
        try:
            found = await obstore.get_async(self.store, checked(name), options={"range": span} if ranged else {})
        except (BaseError, OSError) as error:
            if BEYOND not in str(error):
                raise translated(error) from error
            return ObjectStream(aiter(Held(b"")), length)
        return Held(b"") if length == 0 else ObjectStream(found.stream(PIECE), length)

    async def remove(self, *names: str) -> None:
        """Delete objects, of which any may be gone already."""
        for name in map(checked, names):
            try:
                await obstore.delete_async(self.store, name)
            except FileNotFoundError:  # Google and Azure say so
                continue
            except (BaseError, OSError) as error:
                raise translated(error) from error

    async def link(self, name: str, seconds: float) -> str:
        """Return a presigned URL; it answers with the type that the media was put with."""
        signer: Any = self.signer
        try:
            return await obstore.sign_async(signer, "GET", checked(name), timedelta(seconds=seconds))
        except (BaseError, OSError) as error:
            raise translated(error) from error


class ObjectStream:
    """Bytes of an object, `length` of them or all there are. Raises `Truncated` where they do not come."""

    def __init__(self, stream: AsyncIterator[bytes], length: int | None) -> None:
        self.stream = stream
        self.left = length

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        try:
            piece = await anext(self.stream)
        except StopAsyncIteration:
            if self.left:
                raise Truncated("media that was kept has lost its end") from None
            raise
        except (BaseError, OSError) as error:
            log.error("media cannot be read on: %s", reason(error))  # noqa: TRY400 - the stack is ours
            raise Truncated("media that was kept cannot be read on") from error
        if self.left is not None:
            self.left -= len(piece)
        return piece

    async def aclose(self) -> None:
        """Let go of the answer, which ends its connection if there is more to come."""
        self.stream = aiter(Held(b""))
        self.left = None


def opened(url: str, options: Mapping[str, str], patience: float) -> Any:
    """Return obstore's store. No answer may take longer than `patience` to begin or to go on, however long it is."""
    endpoint = options.get("endpoint", "https://")
    if not endpoint.startswith(("http://", "https://")):
        raise ValueError("an endpoint begins with http:// or https://")
    client: Any = {
        "allow_http": endpoint.startswith("http://"),
        "connect_timeout": timedelta(seconds=patience / 4),
        "read_timeout": timedelta(seconds=patience),
        "timeout": timedelta(days=1),  # of a whole answer: a viewer may take long
    }
    retry: Any = {"max_retries": 3, "retry_timeout": timedelta(seconds=patience / 2)}
    config: Any = dict(options)
    try:
        return from_url(url, config=config, client_options=client, retry_config=retry)
    except (BaseError, ValueError) as error:
        raise ValueError(reason(error)) from None


async def kept(writing: Awaitable[T]) -> T:
    """Wait for a step of an upload, even if cancelled: only between steps can it be called off."""
    doing = asyncio.ensure_future(writing)
    try:
        return await asyncio.shield(doing)
    except asyncio.CancelledError:
        await asyncio.wait([doing])
        raise
    except FileNotFoundError as error:
        log.error("the media store lacks the bucket, or lost the upload: %s", reason(error))  # noqa: TRY400 - the stack is ours
        raise failed() from error
    except (BaseError, OSError) as error:
        raise translated(error) from error


def translated(error: Exception) -> MediaError:
    """Return an error of obstore's as one of ours, and log what only the operator may read."""
    if isinstance(error, FileNotFoundError):
        return NotFound("this media is not kept, or no longer")
    log.error("the media store failed: %s", reason(error))
    return full() if any(word in str(error) for word in FULL) else failed()


def reason(error: Exception) -> str:
    """Return what obstore says, without the dump of its insides below."""
    return str(error).partition("\n")[0]
