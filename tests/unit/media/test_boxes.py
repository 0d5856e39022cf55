import struct
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from router.media.boxes import FilmMeter
from router.testing.media import film

FILM = film()


def missing(content: bytes, cuts: list[int]) -> int:
    meter = FilmMeter()
    at = sorted({0, *(cut % (len(content) + 1) for cut in cuts), len(content)})
    for begin, end in pairwise(at):
        meter.feed(content[begin:end])
    return meter.missing


def boundaries() -> set[int]:
    at, found = 0, {0}
    while at < len(FILM):
        at += int.from_bytes(FILM[at : at + 4], "big")
        found.add(at)
    return found


@given(st.integers(0, len(FILM)), st.lists(st.integers(0, len(FILM)), max_size=8))
def test_a_film_may_end_between_boxes_alone(end: int, cuts: list[int]) -> None:
    """Whatever its chunks, nothing is missing of a film that ends with a box, and something of any other."""
    assert (missing(FILM[:end], cuts) == 0) == (end in boundaries())


def test_how_much_is_missing() -> None:
    """Within a box it is what the box's header said, to the byte."""
    assert missing(struct.pack(">I4s", 108, b"mdat") + bytes(60), []) == 40


@given(st.lists(st.integers(0, 200), max_size=8))
def test_a_long_box(cuts: list[int]) -> None:
    """A size of 1 means that 64 bits follow."""
    box = struct.pack(">I4sQ", 1, b"mdat", 116) + bytes(100)
    assert missing(box, cuts) == 0
    assert missing(box[:-1], cuts) == 1


@given(st.lists(st.integers(0, 200), max_size=8))
def test_a_box_without_an_end(cuts: list[int]) -> None:
    """A size of 0 means that the box goes on to the end, wherever that is."""
    assert missing(struct.pack(">I4s", 0, b"mdat") + bytes(77), cuts) == 0


def test_a_size_that_is_none() -> None:
    """A box shorter than its own header does not keep the meter where it is."""
    assert missing(struct.pack(">I4s", 3, b"odd!") * 4, [5, 9]) == 0
