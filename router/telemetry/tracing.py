"""Whether requests are traced: where the standard variables name a receiver, and the extra `otel` is installed."""

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from router.telemetry.traces import Traces

LOG: Final = logging.getLogger(__name__)
ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


def wanted(environ: Mapping[str, str]) -> bool:
    """Whether the environment says where traces go, and not that there are to be none."""
    off = environ.get("OTEL_SDK_DISABLED", "").lower() == "true" or environ.get("OTEL_TRACES_EXPORTER") == "none"
    return not off and any(environ.get(one) for one in ENDPOINTS)


def sdk() -> "type[Traces]":
    """Import what makes traces: of OpenTelemetry nothing is imported before."""
    from router.telemetry.traces import Traces  # noqa: PLC0415 - see above

    return Traces


def tracing(
    environ: Mapping[str, str], wall: Callable[[], float], load: "Callable[[], type[Traces]]" = sdk
) -> "Traces | None":
    """Return what traces requests, or None."""
    if not wanted(environ):
        return None
    try:
        return load().exported(wall)
    except ModuleNotFoundError as error:
        LOG.warning("nothing is traced: %s is not installed; pip install 'media-router[otel]'", error.name)
        return None
