"""What commands work on that look after jobs: the stores that the configuration names, beside a running router."""

import asyncio
import os
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import typer

from router.app import Shared, founded
from router.cli.config import load_config, stop
from router.contract import Conflict, MediaError, NotFound
from router.state import state_folder
from router.store.rows import Stale

T = TypeVar("T")
Run = Callable[[Coroutine[Any, Any, T]], T]


@contextmanager
def grounded(config: Path | None) -> Iterator[tuple[Run[Any], Shared]]:
    """Open the stores; yield what awaits something there, and all that a router has, none of it at work.

    Ends the command with exit code 1 for what is not there or refused, 2 where the stores cannot be used.
    """
    settings, registry = load_config(config)
    try:
        ground, _ = founded(settings, registry, state_folder(os.environ))
        with asyncio.Runner() as runner:
            runner.run(ground.stores.__aenter__())
            try:
                yield runner.run, ground
            finally:
                runner.run(ground.stores.__aexit__(None, None, None))
    except (NotFound, Conflict) as error:
        typer.echo(error.message, err=True)
        raise typer.Exit(1) from error
    except Stale as error:
        typer.echo(f"{error} was changed just now; try again", err=True)
        raise typer.Exit(1) from error
    except MediaError as error:
        stop(error.message)
    except ValueError as error:
        stop(str(error))
