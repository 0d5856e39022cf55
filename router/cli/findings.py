"""What an examination finds: a line for each thing that was tried, and what to do about those that failed."""

from collections.abc import Sequence
from typing import Final

import msgspec
import typer
from rich.console import Console
from rich.table import Table


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was tried: `fine` is None where there was nothing to try. `fix` says what to do. Seconds."""

    subject: str
    tried: str
    fine: bool | None
    told: str = ""
    fix: str = ""
    seconds: float | None = None


MARKS: Final = {True: "[green]fine[/green]", False: "[red]FAILS[/red]", None: "[dim]-[/dim]"}


def show(found: Sequence[Finding], *, as_json: bool) -> None:
    """Print what was found: a table, and below it each failure with its fix; or all of it as JSON."""
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(found)).decode())
        return
    console = Console(highlight=False)
    table = Table("subject", "tried", "", "ms", "told", title="Doctor")
    for column in table.columns:
        column.overflow = "fold"
    for one in found:
        took = "" if one.seconds is None else f"{one.seconds * 1000:.0f}"
        table.add_row(one.subject, one.tried, MARKS[one.fine], took, one.told)
    console.print(table)
    failed = [one for one in found if one.fine is False]
    for one in failed:
        console.print(f"[red]{one.subject}, {one.tried}[/red]: {one.told}\n  {one.fix}", soft_wrap=True)
    console.print(f"[red]{len(failed)} of {len(found)} fail.[/red]" if failed else "Everything is fine.")
