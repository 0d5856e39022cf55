"""`media-router work`: a process that makes the videos others have taken on, and sends their webhooks."""

import asyncio
import os
import signal
import tempfile
from functools import partial
from pathlib import Path

from rich.console import Console

from router.app import at_work, founded, reading_of
from router.cli.config import ConfigOption, find_config, load_config, stop_if_unkept
from router.cli.rehearsal import rehearse, stop_if_unoffered
from router.engine.registry import Registry
from router.engine.settings import RouterSettings
from router.reload import Reading
from router.state import state_folder
from router.telemetry import logs


def work(config: ConfigOption = None) -> None:
    """Work on jobs until told to stop, and serve no requests.

    With records in PostgreSQL as many of these as wanted share the jobs with the routers. On SQLite one process of a
    machine works on them, and this one waits until that is gone. What is being done at a SIGTERM gets ten seconds; the
    next process goes on with it. The configuration may change meanwhile. No port is opened, so there are no metrics:
    the log has a line for each attempt and each job.
    """
    settings, registry = load_config(config)
    stop_if_unoffered(settings, rehearse(settings, registry))
    stop_if_unkept(settings)
    logs.configure()
    with tempfile.TemporaryDirectory(prefix="media-router-work-") as folder:
        reading = reading_of(find_config(config).absolute(), registry, Path(folder, "sound.yaml"), 1)
        asyncio.run(until_told(settings, registry, reading))


async def until_told(settings: RouterSettings, registry: Registry, reading: Reading) -> None:
    """Work until SIGTERM or SIGINT."""
    told = asyncio.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(one, told.set)
    ground, first = founded(settings, registry, state_folder(os.environ))
    async with at_work(ground, first, partial(setattr, ground, "site"), reading), ground.jobs:
        Console(stderr=True, highlight=False).print("[bold]media-router[/bold] works on jobs", soft_wrap=True)
        await told.wait()
