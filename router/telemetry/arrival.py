"""A request as it came in, for whoever draws its span: kept while it is served, where requests are traced."""

import msgspec

from router.contract.trace import Trace


class Arrival(msgspec.Struct):
    """A request's place, when it came (unix time), and what HTTP says of it.

    `route` is the path with its parameters' names, empty for a path that leads nowhere; `status` is None until an answer
    begins.
    """

    trace: Trace
    began: float
    method: str
    version: str
    route: str = ""
    status: int | None = None

    @property
    def name(self) -> str:
        """What such requests are called: OpenTelemetry's convention for HTTP servers."""
        return f"{self.method} {self.route}".strip()

    @property
    def attributes(self) -> dict[str, str | int]:
        """What is to be told of it, by OpenTelemetry's names."""
        told: dict[str, str | int] = {
            "http.request.method": self.method,
            "network.protocol.name": "http",
            "network.protocol.version": self.version,
        }
        if self.route:
            told["http.route"] = self.route
        if self.status is not None:
            told["http.response.status_code"] = self.status
        return told
