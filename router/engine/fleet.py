"""The configured providers, entered and ready, and what each of them offers."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Self

import httpx
import msgspec

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

Offers = dict[tuple[str, Task], AnyOffer]

TASKS: Mapping[type, Task] = {
    SpeechRequest: Task.SPEECH,
    TranscriptionRequest: Task.TRANSCRIPTION,
    AvatarRequest: Task.AVATAR,
    ChatRequest: Task.CHAT,
}


class Entered:
    """A provider that was entered, and all that closes it again once nobody holds it any more."""

    def __init__(self, settings: ProviderSettings, provider: Provider[Any], opened: AsyncExitStack) -> None:
        self.settings = settings
        self.provider = provider
        self.opened = opened
        self.holders = 0

    def serves(self, settings: ProviderSettings) -> bool:
        """Whether it is what these settings would set up; how many calls it gets at once is not its business."""
        ours, theirs = (msgspec.structs.replace(one, concurrency=None) for one in (self.settings, settings))
        return ours == theirs

    async def __aenter__(self) -> Self:
        self.holders += 1
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.holders -= 1
        if not self.holders:
            await self.opened.aclose()


class Fleet:
    """Every provider of the configuration. Entering it starts them and reads their offers.

    One that comes after another keeps the providers whose settings did not change, which are then closed with the
    last fleet that has them.
    """

    def __init__(
        self,
        providers: Mapping[str, ProviderSettings],
        kinds: Mapping[str, type[Provider[Any]]],
        client: Callable[[float], httpx.AsyncClient],
        clock: Clock,
        before: "Fleet | None" = None,
    ) -> None:
        self.settings = providers
        self.kinds = kinds
        self.client = client
        self.clock = clock
        self.entered: dict[str, Entered] = {}
        self.providers: dict[str, Provider[Any]] = {}
        self.offers: Offers = {}
        self.jobs: dict[tuple[str, Task], JobOffer] = {}
        self._before = dict(before.entered) if before else {}
        self._open = AsyncExitStack()

    def kept(self, before: "Fleet") -> frozenset[str]:
        """Return the names of the providers that another fleet has too: not alike, but the same."""
        return frozenset(name for name, entered in self.entered.items() if before.entered.get(name) is entered)

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            for name, settings in self.settings.items():
                entered = self._before.get(name)
                if entered is None or not entered.serves(settings):
                    entered = await self._start(name, settings)
                self.entered[name] = await stack.enter_async_context(entered)
                self.providers[name] = entered.provider
                self._take(name, entered.provider.offers())
            self._open = stack.pop_all()
        self._before.clear()
        return self

    async def _start(self, name: str, settings: ProviderSettings) -> Entered:
        async with AsyncExitStack() as stack:
            client = await stack.enter_async_context(self.client(settings.connect))
            provider = self.kinds[settings.kind](name, settings.settings, client)
            return Entered(settings, await stack.enter_async_context(provider), stack.pop_all())

    def _take(self, name: str, offers: Sequence[AnyOffer]) -> None:
        """Note a provider's offers; its jobs serve those who wait unless it can do the same live."""
        for offer in offers:
            key = (name, TASKS[offer.accepts])
            if isinstance(offer, JobOffer):
                self.jobs[key] = offer
                self.offers.setdefault(key, played(offer, self.clock))
            else:
                self.offers[key] = offer

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.entered.clear()
        self.providers.clear()
        self.offers.clear()
        self.jobs.clear()
        await self._open.aclose()
