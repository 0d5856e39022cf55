"""What a piece of media is and how long it lasts, found out in a worker process, but for a plain WAV, whose header says it."""

import asyncio
import os
from pathlib import Path
from typing import Literal

import msgspec

from router.contract.errors import Invalid
from router.contract.schema import AudioFormat
from router.media import jobs
from router.media.sniff import CONTENT_TYPES
from router.media.wav import USUAL, told_seconds
from router.media.workers import Workers

PATIENCE = 10.0
"""Seconds a probe may take; honest media of a size we accept takes a fraction of one."""


class Probed(msgspec.Struct, frozen=True):
    """What was found. `seconds` is None for a picture; `width` and `height` are None for sound."""

    kind: Literal["audio", "video", "image"]
    media_type: str
    seconds: float | None = None
    width: int | None = None
    height: int | None = None


async def probe(workers: Workers, source: bytes | Path, patience: float = PATIENCE) -> Probed:
    """Say what `source` is; raises Invalid if nothing in it can be decoded, or not within `patience` seconds."""
    head, size = (
        await asyncio.to_thread(looked_at, source) if isinstance(source, Path) else (source[:USUAL], len(source))
    )
    if (told := plain(head, size)) is not None:
        return told
    running = await workers.start(jobs.inspect, source)
    try:
        async with asyncio.timeout(patience):
            found: Probed = await anext(running)
    except TimeoutError as error:
        raise Invalid("media that takes too long to read", code="invalid_media", limit=patience) from error
    else:
        await anext(running, None)  # to the job's end, so that its process is kept
        return found
    finally:
        await running.aclose()


def plain(head: bytes, size: int) -> Probed | None:
    """Say what media is of which the first `USUAL` bytes tell enough, since they say that it is plain sound; None for all else."""
    seconds = told_seconds(head, size)
    return None if seconds is None else Probed("audio", CONTENT_TYPES[AudioFormat.WAV], seconds)


def looked_at(path: Path) -> tuple[bytes, int]:
    """Return the beginning of a file, and the size of all of it."""
    with path.open("rb") as file:
        return file.read(USUAL), os.fstat(file.fileno()).st_size
