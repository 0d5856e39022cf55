"""Media as a request refers to it: at a URL, in memory or in a file."""

from contextlib import ExitStack
from pathlib import Path
from typing import IO

import msgspec

from router.contract.errors import Unsupported


class Url(msgspec.Struct, frozen=True, tag="url"):
    """Media that lives elsewhere, http(s) only; nothing is known of it until it is fetched.

    `kind` is what the caller says it is: image, audio or video.
    """

    url: str
    kind: str | None = None


class Inline(msgspec.Struct, frozen=True, tag="inline"):
    """Media held in memory. `media_type` is what the bytes are, not what somebody called them."""

    data: bytes
    media_type: str
    seconds: float | None = None

    @property
    def size(self) -> int:
        """How many bytes."""
        return len(self.data)

    @property
    def source(self) -> bytes:
        """What media work reads."""
        return self.data


class InPieces(msgspec.Struct, frozen=True, tag="pieces"):
    """Media held in memory in the pieces in which it came. To put them together costs as much again; a form needs it not."""

    pieces: tuple[bytes, ...]
    media_type: str
    seconds: float | None = None

    @property
    def size(self) -> int:
        """How many bytes."""
        return sum(map(len, self.pieces))

    @property
    def source(self) -> bytes:
        """What media work reads."""
        return b"".join(self.pieces)


class Upload(msgspec.Struct, frozen=True, tag="upload"):
    """Media spooled to a file that lives as long as the request; it can be read again for a retry."""

    path: Path
    size: int
    media_type: str
    seconds: float | None = None

    @property
    def source(self) -> Path:
        """What media work reads."""
        return self.path


Carried = Inline | InPieces | Upload
"""Media whose bytes are here."""
MediaRef = Url | Carried


def content_of(media: MediaRef, opened: ExitStack) -> bytes | tuple[bytes, ...] | IO[bytes]:
    """Return what a form's file holds: bytes, in pieces or not, or a file that `opened` closes. Raises `Unsupported` for a URL."""
    if isinstance(media, Url):
        raise Unsupported("a recording has to be uploaded")
    if isinstance(media, Upload):
        return opened.enter_context(media.path.open("rb"))
    return media.pieces if isinstance(media, InPieces) else media.data
