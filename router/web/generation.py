"""A job as sync's clients read it, and what of a request is kept to tell them."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from router.contract import JobState
from router.jobs import Job
from router.web.sync_body import GenerationBody

GENERATIONS: Final = "/v2/generations"
STATUSES: Final = {
    JobState.QUEUED: "PENDING",
    JobState.RUNNING: "PROCESSING",
    JobState.DONE: "COMPLETED",
    JobState.FAILED: "FAILED",
}


class Generation(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A film, made or in the making. `outputUrl` leads to this router and wants the team's key.

    What is not known, or not there yet, is null. `input` is empty for what was asked for in another dialect.
    """

    created_at: Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
    id: str
    input: list[Any]
    model: str
    status: Annotated[str, Meta(extra_json_schema={"enum": list(STATUSES.values())})]
    error: str | None
    error_code: str | None = msgspec.field(name="error_code")
    options: dict[str, Any] | None
    output_duration: float | None
    output_url: str | None
    segments: list[Any] | None
    segment_output_url: str | None
    webhook_url: str | None


def echo_of(body: GenerationBody) -> dict[str, Any]:
    """Return what is kept of a request."""
    echo: dict[str, Any] = msgspec.to_builtins(body)
    return echo


def generation(job: Job, origin: str) -> Generation:
    """Return a job as a generation; `origin` is the scheme and host that its caller called."""
    echo = job.echo
    return Generation(
        created_at=datetime.fromtimestamp(job.created_at, UTC)
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z"),
        id=job.id,
        input=echo.get("input", []),
        model=job.model,
        status=STATUSES[job.state],
        error=job.error.message if job.error else None,
        error_code=job.error.code if job.error else None,
        options=echo.get("options"),
        output_duration=job.seconds if job.film else None,
        output_url=f"{origin}{GENERATIONS}/{job.id}/{file_name(job)}" if job.film else None,
        segments=echo.get("segments"),
        segment_output_url=None,
        webhook_url=None,
    )


def file_name(job: Job) -> str:
    """Return what a film's file is called: as its owner wished, or its id."""
    return f"{job.echo.get('outputFileName', job.id)}.mp4"
