"""A film of a still picture, for providers that take nothing but video as a face."""

from pathlib import Path

from router.contract.limits import VIDEO
from router.contract.media import Inline
from router.media import jobs
from router.media.workers import Workers


async def still(workers: Workers, picture: bytes | Path, seconds: float) -> Inline:
    """Return a silent H.264 MP4 at 25 frames a second that shows `picture`, turned upright, for `seconds`.

    Its sides are even and at most 1280 pixels. Raises Invalid for what is no picture.
    """
    film, lasts = await workers.call(jobs.hold, picture, seconds)
    return Inline(film, VIDEO, lasts)
