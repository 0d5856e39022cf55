"""What a piece of media is and how long it lasts, told by FFmpeg. For use inside jobs."""

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
from av.container import InputContainer
from av.stream import Disposition

from router.contract.errors import Invalid
from router.media.decoding import packets
from router.media.mpeg_length import mp3_seconds
from router.media.opening import PIXELS, opened
from router.media.probe import Probed
from router.media.sniff import ENOUGH, sniff

MEDIA_TYPES = {
    "mp3": "audio/mpeg", "aac": "audio/aac", "wav": "audio/wav", "ogg": "audio/ogg", "flac": "audio/flac",
    "mpegts": "video/mp2t", "amr": "audio/amr", "aiff": "audio/aiff", "caf": "audio/x-caf",
}  # fmt: skip
"""By FFmpeg's demuxer, for content that only it recognises."""
PCM_BITS: Final[Mapping[str, int]] = {
    "pcm_u8": 8, "pcm_alaw": 8, "pcm_mulaw": 8, "pcm_s16le": 16, "pcm_s24le": 24, "pcm_s32le": 32,
    "pcm_f32le": 32, "pcm_f64le": 64,
}  # fmt: skip
"""Bits of a sample, by FFmpeg's names."""
DEMUXERS: Final[Mapping[str, str]] = {"audio/wav": "wav"}
"""A WAV's header tells all; left to itself FFmpeg goes through 4 MB of the samples for a DTS stream in disguise."""
WITHOUT_PICTURE = {"video/mp4": "audio/mp4", "video/webm": "audio/webm", "video/x-matroska": "audio/x-matroska"}


def inspect(source: bytes | Path) -> Probed:
    """Look at all of `source` but decode no more than its first frame. Raises `Invalid`."""
    head = source[:ENOUGH] if isinstance(source, bytes) else _head(source)
    sniffed = sniff(head)
    with opened(source, DEMUXERS.get(sniffed or "")) as container:
        return _inspect(container, sniffed, source)


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(ENOUGH)


def _inspect(container: InputContainer, sniffed: str | None, source: bytes | Path) -> Probed:
    name = container.format.name
    media_type = sniffed or MEDIA_TYPES.get(name.removesuffix("_pipe"), "application/octet-stream")
    moving = [one for one in container.streams.video if not one.disposition & Disposition.attached_pic]
    if not moving and not container.streams.audio:
        raise Invalid("media with neither sound nor picture", code="invalid_media")
    if not moving:
        _first_frame(container, container.streams.audio[0])
        return Probed("audio", WITHOUT_PICTURE.get(media_type, media_type), _seconds(container, source))
    width, height = moving[0].width, moving[0].height
    if not width:
        message = f"a picture that is damaged or larger than {PIXELS} pixels"
        raise Invalid(message, code="invalid_media", limit=PIXELS)
    _first_frame(container, moving[0])
    if name.endswith("_pipe") or name == "gif":
        return Probed("image", media_type, None, width, height)
    return Probed("video", media_type, _seconds(container, source), width, height)


def _first_frame(container: InputContainer, stream: av.VideoStream | av.AudioStream) -> None:
    for packet in container.demux(stream):
        if stream.decode(packet):
            return
    raise Invalid("media without a single frame", code="invalid_media")


def _seconds(container: InputContainer, source: bytes | Path) -> float:
    """Count by packet times: the length a header claims may be missing, guessed or a lie."""
    counted = mp3_seconds(source) if container.format.name == "mp3" else _pcm_seconds(container)
    if counted is not None:
        return counted
    spans: dict[int, tuple[int, int]] = {}
    container.seek(0)
    for packet in packets(container):
        pts, at = packet.pts, packet.stream_index
        if pts is not None:
            start, end = spans.get(at, (pts, pts))
            spans[at] = (min(start, pts), max(end, pts + (packet.duration or 0)))
    times = [
        (max(start * base, Fraction(0)), end * base)
        for at, (start, end) in spans.items()
        if (base := container.streams[at].time_base) is not None
    ]
    if not times:
        return 0.0
    return max(float(max(end for _, end in times) - min(start for start, _ in times)), 0.0)


def _pcm_seconds(container: InputContainer) -> float | None:
    """Work out a WAV's length from the bytes that are there, at most what it claims: 6 ms/MB less than counting.

    None where this does not hold: other containers, samples of no fixed size, several streams.
    """
    if container.format.name != "wav" or len(container.streams) != 1 or not container.streams.audio:
        return None
    stream = container.streams.audio[0]
    context, bits = stream.codec_context, PCM_BITS.get(stream.codec_context.name)
    container.seek(0)
    first = next(packets(container), None)
    if bits is None or first is None or not first.size or first.pos is None or first.pts:
        return None
    frame = bits * context.channels // 8
    there: int = (container.size - first.pos) // frame
    claimed = stream.duration if stream.duration and stream.time_base == Fraction(1, context.sample_rate) else there
    return min(there, claimed) / context.sample_rate
