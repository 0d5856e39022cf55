import io
import os
import subprocess
import sys
from pathlib import Path
from select import PIPE_BUF

from hypothesis import given
from hypothesis import strategies as st

from router.telemetry.sink import Sink, most_at_once, pieces

LINES = st.lists(st.binary(max_size=60).map(lambda line: line.replace(b"\n", b" ") + b"\n"), max_size=40)


@given(lines=LINES, most=st.integers(1, 200))
def test_pieces(lines: list[bytes], most: int) -> None:
    """They are the lines, whole, and none has more bytes than it may unless it is a single line."""
    cut = list(pieces(b"".join(lines), most))
    assert b"".join(cut) == b"".join(lines)
    assert all(piece.endswith(b"\n") for piece in cut)
    assert all(len(piece) <= most or piece.count(b"\n") == 1 for piece in cut)


def test_who_takes_how_much(tmp_path: Path) -> None:
    """A file takes a write of any length in one go, a pipe so much that POSIX promises it."""
    reading, writing = os.pipe()
    with (tmp_path / "log").open("w") as file, os.fdopen(reading), os.fdopen(writing, "w"):
        assert most_at_once(file.fileno()) is None
        assert most_at_once(writing) == PIPE_BUF


def test_a_stream_without_a_descriptor() -> None:
    """It is written to as it is."""
    stream = io.StringIO()
    assert Sink(stream).write(b"a\nb\n") == 0
    assert stream.getvalue() == "a\nb\n"


def test_nowhere() -> None:
    """A process that was started without standard error goes without a log."""
    assert Sink(None).write(b"a\nb\n") == 2


def test_a_stream_that_was_closed(tmp_path: Path) -> None:
    """Its lines are lost, which is no error."""
    file = (tmp_path / "log").open("w")
    file.close()
    assert Sink(file).write(b"a\nb\n") == 2


def test_a_pipe_that_nobody_reads() -> None:
    """Its lines are lost, which is no error."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as stream:
        assert Sink(stream).write(b"a\nb\n") == 2


FULL = """
import os
import resource
import signal
import sys

from router.telemetry.sink import Sink

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (10, 100))
with open(sys.argv[1], "w") as file:
    sink = Sink(file)
    print(sink.write(b"first\\nsecond\\nthird\\n"), end=" ")
    print(sink.write(b"fourth\\n"), end=" ")
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
    print(sink.write(b"fifth\\n"), end="")
"""


def test_a_full_disk(tmp_path: Path) -> None:
    """What does not fit is counted; when there is room again the next line begins on a line of its own."""
    log = tmp_path / "log"
    told = subprocess.run((sys.executable, "-c", FULL, str(log)), capture_output=True, text=True, check=True)
    assert told.stdout == "2 1 0"
    assert log.read_bytes() == b"first\nseco\nfifth\n"


def test_two_processes_at_one_pipe() -> None:
    """Their lines are not mixed with one another."""
    write = "Sink(sys.stderr).write((sys.argv[1] * 99 + chr(10)).encode() * 2000)"
    program = f"import sys; from router.telemetry.sink import Sink; {write}"
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as pipe:
        both = [subprocess.Popen((sys.executable, "-c", program, one), stderr=pipe) for one in "ab"]
    with os.fdopen(reading, "rb") as read:
        lines = read.read().splitlines()
    assert [one.wait() for one in both] == [0, 0]
    assert set(lines) == {b"a" * 99, b"b" * 99}
    assert len(lines) == 4000
