"""Starting the providers once, before anything depends on them, to see whether they can and what they offer."""

import asyncio
from collections.abc import Mapping

from router.cli.config import stop
from router.contract import AnyOffer, MediaError, Task
from router.engine.clock import SystemClock
from router.engine.fleet import Fleet
from router.engine.registry import Registry
from router.engine.settings import RouterSettings, unoffered
from router.engine.transport import client

Offers = Mapping[tuple[str, Task], AnyOffer]


def rehearse(settings: RouterSettings, registry: Registry) -> Offers:
    """Start the providers once to read their offers; end the command if one cannot start."""
    try:
        return asyncio.run(gather(settings, registry))
    except MediaError as error:
        stop(error.message)


async def gather(settings: RouterSettings, registry: Registry) -> Offers:
    """Enter the providers, read their offers, leave them."""
    async with Fleet(settings.providers, registry.kinds, client, SystemClock()) as fleet:
        return dict(fleet.offers)


def stop_if_unoffered(settings: RouterSettings, found: Offers) -> None:
    """End the command if a route, a model or a voice asks for what no provider offers."""
    if problems := unoffered(settings, found):
        stop("\n".join(map(str, problems)))
