from random import Random

import msgspec
import pytest

from router.contract import (
    VIDEO,
    AvatarLimits,
    AvatarRequest,
    Carried,
    Clip,
    Inline,
    MediaRef,
    Offer,
    SpeechRequest,
    Stretch,
    Unsupported,
    Url,
)
from router.engine.fit import LOOP, Fitting, Means
from router.engine.health import TargetHealth
from router.engine.policy import Candidate
from tests.unit.engine.making import SPEAKS_PCM

FACE = Inline(b"face", "image/png")
VOICE = Inline(b"voice", "audio/wav", seconds=1.0)
FILM = Inline(b"film", VIDEO)
ONLY_VIDEO = frozenset({VIDEO})
LINK = Url("https://host/face.png")
TEXT = SpeechRequest(text="hello", voice="narrator")
FAST = SpeechRequest(text="hello", speed=2.0)


class World:
    """Speaks and fetches, and counts how often."""

    def __init__(self, spoken: Inline = VOICE, voices: dict[str, str] | None = None) -> None:
        self.voices = voices or {}
        self.said: list[SpeechRequest] = []
        self.fetched: list[tuple[str, str, int]] = []
        self.filmed: list[tuple[Carried, float]] = []
        self.spoken = spoken

    async def speak(self, request: SpeechRequest) -> Inline:
        self.said.append(request)
        return self.spoken

    async def fetch(self, url: str, param: str, limit: int) -> Inline:
        self.fetched.append((url, param, limit))
        return FACE if param == "ref_image" else VOICE

    async def film(self, picture: Carried, seconds: float) -> Inline:
        self.filmed.append((picture, seconds))
        return FILM

    async def animate(self, _: AvatarRequest) -> Clip:
        raise NotImplementedError

    def translate(self, request: SpeechRequest, provider: str) -> SpeechRequest | None:
        own = self.voices.get(provider)
        return None if own is None else msgspec.structs.replace(request, voice=own)

    def fitting(self) -> Fitting:
        return Fitting(Means(self.translate, self.speak, self.fetch, self.film))

    def candidate(
        self,
        limits: AvatarLimits,
        face: MediaRef = FACE,
        voice: MediaRef | SpeechRequest = VOICE,
        stretches: tuple[Stretch, ...] = (),
    ) -> Candidate:
        offer = Offer(AvatarRequest, self.animate, limits)
        request = AvatarRequest(face=face, voice=voice, stretches=stretches)
        return Candidate("a", "fake", "", "a", offer, request, TargetHealth(Random(1)))


async def fitted(candidate: Candidate, world: World) -> AvatarRequest:
    request = await world.fitting().fit(candidate)
    assert isinstance(request, AvatarRequest)
    return request


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


@pytest.mark.parametrize(("voice", "seconds"), [(VOICE, 1.0), (Url("https://host/voice.wav"), LOOP)])
async def test_a_picture_for_a_provider_that_takes_video(voice: MediaRef, seconds: float) -> None:
    """A film is made of it, as long as the voice, or to be looped where that is not known."""
    world = World()
    limits = AvatarLimits(faces=ONLY_VIDEO, fetches=True)
    assert (await fitted(world.candidate(limits, voice=voice), world)).face == FILM
    assert world.filmed == [(FACE, seconds)]


async def test_a_link_to_a_picture_for_a_provider_that_takes_video() -> None:
    """It is fetched to be filmed, even for a provider that fetches; a link to a video is passed on."""
    world = World()
    limits = AvatarLimits(faces=ONLY_VIDEO, fetches=True)
    picture, video = Url("https://host/face.png", "image"), Url("https://host/face.mp4", "video")
    assert (await fitted(world.candidate(limits, picture), world)).face == FILM
    assert (await fitted(world.candidate(limits, video), world)).face == video


def test_a_video_for_a_provider_that_takes_pictures() -> None:
    """It declines, whether the video is here or a link."""
    for face in (FILM, Url("https://host/face.mp4", "video")):
        request = AvatarRequest(face=face, voice=VOICE)
        assert str(AvatarLimits().why_not(request)).endswith("as a face")


async def test_voices_of_stretches() -> None:
    """A voice that is heard in several stretches is spoken once and stays one voice."""
    world = World()
    limits = AvatarLimits(faces=ONLY_VIDEO, options=frozenset({"stretches"}))
    stretches = tuple(Stretch(start=at, end=at + 1, voice=TEXT) for at in (0.0, 1.0))
    there = await fitted(world.candidate(limits, FILM, TEXT, stretches), world)
    assert len(world.said) == 1
    assert all(one.voice is there.voice for one in there.stretches)


async def test_speech_longer_than_the_provider_takes() -> None:
    """A limit that only shows once the text is spoken is named, not passed on."""
    world = World(Inline(b"voice", "audio/wav", seconds=75.0))
    with pytest.raises(Unsupported, match=r"a takes at most 60 seconds of audio, not 75\.0"):
        await fitted(world.candidate(AvatarLimits(seconds=60.0), voice=TEXT), world)
