"""Trying what the router keeps things in: records, media, the server that counts, disks, and how many files it may open."""

import asyncio
import secrets
import shutil
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Final

from router.cli.files import open_many
from router.cli.findings import Finding
from router.contract import MediaError
from router.engine.settings import RouterSettings
from router.store.counters import Counters
from router.store.media import MediaStore
from router.store.shared_counters import SharedCounters
from router.stores import Stores

PATIENCE: Final = 30.0
ROOM: Final = 1024**3
"""Bytes that should be free: an hour of uploads and films on their way."""
FILES: Final = 4096
"""Files that may be open: 2,000 callers with a provider each."""
PROBE: Final = b"media-router doctor"


async def stores(settings: RouterSettings, state: Path) -> AsyncIterator[Finding]:
    """Yield how records, media and limits are, each written and read once."""
    storage = settings.storage
    try:
        kept = Stores.of(storage, state)
    except (ValueError, OSError) as error:
        told = error.strerror if isinstance(error, OSError) else str(error)
        yield Finding(subject="storage", tried="open", fine=False, told=told or "", fix=f"see `storage`, and {state}")
        return

    async def records() -> str:
        async with kept.database:
            await kept.kept.rows.remove(probe())  # a write, of which nothing comes
        return "writable"

    yield await tried("records", "write", records, f"see storage.records{'' if storage.records else f', and {state}'}")
    yield await tried("media", "put, get, delete", lambda: media(kept.kept.media), f"see storage.media{'' if storage.media else f', and {state}'}")  # fmt: skip
    if storage.limits is not None:
        yield await tried(
            "limits", "ping", lambda: counting(kept.counters), "is the Redis or Valkey of storage.limits there?"
        )


async def media(store: MediaStore) -> str:
    """Keep something, read it and remove it again."""
    name = probe()
    async with store:
        try:
            await store.put(name, pieces(), "application/octet-stream")
            stream = await store.read(name)
            back = b"".join([piece async for piece in stream])
            await stream.aclose()
        finally:
            await store.remove(name)
    if back != PROBE:
        raise MediaError("what was read is not what was written")
    return f"{len(back)} bytes, the same"


async def counting(counters: Counters) -> str:
    """Reach the server that counts."""
    async with counters:
        if isinstance(counters, SharedCounters) and not counters.there:
            raise MediaError("it does not answer")
    return "answers"


async def tried(subject: str, what: str, act: Callable[[], Awaitable[str]], fix: str) -> Finding:
    """Do something and say what came of it."""
    began = time.monotonic()
    try:
        async with asyncio.timeout(PATIENCE):
            told = await act()
    except (MediaError, OSError, TimeoutError) as error:
        why = error.message if isinstance(error, MediaError) else str(error) or "no answer"
        return Finding(subject=subject, tried=what, fine=False, told=why, fix=fix)
    return Finding(subject=subject, tried=what, fine=True, told=told, seconds=time.monotonic() - began)


def disk(what: str, folder: Path, room: int = ROOM) -> Finding:
    """Say how much is free where a folder is, or will be."""
    there = next(one for one in (folder, *folder.parents) if one.exists())
    free = shutil.disk_usage(there).free
    fix = f"make room on the disk of {there}: there should be {room / 1024**3:g} GB"
    return Finding(subject=what, tried="disk", fine=free >= room, told=f"{free / 1024**3:.1f} GB free", fix=fix)


def files(allowed: Callable[[], int] = open_many, least: int = FILES) -> Finding:
    """Say how many files and connections may be open."""
    count = allowed()
    fix = "allow more: `ulimit -n 65536`, LimitNOFILE= in systemd, or the container's ulimits"
    return Finding(subject="process", tried="open files", fine=count >= least, told=f"{count} allowed", fix=fix)


def probe() -> str:
    """Return a name that nothing has."""
    return f"doctor_{secrets.token_hex(12)}"


async def pieces() -> AsyncIterator[bytes]:
    """Yield what is kept for a moment."""
    yield PROBE
