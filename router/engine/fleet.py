"""The configured providers, entered and ready, and what each of them offers."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Self

import httpx

from router.contract import (
    AnyOffer,
    AvatarRequest,
    ChatRequest,
    JobOffer,
    Provider,
    SpeechRequest,
    Task,
    TranscriptionRequest,
)
from router.engine.clock import Clock
from router.engine.played import played
from router.engine.settings import ProviderSettings

TASKS: Mapping[type, Task] = {
    SpeechRequest: Task.SPEECH,
    TranscriptionRequest: Task.TRANSCRIPTION,
    AvatarRequest: Task.AVATAR,
    ChatRequest: Task.CHAT,
}


class Fleet:
    """Every provider of the configuration. Entering it starts them and reads their offers."""

    def __init__(
        self,
        providers: Mapping[str, ProviderSettings],
        kinds: Mapping[str, type[Provider[Any]]],
        client: Callable[[float], httpx.AsyncClient],
        clock: Clock,
    ) -> None:
        self.settings = providers
        self.kinds = kinds
        self.client = client
        self.clock = clock
        self.providers: dict[str, Provider[Any]] = {}
        self.offers: dict[tuple[str, Task], AnyOffer] = {}
        self.jobs: dict[str, JobOffer] = {}
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            for name, settings in self.settings.items():
                client = await stack.enter_async_context(self.client(settings.connect))
                provider = self.kinds[settings.kind](name, settings.settings, client)
                self.providers[name] = await stack.enter_async_context(provider)
                self._take(name, provider.offers())
            self._open = stack.pop_all()
        return self

    def _take(self, name: str, offers: Sequence[AnyOffer]) -> None:
        """Note a provider's offers; its jobs serve those who wait unless it can do the same live."""
        for offer in offers:
            key = (name, TASKS[offer.accepts])
            if isinstance(offer, JobOffer):
                self.jobs[name] = offer
                self.offers.setdefault(key, played(offer, self.clock))
            else:
                self.offers[key] = offer

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.providers.clear()
        self.offers.clear()
        self.jobs.clear()
        await self._open.aclose()
