"""An engine that lets through what teams may ask for: for whoever asks it several things on behalf of one caller."""

from dataclasses import dataclass
from typing import Any, Protocol

from router.contract import Task
from router.engine.exchange import Exchange
from router.teams.reserve import Admission


class Engine(Protocol):
    """Serves requests by its routes."""

    def open(self, task: Task, team: str, request_id: str) -> Exchange:
        """Begin the record of one request."""

    async def serve(self, request: Any, exchange: Exchange, within: float | None = None) -> Any:
        """Return a result past its commit point. Raises `MediaError`."""


@dataclass(frozen=True, slots=True)
class Admitting:
    """An engine behind the door: each request holds what it may use until its exchange is finished."""

    engine: Engine
    admission: Admission

    def open(self, task: Task, team: str, request_id: str) -> Exchange:
        """Begin the record of one request."""
        return self.engine.open(task, team, request_id)

    async def serve(self, request: Any, exchange: Exchange, within: float | None = None) -> Any:
        """Return a result past its commit point. Raises `MediaError`, where the team may not ask for it too."""
        hold = await self.admission.admit(exchange.team, request)
        if hold is not None:
            exchange.closing = hold.end
        return await self.engine.serve(request, exchange, within)
