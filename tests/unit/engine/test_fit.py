from random import Random

import msgspec
import pytest

from router.contract import (
    AudioFormat,
    AvatarLimits,
    AvatarRequest,
    Clip,
    Inline,
    MediaRef,
    Offer,
    SpeechLimits,
    SpeechRequest,
    Unsupported,
    Url,
)
from router.engine.fit import Fitting
from router.engine.health import TargetHealth
from router.engine.policy import Candidate
from tests.unit.engine.making import SPEAKS_PCM, silence

FACE = Inline(b"face", "image/png")
VOICE = Inline(b"voice", "audio/wav", seconds=1.0)
LINK = Url("https://host/face.png")
TEXT = SpeechRequest(text="hello", voice="narrator")
FAST = SpeechRequest(text="hello", speed=2.0)


class World:
    """Speaks and fetches, and counts how often."""

    def __init__(self, spoken: Inline = VOICE, voices: dict[str, str] | None = None) -> None:
        self.voices = voices or {}
        self.said: list[SpeechRequest] = []
        self.fetched: list[tuple[str, str, int]] = []
        self.spoken = spoken

    async def speak(self, request: SpeechRequest) -> Inline:
        self.said.append(request)
        return self.spoken

    async def fetch(self, url: str, param: str, limit: int) -> Inline:
        self.fetched.append((url, param, limit))
        return FACE if param == "ref_image" else VOICE

    async def animate(self, _: AvatarRequest) -> Clip:
        raise NotImplementedError

    def translate(self, request: SpeechRequest, provider: str) -> SpeechRequest | None:
        own = self.voices.get(provider)
        return None if own is None else msgspec.structs.replace(request, voice=own)

    def fitting(self) -> Fitting:
        return Fitting(self.translate, self.speak, self.fetch)

    def candidate(
        self, limits: AvatarLimits, face: MediaRef = FACE, voice: MediaRef | SpeechRequest = VOICE
    ) -> Candidate:
        offer = Offer(AvatarRequest, self.animate, limits)
        return Candidate("a", "fake", offer, AvatarRequest(face=face, voice=voice), TargetHealth(Random(1)))


async def fitted(candidate: Candidate, world: World) -> AvatarRequest:
    request = await world.fitting().fit(candidate)
    assert isinstance(request, AvatarRequest)
    return request


@pytest.mark.parametrize(("asked", "native"), [(AudioFormat.MP3, AudioFormat.MP3), (AudioFormat.OPUS, AudioFormat.PCM)])
async def test_the_format_asked_upstream(asked: AudioFormat, native: AudioFormat) -> None:
    """A provider is asked for the caller's format if it has it, else for its best, and never for none."""
    limits = SpeechLimits(formats=(AudioFormat.PCM, AudioFormat.MP3), characters=10)
    offer = Offer(SpeechRequest, silence, limits)
    request = SpeechRequest(text="hi", format=asked)
    there = await World().fitting().fit(Candidate("a", "fake", offer, request, TargetHealth(Random(1))))
    assert isinstance(there, SpeechRequest)
    assert there.format is native


async def test_text_for_a_provider_that_cannot_speak() -> None:
    """The text is spoken first."""
    world = World()
    assert (await fitted(world.candidate(AvatarLimits(), voice=TEXT), world)).voice == VOICE
    assert world.said == [TEXT]


async def test_text_for_a_provider_that_speaks() -> None:
    """It gets the text itself, with the voice as it knows it."""
    world = World(voices={"a": "nora"})
    request = await fitted(world.candidate(AvatarLimits(speaks=SPEAKS_PCM), voice=TEXT), world)
    assert request.voice == msgspec.structs.replace(TEXT, voice="nora")
    assert world.said == []


@pytest.mark.parametrize(
    ("world_voices", "text"), [({}, TEXT), ({"a": "nora"}, SpeechRequest(text="x" * 101)), ({"a": "x"}, FAST)]
)
async def test_text_that_it_cannot_speak_as_asked(world_voices: dict[str, str], text: SpeechRequest) -> None:
    """A voice it has not, a text too long or a wish it ignores: another provider speaks, nothing is dropped."""
    world = World(voices=world_voices)
    request = await fitted(world.candidate(AvatarLimits(speaks=SPEAKS_PCM), voice=text), world)
    assert request.voice == VOICE


async def test_links_for_a_provider_that_cannot_fetch() -> None:
    """Both links are fetched within the provider's limit."""
    world = World()
    request = await fitted(world.candidate(AvatarLimits(size=99), LINK, Url("https://host/voice.wav")), world)
    assert (request.face, request.voice) == (FACE, VOICE)
    assert {one[1:] for one in world.fetched} == {("input", 99), ("ref_image", 99)}


async def test_links_for_a_provider_that_fetches() -> None:
    """It gets them as they are."""
    world = World()
    assert (await fitted(world.candidate(AvatarLimits(fetches=True), LINK), world)).face == LINK
    assert world.fetched == []


async def test_two_targets() -> None:
    """What was spoken and fetched for one target serves the next: nothing is paid for twice."""
    world = World()
    fitting = world.fitting()
    for _ in range(2):
        await fitting.fit(world.candidate(AvatarLimits(), LINK, TEXT))
    assert (len(world.said), len(world.fetched)) == (1, 1)


async def test_speech_longer_than_the_provider_takes() -> None:
    """A limit that only shows once the text is spoken is named, not passed on."""
    world = World(Inline(b"voice", "audio/wav", seconds=75.0))
    with pytest.raises(Unsupported, match=r"a takes at most 60 seconds of audio, not 75\.0"):
        await fitted(world.candidate(AvatarLimits(seconds=60.0), voice=TEXT), world)
