"""Whether a stream's first bytes hold sound yet, or only what stands before it: headers, tags, an index."""

from router.contract.schema import MP3, AudioFormat
from router.media.meter import NO_FRAME, audio_meter
from router.media.mpeg_frames import HEADER, mp3_frame

ANY_RATE = 48_000
"""Hertz: how long the sound lasts does not matter here."""
USUALLY_ENOUGH = 2048
"""Bytes that tell, unless there is a picture in a tag: the rest of a large chunk need not be read."""


def sounds(format: AudioFormat, head: bytes) -> bool:  # noqa: A002 - the field's name everywhere
    """Say whether sound begins in `head`, the first bytes of a stream in `format`."""
    if format is MP3:
        return _has_two_frames(head)
    return _counts(format, head[:USUALLY_ENOUGH]) or (len(head) > USUALLY_ENOUGH and _counts(format, head))


def _counts(format: AudioFormat, head: bytes) -> bool:  # noqa: A002 - the field's name everywhere
    meter = audio_meter(format, ANY_RATE)
    meter.feed(head)
    return meter.seconds > 0


def _has_two_frames(head: bytes) -> bool:
    """LAME and FFmpeg put an index before the sound that looks like a frame, even where no sound follows."""
    at, last, found = 0, len(head) - HEADER, False
    while at <= last:
        length, seconds = mp3_frame(head, at) or NO_FRAME
        if seconds:
            if found:
                return True
            found = True
        at += length
    return False
