"""Offers, candidates and streams as the engine's tests need them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from random import Random

from router.contract import (
    AudioFormat,
    Offer,
    Speech,
    SpeechLimits,
    SpeechRequest,
)
from router.engine.health import TargetHealth
from router.engine.policy import Candidate

SPEAKS_PCM = SpeechLimits(formats=(AudioFormat.PCM,), characters=100, options=frozenset({"ref_audio"}))
HELLO = SpeechRequest(text="hello")


class Chunks:
    """A stream of given chunks; an exception among them is raised in its turn."""

    def __init__(self, *chunks: bytes | Exception) -> None:
        self.chunks = chunks
        self.closed = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self.chunks:
            if isinstance(chunk, Exception):
                raise chunk
            yield chunk

    async def aclose(self) -> None:
        self.closed += 1


def speaking(answer: Callable[[SpeechRequest], Awaitable[Speech]], limits: SpeechLimits = SPEAKS_PCM) -> Offer:  # type: ignore[type-arg]
    return Offer(SpeechRequest, answer, limits)


async def silence(_: SpeechRequest) -> Speech:
    return Speech(AudioFormat.PCM, Chunks(bytes(480)))


def candidate(provider: str = "a", request: SpeechRequest = HELLO) -> Candidate:
    return Candidate(provider, "fake", speaking(silence), request, TargetHealth(Random(1)))
