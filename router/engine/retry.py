"""The retry loop, and the only module that knows tenacity."""

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import tenacity

from router.contract import Exhausted, Next, ProviderFailed
from router.engine.clock import Clock
from router.engine.plan import Plan, Step
from router.engine.policy import Candidate

R = TypeVar("R")
Ask = Callable[[Candidate], Awaitable[R]]


async def persist(ask: Ask[R], first: Step, plan: Plan, clock: Clock) -> R:
    """Ask one candidate after another as `plan` says.

    Raises `Exhausted` with every failure when it says no more, or the failure that nothing may follow. The first attempt is bare:
    entering tenacity costs 21 µs that a request which just works need not pay.
    """
    try:
        if first.wait:
            await clock.sleep(first.wait)
        try:
            return await ask(first.candidate)
        except ProviderFailed as failure:
            step = plan.after(first.candidate, failure)
            if step is None:
                raise
        await clock.sleep(step.wait)
        return await _Walk(ask, plan, step).go_on(clock)
    except ProviderFailed as failure:
        if failure.next is Next.STOP:
            raise
        raise Exhausted([(candidate.target, why) for candidate, why in plan.failures]) from failure


class _Walk(Generic[R]):
    """tenacity drives the loop; every decision is the plan's."""

    def __init__(self, ask: Ask[R], plan: Plan, step: Step) -> None:
        self.ask = ask
        self.plan = plan
        self.step = step

    async def go_on(self, clock: Clock) -> R:
        trying = tenacity.AsyncRetrying(retry=self._again, wait=self._wait, sleep=clock.sleep, reraise=True)
        return await trying(self._attempt)

    async def _attempt(self) -> R:
        return await self.ask(self.step.candidate)

    def _again(self, state: tenacity.RetryCallState) -> bool:
        failure = state.outcome.exception() if state.outcome else None
        if not isinstance(failure, ProviderFailed):
            return False
        step = self.plan.after(self.step.candidate, failure)
        self.step = step or self.step
        return step is not None

    def _wait(self, _: tenacity.RetryCallState) -> float:
        return self.step.wait
