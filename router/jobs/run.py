"""One job's work: the film is asked for, kept, and accounted for once, however it ends."""

import asyncio
import logging
import traceback
from dataclasses import dataclass
from typing import Any, Final, Protocol

from router.contract import AvatarRequest, MediaError, Task
from router.engine.exchange import Exchange
from router.engine.explain import Explanation
from router.jobs.films import Shelf
from router.jobs.record import Film

CANCELLED: Final = ("cancelled", 499)
"""Outcome and status of work that its owner called off; nobody is sent that status."""

log = logging.getLogger(__name__)


class Serve(Protocol):
    """What jobs ask of the engine."""

    def explain(self, task: Task, request: Any) -> Explanation:
        """Say what would become of a request now. Raises `NotFound` for a model that no route serves."""

    def open(self, task: Task, team: str, request_id: str) -> Exchange:
        """Begin the record of one request."""

    async def serve(self, request: Any, exchange: Exchange) -> Any:
        """Return a clip past its commit point. Raises `MediaError`."""


@dataclass(frozen=True, slots=True)
class Made:
    """A film, who made it, and how many seconds it lasts if that is known."""

    film: Film
    provider: str
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Run:
    """The work on one job: a request under the job's id, for a team."""

    id: str
    team: str
    request_id: str
    request: AvatarRequest

    async def play(self, engine: Serve, shelf: Shelf) -> Made:
        """Make the film. Raises `MediaError`, whatever went wrong; nothing is then left on disk."""
        exchange = engine.open(Task.AVATAR, self.team, self.request_id)
        try:
            film = await self._film(engine, shelf, exchange)
        except asyncio.CancelledError:
            exchange.finish(*CANCELLED)
            raise
        except Exception as error:
            known = self._known(error)
            exchange.finish(known.code, known.status)
            raise known from error
        exchange.finish("ok", 200)
        served = [attempt.provider for attempt in exchange.attempts if attempt.outcome == "ok"]
        return Made(film, served[-1] if served else "", exchange.video_seconds or None)

    async def _film(self, engine: Serve, shelf: Shelf, exchange: Exchange) -> Film:
        clip = await engine.serve(self.request, exchange)
        try:
            return await shelf.keep(self.id, clip, exchange.sent)
        finally:
            await clip.chunks.aclose()

    def _known(self, error: Exception) -> MediaError:
        """Return the error as one of ours. What nobody foresaw is logged by place alone: its text may quote the caller."""
        if isinstance(error, MediaError):
            return error
        places = "".join(traceback.format_tb(error.__traceback__))
        log.error("unexpected %s in job %s\n%s", type(error).__name__, self.id, places)
        return MediaError(f"an unexpected error in the router; please report video id {self.id}")
