"""What a piece of media is and how long it lasts, found out in a worker process."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import av
import msgspec
from av.container import InputContainer
from av.stream import Disposition

from router.contract.errors import Invalid
from router.media.decode import packets
from router.media.opening import PIXELS, opened
from router.media.sniff import ENOUGH, sniff
from router.media.workers import Workers

PATIENCE = 10.0
"""Seconds a probe may take; honest media of a size we accept takes a fraction of one."""

MEDIA_TYPES = {
    "mp3": "audio/mpeg", "aac": "audio/aac", "wav": "audio/wav", "ogg": "audio/ogg", "flac": "audio/flac",
    "mpegts": "video/mp2t", "amr": "audio/amr", "aiff": "audio/aiff", "caf": "audio/x-caf",
}  # fmt: skip
"""By FFmpeg's demuxer, for content that only it recognises."""
WITHOUT_PICTURE = {"video/mp4": "audio/mp4", "video/webm": "audio/webm", "video/x-matroska": "audio/x-matroska"}


class Probed(msgspec.Struct, frozen=True):
    """What was found. `seconds` is None for a picture; `width` and `height` are None for sound."""

    kind: Literal["audio", "video", "image"]
    media_type: str
    seconds: float | None = None
    width: int | None = None
    height: int | None = None


async def probe(workers: Workers, source: bytes | Path, patience: float = PATIENCE) -> Probed:
    """Say what `source` is; raises Invalid if nothing in it can be decoded, or not within `patience` seconds."""
    running = await workers.start(inspect, source)
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


def inspect(_inbox: Iterator[bytes], source: bytes | Path) -> Iterator[Probed]:
    """Job: look at all of `source` but decode no more than its first frame."""
    head = source[:ENOUGH] if isinstance(source, bytes) else _head(source)
    with opened(source) as container:
        yield _inspect(container, sniff(head))


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(ENOUGH)


def _inspect(container: InputContainer, sniffed: str | None) -> Probed:
    name = container.format.name
    media_type = sniffed or MEDIA_TYPES.get(name.removesuffix("_pipe"), "application/octet-stream")
    moving = [one for one in container.streams.video if not one.disposition & Disposition.attached_pic]
    if not moving and not container.streams.audio:
        raise Invalid("media with neither sound nor picture", code="invalid_media")
    if not moving:
        _first_frame(container, container.streams.audio[0])
        return Probed("audio", WITHOUT_PICTURE.get(media_type, media_type), _seconds(container))
    width, height = moving[0].width, moving[0].height
    if not width:
        message = f"a picture that is damaged or larger than {PIXELS} pixels"
        raise Invalid(message, code="invalid_media", limit=PIXELS)
    _first_frame(container, moving[0])
    if name.endswith("_pipe") or name == "gif":
        return Probed("image", media_type, None, width, height)
    return Probed("video", media_type, _seconds(container), width, height)


def _first_frame(container: InputContainer, stream: av.VideoStream | av.AudioStream) -> None:
    for packet in container.demux(stream):
        if stream.decode(packet):
            return
    raise Invalid("media without a single frame", code="invalid_media")


def _seconds(container: InputContainer) -> float:
    """Count by packet times: the length a header claims may be missing, guessed or a lie."""
    start, end = float("inf"), 0.0
    container.seek(0)
    for packet in packets(container):
        if packet.pts is None or packet.time_base is None:
            continue
        pts = float(packet.pts * packet.time_base)
        start = min(start, max(pts, 0.0))
        end = max(end, pts + float((packet.duration or 0) * packet.time_base))
    return max(end - start, 0.0) if end else 0.0
