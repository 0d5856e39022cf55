"""Where sync keeps files: signed URLs at other hosts, which work by themselves and must never see our key."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import httpx

from plugins.sync_so.order import Held
from router.contract import Answer, Inline
from router.contract.http import PLAIN, Body, ours, refusal

PIECE: Final = 256 * 1024


class Files:
    """What is asked of those hosts; `name` is the provider's, for errors."""

    def __init__(self, client: httpx.AsyncClient, name: str) -> None:
        self.client = client
        self.name = name

    async def fetch(self, url: str) -> Answer:
        """Open a file, following the URL to where the storage sends us. The caller closes it."""
        return await self._ask("GET", url, follow=True, headers=PLAIN)

    async def store(self, url: str, media: Held) -> None:
        """Put media there: its type is part of what was signed, and storage wants the length beforehand."""
        headers = {"content-type": media.media_type, "content-length": str(media.size)}
        body = media.data if isinstance(media, Inline) else pieces(media.path)
        answer = await self._ask("PUT", url, follow=False, headers=headers, content=body)
        await answer.body.aclose()

    async def _ask(self, method: str, url: str, *, follow: bool, **options: Any) -> Answer:
        with ours():
            request = self.client.build_request(method, url, **options)
            response = await self.client.send(request, stream=True, follow_redirects=follow)
        body = Body(response)
        if not response.is_success:
            await body.aclose()
            raise refusal(f"the storage of {self.name}", response.status_code, response.headers)
        return Answer(response.status_code, response.headers, body)


async def pieces(path: Path) -> AsyncIterator[bytes]:
    """Read a file piece by piece, off the event loop."""
    file = await asyncio.to_thread(path.open, "rb")
    try:
        while piece := await asyncio.to_thread(file.read, PIECE):
            yield piece
    finally:
        file.close()
