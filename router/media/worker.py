"""The worker process: runs one job after another for the server that spawned it, until that server is gone.

Started as `python -m router.media.worker` with one end of a socket pair as standard input, and the reading
end of a pipe as standard output.
"""

import os
import pickle
import signal
import traceback
from collections.abc import Iterator
from contextlib import closing
from itertools import takewhile
from typing import Any, BinaryIO

from router.contract.errors import MediaError
from router.loop.memory import keep_freed_memory
from router.media.frames import HEAD, Kind, frame


class Line:
    """The worker's end of the socket pair. When the other end is gone, so is the reason to live.

    `stop` is a pipe of its own, for a word that overtakes what is waiting in the inbox.
    """

    def __init__(self, source: BinaryIO, sink: BinaryIO, stop: int) -> None:
        self._source = source
        self._sink = sink
        self._stop = stop
        os.set_blocking(stop, False)

    def read(self) -> tuple[Kind, bytes]:
        """Wait for a frame."""
        head = self._exactly(HEAD.size)
        kind, size = HEAD.unpack(head)
        return Kind(kind), self._exactly(size)

    def write(self, kind: Kind, payload: bytes = b"") -> None:
        """Send a frame, waiting while the server reads no further."""
        try:
            for part in frame(kind, payload):
                self._sink.write(part)
            self._sink.flush()
        except OSError:
            os._exit(0)

    def stopped(self) -> bool:
        """Whether the server has asked to stop since this was last called."""
        try:
            asked = os.read(self._stop, 64)
        except BlockingIOError:
            return False
        if not asked:
            os._exit(0)
        return True

    def inbox(self) -> Iterator[bytes]:
        """Iterate over what is fed to the running job."""
        while True:
            kind, payload = self.read()
            if kind is not Kind.FEED:
                return
            yield payload

    def _exactly(self, size: int) -> bytes:
        try:
            payload = self._source.read(size)
        except OSError:
            os._exit(0)
        if len(payload) < size:
            os._exit(0)
        return payload


def serve(line: Line) -> None:
    """Run jobs for ever."""
    while True:
        kind, payload = line.read()
        if kind is Kind.JOB:  # what an earlier job left unread in its inbox is skipped
            run(line, payload)


def run(line: Line, order: bytes) -> None:
    """Run one job and report how it ended. After an unforeseen exception the server ends the process.

    It must not end by itself: a socket closed with something unread resets, and the report would be lost.
    """
    line.stopped()  # a word that came too late for the job before is forgotten
    try:
        job, args = pickle.loads(order)  # noqa: S301 - written by the process that spawned us
        with closing(job(line.inbox(), *args)) as items:
            for item in takewhile(lambda _: not line.stopped(), items):
                report(line, item)
    except MediaError as error:
        line.write(Kind.ERROR, pickle.dumps(error))
    except Exception as error:  # noqa: BLE001 - whatever it is, the server must hear of it
        # The exception's own text may quote a caller, so only its type and its place travel.
        stack = "".join(traceback.format_tb(error.__traceback__))
        line.write(Kind.CRASH, pickle.dumps((type(error).__name__, stack)))
    else:
        line.write(Kind.DONE)


def report(line: Line, item: Any) -> None:
    """Send one yielded item."""
    if isinstance(item, bytes):
        line.write(Kind.CHUNK, item)
    else:
        line.write(Kind.ITEM, pickle.dumps(item))


def main() -> None:
    """Take socket and pipe away from descriptors 0 and 1, where libraries read and print, and serve."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the server ends us
    keep_freed_memory()
    socket, stop = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    serve(Line(os.fdopen(socket, "rb"), os.fdopen(os.dup(socket), "wb"), stop))


if __name__ == "__main__":
    main()
