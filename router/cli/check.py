"""`media-router check`: whether a configuration is right, without starting anything."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from router.cli.config import ConfigOption, load_config
from router.cli.schema import schema as print_schema
from router.engine.settings import RouterSettings, Target, Tier


def check(
    config: ConfigOption = None,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON schema instead.")] = False,  # noqa: FBT002 - a flag
) -> None:
    """Say whether the configuration is right, and show what it sets up. Exit code 2 if it is not."""
    if schema:
        print_schema()
        return
    settings, _ = load_config(config)
    console = Console()
    console.print(f"{settings.source.file} is right.", highlight=False)
    console.print(providers_table(settings), routes_table(settings))
    if not settings.teams:
        console.print("No teams: open to everyone on this machine.")


def providers_table(settings: RouterSettings) -> Table:
    """Return a table of the accounts; what they are told is not shown."""
    table = Table("provider", "kind", "at once", title="Providers")
    for provider in settings.providers.values():
        table.add_row(provider.name, provider.kind, str(provider.concurrency or "any number"))
    return table


def routes_table(settings: RouterSettings) -> Table:
    """Return a table of the routes, the tiers of each in the order they are tried."""
    table = Table("route", "task", "models", "tiers", "deadline", "first byte", "attempts", title="Routes")
    for column in table.columns:
        column.overflow = "fold"
    for route in settings.routes:
        tiers = " → ".join(tier_in_words(tier) for tier in route.tiers)
        limits = f"{route.deadline:g} s", f"{route.first_byte:g} s", str(route.attempts)
        table.add_row(route.name, route.task, ", ".join(route.models), tiers, *limits)
    return table


def tier_in_words(tier: Tier) -> str:
    """Return `one`, or `least_busy of one, two`."""
    names = ", ".join(target_in_words(target) for target in tier.targets)
    return f"{tier.pick} of {names}" if len(tier.targets) > 1 else names


def target_in_words(target: Target) -> str:
    """Return `provider` or `provider/model`."""
    return f"{target.provider}/{target.model}" if target.model else target.provider
