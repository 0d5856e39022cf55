"""What goes out to addresses that callers name. It is imported when first asked for: a tenth of a start would go into aiohttp.

It is imported in a thread, so that the streams that run meanwhile go on.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from importlib import import_module
from typing import cast

import msgspec

from router.contract import Inline
from router.jobs.post import Answer, Post
from router.media import Workers, probe
from router.media.addresses import Network


def fetching(workers: Workers) -> Callable[[str, str, int], Awaitable[Inline]]:
    """Return what downloads media and says how long it lasts, if it is sound."""

    async def fetch(url: str, param: str, limit: int) -> Inline:
        found = await asyncio.to_thread(import_module, "router.media.fetch")
        media: Inline = await found.Fetcher().fetch(url, limit, param=param)
        if not media.media_type.startswith("audio/"):
            return media
        return msgspec.structs.replace(media, seconds=(await probe(workers, media.data)).seconds)

    return fetch


def posting(allowed: Sequence[Network]) -> Post:
    """Return what posts webhooks to public addresses, and to those in `allowed`."""

    async def post(url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        found = await asyncio.to_thread(import_module, "router.jobs.poster")
        return cast("Answer", await found.Poster(allowed=allowed)(url, headers, body))

    return post
