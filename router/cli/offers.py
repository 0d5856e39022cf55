"""`media-router offers`: what the configured providers say they can do, asked of them themselves."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from router.cli.config import ConfigOption, load_config, stop
from router.contract import AnyOffer, Limits, MediaError, SpeechLimits, Task
from router.engine.clock import SystemClock
from router.engine.fleet import Fleet
from router.engine.registry import Registry
from router.engine.settings import RouterSettings, unoffered
from router.engine.transport import client

SHOWN_APART: Final = frozenset({"formats", "languages", "voices", "variants"})
FEW: Final = 6

Offers = Mapping[tuple[str, Task], AnyOffer]


def offers(
    config: ConfigOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything, voices included, as JSON.")] = False,  # noqa: FBT002 - a flag
) -> None:
    """Start the providers and show what each of them offers. Exit code 2 if routes ask for more."""
    settings, registry = load_config(config)
    found = rehearse(settings, registry)
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(listed(found))).decode())
    else:
        Console().print(table(found))
    stop_if_unoffered(settings, found)


def rehearse(settings: RouterSettings, registry: Registry) -> Offers:
    """Start the providers once to read their offers; end the command if one cannot start."""
    try:
        return asyncio.run(gather(settings, registry))
    except MediaError as error:
        stop(error.message)


async def gather(settings: RouterSettings, registry: Registry) -> Offers:
    """Enter the providers, read their offers, leave them."""
    async with Fleet(settings.providers, registry.kinds, client, SystemClock()) as fleet:
        return dict(fleet.offers)


def stop_if_unoffered(settings: RouterSettings, found: Offers) -> None:
    """End the command if a route, a model or a voice asks for what no provider offers."""
    if problems := unoffered(settings, found):
        stop("\n".join(map(str, problems)))


def listed(found: Offers) -> list[dict[str, Any]]:
    """Return the offers as JSON values."""
    return [
        {
            "provider": provider,
            "task": task,
            "models": offer.models,
            "limits": msgspec.to_builtins(offer.limits, order="sorted"),
        }
        for (provider, task), offer in found.items()
    ]


def table(found: Offers) -> Table:
    """Return a table with a row for each offer."""
    made = Table("provider", "task", "models", "formats", "voices", "languages", "limits", title="Offers")
    for column in made.columns:
        column.overflow = "fold"
    for (provider, task), offer in found.items():
        formats = ", ".join(getattr(offer.limits, "formats", ()))
        made.add_row(
            provider,
            task,
            ", ".join(offer.models),
            formats,
            voices(offer.limits),
            languages(offer.limits),
            rest(offer.limits),
        )
    return made


def voices(limits: Limits) -> str:
    """Return how many voices there are to choose from."""
    if not isinstance(limits, SpeechLimits):
        return ""
    return "any" if limits.voices is None else str(len(limits.voices))


def languages(limits: Limits) -> str:
    """Return the languages, or how many when they are more than a few."""
    known: frozenset[str] | None = getattr(limits, "languages", frozenset())
    if known is None:
        return "any"
    return ", ".join(sorted(known)) if len(known) <= FEW else str(len(known))


def rest(limits: Limits) -> str:
    """Return the limits that have no column of their own."""
    values = {name: getattr(limits, name) for name in limits.__struct_fields__ if name not in SHOWN_APART}
    return ", ".join(told for name, value in values.items() if (told := in_words(name, value)))


def in_words(name: str, value: Any) -> str:
    """Return one limit as `name`, `name value`, or nothing where it does not apply."""
    if value is True or isinstance(value, msgspec.Struct):
        return name
    if value is None or value is False or value in ((), frozenset()):
        return ""
    if isinstance(value, tuple):
        return f"{name} {' '.join(map(str, value))}"
    if isinstance(value, frozenset):
        return f"{name} {' '.join(sorted(map(str, value)))}"
    return f"{name} {value}"
