"""FFmpeg's packets say how long the sound is that frames are counted of."""

import io
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from router.media.mpeg_length import mp3_seconds

FRAME = 576 / 24_000
"""Seconds."""
VARIABLE = {"flags": "+qscale", "global_quality": "472"}


def mp3(seconds: int = 4, codec: Mapping[str, str] | None = None, **container: str) -> bytes:
    """Return an MP3 that is now loud, now quiet; `container` are FFmpeg's options for its muxer."""
    written = io.BytesIO()
    loudness = np.repeat(np.geomspace(1, 9_000, seconds), 24_000)
    samples = (np.random.default_rng(1).normal(size=loudness.size) * loudness / 3).astype(np.int16)
    with av.open(written, "w", format="mp3", options=container) as file:
        stream = file.add_stream("mp3", rate=24_000, layout="mono", options=dict(codec or {}))
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = 24_000
        file.metadata["title"] = "Tide"
        file.mux([*stream.encode(frame), *stream.encode(None)])
    return written.getvalue()


def packet_seconds(content: bytes) -> float:
    with av.open(io.BytesIO(content), "r") as file:
        return float(sum(((one.duration or 0) * one.time_base for one in file.demux() if one.time_base), Fraction(0)))


CONTENTS = {
    "one rate": mp3(),
    "many rates": mp3(codec=VARIABLE),
    "without an index": mp3(write_xing="0"),
    "without a tag": mp3(id3v2_version="0"),
    "with a tag at the end": mp3(write_id3v1="1"),
}


@pytest.mark.parametrize("kind", CONTENTS)
@pytest.mark.parametrize("cut", [None, -1500, 7_000])
def test_as_long_as_its_packets(kind: str, cut: int | None, tmp_path: Path) -> None:
    """An MP3, whole or cut short, lasts as long as FFmpeg's packets of it do, but for the frame that is torn."""
    content = CONTENTS[kind][:cut]
    (tmp_path / "sound").write_bytes(content)
    assert mp3_seconds(content) == pytest.approx(packet_seconds(content), abs=1e-6 if cut is None else FRAME)
    assert mp3_seconds(tmp_path / "sound") == mp3_seconds(content)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"ID3",
        b"no frames at all" * 100,
        CONTENTS["one rate"] + b"and more" * 9,
        CONTENTS["one rate"][:-2000] + bytes(1_000) + CONTENTS["one rate"],
        CONTENTS["with a tag at the end"] * 2,
    ],
    ids=["nothing", "the beginning of a tag", "something else", "rubbish after it", "rubbish within it", "two, tagged"],
)
def test_more_than_frames(content: bytes) -> None:
    """Nothing is said of what has something other than frames among them, and nothing is counted that is no sound."""
    assert mp3_seconds(content) is None
