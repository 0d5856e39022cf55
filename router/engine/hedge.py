"""Asking a second provider when the first is slow. Whoever is first to begin a good answer serves; the other is cancelled.

A call is slow when it has been with its provider for longer than is usual there. Waiting for a slot of ours is not
counted: that is no slowness of the provider's, and has a limit of its own.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec

from router.contract import Clip, ProviderFailed, Result, Speech
from router.engine.clock import Clock
from router.engine.hedge_budget import HedgeBudget
from router.engine.plan import Plan
from router.engine.policy import Candidate
from router.engine.retry import Ask
from router.engine.run import OUTRUN, Run, settles
from router.engine.settings import Route

LOG: Final = logging.getLogger(__name__)
Call = Callable[[Run], Awaitable[Result]]
Calls = dict[Run, asyncio.Future[Result]]
"""The calls of one request that were begun together, the first first."""


NOTHING: Final[Mapping[str, HedgeBudget]] = MappingProxyType({})


class Leaving:
    """Calls that nobody wants any more, until each has closed what it opened."""

    def __init__(self) -> None:
        self.tasks: set[asyncio.Task[None]] = set()

    def dismiss(self, *calls: asyncio.Future[Result]) -> set[asyncio.Task[None]]:
        """Cancel calls; return what ends when they have left. Nobody need wait for it, and it cannot be cancelled with a request."""
        for call in calls:
            call.cancel()
        leaving = {asyncio.create_task(gone(call)) for call in calls}
        self.tasks |= leaving
        for one in leaving:
            one.add_done_callback(self.tasks.discard)
        return leaving

    async def drain(self) -> None:
        """Wait until all have left."""
        if self.tasks:
            await asyncio.wait(self.tasks)


async def gone(call: asyncio.Future[Result]) -> None:
    """Wait for a cancelled call to end; close the stream of one that was good just before."""
    await asyncio.wait({call})
    if call.cancelled() or call.exception() is not None:
        return
    result = call.result()
    try:
        if isinstance(result, Speech | Clip):
            await result.chunks.aclose()
    except Exception:
        LOG.exception("a stream that nobody wants could not be closed")


class Hedges:
    """What the requests on hedged routes share: each route's budget, some of them `saved` already, and the calls that leave."""

    def __init__(
        self, routes: Iterable[Route], clock: Clock, saved: Mapping[str, HedgeBudget] = NOTHING, processes: int = 1
    ) -> None:
        self.budgets = {route.name: saved.get(route.name) or HedgeBudget(processes) for route in routes if route.hedge}
        self.clock = clock
        self.leaving = Leaving()

    def asking(self, call: Call, route: Route, plan: Plan) -> Ask[Result]:
        """Return what asks one candidate of a request on `route`, and another beside it where that is allowed."""
        budget = self.budgets.get(route.name)
        if budget is None:
            return lambda candidate: call(Run(candidate))
        budget.note()
        return Hedged(call, plan, budget, self)


class Hedged(msgspec.Struct):
    """One request's calls, of which one may get company."""

    call: Call
    plan: Plan
    budget: HedgeBudget
    hedges: Hedges
    spent: bool = False

    async def __call__(self, candidate: Candidate) -> Result:
        """Ask `candidate`, and another as well if it is slow; raise what it raised if both fail.

        A caller who leaves meanwhile leaves both, and both have let go before this returns.
        """
        if self.spent:
            return await self.call(Run(candidate))
        calls: Calls = {}
        try:
            await self._first(calls, candidate)
            self._second(calls, candidate)
            ended = await self._settled(calls)
        except BaseException:
            await asyncio.wait(self.hedges.leaving.dismiss(*calls.values()))
            raise
        self.hedges.leaving.dismiss(*(call for run, call in calls.items() if run is not ended))
        return calls[ended].result()

    async def _first(self, calls: Calls, candidate: Candidate) -> None:
        """Begin the first call, and return when it is over or has been with its provider for longer than is usual."""
        asked = asyncio.Event()
        run = Run(candidate, asked.set)

        async def patience() -> None:
            await asked.wait()
            await self.hedges.clock.sleep(candidate.health.first_bytes.usual())

        calls[run] = call = asyncio.ensure_future(self.call(run))
        waiting: asyncio.Future[Any] = asyncio.create_task(patience())
        try:
            await asyncio.wait({call, waiting}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()

    def _second(self, calls: Calls, candidate: Candidate) -> None:
        """Begin a second call if the first is not over, somebody is there to be asked, and that is affordable."""
        ((first, call),) = calls.items()
        other = None if call.done() else self.plan.beside(candidate)
        if other is None or not self.budget.take():
            return
        self.spent = True
        second = Run(other, hedged=True, rival=first)
        first.rival = second
        calls[second] = asyncio.ensure_future(self.call(second))

    async def _settled(self, calls: Calls) -> Run:
        """Wait for a call whose end is the request's. Failing that return the first, and let the plan know of the other."""
        while (ended := settling(calls)) is None and (under_way := {one for one in calls.values() if not one.done()}):
            await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
        if ended is not None:
            return ended
        first, *others = calls
        for other in others:
            failure = failure_of(calls[other])
            if isinstance(failure, ProviderFailed):
                self.plan.failed(other.candidate, failure)
        return first


def settling(calls: Calls) -> Run | None:
    """Return the call whose end is the request's, if there is one yet."""
    ended = (run for run, call in calls.items() if call.done() and run.outcome != OUTRUN)
    return next((run for run in ended if settles(failure_of(calls[run]))), None)


def failure_of(call: asyncio.Future[Result]) -> BaseException | None:
    """Return what a finished call raised."""
    return asyncio.CancelledError() if call.cancelled() else call.exception()
