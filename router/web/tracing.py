"""Taking requests in with their place in a trace. Only where requests are traced is this put around the application."""

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from router.contract.trace import ARRIVED, Trace
from router.telemetry.arrival import Arrival
from router.web.front import SHORT

TOLD: Final = frozenset({b"traceparent", b"tracestate"})
STARTS: Final[Mapping[str, int | None]] = {"http.response.start": None, "websocket.accept": 101}
"""Messages that begin an answer, with the status of those that have none of their own."""


PROBES: Final = frozenset({"/healthz", "/readyz", "/metrics"})
"""Asked so often, and for so little, that their spans would be in the way of others."""


class Recorder(Protocol):
    """Gives requests their places, and is told of their ends."""

    def begin(self, headers: Mapping[str, str], name: str) -> Trace:
        """Return a request's place, by its own headers."""

    def end(self, arrival: Arrival) -> None:
        """Take note of a request that was answered or left."""


class Traced:
    """An ASGI application whose requests are traced."""

    def __init__(self, app: ASGIApp, recorder: Recorder, wall: Callable[[], float]) -> None:
        self.app = app
        self.recorder = recorder
        self.wall = wall

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, its place known to all that is done for it."""
        known: Any = scope
        if known["type"] not in {ScopeType.HTTP, ScopeType.WEBSOCKET} or known["path"] in PROBES:
            await self.app(scope, receive, send)
            return
        method = known.get("method", "GET")
        trace = self.recorder.begin(headers_of(known), method)
        arrival = Arrival(trace, self.wall(), method, known.get("http_version", ""))

        async def watched(message: Message) -> None:
            if message["type"] in STARTS:
                arrival.status = STARTS[message["type"]] or message["status"]  # type: ignore[typeddict-item]  # the one without
            await send(message)

        ARRIVED.set(trace)
        try:
            await self.app(scope, receive, watched)
        finally:
            arrival.route = route_of(known, method)
            self.recorder.end(arrival)


def headers_of(scope: Mapping[str, Any]) -> dict[str, str]:
    """Return what a caller says of a trace of its own."""
    return {name.decode(): value.decode("latin-1") for name, value in scope["headers"] if name in TOLD}


def route_of(scope: Mapping[str, Any], method: str) -> str:
    """Return the route that a request took, never a path as a caller wrote it."""
    path: str = scope["path"]
    template: str = scope.get("path_template", "")
    return path if (path, method) in SHORT else template
