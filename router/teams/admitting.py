"""An engine that lets through what teams may ask for: for whoever asks it several things on behalf of one caller."""

import asyncio
from collections.abc import Awaitable
from typing import Any, Protocol

from router.contract import Task
from router.engine.exchange import Exchange
from router.teams.reserve import Admission, Hold


class Engine(Protocol):
    """Serves requests by its routes."""

    def open(self, task: Task, team: str, request_id: str) -> Exchange:
        """Begin the record of one request."""

    def serve(self, request: Any, exchange: Exchange, within: float | None = None) -> Awaitable[Any]:
        """Return a result past its commit point, or what will. Raises `MediaError`, at once or then."""


class Admitting:
    """An engine behind the door, for one turn of a conversation: each request holds what it may use until it is finished.

    All of them together count as one under way, from the first of them until `leave`.
    """

    def __init__(self, engine: Engine, admission: Admission) -> None:
        self.engine = engine
        self.admission = admission
        self._one = asyncio.Lock()
        self._entered = False
        self._left = False
        self._slot: Hold | None = None

    def open(self, task: Task, team: str, request_id: str) -> Exchange:
        """Begin the record of one request."""
        return self.engine.open(task, team, request_id)

    async def serve(self, request: Any, exchange: Exchange, within: float | None = None) -> Any:
        """Return a result past its commit point. Raises `MediaError`, where the team may not ask for it too."""
        await self._enter(exchange.team)
        hold = await self.admission.admit_job(exchange.team, request, self.admission.new_id())
        if hold is not None:
            exchange.closing = hold.end
        return await self.engine.serve(request, exchange, within)

    def leave(self) -> None:
        """Count as one under way no more."""
        self._left = True
        slot, self._slot = self._slot, None
        if slot is not None:
            slot.release()

    async def _enter(self, team: str) -> None:
        async with self._one:
            if not self._entered:
                self._slot = await self.admission.enter(team)
                self._entered = True
            if self._left:
                self.leave()
