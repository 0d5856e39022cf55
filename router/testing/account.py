"""An account to be judged: what a provider kind brings, opened on a double of its vendor."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import msgspec

from router.contract import AnyOffer, AvatarRequest, HttpProvider, JobOffer, Provider, Request, Result
from router.engine import transport
from router.testing.acts import Act, Reply
from router.testing.vendor import Vendor

CONNECT: Final = 5.0
"""Seconds a connection may take."""
NOWHERE: Final = "http://127.0.0.1:9"
"""Where an account points whose vendor is not to be asked."""
KEY: Final = "key-of-this-very-job"
"""What every paid sample carries as its `key`."""


def none(_request: Request) -> Mapping[str, Reply]:
    """Answer nothing: for kinds that need no vendor."""
    return {}


@dataclass(frozen=True)
class Account:
    """What a kind brings to be judged.

    `settings` are those of the YAML, for kinds over HTTP without `base_url`. `samples` are short requests that
    are to succeed, at least one for each offer. `answers` says how a good vendor answers one of them, in any
    format the offer lists: by path prefix, for a job its creation, a look at it and its film. `{vendor}` in a body
    is the vendor's own URL.
    """

    kind: type[Provider[Any]]
    settings: Mapping[str, Any]
    samples: tuple[Request, ...]
    answers: Callable[[Request], Mapping[str, Reply]] = none

    @property
    def over_http(self) -> bool:
        """Whether there is a vendor that can fail."""
        return issubclass(self.kind, HttpProvider)

    def settled(self, base_url: str = NOWHERE) -> Any:
        """Return the settings as the kind gets them."""
        pointed = {"base_url": base_url} if self.over_http else {}
        return msgspec.convert({**self.settings, **pointed}, self.kind.settings_type)

    @asynccontextmanager
    async def opened(self, base_url: str = NOWHERE) -> AsyncIterator[Provider[Any]]:
        """Enter the provider, on the router's own transport."""
        async with (
            transport.client(CONNECT) as client,
            self.kind("judged", self.settled(base_url), client) as provider,
        ):
            yield provider

    @asynccontextmanager
    async def served(self, request: Request) -> AsyncIterator[tuple[Provider[Any], Vendor]]:
        """Enter the provider on a vendor that answers this request well."""
        async with Vendor() as vendor:
            self.play(vendor, request)
            async with self.opened(vendor.url) as provider:
                yield provider, vendor

    def play(self, vendor: Vendor, request: Request, spoilt: Callable[[Reply], Act] = lambda reply: reply) -> None:
        """Let the vendor answer this request from now on, well or spoilt."""
        for prefix, reply in self.answers(request).items():
            vendor.on(prefix, spoilt(pointed(reply, vendor.url)))

    async def each(
        self, judge: Callable[[Provider[Any], Request], Awaitable[None]], requests: Iterable[Request]
    ) -> None:
        """Judge one request after another; what needs no vendor is entered once for all of them."""
        if self.over_http:
            for request in requests:
                async with self.served(request) as (provider, _):
                    await judge(provider, request)
            return
        async with self.opened() as provider:
            for request in requests:
                await judge(provider, request)


def pointed(reply: Reply, url: str) -> Reply:
    """Return an answer that leads back to its vendor, where it leads anywhere."""
    if isinstance(reply.body, bytes) and b"{vendor}" in reply.body:
        return replace(reply, body=reply.body.replace(b"{vendor}", url.encode()))
    return reply


@dataclass(frozen=True)
class Call:
    """One thing a provider is asked: `what` names it, `paid` says that it buys something at the vendor."""

    what: str
    make: Callable[[], Awaitable[Result]]
    paid: bool = False


def taking(provider: Provider[Any], request: Request) -> list[AnyOffer]:
    """Return the offers that take a request."""
    fitting = [offer for offer in provider.offers() if offer.accepts is type(request)]
    return [offer for offer in fitting if offer.limits.why_not(request) is None]  # type: ignore[arg-type] # `accepts` says so


async def calls(provider: Provider[Any], request: Request) -> list[Call]:
    """Return every call that serves a request; a job is created so that it can be looked at and collected."""
    found = []
    for offer in taking(provider, request):
        paid = isinstance(offer, JobOffer)
        found.append(Call(offer.handle.__name__, partial(offer.handle, request), paid))  # type: ignore[arg-type] # see above
        if isinstance(offer, JobOffer) and isinstance(request, AvatarRequest):
            made = (await offer.handle(request)).provider_id
            found.append(Call(offer.poll.__name__, partial(offer.poll, made)))
            found.append(Call(offer.collect.__name__, partial(offer.collect, made)))
    return found


def keyed(request: Request) -> Request:
    """Return a request for something paid with the key that marks all tries at it."""
    return msgspec.structs.replace(request, key=KEY) if isinstance(request, AvatarRequest) else request
