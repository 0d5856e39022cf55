"""An engine over scripted providers, and all that it announces."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from random import Random
from types import SimpleNamespace
from typing import Any

import httpx

from router.contract import (
    VIDEO,
    AnyOffer,
    Attempt,
    AudioFormat,
    AvatarLimits,
    AvatarRequest,
    Carried,
    Clip,
    Inline,
    Offer,
    Outcome,
    Provider,
    Settings,
    Speech,
    SpeechLimits,
    SpeechRequest,
    Task,
    TranscriptionLimits,
    TranscriptionRequest,
)
from router.engine.announce import Announcer
from router.engine.clock import SystemClock
from router.engine.engine import Engine, Surroundings
from router.engine.fleet import Fleet
from router.engine.settings import ProviderSettings, Route, RouterSettings, Target, Tier
from router.media import Workers
from tests.unit.engine.making import SPEAKS_PCM, Chunks

PCM = bytes(range(48)) * 10
MP4 = b"\0\0\0\x18ftypisom" + bytes(64)
FACE = Inline(b"face", "image/png")
SOUND = Inline(b"sound", "audio/wav", seconds=2.5)

NO_VOICES: Mapping[str, Mapping[str, str]] = {}
Play = Callable[[], Awaitable[Any]]


class Scripted(Provider[Settings]):
    """A provider whose every call plays the next act: a result, an error, or something to await."""

    kind = "scripted"
    settings_type = Settings

    limits = SPEAKS_PCM

    def __init__(self, name: str, settings: Settings, client: httpx.AsyncClient) -> None:
        super().__init__(name, settings, client)
        self.acts: list[Any] = []
        self.asked: list[Any] = []

    def offers(self) -> Sequence[AnyOffer]:
        return (
            Offer(SpeechRequest, self.play, self.limits),
            Offer(TranscriptionRequest, self.play, TranscriptionLimits()),
            Offer(AvatarRequest, self.play, AvatarLimits(live=True)),
        )

    async def play(self, request: Any) -> Any:
        self.asked.append(request)
        act = self.acts.pop(0)
        if isinstance(act, Exception):
            raise act
        return await act() if callable(act) else act


class Stage:
    """An engine over scripted providers a, b and c, and all that it announces."""

    def __init__(self, engine: Engine, told: list[Attempt | Outcome]) -> None:
        self.engine = engine
        self.told = told

    def acts(self, name: str, *acts: Any) -> None:
        self.of(name).acts.extend(acts)

    def of(self, name: str) -> Scripted:
        provider = self.engine.providers[name]
        assert isinstance(provider, Scripted)
        return provider

    async def serve(self, request: Any, task: Task = Task.SPEECH, within: float | None = None) -> Any:
        self.exchange = self.engine.open(task, "ads", "req_1")
        return await self.engine.serve(request, self.exchange, within)

    async def speak(self, **fields: Any) -> Speech:
        speech: Speech = await self.serve(SpeechRequest(text="hello", format=AudioFormat.PCM, **fields))
        return speech

    def outcomes(self) -> list[str]:
        return [f"{one.provider} {one.outcome}" for one in self.exchange.attempts]


@asynccontextmanager
async def staged(
    *routes: Route,
    concurrency: int | None = None,
    voices: Mapping[str, Mapping[str, str]] = NO_VOICES,
    limits: SpeechLimits = SPEAKS_PCM,
) -> AsyncIterator[Stage]:
    told: list[Attempt | Outcome] = []
    hook = SimpleNamespace(
        media_attempt_finished=lambda **event: told.extend(event.values()),
        media_request_finished=lambda **event: told.extend(event.values()),
        media_load_changed=lambda **_: None,
    )
    providers = {
        name: ProviderSettings(name=name, kind="scripted", settings=Settings(), concurrency=concurrency)
        for name in "abc"
    }
    settings = RouterSettings(providers=providers, routes=routes or (route(Task.SPEECH, "ab"),), voices=voices)

    async def fetch(url: str, param: str, limit: int) -> Inline:
        return FACE if param == "ref_image" else SOUND

    async def film(picture: Carried, seconds: float) -> Inline:
        return Inline(b"film", VIDEO)

    kinds = {"scripted": type("Limited", (Scripted,), {"limits": limits})}
    async with (
        Workers(1) as workers,
        Fleet(providers, kinds, lambda _: httpx.AsyncClient(), SystemClock()) as fleet,
    ):
        world = Surroundings(SystemClock(), Random(1), workers, fetch, film, Announcer(hook))
        yield Stage(Engine(settings, fleet, world), told)


def route(task: Task, names: str, **limits: Any) -> Route:
    tiers = tuple(Tier(targets=(Target(provider=name),)) for name in names)
    return Route(name=f"{task}-route", task=task, tiers=tiers, **limits)


def speech(*chunks: bytes | Exception) -> Speech:
    return Speech(AudioFormat.PCM, Chunks(*(chunks or (PCM,))))


async def whole(result: Speech | Clip) -> bytes:
    try:
        return b"".join([chunk async for chunk in result.chunks])
    finally:
        await result.chunks.aclose()
