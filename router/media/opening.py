"""Opening untrusted media: only known formats, no protocol at all, and no picture that fills the memory."""

import io
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Protocol

import av
from av.container import InputContainer

from router.contract.errors import Invalid

AUDIO_FORMATS = "wav,mp3,flac,ogg,mov,mp4,m4a,matroska,webm,aac,amr,mpegts,aiff,caf,avi"
IMAGE_FORMATS = "png_pipe,jpeg_pipe,webp_pipe,bmp_pipe,gif"
PIXELS = 50_000_000
"""The largest picture that is decoded; a larger one opens with a width of 0."""

# Without the lists an uploaded SDP or playlist makes FFmpeg open sockets and files of the sender's choosing.
OPTIONS = {
    "format_whitelist": f"{AUDIO_FORMATS},{IMAGE_FORMATS}",
    "protocol_whitelist": "none",
    "max_pixels": str(PIXELS),
}


class Readable(Protocol):
    """All that decoding a stream needs: no seeking."""

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes, none at the end."""


class Nameless(io.BufferedReader):
    """A file whose name FFmpeg does not see, for it would judge the content by it."""

    name = ""


@contextmanager
def opened(source: bytes | Path | Readable, demuxer: str | None = None) -> Iterator[InputContainer]:
    """Open media by content, or by `demuxer` where the format is known.

    Raises Invalid if it is not media, and for what FFmpeg complains of while it is open. `demuxer` also keeps a stream from being read further ahead than its first frames.
    """
    with ExitStack() as stack:
        if isinstance(source, Path):
            source = stack.enter_context(Nameless(io.FileIO(source)))
        container = _open(io.BytesIO(source) if isinstance(source, bytes) else source, demuxer)
        try:
            yield stack.enter_context(container)
        except av.FFmpegError as error:
            raise Invalid("media that cannot be decoded", code="invalid_media") from error


def _open(file: Readable, demuxer: str | None) -> InputContainer:
    options = OPTIONS | ({"probesize": "4096", "analyzeduration": "0"} if demuxer else {})
    try:
        return av.open(file, "r", format=demuxer, options=options, metadata_errors="ignore")
    except (av.FFmpegError, ValueError) as error:
        raise Invalid("not media in a format that can be read", code="invalid_media") from error
