"""`media-router jobs`: what became of the videos that are made in the background, and what an operator can do about them.

Secrets are not shown, nor anything that a caller wrote.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
import typer
from msgspec.structs import replace
from rich.console import Console
from rich.table import Table

from router.cli.config import ConfigOption
from router.cli.grounds import grounded
from router.cli.webhook import notices_table
from router.contract import JobState, Task
from router.contract.money import written
from router.jobs import Job, Query
from router.jobs.control import cancel, complete, find, reopen, unsettled
from router.jobs.jobs import CALLED_OFF
from router.store.rows import JobRow

jobs = typer.Typer(add_completion=False, no_args_is_help=True)

IdArgument = Annotated[str, typer.Argument(metavar="ID", help="The job's id.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print it as JSON.")]
NOTICES = 100
"""How many of a job's webhooks are shown."""


@jobs.callback()
def commands() -> None:
    """Look after videos that are made in the background, beside a running router or without one."""


@jobs.command("list")
def listed(
    team: Annotated[str | None, typer.Option(help="Only this team's.")] = None,
    state: Annotated[list[JobState] | None, typer.Option(help="Only those in this state; once for each.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many, the newest first.")] = 50,
    as_json: JsonOption = False,  # noqa: FBT002 - a flag
    config: ConfigOption = None,
) -> None:
    """List jobs, the newest first."""
    with grounded(config) as (run, ground):
        query = Query(team=team, limit=limit, states=tuple(state or ()))
        page = run(ground.stores.kept.rows.page(query))
        now = ground.world.clock.wall()
    rows = page.rows if page else ()
    if as_json:
        print_json([told(row, now) for row in rows])
    else:
        Console().print(table(rows, now))


@jobs.command()
def show(
    id: IdArgument,  # noqa: A002 - what it is
    as_json: JsonOption = False,  # noqa: FBT002 - a flag
    config: ConfigOption = None,
) -> None:
    """Show how a job stands, and its webhooks. Exit code 1 if there is no such job."""
    with grounded(config) as (run, ground):
        row = run(find(ground.stores.kept.rows, id))
        notices = run(ground.stores.notices.page(None, id, NOTICES))
        kept = run(complete(ground.stores.kept.media, Job.of(row)))
        shown = told(row, ground.world.clock.wall()) | {"media_kept": kept}
    if as_json:
        print_json(shown)
        return
    made = Table("field", "value", title=f"Job {id}")
    for name, value in shown.items():
        made.add_row(name, when(value) if name.endswith("_at") else in_words(value))
    Console().print(made, *([notices_table(notices)] if notices else []))


@jobs.command()
def retry(
    id: IdArgument,  # noqa: A002 - what it is
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask, even if it may be paid for twice.")] = False,  # noqa: FBT002 - a flag
    config: ConfigOption = None,
) -> None:
    """Order a failed job anew, under a new key. Exit code 1 if that cannot be, or is not wanted."""
    with grounded(config) as (run, ground):
        job = Job.of(run(find(ground.stores.kept.rows, id)))
        if job.state is JobState.FAILED and unsettled(job) and not yes:
            typer.echo(warning(job), err=True)
            typer.confirm("Order another?", abort=True, err=True)
        run(reopen(ground.stores.kept, id, ground.world.clock.wall()))
    typer.echo(f"{id} is queued: a router, or `media-router work`, will order it anew")


@jobs.command("cancel")
def called_off(id: IdArgument, config: ConfigOption = None) -> None:  # noqa: A002 - what it is
    """End a job as failed and tell its owner; what its provider has taken is not taken back. Exit code 1 if it has ended."""
    with grounded(config) as (run, ground):
        kept = replace(ground.stores.kept, notices=ground.notices)
        job = run(cancel(kept, id, ground.world.clock.wall(), ground.stores.bounds.age))
        exchange = ground.site.engine.open(Task.AVATAR, job.team, job.request_id)
        exchange.charges = list(job.charges)
        exchange.finish(*CALLED_OFF)
        run(ground.ledger.flush())
    typer.echo(f"{id} is cancelled")
    if unsettled(job):
        typer.echo(f"{job.provider or job.asked} may have taken the order, and may charge for it", err=True)


def warning(job: Job) -> str:
    """Return what another order may cost."""
    who = job.provider or job.asked or "a provider"
    ordered = f", as {job.upstream_id}" if job.upstream_id else ""
    return (
        f"{who} may have taken the order of this film{ordered}, and may charge for it: look there first. "
        "A retry orders another film, and both may have to be paid for."
    )


def table(rows: Iterable[JobRow], now: float) -> Table:
    """Return a table of jobs."""
    made = Table("job", "team", "state", "step", "provider", "upstream id", "%", "age", "error", title="Jobs")
    for column in made.columns:
        column.overflow = "fold"
    for job in (Job.of(row).at(now) for row in rows):
        who = job.provider or job.asked or ""
        error = job.error.code if job.error else ""
        age = span(now - job.created_at)
        made.add_row(job.id, job.team, job.state, job.step, who, job.upstream_id, str(job.progress), age, error)
    return made


def told(row: JobRow, now: float) -> dict[str, Any]:
    """Return what an operator may know of a job, as JSON values. Times are unix seconds."""
    job = Job.of(row).at(now)
    hidden = {"order", "echo", "hook", "inputs", "film", "expected", "typical", "charges"}
    shown = {name: getattr(job, name) for name in job.__struct_fields__ if name not in hidden}
    return shown | {
        "key": job.key,
        "cost": written(sum(one.cost for one in job.charges)),
        "age": round(now - job.created_at, 1),
        "due_at": row.run_at,
        "epoch": row.epoch,
        "inputs": len(job.inputs),
        "bytes": job.film.size if job.film else None,
        "webhook": job.hook is not None,
        "may_be_paid_for": unsettled(job),
    }


def in_words(value: Any) -> str:
    """Return a value as a table shows it."""
    if value is None or value == ():
        return ""
    if isinstance(value, msgspec.Struct):
        return ": ".join(map(str, msgspec.structs.astuple(value)))
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def when(seconds: float | None) -> str:
    """Return unix seconds as a date and a time."""
    return "" if seconds is None else f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}Z"


def span(seconds: float) -> str:
    """Return seconds in the largest unit that they fill."""
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"


def print_json(value: Any) -> None:
    """Print a value as JSON."""
    typer.echo(msgspec.json.format(msgspec.json.encode(value)).decode())
