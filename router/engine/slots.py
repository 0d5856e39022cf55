"""How many calls a provider takes at once, and how those wait for whom there is no room."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from types import MappingProxyType
from typing import Final

import msgspec

from router.contract import Load, Shed
from router.engine.fair_queue import EVEN, FairQueue
from router.engine.settings import RouterSettings, share

MOST_WAITING: Final = 1000
"""Of one team at one provider: a bound on memory. Most are refused long before, because they would wait in vain."""
NEWS_AFTER: Final = 0.1
"""Seconds after a change at which it is told, with all that came meanwhile: ten times a second, however many calls."""
SMOOTHING: Final = 0.2
"""Weight of the newest call's duration in the moving average."""


class Patience(msgspec.Struct, frozen=True):
    """How many seconds a call may wait for its slot, and how many its request has left in all."""

    seconds: float
    left: float

    @property
    def longest(self) -> float:
        """The longest wait that may still end well."""
        return min(self.seconds, self.left)


class Slots:
    """At most `limit` calls at once, None meaning as many as come; teams share them by `weights`.

    `changed` is told how many calls are under way and how many wait, soon after either changes.
    """

    def __init__(
        self,
        limit: int | None,
        weights: Mapping[str, float] = EVEN,
        changed: Callable[[int, int], None] | None = None,
    ) -> None:
        self.limit = limit
        self.taken = 0
        self.queue: FairQueue[asyncio.Future[None]] = FairQueue(weights)
        self.usual = 0.0
        self._changed = changed
        self._news: asyncio.TimerHandle | None = None

    def take_free(self) -> bool:
        """Take a slot if there is one that nobody waits for."""
        if self.limit is not None and (self.taken >= self.limit or self.queue):
            return False
        self.taken += 1
        self._note()
        return True

    async def take(self, team: str, patience: Patience) -> None:
        """Wait for a slot.

        Raises `Shed`: at once when too many of the team wait or the wait would outlast the patience, else when
        `patience.seconds` are over. It is for whoever set the request's deadline to end the wait when that comes first.
        """
        if self.take_free():
            return
        wait = self.expected(team)
        if self.queue.waiting(team) >= MOST_WAITING or wait > patience.longest:
            raise Shed("too many calls are waiting for this provider", retry_after=wait or None)
        await self._wait(team, patience)

    def give_back(self, seconds: float) -> None:
        """Free a slot after a call that took so long; whoever is next takes it."""
        self.usual += SMOOTHING * (seconds - self.usual) if self.usual else seconds
        self._hand_on()

    def adapt(self, limit: int | None, weights: Mapping[str, float]) -> None:
        """Take on another limit and other weights: whoever waits and has room now goes, and no call is cut short."""
        self.limit = limit
        self.queue.weigh(weights)
        while self.queue and (limit is None or self.taken < limit):
            self.taken += 1
            self._hand_on()

    def expected(self, team: str) -> float:
        """Return how long a team's newcomer would wait, going by its share and by how long calls usually take."""
        return self.usual * (self.queue.ahead(team) + 1) / self.limit if self.limit else 0.0

    def _hand_on(self) -> None:
        while self.queue and (self.limit is None or self.taken <= self.limit):
            turn = self.queue.pop()
            if not turn.done():
                turn.set_result(None)  # the slot passes from hand to hand and is never free in between
                break
        else:
            self.taken -= 1
        self._note()

    def _note(self) -> None:
        if self._changed is not None and self._news is None:
            self._news = asyncio.get_running_loop().call_later(NEWS_AFTER, self._tell, self._changed)

    def _tell(self, changed: Callable[[int, int], None]) -> None:
        self._news = None
        changed(self.taken, len(self.queue))

    async def _wait(self, team: str, patience: Patience) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.queue.push(team, turn)
        self._note()
        # One timer only: a second one, due with the request's own, would make it chance who is first.
        own = asyncio.timeout(patience.seconds) if patience.seconds < patience.left else nullcontext()
        try:
            async with own:
                await turn
        except BaseException as error:
            self._leave(team, turn)
            if isinstance(error, TimeoutError):
                raise Shed("no call to this provider ended in time", retry_after=self.expected(team) or None) from error
            raise

    def _leave(self, team: str, turn: asyncio.Future[None]) -> None:
        if turn.done() and not turn.cancelled():  # the slot came just as we stopped waiting for it
            self._hand_on()
            return
        self.queue.discard(team, turn)
        self._note()


NONE: Final[Mapping[str, Slots]] = MappingProxyType({})


def slots_of(
    settings: RouterSettings, announce: Callable[[Load], None], kept: Mapping[str, Slots] = NONE
) -> dict[str, Slots]:
    """Return every provider's slots, shared by the teams' weights; their load is announced as it changes.

    Those that are `kept` go on with what is under way, under the limit and the weights they have now. Of a limit this
    process has its share.
    """
    limits = {name: share(one.concurrency, settings.server.workers) for name, one in settings.providers.items()}
    weights = {team.name: team.weight for team in settings.teams}

    def telling(provider: str) -> Callable[[int, int], None]:
        return lambda taken, waiting: announce(Load(provider=provider, in_flight=taken, queued=waiting))

    for name, slots in kept.items():
        slots.adapt(limits[name], weights)
    fresh = {name: Slots(limit, weights, telling(name)) for name, limit in limits.items() if name not in kept}
    return {**kept, **fresh}
