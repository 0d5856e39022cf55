"""How many calls a target takes at once, and who goes next: teams take turns, so that none can crowd out another."""

import asyncio
from collections import OrderedDict, deque
from typing import Final, Generic, TypeVar

from router.contract import Shed

T = TypeVar("T")

MOST_WAITING: Final = 64
"""Of one team at one target. Beyond that a request is refused at once: it would wait in vain."""
SMOOTHING: Final = 0.2
"""Weight of the newest call's duration in the moving average."""


class Turns(Generic[T]):
    """A queue in which teams take turns, whatever each has waiting. Pure."""

    def __init__(self) -> None:
        self.teams: OrderedDict[str, deque[T]] = OrderedDict()

    def __len__(self) -> int:
        return sum(map(len, self.teams.values()))

    def waiting(self, team: str) -> int:
        """Return how many of a team wait."""
        return len(self.teams.get(team, ()))

    def push(self, team: str, one: T) -> None:
        """Queue behind the team's own; a team that had nobody waiting comes last."""
        self.teams.setdefault(team, deque()).append(one)

    def pop(self) -> T:
        """Return whose turn it is; the team goes to the end. Raises `KeyError` when nobody waits."""
        team, waiting = self.teams.popitem(last=False)
        one = waiting.popleft()
        if waiting:
            self.teams[team] = waiting
        return one

    def discard(self, team: str, one: T) -> None:
        """Take out one who waits no longer; nothing happens if it is not there."""
        waiting = self.teams.get(team)
        if waiting is None or one not in waiting:
            return
        waiting.remove(one)
        if not waiting:
            del self.teams[team]


class Slots:
    """At most `limit` calls at once; None means as many as come."""

    def __init__(self, limit: int | None) -> None:
        self.limit = limit
        self.taken = 0
        self.queue: Turns[asyncio.Future[None]] = Turns()
        self.usual = 0.0

    async def take(self, team: str, patience: float) -> None:
        """Wait for a slot at most `patience` seconds.

        Raises `Shed`, at once when the team has too many waiting or the wait would outlast the patience.
        """
        if self.limit is None or (self.taken < self.limit and not self.queue):
            self.taken += 1
            return
        wait = self._expected()
        if self.queue.waiting(team) >= MOST_WAITING or wait > patience:
            raise Shed("too many calls are waiting for this provider", retry_after=wait or None)
        await self._wait(team, patience)

    def give_back(self, seconds: float) -> None:
        """Free a slot after a call that took so long; whoever is next takes it."""
        self.usual += SMOOTHING * (seconds - self.usual) if self.usual else seconds
        while self.queue:
            turn = self.queue.pop()
            if not turn.done():
                turn.set_result(None)  # the slot passes from hand to hand and is never free in between
                return
        self.taken -= 1

    async def _wait(self, team: str, patience: float) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.queue.push(team, turn)
        try:
            async with asyncio.timeout(patience):
                await turn
        except BaseException as error:
            self.queue.discard(team, turn)
            if turn.done() and not turn.cancelled():  # the slot came just as we stopped waiting for it
                self.give_back(self.usual)
            if isinstance(error, TimeoutError):
                raise Shed("no call to this provider ended in time", retry_after=self._expected() or None) from error
            raise

    def _expected(self) -> float:
        """Return how long a newcomer would wait, going by how long calls usually take."""
        return self.usual * (len(self.queue) + 1) / self.limit if self.limit else 0.0
