"""What bytes are and how they change: worker processes, sniffing, decoding, encoding, fetching."""

from typing import TYPE_CHECKING, Any

from router.media.boxes import FilmMeter
from router.media.convert import Wish, convert
from router.media.decode import decode
from router.media.encode import Encoder
from router.media.meter import AudioMeter
from router.media.mp4 import Mp4Writer
from router.media.probe import Probed, probe
from router.media.sniff import CONTENT_TYPES, plausible, sniff
from router.media.sounding import sounds
from router.media.still import still
from router.media.workers import Running, WorkerCrashed, Workers

if TYPE_CHECKING:
    from router.media.fetch import Fetcher

__all__ = [
    "CONTENT_TYPES",
    "AudioMeter",
    "Encoder",
    "Fetcher",
    "FilmMeter",
    "Mp4Writer",
    "Probed",
    "Running",
    "Wish",
    "WorkerCrashed",
    "Workers",
    "convert",
    "decode",
    "plausible",
    "probe",
    "sniff",
    "sounds",
    "still",
]


def __getattr__(name: str) -> Any:
    """Import the fetcher when it is asked for: worker processes start 0.2 s sooner without aiohttp."""
    if name == "Fetcher":
        from router.media.fetch import Fetcher  # noqa: PLC0415 - see above

        return Fetcher
    raise AttributeError(name)
