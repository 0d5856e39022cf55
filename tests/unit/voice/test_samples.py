import io
import wave

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.voice.samples import LARGEST, framed, wav
from tests.unit.voice.making import Chunks


@given(st.lists(st.integers(0, 3 * LARGEST), max_size=6))
async def test_frames(sizes: list[int]) -> None:
    """However a sound is cut when it comes, it goes on in whole samples, no frame is too large, and nothing is lost."""
    chunks = [bytes([at % 251]) * size for at, size in enumerate(sizes)]
    frames = [frame async for frame in framed(Chunks(*chunks))]
    whole = b"".join(chunks)

    assert b"".join(frames) == whole[: len(whole) // 2 * 2]
    assert all(0 < len(frame) <= LARGEST and len(frame) % 2 == 0 for frame in frames)


async def test_a_frame_as_it_is() -> None:
    """What needs no cutting is not copied."""
    chunk = bytes(4800)
    (frame,) = [frame async for frame in framed(Chunks(chunk))]
    assert frame is chunk


@pytest.mark.parametrize("size", [32_000, 32_001])
def test_a_recording(size: int) -> None:
    """It becomes a WAV file of known length; half a sample at its end is dropped."""
    recording = wav(bytes(size), 16_000)

    assert (recording.media_type, recording.seconds) == ("audio/wav", 1.0)
    with wave.open(io.BytesIO(recording.data)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 16_000)
        assert file.getnframes() == 16_000
