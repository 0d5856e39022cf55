"""`media-router usage`: what teams used and what it cost, as a table, a chart, or for machines."""

import enum
import io
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer
from rich.bar import Bar
from rich.console import Console
from rich.table import Table

from router.cli.config import ConfigOption
from router.cli.grounds import grounded
from router.contract import Invalid
from router.contract.money import millionths, written
from router.store.ledger import Span
from router.teams.usage import AMOUNTS, DAYS, Line, as_csv, dates_of, lines_of, spanning


class By(enum.StrEnum):
    """What to sum up by."""

    DAY = "day"
    TEAM = "team"
    TASK = "task"
    ROUTE = "route"
    PROVIDER = "provider"
    TARGET = "target"
    OUTCOME = "outcome"


WIDE: Final = 100
"""Columns of a chart that is written to a file."""
FORMS: Final = ("table", "chart", "csv", "json")


def usage(
    by: Annotated[list[By] | None, typer.Option(help="Sum up by this; once for each. Default: team and route.")] = None,
    team: Annotated[str | None, typer.Option(help="Only this team's.")] = None,
    days: Annotated[
        str, typer.Option(help="So many up to today, one as 2026-11-21, or several as 2026-11-01..2026-11-21; UTC.")
    ] = str(DAYS),
    form: Annotated[
        str, typer.Option("--as", help="table, chart, csv, json, or a file.svg to draw the chart to.")
    ] = "table",
    config: ConfigOption = None,
) -> None:
    """Show what was used and what it cost."""
    if form not in FORMS and not form.endswith(".svg"):
        raise typer.BadParameter(f"{form!r} is none of {', '.join(FORMS)}, and no file.svg", param_hint="--as")
    with grounded(config) as (run, ground):
        span = span_of(days, ground.world.clock.wall(), team, by or (By.TEAM, By.ROUTE))
        lines = lines_of(span, run(ground.stores.ledger.totals(span)))
    tell(span, lines, form)


def span_of(days: str, now: float, team: str | None, by: Sequence[By]) -> Span:
    """Return what to sum up, or end the command with what is wrong."""
    try:
        if days.isdecimal():
            today = dates_of(spanning(None, None, now, None, ()))[1]
            first, last = today - timedelta(days=int(days) - 1), today
        else:
            begin, _, end = days.partition("..")
            first, last = date.fromisoformat(begin), date.fromisoformat(end or begin)
        return spanning(first, last, now, team, by)
    except (ValueError, OverflowError, Invalid) as error:
        raise typer.BadParameter(str(error), param_hint="--days") from error


def tell(span: Span, lines: Sequence[Line], form: str) -> None:
    """Print lines, or draw them to a file."""
    if form == "csv":
        typer.echo(as_csv(span, lines), nl=False)
    elif form == "json":
        typer.echo(msgspec.json.format(msgspec.json.encode(lines)).decode())
    elif form == "table":
        Console().print(table(span, lines))
    elif form == "chart":
        Console().print(chart(span, lines))
    else:
        Path(form).write_text(drawn(span, lines), encoding="utf-8")
        typer.echo(f"the chart is in {form}")


def table(span: Span, lines: Sequence[Line]) -> Table:
    """Return all figures in columns, and their sum where that can be made."""
    made = Table(title=title(span), show_footer=len(lines) > 1)
    for name in span.by:
        made.add_column(name)
    for name in AMOUNTS:
        made.add_column(name.replace("_", " "), summed(lines, name), justify="left" if name == "currency" else "right")
    for line in lines:
        made.add_row(*(str(line[name]) for name in (*span.by, *AMOUNTS)))
    return made


def summed(lines: Sequence[Line], name: str) -> str:
    """Return a column's sum; money is summed up only within one currency."""
    values = [line[name] for line in lines]
    if name in {"cost", "doubtful"} and len({line["currency"] for line in lines}) == 1:
        return written(sum(millionths(one) or 0 for one in values))
    return str(round(sum(values), 3)) if values and not isinstance(values[0], str) else ""


def chart(span: Span, lines: Sequence[Line]) -> Table:
    """Return a bar for each line: of what it cost, or of its requests where nothing cost anything."""
    paid = any(weight(line, "cost") for line in lines)
    name = "cost" if paid else "requests"
    made = Table(*span.by, name, "", title=title(span), box=None, expand=True)
    made.columns[-1].ratio = 1
    made.columns[-2].justify = "right"
    longest = max((weight(line, name) for line in lines), default=1) or 1
    for line in lines:
        told = f"{line['cost']} {line['currency']}" if paid else str(line["requests"])
        keys = (str(line[key]) for key in span.by)
        made.add_row(*keys, told, Bar(longest, 0, weight(line, name), color="cyan"))
    return made


def weight(line: Line, name: str) -> int:
    """Return how long a line's bar is beside others'."""
    return (millionths(line["cost"]) or 0) if name == "cost" else int(line[name])


def drawn(span: Span, lines: Sequence[Line]) -> str:
    """Return the chart as an SVG file."""
    console = Console(record=True, width=WIDE, file=io.StringIO())
    console.print(chart(span, lines))
    return console.export_svg(title="media-router usage")


def title(span: Span) -> str:
    """Say which days, and whose."""
    first, last = dates_of(span)
    whose = f" by team {span.team}" if span.team else ""
    return f"Used{whose} from {first} to {last}"
