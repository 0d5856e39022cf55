"""A job as sync's clients read it, what of a request is kept to tell them, and who is told without asking."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from router.contract import Invalid, JobState
from router.jobs import Hook, Job
from router.jobs.post import check_url
from router.jobs.signing import Scheme
from router.web.site import Call
from router.web.sync_body import GenerationBody
from router.web.video_jobs import hook_of

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


def echo_of(body: GenerationBody, origin: str) -> dict[str, Any]:
    """Return what is kept of a request; `origin` for when its caller is told without asking."""
    echo: dict[str, Any] = msgspec.to_builtins(body)
    return echo | {"origin": origin}


def hook_for(call: Call, url: str | None) -> Hook | None:
    """Return whom to tell of the end: who the request names, or else whom its team wants told. Raises `Invalid`."""
    if url is None:
        return hook_of(call)
    if call.team not in call.site.webhooks:
        raise Invalid(
            "`webhookUrl` wants a secret to sign with, and this team has none: give it a `webhook` under `teams` in the "
            "router's configuration, or ask GET /v2/generate/{id}?wait=true",
            code="webhook_not_configured", param="webhookUrl",
        )  # fmt: skip
    check_url(url, "webhookUrl", call.site.private)
    return Hook(url, Scheme.SYNC.value)


def end_of(job: Job) -> bytes:
    """Return what is sent of a job that is over: its generation, as a look at it would show it."""
    return msgspec.json.encode(generation(job, job.echo.get("origin", "")))


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
        webhook_url=echo.get("webhookUrl"),
    )


def file_name(job: Job) -> str:
    """Return what a film's file is called: as its owner wished, or its id."""
    return f"{job.echo.get('outputFileName', job.id)}.mp4"
