"""What the commands share: finding the configuration, reading it, and saying plainly why that failed."""

import os
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from router.engine.registry import Registry, RegistryError, installed
from router.engine.settings import RouterSettings, SettingsError, load
from router.state import make_ready, state_folder

CONFIG = "MEDIA_ROUTER_CONFIG"
"""The environment variable by which `serve` tells its processes which file to read."""
SOUND = "MEDIA_ROUTER_SOUND_CONFIG"
"""The environment variable by which they know where to keep the text in force."""
WORKERS = "MEDIA_ROUTER_WORKERS"
"""The environment variable by which they know how many they are."""
DRAIN = "MEDIA_ROUTER_DRAIN"
"""The environment variable by which they know how many seconds they serve on once they are told to stop."""
HERE = Path("config/router.yaml")
SHIPPED = Path(sys.prefix, "share/media-router/config/router.yaml")

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", "-c", help=f"The configuration. Default: ./{HERE} if there is one, else the shipped one."),
]


def find_config(given: Path | None, here: Path = HERE) -> Path:
    """Return the configuration to use."""
    if given is not None:
        return given
    return here if here.is_file() else SHIPPED


def load_config(given: Path | None) -> tuple[RouterSettings, Registry]:
    """Return the configuration and the plugins it was read with, or end the command with what is wrong."""
    try:
        registry = installed()
        return load(find_config(given), registry, os.environ), registry
    except (RegistryError, SettingsError) as error:
        stop(str(error))


def stop(message: str) -> NoReturn:
    """End the command with exit code 2, the message on stderr and no traceback."""
    typer.echo(message, err=True)
    raise typer.Exit(2)


def stop_if_unkept(settings: RouterSettings) -> None:
    """End the command if what must outlive the router can be kept nowhere."""
    try:
        make_ready(state_folder(os.environ), settings.storage)
    except ValueError as error:
        stop(str(error))
