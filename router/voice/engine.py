"""What a conversation asks of the engine."""

from collections.abc import Awaitable
from typing import Any, Protocol

from router.contract import Task
from router.engine.exchange import Exchange


class Engine(Protocol):
    """Serves requests by its routes."""

    def open(self, task: Task, team: str, request_id: str) -> Exchange:
        """Begin the record of one request."""

    def serve(self, request: Any, exchange: Exchange, within: float | None = None) -> Awaitable[Any]:
        """Return a result past its commit point, or what will. Raises `MediaError`, at once or then."""
