"""`media-router doctor`: whether all that the router depends on is there, tried for real and without spending."""

import asyncio
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from router.cli.config import ConfigOption, load_config
from router.cli.findings import Finding, show
from router.cli.lodging import disk, files, stores
from router.cli.reaching import Reaching, provider
from router.engine.registry import Registry
from router.engine.settings import RouterSettings
from router.state import state_folder


def doctor(
    config: ConfigOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,  # noqa: FBT002 - a flag
) -> None:
    """Try providers, stores, webhooks and this machine, and say what to mend. Exit code 1 if anything fails.

    Providers are asked for lists and health, nothing that costs; of stores a record is deleted that is not there, and an
    object is written and removed.
    """
    settings, registry = load_config(config)
    found = asyncio.run(examined(settings, registry, state_folder(os.environ)))
    show(found, as_json=as_json)
    if any(one.fine is False for one in found):
        raise typer.Exit(1)


async def examined(settings: RouterSettings, registry: Registry, state: Path) -> Sequence[Finding]:
    """Return all that was found: the providers together, the rest one after another."""
    accounts = settings.providers.values()
    tried = await asyncio.gather(*(provider(one, registry.kinds[one.kind]) for one in accounts))
    found = [one for findings in tried for one in findings]
    found += [one async for one in stores(settings, state)]
    for team in settings.teams:
        if team.webhook is not None:
            subject = f"webhook of {team.name}"
            found += [one async for one in Reaching(subject, team.webhook.url, "its `url`").steps(names_only=True)]
    return [*found, disk("state", state), disk("uploads", Path(tempfile.gettempdir())), files()]
