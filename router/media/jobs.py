"""What worker processes are asked to do. FFmpeg and numpy are imported there alone, when a job first needs them."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from router.media.convert import Source, Target
    from router.media.probe import Probed


def inspect(_inbox: Iterator[bytes], source: bytes | Path) -> "Iterator[Probed]":
    """Yield once: what `source` is; see `router.media.inspection.inspect`."""
    from router.media import inspection  # noqa: PLC0415 - see above

    yield inspection.inspect(source)


def hold(_inbox: Iterator[bytes], picture: bytes | Path, seconds: float) -> Iterator[tuple[bytes, float]]:
    """Yield once: a film of a picture and how long it is; see `router.media.holding.hold`."""
    from router.media import holding  # noqa: PLC0415 - see above

    yield holding.hold(picture, seconds)


def recode(inbox: Iterator[bytes], source: "Source", target: "Target") -> Iterator[bytes]:
    """Yield speech in another format; see `router.media.recoding.recode`."""
    from router.media import recoding  # noqa: PLC0415 - see above

    yield from recoding.recode(inbox, source, target)


def listen(_inbox: Iterator[bytes], source: bytes | Path) -> Iterator[bool]:
    """Yield once: whether a recording is loud for long enough; see `router.media.loudness.voiced`."""
    from router.media import loudness  # noqa: PLC0415 - see above

    yield loudness.voiced(source)
