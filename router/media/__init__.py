"""What bytes are and how they change: worker processes, sniffing, decoding, encoding, fetching."""

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from router.media.boxes import FilmMeter
from router.media.convert import Wish, convert, is_as_wished
from router.media.meter import Meter, audio_meter
from router.media.probe import Probed, plain, probe
from router.media.sniff import CONTENT_TYPES, plausible, sniff
from router.media.sounding import sounds
from router.media.still import still
from router.media.wav import USUAL
from router.media.workers import Running, WorkerCrashed, Workers

if TYPE_CHECKING:
    from router.media.decoding import decode
    from router.media.encode import Encoder
    from router.media.fetch import Fetcher
    from router.media.join import Joiner
    from router.media.mp4 import Mp4Writer

__all__ = [
    "CONTENT_TYPES",
    "USUAL",
    "Encoder",
    "Fetcher",
    "FilmMeter",
    "Joiner",
    "Meter",
    "Mp4Writer",
    "Probed",
    "Running",
    "Wish",
    "WorkerCrashed",
    "Workers",
    "audio_meter",
    "convert",
    "decode",
    "is_as_wished",
    "plain",
    "plausible",
    "probe",
    "sniff",
    "sounds",
    "still",
]

WHEN_ASKED: Final[Mapping[str, str]] = {
    "Encoder": "router.media.encode",
    "Fetcher": "router.media.fetch",
    "Joiner": "router.media.join",
    "Mp4Writer": "router.media.mp4",
    "decode": "router.media.decoding",
}
"""Where the names are that come with something large: a server starts without FFmpeg and numpy, a worker without aiohttp."""


def __getattr__(name: str) -> Any:
    """Import what is asked for by one of these names."""
    if name in WHEN_ASKED:
        return getattr(import_module(WHEN_ASKED[name]), name)
    raise AttributeError(name)
