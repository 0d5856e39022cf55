"""Counters in a Redis or a Valkey, which all processes and machines share; the only module that knows redis-py.

What its server must do is to persist before it answers (`appendonly yes`, `appendfsync always`) if no restart is to forget
what was used.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Sequence
from types import TracebackType
from typing import Any, Final, Self, cast

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from router.store.counter_scripts import CLAIM, END, RENEW
from router.store.counters import SLOTS, Claim, Count, CountersUnavailable, Ending, Entry

PATIENCE: Final = 0.5
"""Seconds for one answer, of which a lost one is asked for once more."""
RESPITE: Final = 0.5
"""Seconds that a server that did not answer is left alone."""
LEASE: Final = 30.0
"""Seconds after which a request of a process that died is no longer counted as under way; renewed three times in it."""
KEPT: Final = 2 * 24 * 3600 * 1000
"""Milliseconds that a claim may stay open: longer than any video takes."""
REMEMBERED: Final = 600_000
"""Milliseconds that it is known of a claim that it has ended."""
MOST_ENDS: Final = 100_000
"""Ends of claims that wait for a server that is away; some 50 MB."""
GATHERED: Final = 0.01
"""Seconds that an end waits for others, to be sent with them: each message costs a fifth of a millisecond of our time."""
AT_ONCE: Final = 100
"""Ends of claims that are sent together."""
FAULTS: Final = (RedisError, OSError, TimeoutError, RuntimeError)
"""What befalls a connection. `RuntimeError` is uvloop's for one that is lost while something is being written to it."""
TOLD: Final = "what teams have used cannot be counted now"
ENDED: Final = -2
log = logging.getLogger(__name__)


class SharedCounters:
    """`async with SharedCounters(url)`: inside, claims are granted by the server and ends reach it, late if need be.

    `redis://`, `rediss://`, `valkey://` or `valkeys://`. `there` says whether the server answered when it was last asked.
    """

    def __init__(self, url: str, lease: float = LEASE) -> None:
        self.lease = lease
        self.there = True
        self._redis: Redis = Redis.from_url(
            url.replace("valkey", "redis", 1), socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE,
            retry=Retry(NoBackoff(), 1),
        )  # fmt: skip
        self._asked_again_at = 0.0
        self._ends: dict[str, Ending] = {}
        self._running: dict[str, str] = {}
        self._news = asyncio.Event()

    async def __aenter__(self) -> Self:
        try:
            await cast("Awaitable[Any]", self._redis.ping())
        except FAULTS as error:
            self._missed(error)
        self._tasks = [asyncio.create_task(self._tell_ends()), asyncio.create_task(self._renew())]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        left = set(self._tasks)
        while left:  # more than once, should redis-py have taken a cancellation for its own
            for task in left:
                task.cancel()
            _, left = await asyncio.wait(left, timeout=PATIENCE)
        while self._ends and await self._told_some():
            pass
        await self._redis.aclose()

    @property
    def untold(self) -> int:
        """How many ends of claims the server does not know yet."""
        return len(self._ends)

    async def claim(self, claim: Claim) -> Count:
        """Raise every counter of a claim, or none. Raises `CountersUnavailable`."""
        now = asyncio.get_running_loop().time()
        if now < self._asked_again_at:
            raise CountersUnavailable(TOLD)
        try:
            answer = await self._eval(CLAIM, *_claimed(claim, self.lease))
        except FAULTS as error:
            self._missed(error)
            raise CountersUnavailable(TOLD, asked=True) from error
        self._found()
        verdict, running, *used = map(int, answer)
        if verdict == ENDED:
            raise CountersUnavailable(TOLD)
        if verdict == 0 and claim.most is not None:
            self._running[claim.id] = claim.team
        return Count(used, running, None if verdict == 0 else SLOTS if verdict < 0 else verdict - 1)

    def end(self, ending: Ending) -> None:
        """Put the counters right, as soon as the server is there."""
        self._running.pop(ending.claim.id, None)
        if len(self._ends) >= MOST_ENDS:
            self._ends.pop(next(iter(self._ends)))
            log.warning("limits: what a request has used is forgotten, since the server that counts stays away")
        self._ends[ending.claim.id] = ending
        self._news.set()

    def _found(self) -> None:
        if not self.there:
            self.there = True
            log.warning("limits: the server that counts is back")

    def _missed(self, error: BaseException) -> None:
        self._asked_again_at = asyncio.get_running_loop().time() + RESPITE
        if self.there:
            self.there = False
            log.warning("limits: the server that counts is away: %s", type(error).__name__)

    async def _eval(self, script: str, *told: Any) -> Any:
        return await cast("Awaitable[Any]", self._redis.eval(script, *told))

    async def _tell_ends(self) -> None:
        while True:
            await self._news.wait()
            await asyncio.sleep(GATHERED)
            self._news.clear()
            while self._ends:
                try:
                    told = await self._told_some()
                except Exception:  # whatever it is, what was used is not lost to it: the same ends are told again
                    log.exception("limits: what requests have used could not be told in a way that nobody foresaw")
                    told = False
                if not told:
                    await asyncio.sleep(RESPITE)

    async def _told_some(self) -> bool:
        """Tell the server of the ends that have waited longest; whether it heard."""
        some = list(self._ends.values())[:AT_ONCE]
        pipe = self._redis.pipeline(transaction=False)
        for one in some:
            pipe.eval(END, *_ended(one))
        try:
            await pipe.execute()
        except FAULTS as error:
            self._missed(error)
            return False
        self._found()
        for one in some:
            self._ends.pop(one.claim.id, None)
        return True

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(self.lease / 3)
            teams: defaultdict[str, list[str]] = defaultdict(list)
            for name, team in self._running.items():
                teams[team].append(name)
            try:
                for team, names in teams.items():
                    await self._eval(RENEW, 1, _running(team), int(self.lease * 1000), *names)
            except FAULTS as error:
                self._missed(error)


def _claimed(claim: Claim, lease: float) -> Sequence[Any]:
    keys = (_own(claim), _running(claim.team), *_keys(claim.entries))
    told = (part for one in claim.entries for part in (one.unit, one.amount, one.limit, one.until))
    return (len(keys), *keys, claim.id, KEPT, -1 if claim.most is None else claim.most, int(lease * 1000), *told)


def _ended(ending: Ending) -> Sequence[Any]:
    claim = ending.claim
    keys = (_own(claim), _running(claim.team), *_keys(claim.entries))
    used = [-1 if one is None else one for one in ending.amounts]
    told = (part for one in claim.entries for part in (one.unit, one.amount, one.until))
    return (len(keys), *keys, claim.id, REMEMBERED, len(used), *used, *told)


def _keys(entries: Sequence[Entry]) -> list[str]:
    return [f"media-router:{one.key}" for one in entries]


def _own(claim: Claim) -> str:
    return f"media-router:{{{claim.team}}}:claim:{claim.id}"


def _running(team: str) -> str:
    return f"media-router:{{{team}}}:running"
