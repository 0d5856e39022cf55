import pytest

from router.contract import (
    AudioFormat,
    AvatarLimits,
    AvatarRequest,
    ChatLimits,
    ChatRequest,
    Inline,
    Limits,
    Message,
    Request,
    Size,
    SpeechLimits,
    SpeechRequest,
    TranscriptionLimits,
    TranscriptionRequest,
    Voice,
)
from router.testing.bounds import beyond, incoherent

MP3 = (AudioFormat.MP3,)
SOUND = Inline(b"\0", "audio/wav", 0.1)
FACE = Inline(b"\0", "image/png")
ANN = Voice(id="ann", name="Ann")
SPOKEN = SpeechLimits(
    formats=MP3, characters=10, voices=(ANN,), languages=frozenset({"de"}), options=frozenset({"speed", "ref_audio"})
)


@pytest.mark.parametrize(
    ("limits", "wrong"),
    [
        (SpeechLimits(formats=(), characters=1), "no formats"),
        (SpeechLimits(formats=MP3 * 2, characters=1), "formats listed twice"),
        (SpeechLimits(formats=MP3, characters=0), "characters: 0"),
        (SpeechLimits(formats=MP3, characters=1, size=0), "size: 0"),
        (SpeechLimits(formats=MP3, characters=1, voices=(ANN, ANN)), "voices listed twice"),
        (SpeechLimits(formats=MP3, characters=1, speed=(2.0, 4.0)), "speed (2.0, 4.0) leaves out the normal one"),
        (SpeechLimits(formats=MP3, characters=1, options=frozenset({"hue"})), "options that no request has: ['hue']"),
        (TranscriptionLimits(seconds=0.0), "seconds: 0.0"),
        (AvatarLimits(faces=frozenset()), "no faces"),
        (AvatarLimits(sizes=(Size.SQUARE, Size.SQUARE)), "sizes listed twice"),
        (AvatarLimits(options=frozenset({"seed"})), "options that no request has: ['seed']"),
        (AvatarLimits(speaks=SpeechLimits(formats=(), characters=1)), "no formats"),
        (ChatLimits(characters=-1), "characters: -1"),
    ],
)
def test_incoherent(limits: Limits, wrong: str) -> None:
    """Limits that make no sense are told, each by what is wrong with it."""
    assert list(incoherent(limits)) == [wrong]


@pytest.mark.parametrize(
    "limits",
    [
        SPOKEN,
        TranscriptionLimits(),
        AvatarLimits(sizes=(), options=frozenset({"stretches", "sync_mode", "name"}), speaks=SPOKEN),
        ChatLimits(characters=1),
    ],
)
def test_coherent(limits: Limits) -> None:
    """Nothing is found wrong with limits that make sense; without sizes, none can be asked for."""
    assert list(incoherent(limits)) == []


@pytest.mark.parametrize(
    ("sample", "limits", "named"),
    [
        (SpeechRequest(text="x"), SPOKEN, {"10", "zz-nobody", "0.25", "4.0", "10485760", "language", "words", "seed"}),
        (
            TranscriptionRequest(audio=SOUND),
            TranscriptionLimits(size=5, seconds=9.5, languages=frozenset({"en"})),
            {"5", "9.5", "zz-nobody", "word", "segment", "prompt", "temperature"},
        ),
        (
            AvatarRequest(face=FACE, voice=SOUND),
            AvatarLimits(sizes=(Size.SQUARE,), size=5, seconds=9.5),
            {"640x480", "480x640", "text/plain", "5", "9.5", "part of a face", "name", "sync_mode", "prompt"},
        ),
        (ChatRequest(messages=(Message("user", "x"),)), ChatLimits(characters=7), {"7", "max_tokens", "temperature"}),
    ],
)
def test_beyond(sample: Request, limits: Limits, named: set[str]) -> None:
    """A sample is taken beyond every limit there is, and the limits decline each of these by its name."""
    stretched = list(beyond(sample, limits))
    assert named <= {name for _, name in stretched}
    for request, name in stretched:
        assert name in (limits.why_not(request) or "")  # type: ignore[arg-type] # the sample is of their kind
