"""`media-router schema`: the configuration's JSON schema, with the settings of every installed kind."""

from typing import Annotated

import msgspec
import typer

from router.cli.config import stop
from router.cli.reference import reference
from router.engine.registry import Registry, RegistryError
from router.engine.settings import schema as schema_of

MarkdownOption = Annotated[bool, typer.Option("--markdown", help="Print the reference of all settings, for people.")]


def schema(markdown: MarkdownOption = False) -> None:  # noqa: FBT002 - a flag
    """Print the JSON schema of the configuration, for editors."""
    try:
        found = Registry.discover()
        typer.echo(reference(schema_of(found.kinds)) if markdown else rendered(found), nl=not markdown)
    except RegistryError as error:
        stop(str(error))


def rendered(registry: Registry) -> str:
    """Return the schema as it is kept in config/schema.json, but for the newline at its end."""
    return msgspec.json.format(msgspec.json.encode(schema_of(registry.kinds)), indent=2).decode()
