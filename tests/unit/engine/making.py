"""Offers, candidates and streams as the engine's tests need them."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from random import Random

from router.contract import (
    AudioFormat,
    Offer,
    Speech,
    SpeechLimits,
    SpeechRequest,
)
from router.contract.streams import Into
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


class Pouring(Chunks):
    """A stream whose chunks need not be asked for, a moment apart; then it lasts for another `rest` seconds."""

    def __init__(self, *chunks: bytes, rest: float = 0.0) -> None:
        super().__init__()
        self.coming = deque(chunks)
        self.rest = rest

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while self.coming:
            yield self.coming.popleft()

    async def pour(self, into: Into) -> None:
        """Hand on what is taken."""
        while self.coming and into(self.coming[0]):
            self.coming.popleft()
            await asyncio.sleep(0.02)
        await asyncio.sleep(self.rest)


def taking(into: list[bytes], most: int = 1000) -> Into:
    """Return what takes so many chunks."""

    def take(chunk: bytes) -> bool:
        if len(into) < most:
            into.append(chunk)
            return True
        return False

    return take


def speaking(answer: Callable[[SpeechRequest], Awaitable[Speech]], limits: SpeechLimits = SPEAKS_PCM) -> Offer:  # type: ignore[type-arg]
    return Offer(SpeechRequest, answer, limits)


async def silence(_: SpeechRequest) -> Speech:
    return Speech(AudioFormat.PCM, Chunks(bytes(480)))


def candidate(provider: str = "a", request: SpeechRequest = HELLO) -> Candidate:
    return Candidate(provider, "fake", "", provider, speaking(silence), request, TargetHealth(Random(1)))
