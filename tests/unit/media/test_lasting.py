import struct
import tempfile
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.media.boxes import FilmMeter
from router.media.lasting import Lasting
from router.testing.media import film

FILM = film()
PIECES = {"whole": {}, "header first": {"movflags": "faststart"}, "fragments": {"movflags": "frag_keyframe+empty_moov"}}


def seconds_of(content: bytes, cuts: Sequence[int] = ()) -> float:
    meter = FilmMeter()
    at = sorted({0, *(cut % (len(content) + 1) for cut in cuts), len(content)})
    for begin, end in pairwise(at):
        meter.feed(content[begin:end])
    return meter.seconds


def made(frames: int, rate: int, **options: str) -> bytes:
    """Return a film of grey pictures, as FFmpeg lays it out with these options."""
    with tempfile.NamedTemporaryFile(suffix=".mp4") as file:
        fill(file.name, frames, rate, options)
        return Path(file.name).read_bytes()


def fill(path: str, frames: int, rate: int, options: dict[str, str]) -> None:
    with av.open(path, "w", format="mp4", options=options) as container:
        video = container.add_stream("libx264", rate=rate, options={"g": "5"})
        video.width = video.height = 64
        for _ in range(frames):
            container.mux(video.encode(av.VideoFrame.from_ndarray(np.full((64, 64, 3), 90, np.uint8))))
        container.mux(video.encode(None))


@given(st.lists(st.integers(0, len(FILM)), max_size=8))
def test_a_film_of_ours(cuts: list[int]) -> None:
    """It lasts as long as its pictures are shown, whatever its chunks: its sound is a little longer."""
    assert seconds_of(FILM, cuts) == pytest.approx(0.2)


@pytest.mark.parametrize("options", PIECES.values(), ids=PIECES)
@pytest.mark.parametrize(("frames", "rate"), [(50, 25), (31, 30)])
def test_films_however_they_are_laid_out(options: dict[str, str], frames: int, rate: int) -> None:
    """In one piece with its header behind or in front, and in fragments, it lasts as many frames as it has."""
    assert seconds_of(made(frames, rate, **options)) == pytest.approx(frames / rate, abs=0.001)


def test_a_film_that_is_cut() -> None:
    """What has not come is not counted: a header that comes last tells nothing until it is there."""
    whole = made(50, 25)
    assert seconds_of(whole[:-1]) == 0.0
    pieces = made(50, 25, **PIECES["fragments"])
    assert 0.0 < seconds_of(pieces[: len(pieces) // 2]) < 2.0


@given(st.sampled_from([b"moov", b"moof"]), st.binary(max_size=200))
def test_headers_that_make_no_sense(kind: bytes, content: bytes) -> None:
    """They add nothing, and nobody falls over them."""
    lasting = Lasting()
    lasting.read(kind, content)
    lasting.read(kind, struct.pack(">I4s", 8 + len(content), b"traf") + content)
    assert lasting.seconds == 0.0
