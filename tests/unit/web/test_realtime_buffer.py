from base64 import b64encode

import numpy as np
import pytest

from plugins.embedded.speech import speak
from router.contract import Invalid
from router.media.resample import Resampler
from router.web.realtime.buffer import LARGEST, InputBuffer, sound
from router.web.realtime.settings import RATE, Detection

SECOND = RATE * 2
SPEECH = Detection(prefix_padding_ms=200, silence_duration_ms=300)


@pytest.fixture(scope="module")
def speech() -> bytes:
    pcm = b"".join(speak("How many people live here?", "en-us+edward", 175))
    return bytes(Resampler(22_050, RATE).feed(np.frombuffer(pcm, np.int16)).tobytes())


def pieces(buffer: InputBuffer, pcm: bytes) -> list[tuple[bool, float]]:
    return [edge for at in range(0, len(pcm), 4800) for edge in buffer.add(pcm[at : at + 4800])]


async def test_without_detection() -> None:
    """All is kept, whole samples of it, until it is taken; too much is refused and changes nothing."""
    buffer = InputBuffer(longest=1.0)
    for piece in (b"\1", b"\2\3\4", b"\5"):
        buffer.add(buffer.whole(piece))
    with pytest.raises(Invalid) as full:
        buffer.whole(bytes(SECOND))

    assert full.value.code == "input_audio_buffer_full"
    assert buffer.take() == b"\1\2\3\4"
    assert buffer.whole(b"\6\7") == b"\6\7"


async def test_silence_is_not_kept() -> None:
    """With detection only what may precede a beginning is, however long nobody speaks."""
    buffer = InputBuffer(longest=60.0)
    await buffer.listen(SPEECH)

    assert pieces(buffer, bytes(SECOND * 30)) == []
    assert buffer.seconds < 1.0
    assert buffer.end == 30.0


async def test_a_question(speech: bytes) -> None:
    """It is taken with what precedes it and the silence that ended it; times count from the first sound of the session."""
    buffer = InputBuffer(longest=60.0)
    buffer.add(bytes(SECOND))
    await buffer.listen(SPEECH)
    (_, began), (_, ended) = pieces(buffer, bytes(SECOND) + speech + bytes(SECOND * 2))
    length = len(speech) / SECOND

    assert began == pytest.approx(2.0, abs=0.15)
    assert ended == pytest.approx(2.0 + length + 0.3, abs=0.35)


async def test_what_is_taken(speech: bytes) -> None:
    """From so much before the beginning to the end; what came later is left for the next, and times go on."""
    buffer = InputBuffer(longest=60.0)
    await buffer.listen(SPEECH)
    pcm, taken, start = bytes(SECOND) + speech + bytes(SECOND), b"", 0.0
    for at in range(0, len(pcm), 4800):
        for speaking, moment in buffer.add(pcm[at : at + 4800]):
            if speaking:
                start, began = buffer.start(moment), moment
            else:
                taken, ended = buffer.take(moment), moment

    assert start == pytest.approx(began - 0.2, abs=0.001)
    assert taken == pcm[round(start * RATE) * 2 : round(ended * RATE) * 2]
    assert buffer.end == len(pcm) / SECOND


async def test_somebody_who_does_not_stop(speech: bytes) -> None:
    """At the longest question it counts as asked."""
    buffer = InputBuffer(longest=1.0)
    await buffer.listen(SPEECH)
    edges = pieces(buffer, speech)

    assert [speaking for speaking, _ in edges][:2] == [True, False]
    assert edges[1][1] < 1.5


def test_sound_in_base64() -> None:
    """It is read strictly, and only so much at a time."""
    assert sound(b64encode(b"1234").decode(), "audio") == b"1234"
    for wrong, code in (("12", "invalid_base64"), ("é", "invalid_base64"), ("AAAA" * LARGEST, "audio_too_large")):
        with pytest.raises(Invalid) as refused:
            sound(wrong, "audio")
        assert (refused.value.code, refused.value.param) == (code, "audio")
