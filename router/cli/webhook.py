"""`media-router webhook`: whether a webhook is what it seems to be, and what became of those that were sent."""

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table

from router.cli.config import ConfigOption, stop
from router.engine.clock import SystemClock
from router.jobs.notices import host, redeliver
from router.jobs.signing import SYNC, BadSignature, verify_standard, verify_sync
from router.store.rows import NoticeRow

SECRET: Final = "MEDIA_ROUTER_WEBHOOK_SECRET"  # noqa: S105 - where it is, not what it is

webhook = typer.Typer(add_completion=False, no_args_is_help=True)

BodyArgument = Annotated[Path, typer.Argument(metavar="BODY", help="A file with the body as it came; - reads stdin.")]
HeaderOption = Annotated[
    list[str] | None,
    typer.Option(
        "--header",
        "-H",
        help="A header as it came, such as 'webhook-id: msg_1'; once for each. Others may be among them.",
    ),
]
SecretOption = Annotated[
    Path | None, typer.Option(help=f"A file with the secret, or several, line by line. Default: what ${SECRET} holds.")
]
AtOption = Annotated[
    float | None, typer.Option(help="Unix time to verify as of, for a webhook kept from earlier. Default: now.")
]


@webhook.callback()
def commands() -> None:
    """Work with webhooks."""


@webhook.command()
def verify(
    body: BodyArgument, header: HeaderOption = None, secret_file: SecretOption = None, at: AtOption = None
) -> None:
    """Say whether a webhook is signed by us, or by sync. Exit code 0 if it is, 1 if not, 2 if that cannot be said."""
    headers = dict(map(parsed, header or ()))
    checked = verify_sync if SYNC in headers else verify_standard
    try:
        secrets = given_secrets(secret_file, os.environ)
        checked(secrets, headers, given_body(body), SystemClock().wall() if at is None else at)
    except BadSignature as error:
        typer.echo(f"not valid: {error}", err=True)
        raise typer.Exit(1) from error
    except OSError as error:
        stop(f"cannot read {error.filename}: {error.strerror}")
    except ValueError as error:
        stop(str(error))
    typer.echo("valid")


@webhook.command("list")
def listed(
    team: Annotated[str | None, typer.Option(help="Only this team's.")] = None,
    job: Annotated[str | None, typer.Option(help="Only this job's.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many, the newest first.")] = 50,
    config: ConfigOption = None,
) -> None:
    """List webhooks, the newest first: to whom, how often they were tried, and what came of it."""
    from router.cli.grounds import grounded  # noqa: PLC0415 - all of the router, which `verify` need not load

    with grounded(config) as (run, ground):
        Console().print(notices_table(run(ground.stores.notices.page(team, job, limit))))


@webhook.command("redeliver")
def sent_anew(
    id: Annotated[str, typer.Argument(metavar="ID", help="The webhook's id.")],  # noqa: A002 - what it is
    config: ConfigOption = None,
) -> None:
    """Send a webhook anew, and to a receiver that had answered 410 from then on again. Exit code 1 if there is none."""
    from router.cli.grounds import grounded  # noqa: PLC0415 - as above

    with grounded(config) as (run, ground):
        row = run(redeliver(ground.stores.notices, id, ground.world.clock.wall()))
    typer.echo(f"{id} is due: a router, or `media-router work`, will send it to {host(row)}")


def parsed(header: str) -> tuple[str, str]:
    """Return a header's name, in lower case, and its text; end the command where there is no name."""
    name, colon, text = header.partition(":")
    if not colon:
        stop(f"a header is written 'name: text', unlike {header!r}")
    return name.strip().lower(), text.strip()


def given_secrets(file: Path | None, env: Mapping[str, str]) -> Sequence[str]:
    """Return the secrets of a file, or the one of the environment. Raises `OSError` and `ValueError`."""
    text = env.get(SECRET, "") if file is None else file.read_text(encoding="utf-8")
    if not text.split():
        raise ValueError(f"there is no secret: set ${SECRET}, or name a file that holds one with --secret-file")
    return text.split()


def given_body(file: Path) -> bytes:
    """Return the bytes of a file or of stdin. Raises `OSError`."""
    return sys.stdin.buffer.read() if file == Path("-") else file.read_bytes()


def notices_table(rows: Iterable[NoticeRow]) -> Table:
    """Return a table of notices; of each URL only the host is shown, since the rest may hold a key."""
    table = Table("webhook", "team", "job", "to", "tries", "status", "state", title="Webhooks")
    for column in table.columns:
        column.overflow = "fold"
    for row in rows:
        status = "" if row.status is None else str(row.status)
        table.add_row(row.id, row.team, row.job, host(row), str(row.tries), status, state(row))
    return table


def state(row: NoticeRow) -> str:
    """Return how a notice ended, or when it is next due."""
    if row.run_at is None:
        return row.ended
    return f"due {datetime.fromtimestamp(row.run_at, UTC):%Y-%m-%d %H:%M:%S}Z"
