"""Frames between the server and its worker processes: a kind byte, a length, a payload."""

import enum
import struct

HEAD = struct.Struct("!BI")


class Kind(enum.IntEnum):
    """What a frame carries. Raw bytes are never pickled; all else is, for both ends are our own."""

    JOB = 1
    """To the worker: a pickled (function, arguments)."""
    FEED = 2
    """To the worker: raw bytes for the job's inbox."""
    FEED_END = 3
    """To the worker: the inbox ends here."""
    CHUNK = 4
    """From the worker: raw bytes the job yielded."""
    ITEM = 5
    """From the worker: any other object the job yielded, pickled."""
    DONE = 6
    """From the worker: the job returned."""
    ERROR = 7
    """From the worker: a pickled MediaError ended the job; the process is fit for another."""
    CRASH = 8
    """From the worker: any other exception ended the job and the process, pickled as (name, stack)."""


def frame(kind: Kind, payload: bytes) -> tuple[bytes, bytes]:
    """Return a frame in two parts, so that a long payload is not copied."""
    return HEAD.pack(kind, len(payload)), payload
