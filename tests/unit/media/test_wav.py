import struct

from hypothesis import given, settings
from hypothesis import strategies as st

from router.media.inspection import inspect
from router.media.probe import Probed
from router.media.wav import USUAL, told_seconds, written_header

FACT = b"fact\x04\0\0\0\1\0\0\0"
"""How many samples there are; FFmpeg believes it where the sound itself does not say how long it is."""
CHUNKS = (b"", b"LIST\x08\0\0\0INFOabcd", FACT, b"junk\x03\0\0\0abc\0")
TAGS = (1, 1, 1, 3, 0xFFFE)
"""PCM thrice, so that most are, floating point, and what is told further on."""

SIZES = (0, 0x7FFFF000, 0xFFFFFFFF)
"""What writers put where they do not know how much will come."""

Layout = tuple[int, int, int, int]
LAYOUTS = st.tuples(
    st.sampled_from(TAGS), st.integers(1, 3), st.sampled_from((1, 8_000, 24_000, 384_000, 400_000)),
    st.sampled_from((8, 16, 24)),
)  # fmt: skip


@given(
    layout=LAYOUTS,
    around=st.tuples(*[st.sampled_from(CHUNKS)] * 2),
    claimed=st.integers(1, 9_000) | st.sampled_from(SIZES),
    there=st.integers(0, 9_000),
)
@settings(max_examples=200, deadline=None)
def test_told_by_a_header(layout: Layout, around: tuple[bytes, bytes], claimed: int, there: int) -> None:
    """What is told of plain sound is what FFmpeg finds, to the last sample, and of anything else nothing is told."""
    tag, channels, rate, bits = layout
    block = channels * bits // 8
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, tag, channels, rate, rate * block, block, bits)
    sound = bytes(there) + around[1]
    content = b"RIFF\0\0\0\0WAVE" + around[0] + form + struct.pack("<4sI", b"data", claimed) + sound
    told = told_seconds(content[:USUAL], len(content))
    plain = tag == 1 and bits == 16 and channels < 3 and rate < 400_000 and around[0] != FACT
    assert (told is not None) == (plain and min(len(sound), claimed or len(sound)) >= block)
    if told is not None:
        assert inspect(content) == Probed("audio", "audio/wav", told)


def test_a_header_without_an_end() -> None:
    """One that goes on and on is not followed: nobody else is kept waiting for it."""
    sound = written_header(24_000)[12:-4] + b"\2\0\0\0ab"
    assert told_seconds(b"RIFF\0\0\0\0WAVE" + sound, 1000) is not None
    assert told_seconds((b"RIFF\0\0\0\0WAVE" + b"junk\0\0\0\0" * 1000 + sound)[:USUAL], 10_000) is None
