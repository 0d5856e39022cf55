"""A film of a still picture, encoded by FFmpeg. For use inside jobs."""

import io
from collections.abc import Iterator
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import numpy as np

from router.contract.errors import Invalid
from router.media.mp4 import FPS
from router.media.opening import opened

LONGEST = 1280
"""Pixels of the longer side: more than any vendor's face model looks at."""
GROUP = 10 * FPS
"""Frames encoded. What follows is the same packets again, so a longer film takes no longer to make."""
X264 = {"preset": "veryfast", "tune": "stillimage", "crf": "23", "g": str(GROUP), "bf": "0", "sc_threshold": "0"}
BT601 = 6
"""What swscale makes of RGB unless told otherwise; unsaid, players take it for BT.709 from 720 lines up."""


def hold(picture: bytes | Path, seconds: float) -> tuple[bytes, float]:
    """Return a film of equal frames, whole, for its index comes last, and how long it is; see `router.media.still`."""
    frames = max(1, round(seconds * FPS))
    sink = io.BytesIO()
    frame = prepared(first_frame(picture))
    with av.open(sink, "w", format="mp4") as film:
        stream = film.add_stream("libx264", rate=FPS, options=X264)
        stream.width, stream.height, stream.pix_fmt = frame.width, frame.height, frame.format.name
        stream.codec_context.colorspace = BT601
        group = list(encoded(stream, frame, min(frames, GROUP)))
        for number in range(frames):
            packet = av.Packet(group[number % GROUP])
            packet.stream, packet.time_base = stream, Fraction(1, FPS)
            packet.pts = packet.dts = number
            packet.duration, packet.is_keyframe = 1, number % GROUP == 0
            film.mux(packet)
    return sink.getvalue(), frames / FPS


def first_frame(picture: bytes | Path) -> av.VideoFrame:
    """Decode a picture; of one that moves, its beginning."""
    with opened(picture) as container:
        name = container.format.name
        if not (name.endswith("_pipe") or name == "gif"):
            raise Invalid("not a picture in a format that can be read", code="invalid_media")
        for frame in islice(container.decode(video=0), 1):
            return frame
    raise Invalid("a picture that is damaged or too large", code="invalid_media")


def prepared(frame: av.VideoFrame) -> av.VideoFrame:
    """Return the frame upright (cameras only note how they were held), made smaller and its sides even."""
    turns = round(frame.rotation / 90) % 4
    if turns:
        frame = av.VideoFrame.from_ndarray(np.rot90(frame.to_ndarray(format="rgb24"), turns).copy(), format="rgb24")
    shrunk = min(1.0, LONGEST / max(frame.width, frame.height))
    width, height = (max(2, round(side * shrunk / 2) * 2) for side in (frame.width, frame.height))
    return frame.reformat(width=width, height=height, format="yuv420p")


def encoded(stream: av.VideoStream, frame: av.VideoFrame, frames: int) -> Iterator[bytes]:
    """Encode the same frame several times, without B-frames: each packet is one frame, in order."""
    for number in range(frames):
        frame.pts, frame.time_base = number, Fraction(1, FPS)
        yield from map(bytes, stream.encode(frame))
    yield from map(bytes, stream.encode(None))
