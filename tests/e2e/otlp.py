"""A receiver of traces: OTLP over HTTP on loopback, decoded by OpenTelemetry's own messages."""

import asyncio
import gzip
from collections.abc import Mapping, Sequence
from typing import Any, Final

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from router.testing.acts import Act, Reply
from router.testing.vendor import Vendor
from router.testing.wire import Asked

PATIENCE: Final = 20.0


class Receiver(Vendor):
    """Keeps the spans that it is sent, and the attributes of the resource they are of."""

    def __init__(self) -> None:
        super().__init__()
        self.spans: list[Span] = []
        self.resource: Mapping[str, Any] = {}

    def act(self, asked: Asked) -> Act:
        packed = asked.headers.get("content-encoding") == "gzip"
        told = ExportTraceServiceRequest.FromString(gzip.decompress(asked.body) if packed else asked.body)
        for one in told.resource_spans:
            self.resource = attributes(one.resource.attributes)
            self.spans += [span for scope in one.scope_spans for span in scope.spans]
        return Reply(content_type="application/x-protobuf")

    async def has(self, count: int) -> list[Span]:
        """Wait until so many spans came, and return them in the order in which they began."""
        async with asyncio.timeout(PATIENCE):
            while len(self.spans) < count:  # noqa: ASYNC110 - another process sends them when it likes
                await asyncio.sleep(0.02)
        return sorted(self.spans, key=lambda span: span.start_time_unix_nano)

    @property
    def surroundings(self) -> dict[str, str]:
        """The environment of a program whose traces come here soon."""
        return {"OTEL_EXPORTER_OTLP_ENDPOINT": self.url, "OTEL_BSP_SCHEDULE_DELAY": "50"}


def attributes(pairs: Sequence[KeyValue]) -> dict[str, Any]:
    """Return attributes as Python has them."""
    return {one.key: getattr(one.value, one.value.WhichOneof("value") or "string_value") for one in pairs}
