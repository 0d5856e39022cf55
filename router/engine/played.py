"""A job played to its end: how a provider that only takes jobs serves a caller who waits."""

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import msgspec

from router.contract import (
    AvatarLimits,
    AvatarRequest,
    Clip,
    JobFailed,
    JobOffer,
    JobState,
    Offer,
    OutcomeUnknown,
    ProviderFailed,
    Ticket,
)
from router.engine.clock import Clock

R = TypeVar("R")
FAULTS: Final = 5
"""How often in a row polling or collecting may fail: the job is paid for, so patience is cheaper than a new one."""
WAITING: Final = frozenset({JobState.QUEUED, JobState.RUNNING})


def played(offer: JobOffer, clock: Clock) -> Offer[AvatarRequest, Clip, AvatarLimits]:
    """Return an offer that creates the job, waits for it and brings the film.

    Raises what creating raises; `JobFailed` when the job ends badly; `OutcomeUnknown` when it was made and
    its end cannot be learnt. Neither is tried elsewhere: the job would be paid for twice.
    """
    job = Playing(offer, clock)
    return Offer(AvatarRequest, job.play, offer.limits, offer.models)


class Playing:
    """Plays jobs of one offer."""

    def __init__(self, offer: JobOffer, clock: Clock) -> None:
        self.offer = offer
        self.clock = clock

    async def play(self, request: AvatarRequest) -> Clip:
        """Serve one request."""
        ticket = await self.offer.handle(request)
        while ticket.state in WAITING:
            await self.clock.sleep(self.offer.pause)
            ticket = await self._poll(ticket)
        if ticket.state is JobState.FAILED:
            raise JobFailed(ticket.error or "the job failed")
        return await self._collect(ticket)

    async def _poll(self, ticket: Ticket) -> Ticket:
        return await self._patiently(self.offer.poll, ticket)

    async def _collect(self, ticket: Ticket) -> Clip:
        clip = await self._patiently(self.offer.collect, ticket)
        return msgspec.structs.replace(clip, provider_id=ticket.provider_id)

    async def _patiently(self, ask: Callable[[str], Awaitable[R]], ticket: Ticket) -> R:
        left = FAULTS
        while True:
            try:
                return await ask(ticket.provider_id)
            except ProviderFailed as failure:
                left -= 1
                if not left:
                    raise OutcomeUnknown("a job was made, but its end cannot be learnt") from failure
                await self.clock.sleep(failure.retry_after or self.offer.pause)
