"""Webhooks out: each notice is sent until its receiver has taken it, or for three days.

A notice is claimed before it is sent, by writing when it would be due again should this process die, and written
`delivered` after the answer. So several couriers can share an outbox, none of them loses a notice, and a receiver may
get one twice: it tells repeats by their id. Only what came of a try is counted as one: a claim whose courier died is no
step of the schedule.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from random import Random
from typing import Final

import msgspec

from router.contract import MediaError
from router.engine.clock import Clock
from router.jobs.notices import Ended, again, answered, gone, host, over
from router.jobs.post import LINGER, PATIENCE, NoAnswer, Post
from router.jobs.signing import Scheme, standard_headers, sync_headers
from router.media.addresses import Refused
from router.store.rows import NoticeRow, NoticeRows, Stale

AT_ONCE: Final = 64
PER_HOST: Final = 4
"""How many are on their way at once, in all and to one host, so that a dead receiver holds up its own only."""
WINDOW: Final = 200
"""How many due notices are looked at."""
LEASE: Final = PATIENCE + LINGER + 4.0
"""Seconds that a claim holds: what a delivery can take, and a little for the database."""
SLOW: Final = 5.0
"""Seconds after which those on their way to a host are taken for stuck."""
ASIDE: Final = 15.0
"""Seconds that a stuck host's notices step aside when they fill the whole window."""
IDLE: Final = 5.0
BLOCKED: Final = 1.0
"""Seconds between looks: other processes add notices too; while some wait for a place."""

Secrets = Callable[[str], Sequence[str]]
"""A team's name to its webhook secrets, the one in use first."""

log = logging.getLogger(__name__)


class Courier:
    """Delivers what is in an outbox. `run` goes on until it is cancelled; what was on its way is then due again.

    `heard` is told of each try: whose webhook it was, and `again` or how it ended.
    """

    def __init__(self, rows: NoticeRows, post: Post, clock: Clock, random: Random, secrets: Secrets) -> None:
        self.rows = rows
        self.post = post
        self.clock = clock
        self.random = random
        self.secrets = secrets
        self.heard: Callable[[str, str], object] = lambda team, outcome: None  # noqa: ARG005 - nobody listens
        self._woken = asyncio.Event()
        self._under_way: dict[asyncio.Task[None], tuple[str, float]] = {}

    async def run(self) -> None:
        """Deliver for ever; a store that cannot be used is asked again."""
        try:
            while True:
                try:
                    pause = await self.step()
                except MediaError as error:
                    log.warning("webhooks wait for the store: %s", error.code)
                    pause = IDLE
                await self._pause(pause)
        finally:
            for task in self._under_way:
                task.cancel()
            await self.settled()

    def wake(self) -> None:
        """Look again at once: there is a new notice."""
        self._woken.set()

    async def settled(self) -> None:
        """Wait until nothing is on its way."""
        while self._under_way:
            await asyncio.wait([*self._under_way])

    async def step(self) -> float:
        """Send what is due and has a place; return the seconds after which to look again."""
        due = await self.rows.due(self.clock.wall(), WINDOW)
        waiting = []
        for row in due:
            if self._has_place(host(row)):
                await self._send(row)
            else:
                waiting.append(row)
        if len(due) == WINDOW:
            await self._step_aside([row for row in waiting if self._is_stuck(host(row))])
        return BLOCKED if waiting else await self._until_next()

    def _has_place(self, name: str) -> bool:
        return len(self._under_way) < AT_ONCE and len(self._since(name)) < PER_HOST

    def _is_stuck(self, name: str) -> bool:
        since = self._since(name)
        return len(since) == PER_HOST and max(since) <= self.clock.now() - SLOW

    def _since(self, name: str) -> list[float]:
        return [since for to, since in self._under_way.values() if to == name]

    async def _send(self, row: NoticeRow) -> None:
        lease = self.clock.wall() + LEASE
        try:
            row = await self.rows.write(msgspec.structs.replace(row, run_at=lease))
        except Stale:
            return  # another courier was first
        task = asyncio.create_task(self._deliver(row))
        self._under_way[task] = host(row), self.clock.now()
        task.add_done_callback(self._left)

    def _left(self, task: asyncio.Task[None]) -> None:
        del self._under_way[task]
        self._woken.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("unexpected %s in the delivery of a webhook", type(error).__name__)

    async def _step_aside(self, rows: Sequence[NoticeRow]) -> None:
        for row in rows:
            with suppress(Stale):
                await self.rows.write(msgspec.structs.replace(row, run_at=self.clock.wall() + ASIDE))

    async def _until_next(self) -> float:
        due = await self.rows.next_due()
        return IDLE if due is None else min(max(due - self.clock.wall(), 0.0), IDLE)

    async def _pause(self, seconds: float) -> None:
        waits = asyncio.ensure_future(self.clock.sleep(seconds)), asyncio.ensure_future(self._woken.wait())
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:
                one.cancel()
            await asyncio.gather(*waits, return_exceptions=True)
        self._woken.clear()

    async def _deliver(self, row: NoticeRow) -> None:
        try:
            row = await self.rows.write(await self._tried(row))
        except Stale:
            log.info("webhook %s was taken over while it was on its way", row.id)
        except MediaError as error:
            log.warning("what became of webhook %s cannot be kept, it will be sent again: %s", row.id, error.code)
        else:
            self.heard(row.team, row.ended or "again")
            log.info("webhook %s: %s, status %s, try %d", row.id, row.ended or "again", row.status, row.tries)

    async def _tried(self, row: NoticeRow) -> NoticeRow:
        """Return the notice as it is after one try."""
        if await gone(self.rows, row):
            return over(row, Ended.DISABLED)
        row = msgspec.structs.replace(row, tries=row.tries + 1, status=None)
        try:
            answer = await self.post(row.url, self._headers(row), row.body)
        except Refused as error:
            log.warning("webhook %s to %s is refused: %s", row.id, host(row), error)
            return over(row, Ended.REFUSED)
        except (NoAnswer, ValueError) as error:
            log.warning("webhook %s to %s was not taken: %s", row.id, host(row), error)
            return again(row, self.clock.wall(), self.random)
        except Exception as error:  # noqa: BLE001 - a defect of ours is a failed try, or it would be repeated for ever
            kind = type(error).__name__
            log.error("unexpected %s in the delivery of webhook %s", kind, row.id)  # noqa: TRY400 - a text may name the URL
            return again(row, self.clock.wall(), self.random)
        return answered(row, answer, self.clock.wall(), self.random)

    def _headers(self, row: NoticeRow) -> dict[str, str]:
        """Sign as of now, so that a receiver finds every try fresh. Raises `ValueError` where there is no secret."""
        secrets, now = self.secrets(row.team), self.clock.wall()
        if Scheme(row.kind) is Scheme.SYNC:
            return sync_headers(secrets, row.body, now)
        return standard_headers(secrets, row.id, row.body, now)
