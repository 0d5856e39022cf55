"""Stream a long film into a store and out of it, in a process of its own, and print by how many bytes that made it grow.

`python -m tests.unit.store.streaming URL OPTIONS`, the options as JSON.
"""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from router.store.media import MediaStore
from router.store.places import open_media

LONG = 100 * 1024 * 1024
WARM = 1024 * 1024
"""Enough to have loaded every module and started every thread."""
CHUNK = os.urandom(64 * 1024)


async def film(size: int) -> AsyncIterator[bytes]:
    for _ in range(size // len(CHUNK)):
        yield CHUNK


async def through(store: MediaStore, size: int) -> int:
    """Keep so many bytes; return how many come back."""
    await store.put("film", film(size), "video/mp4")
    got = 0
    async for piece in await store.read("film"):
        got += len(piece)
    await store.remove("film")
    return got


async def growth(url: str, options: Mapping[str, str]) -> int:
    async with open_media(url, options) as store:
        assert await through(store, WARM) == WARM
        before = most()
        assert await through(store, LONG) == LONG
        return most() - before


def most() -> int:
    """Return the most bytes of memory that this process has had; `ru_maxrss` would count its parent's."""
    told = Path("/proc/self/status").read_text()
    return int(told.partition("VmHWM:")[2].split()[0]) * 1024


if __name__ == "__main__":
    print(asyncio.run(growth(sys.argv[1], json.loads(sys.argv[2]))), flush=True)
    # As the router's own processes end. An interpreter that is taken down around obstore's threads may be aborted by one of
    # them, once in a thousand times: https://github.com/PyO3/pyo3-async-runtimes/issues/40.
    os._exit(0)
