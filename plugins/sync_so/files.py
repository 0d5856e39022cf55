"""Where sync keeps files: signed URLs at other hosts, which work by themselves and must never see our key."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urljoin

from router.contract import Answer, Carried, Misconfigured, Upload
from router.contract.http import PLAIN, refusal
from router.contract.wire import Content, Wire

PIECE: Final = 256 * 1024
HOPS: Final = 5
"""How often the storage may send us elsewhere."""
REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


class Files:
    """What is asked of those hosts; `name` is the provider's, for errors."""

    def __init__(self, wire: Wire, name: str) -> None:
        self.wire = wire
        self.name = name

    async def fetch(self, url: str) -> Answer:
        """Open a file, following the URL to where the storage sends us. The caller closes it."""
        for _ in range(HOPS):
            answer = await self.wire.ask("GET", url, PLAIN, b"")
            if answer.status not in REDIRECTS or "location" not in answer.headers:
                return await self._good(answer)
            await answer.body.aclose()
            url = urljoin(url, answer.headers["location"])
        raise Misconfigured(f"the storage of {self.name} sends us round in circles")

    async def store(self, url: str, media: Carried) -> None:
        """Put media there: its type is part of what was signed, and storage wants the length beforehand."""
        headers: Mapping[str, str] = {"content-type": media.media_type, "content-length": str(media.size)}
        body: Content = pieces(media.path) if isinstance(media, Upload) else media.source
        answer = await self._good(await self.wire.ask("PUT", url, headers, body))
        await answer.body.aclose()

    async def _good(self, answer: Answer) -> Answer:
        if 200 <= answer.status < 300:
            return answer
        await answer.body.aclose()
        raise refusal(f"the storage of {self.name}", answer.status, answer.headers)


async def pieces(path: Path) -> AsyncIterator[bytes]:
    """Read a file piece by piece, off the event loop."""
    file = await asyncio.to_thread(path.open, "rb")
    try:
        while piece := await asyncio.to_thread(file.read, PIECE):
            yield piece
    finally:
        file.close()
