"""`media-router schema`: the configuration's JSON schema, with the settings of every installed kind."""

import msgspec
import typer

from router.cli.config import stop
from router.engine.registry import Registry, RegistryError
from router.engine.settings import schema as schema_of


def schema() -> None:
    """Print the JSON schema of the configuration, for editors."""
    try:
        typer.echo(rendered(Registry.discover()))
    except RegistryError as error:
        stop(str(error))


def rendered(registry: Registry) -> str:
    """Return the schema as it is kept in config/schema.json, but for the newline at its end."""
    return msgspec.json.format(msgspec.json.encode(schema_of(registry.kinds)), indent=2).decode()
