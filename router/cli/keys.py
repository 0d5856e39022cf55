"""`media-router keys`: keys that teams call with, made and revoked while the router runs."""

from collections.abc import Iterable
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from router.cli.config import ConfigOption, load_config, stop
from router.cli.grounds import grounded
from router.cli.jobs import print_json, when
from router.engine.settings import RouterSettings
from router.engine.settings.durations import seconds
from router.store.keys import KeyRow
from router.teams.keys import LOOK, issue, revoke

keys = typer.Typer(add_completion=False, no_args_is_help=True)

JsonOption = Annotated[bool, typer.Option("--json", help="Print it as JSON.")]


@keys.callback()
def commands() -> None:
    """Look after keys, beside a running router or without one. Those in the configuration are not among them."""


@keys.command()
def create(
    team: Annotated[str, typer.Option(help="Whose key it is: a team of the configuration.")],
    label: Annotated[str, typer.Option(help="What it is for.")] = "",
    expires: Annotated[
        str | None, typer.Option(help="For how long it is good, such as 720h. Default: for ever.")
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Make a key and print it, this once; only its SHA-256 is kept. Exit code 2 if there is no such team."""
    settings, _ = load_config(config)
    check_team(settings, team)
    lasts = None if expires is None else seconds(expires)
    if expires is not None and lasts is None:
        stop(f"expected a duration such as 720h, not {expires!r}")
    with grounded(config) as (run, ground):
        key, row = run(issue(ground.stores.keys, team, ground.world.clock.wall(), label=label, lasts=lasts))
    typer.echo(key)
    typer.echo(f"{row.id} is good in {LOOK:g} seconds; it is shown this once, so keep it now", err=True)


@keys.command("list")
def listed(
    team: Annotated[str | None, typer.Option(help="Only this team's.")] = None,
    as_json: JsonOption = False,  # noqa: FBT002 - a flag
    config: ConfigOption = None,
) -> None:
    """List keys by their ids, revoked and expired ones too."""
    settings, _ = load_config(config)
    with grounded(config) as (run, ground):
        rows = [row for row in run(ground.stores.keys.all()) if team in (None, row.team)]
        now = ground.world.clock.wall()
    shown = [told(row, settings, now) for row in rows]
    if as_json:
        print_json(shown)
    else:
        Console().print(table(shown))


@keys.command("revoke")
def revoked(
    id: Annotated[str, typer.Argument(metavar="ID", help="The key's id, as `list` shows it.")],  # noqa: A002 - what it is
    config: ConfigOption = None,
) -> None:
    """Let a key no longer be taken. Exit code 1 if there is no such key, or it was revoked before."""
    with grounded(config) as (run, ground):
        run(revoke(ground.stores.keys, id, ground.world.clock.wall()))
    typer.echo(f"{id} is revoked: no router takes it in {LOOK:g} seconds")


def check_team(settings: RouterSettings, team: str) -> None:
    """End the command if the configuration has no such team."""
    names = [one.name for one in settings.teams]
    if team not in names:
        stop(f"there is no team {team!r} in the configuration, which has: {', '.join(names) or 'none'}")


def told(row: KeyRow, settings: RouterSettings, now: float) -> dict[str, Any]:
    """Return what may be shown of a key: not even its digest. Times are unix seconds."""
    return {
        "id": row.id,
        "team": row.team,
        "label": row.label,
        "state": state(row, settings, now),
        "created_at": row.created_at,
        "expires_at": row.expires_at,
        "revoked_at": row.revoked_at,
    }


def state(row: KeyRow, settings: RouterSettings, now: float) -> str:
    """Return whether a key is good, or why it is not."""
    if row.revoked_at is not None:
        return "revoked"
    if row.expires_at is not None and row.expires_at <= now:
        return "expired"
    return "good" if row.team in {team.name for team in settings.teams} else "without a team"


def table(shown: Iterable[dict[str, Any]]) -> Table:
    """Return a table of keys."""
    made = Table("key", "team", "label", "state", "made", "expires", title="Keys")
    for column in made.columns:
        column.overflow = "fold"
    for one in shown:
        made.add_row(
            one["id"], one["team"], one["label"], one["state"], when(one["created_at"]), when(one["expires_at"])
        )
    return made
